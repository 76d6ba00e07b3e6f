#!/usr/bin/env python3
# SPDX-FileCopyrightText: Ketenpoort contributors
# SPDX-License-Identifier: EUPL-1.2
"""A verified delivery that is altered in place, in bytes of the same length and with its time put back: nobody gets to read what was
put in it, the reader is told why there is nothing, and the true bytes are served again when they are there again."""
import hashlib
import json
import os
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import running  # noqa: E402

PROGRAM = running.program_from_arguments()
BSN, OTHER = list(running.stand_ins.load_clients())[:2]
TRUE, FORGED = "K-echt", "K-vals"
WHY = "de levering van de bron klopt niet met haar controlegetal"


class DeliveryGateway(running.Gateway):
    """With one source: a verified export, its index beside it."""

    partner_names = ()

    def write_configuration(self, change):
        super().write_configuration(change)
        sources = self.folder / "sources"
        for old in sources.glob("*.json"):
            old.unlink()
        (sources / "gemeente-klantvolg.json").write_text(json.dumps({
            "source": "gemeente-klantvolg", "organisation": {"oin": "00000001820000039000", "name": "Gemeente"},
            "connector": "file",
            "file": {"path": "export.csv", "key": "BSN", "verify": {"checksums": "{file}.sha256"}},
            "response": {"subject": "BSN", "fields": {"klantvolg.klantnummer": "Klantnummer"}}}))
        self.export = self.folder / "export.csv"
        self.write_export()

    def write_export(self):
        fresh = self.folder / "nieuw"
        fresh.write_text(f"BSN;Klantnummer\n{OTHER};K-ander\n{BSN};{TRUE}\n")
        digest = hashlib.sha256(fresh.read_bytes()).hexdigest()
        (self.folder / "export.csv.sha256").write_text(f"{digest}  export.csv\n")
        fresh.rename(self.export)

    def rewrite(self, old, new):
        """In place, and as if nobody had."""
        before = self.export.stat()
        with open(self.export, "r+b") as file:
            at = file.read().index(old.encode())
            os.pwrite(file.fileno(), new.encode(), at)
        os.utime(self.export, ns=(before.st_atime_ns, before.st_mtime_ns))

    def number(self, bsn=BSN):
        """The client's number in the dossier, or why there is none."""
        status, answer = self.ask(bsn, velden=["klantvolg"])
        if status != 200:
            raise AssertionError(f"{status} {answer}")
        source = next(bron for bron in answer["bronnen"] if bron["bron"] == "gemeente-klantvolg")
        number = answer["dossier"].get("klantvolg", {}).get("klantnummer")
        return number or (source["status"], source.get("reden"))


class Altered(unittest.TestCase):
    def setUp(self):
        self.gateway = DeliveryGateway(PROGRAM)
        self.addCleanup(self.gateway.close)

    def test_a_forged_row_is_never_served(self):
        self.assertEqual(self.gateway.number(), TRUE)
        self.gateway.rewrite(TRUE, FORGED)
        self.assertEqual(self.gateway.number(), ("nietBereikt", WHY))
        # Nor is anything else from a file that is not what was verified.
        self.assertEqual(self.gateway.number(OTHER), ("nietBereikt", WHY))
        self.assertIn("a delivery was altered while it was in force", self.gateway.log_text())
        self.gateway.rewrite(FORGED, TRUE)
        self.assertEqual(self.gateway.number(), TRUE)

    def test_it_is_seen_by_who_asks_about_another(self):
        self.assertEqual(self.gateway.number(OTHER), "K-ander")
        self.gateway.rewrite(TRUE, FORGED)
        # Another's row is what it was, until somebody looks: once a second at most.
        running.wait_until(lambda: self.gateway.number(OTHER) != "K-ander", "nobody saw that a row was altered")
        self.assertEqual(self.gateway.number(OTHER), ("nietBereikt", WHY))
        self.gateway.write_export()
        self.assertEqual(self.gateway.number(), TRUE)


if __name__ == "__main__":
    unittest.main()
