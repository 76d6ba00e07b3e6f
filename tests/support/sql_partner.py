# SPDX-FileCopyrightText: Ketenpoort contributors
# SPDX-License-Identifier: EUPL-1.2
"""What a partner with a database is in tests: its manifest, and where Debian's ODBC drivers are."""
import copy
import pathlib

QUERIES_MAX = 32  # of a manifest
DRIVERS = pathlib.Path("/usr/lib/x86_64-linux-gnu/odbc")
PERSON = "select bsn, naam, geboren, geslacht, geheim from persoon where bsn = cast(:bsn as bigint)"
BENEFITS = "select bsn, regeling, bedrag, begin from uitkering where bsn = cast(:bsn as bigint)"
MANIFEST = {
    "source": "proef", "organisation": {"oin": "00000000000000000001", "name": "Proef"}, "connector": "sql",
    "sql": {"queries": {"persoon": PERSON, "uitkering": BENEFITS}},
    "response": {
        "subject": "bsn",
        "fields": {"persoon.naam": "persoon.naam", "persoon.geboren": {"path": "persoon.geboren", "date": "yyyymmdd"},
                   "persoon.geslacht": {"path": "persoon.geslacht", "table": "geslacht"},
                   "persoon.geheim": {"path": "persoon.geheim", "form": "yes_no"}},
        "lists": {"uitkeringen": {"items": "uitkering", "fields": {
            "uitkeringen.wet": "regeling", "uitkeringen.bedrag": "bedrag",
            "uitkeringen.begin": {"path": "begin", "date": "yyyymmdd"}}}}},
    "tables": {"geslacht": {"M": "man", "V": "vrouw", "*": "onbekend"}},
}


def manifest(limits, **queries):
    """One of one's own, with other queries beside or in place of these."""
    own = copy.deepcopy(MANIFEST)
    own["limits"] = dict(limits)
    own["sql"]["queries"].update(queries)
    return own
