#!/usr/bin/env python3
# SPDX-FileCopyrightText: Ketenpoort contributors
# SPDX-License-Identifier: EUPL-1.2
"""A connector of somebody else: built outside the tree from nothing but what `cmake --install` puts there, loaded by the
installed gateway, and answering in a dossier. Then the same, built for another contract, and left open to everybody.

    test_native_connector.py BUILD_FOLDER
"""
import contextlib
import http.server
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(sys.argv.pop())
sys.path.insert(0, str(ROOT / "tests/support"))
from running import Gateway  # noqa: E402

BSN = "999993653"
MANIFEST = {"source": "uwv", "organisation": {"oin": "00000001820000018000", "name": "UWV"}, "connector": "example",
            "idempotent": True, "limits": {"time_ms": 5000}, "request": {}, "response": {}}


class Lines(http.server.BaseHTTPRequestHandler):
    """The partner whose language the example speaks."""
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_POST(self):
        bsn = self.rfile.read(int(self.headers["Content-Length"])).decode()
        text = f"subject {bsn}\nuitkeringen - wet WAJONG\nend\n".encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)


@contextlib.contextmanager
def partner():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Lines)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class Native(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.home = tempfile.TemporaryDirectory(prefix="ketenpoort-native-")
        cls.addClassCleanup(cls.home.cleanup)
        cls.top = pathlib.Path(cls.home.name)
        subprocess.run(["cmake", "--install", str(BUILD), "--prefix", str(cls.top / "usr")], check=True, stdout=subprocess.DEVNULL)
        cls.program = cls.top / "usr/bin/ketenpoort"
        cls.object = cls.build("own", cls.top / "usr")

    @classmethod
    def build(cls, name, prefix, source=None):
        """The shared object, as its author makes it: a copy of the example, and an installation."""
        folder = cls.top / name
        folder.mkdir()
        for file in ("CMakeLists.txt", "example.c"):
            shutil.copy(ROOT / "connectors/example" / file, folder)
        if source is not None:
            (folder / "example.c").write_text(source)
        clean = {key: value for key, value in os.environ.items() if not key.startswith(("CMAKE_", "CFLAGS", "CPATH", "C_INCLUDE"))}
        for words in (["cmake", "-S", ".", "-B", "build"], ["cmake", "--build", "build"]):
            done = subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=120,
                                  env={**clean, "PKG_CONFIG_PATH": str(prefix / "share/pkgconfig")})
            if done.returncode != 0:
                raise AssertionError(done.stdout + done.stderr)
        used = (folder / "build/CMakeFiles/example.dir/flags.make")
        if used.exists() and str(ROOT) in used.read_text():
            raise AssertionError("the example sees the tree it came from")
        return folder / "build/example.so"

    def check(self, path):
        manifest = self.top / "manifest.json"
        manifest.write_text(json.dumps({**MANIFEST, "endpoint": "http://127.0.0.1:1"}))
        return subprocess.run([self.program, "connector", "check", "-c", ROOT / "policies/voorbeeld/catalogus.json", "--load", path,
                               manifest], capture_output=True, text=True, timeout=60)

    def test_it_checks(self):
        done = self.check(self.object)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn("source uwv of UWV, 1 fields", done.stdout)

    def test_the_guide_of_the_example(self):
        folder = self.top / "gids"
        shutil.copytree(ROOT / "connectors/example", folder)
        shutil.copy(ROOT / "policies/voorbeeld/catalogus.json", folder)
        (folder / "build").mkdir()
        shutil.copy(self.object, folder / "build/example.so")
        lines = re.findall(r"(?m)^    ketenpoort (connector .*)$", (folder / "README.md").read_text())
        self.assertEqual([line.split()[1] for line in lines], ["check", "try"])
        for line in lines:
            done = subprocess.run([self.program, *line.split()], cwd=folder, input=BSN, capture_output=True, text=True, timeout=60)
            self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout)
        self.assertIn("  uitkeringen.wet [1] = WAJONG\n", done.stdout)

    def test_a_field_that_is_not_there(self):
        """One that does not look what the catalogue says costs itself, and not the program."""
        source = (ROOT / "connectors/example/example.c").read_text()
        careless = self.build("slordig", self.top / "usr", source.replace("if (instance->cells[at] == UINT32_MAX) {", "if (at > FIELDS_MAX) {"))
        answer = self.top / "answer.txt"
        answer.write_text(f"subject {BSN}\npersoon.naam Jan\nuitkeringen - wet PW\nend\n")
        manifest = self.top / "careless.json"
        manifest.write_text(json.dumps({**MANIFEST, "endpoint": "http://127.0.0.1:1"}))
        done = subprocess.run([self.program, "connector", "try", "-c", ROOT / "policies/voorbeeld/catalogus.json", "--load", careless,
                               "--bsn-file", "-", "--answer", answer, "--type", "text/plain", manifest],
                              input=BSN, capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("  uitkeringen.wet [1] = PW\n", done.stdout)
        self.assertIn("niet in de catalogus", done.stdout)
        self.assertNotIn("Jan", done.stdout)

    def test_it_exports_one_thing_and_needs_nothing_of_the_gateway(self):
        done = subprocess.run(["nm", "-D", "--defined-only", str(self.object)], capture_output=True, text=True, check=True)
        names = [line.split()[-1] for line in done.stdout.splitlines()]
        self.assertEqual([name for name in names if not name.startswith("_")], ["kp_connector"])

    def test_it_answers_in_a_dossier(self):
        with partner() as port:
            manifest = json.dumps({**MANIFEST, "endpoint": f"http://127.0.0.1:{port}"})

            class Own(Gateway):
                def start(self):
                    (self.folder / "sources/uwv.json").write_text(manifest)
                    super().start()

            with Own(self.program, change=lambda config: config.update(plugins=[str(self.object)])) as gateway:
                status, answer = gateway.ask(BSN)
        self.assertEqual(status, 200, answer)
        self.assertEqual([source["status"] for source in answer["bronnen"] if source["bron"] == "uwv"], ["gevonden"])
        self.assertIn("WAJONG", [item.get("wet") for item in answer["dossier"].get("uitkeringen", [])], answer["dossier"])

    def test_another_version_of_the_contract(self):
        other = self.top / "andere"
        for folder in ("include", "share/pkgconfig"):
            shutil.copytree(self.top / "usr" / folder, other / folder)
        header = other / "include/ketenpoort/connector.h"
        text = header.read_text()
        major, minor = (int(re.search(rf"define KP_CONNECTOR_ABI_{part} (\d+)", text).group(1)) for part in ("MAJOR", "MINOR"))
        pkg = (other / "share/pkgconfig/ketenpoort-connector.pc").read_text()
        self.assertIn(f"abi={major}.{minor}\n", pkg)
        for name, part, old, new in (("newer-major", "MAJOR", major, major + 1), ("newer-minor", "MINOR", minor, minor + 1)):
            header.write_text(text.replace(f"KP_CONNECTOR_ABI_{part} {old}", f"KP_CONNECTOR_ABI_{part} {new}"))
            done = self.check(self.build(name, other))
            self.assertEqual(done.returncode, 1)
            version = f"{major + (part == 'MAJOR')}.{minor + (part == 'MINOR')}"
            self.assertIn(f"built for version {version} of the connector ABI, and this gateway has {major}.{minor}", done.stderr)

    def test_one_that_everybody_may_write(self):
        path = self.top / "open.so"
        shutil.copy(self.object, path)
        os.chmod(path, 0o757)
        done = self.check(path)
        self.assertEqual(done.returncode, 1)
        self.assertIn("everybody may write it (mode 0757)", done.stderr)

    def test_one_that_another_user_may_replace(self):
        folder = self.top / "anders"
        folder.mkdir()
        path = folder / "open.so"
        shutil.copy(self.object, path)
        self.assertEqual(self.check(path).returncode, 0)
        os.chmod(folder, 0o777)
        done = self.check(path)
        self.assertEqual(done.returncode, 1)
        self.assertIn(f"by folder '{folder}' (owner {os.geteuid()}, mode 0777)", done.stderr)
        # As in /tmp: everybody may make files there, and nobody take another's away.
        os.chmod(folder, 0o1777)
        self.assertEqual(self.check(path).returncode, 0)

    def test_one_behind_a_symbolic_link(self):
        folder = self.top / "achter"
        (folder / "binnen").mkdir(parents=True)
        shutil.copy(self.object, folder / "binnen/open.so")
        file, way = self.top / "verwijzing.so", self.top / "verwijzing"
        file.symlink_to(folder / "binnen/open.so")
        way.symlink_to(folder / "binnen")
        for mode, code in ((0o755, 0), (0o777, 1)):
            os.chmod(folder, mode)
            for path in (file, way / "open.so"):
                done = self.check(path)
                self.assertEqual(done.returncode, code, done.stderr)
                self.assertEqual(f"by folder '{folder}' (owner {os.geteuid()}, mode 0777)" in done.stderr, code == 1)

    @unittest.skipIf(os.geteuid() != 0, "SKIPPED: only root can give a file away")
    def test_one_of_another_user(self):
        path = self.top / "gegeven.so"
        shutil.copy(self.object, path)
        os.chown(path, 65534, 65534)
        done = self.check(path)
        self.assertEqual(done.returncode, 1)
        self.assertIn("another user may write it (owner 65534, group 65534,", done.stderr)
        os.chown(path, 0, 65534)
        os.chmod(path, 0o775)
        self.assertEqual(self.check(path).returncode, 1)

    def test_one_without_a_path(self):
        done = self.check("libc.so.6")
        self.assertEqual(done.returncode, 1)
        self.assertIn("say where it is", done.stderr)


if __name__ == "__main__":
    unittest.main()
