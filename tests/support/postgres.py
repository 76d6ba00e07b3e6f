# SPDX-FileCopyrightText: Ketenpoort contributors
# SPDX-License-Identifier: EUPL-1.2
"""A PostgreSQL of Debian's, really running: a cluster of its own in a folder that goes afterwards, TLS on, owned by a user
without rights when we are root."""
import contextlib
import glob
import os
import pathlib
import pwd
import shutil
import signal
import subprocess
import tempfile

import ports
from waiting import wait_until

NOBODY = "nobody"


def find_programs():
    """The folder of initdb and postgres; None when PostgreSQL is not installed."""
    folders = sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb"))
    return pathlib.Path(folders[-1]).parent if folders else None


def make_certificates(folder):
    """An anchor and a server's certificate for localhost: ca.pem, server.pem, server.key."""
    run = lambda *words: subprocess.run(words, cwd=folder, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
        "-subj", "/CN=Proef CA", "-keyout", "ca.key", "-out", "ca.pem")
    run("openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=localhost",
        "-keyout", "server.key", "-out", "server.csr")
    (folder / "names.cnf").write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
    run("openssl", "x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2",
        "-extfile", "names.cnf", "-out", "server.pem")


class Postgres:
    """`user` may read, `owner` may do everything; both have the password `password`."""
    user, owner, password = "lezer", "baas", "proef-wachtwoord"

    def __init__(self, settings=()):
        programs = find_programs()
        if programs is None:
            raise FileNotFoundError("PostgreSQL is not installed")
        self.programs = programs
        self.home = tempfile.TemporaryDirectory(prefix="ketenpoort-pg-")
        self.folder = pathlib.Path(self.home.name)
        self.port = ports.take()
        self.identity = {}
        if os.geteuid() == 0:
            account = pwd.getpwnam(NOBODY)
            self.identity = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
        make_certificates(self.folder)
        (self.folder / "password").write_text(self.password)
        if self.identity:
            for path in [self.folder, *self.folder.iterdir()]:
                os.chown(path, self.identity["user"], self.identity["group"])
        os.chmod(self.folder / "ca.pem", 0o644)
        os.chmod(self.folder, 0o755)
        self.run("initdb", "-D", "data", "-U", self.owner, "--pwfile=password", "-A", "scram-sha-256", "-E", "UTF8",
                 "--locale=C.UTF-8", "--no-sync")
        self.settings = ["fsync=off", "ssl=on", "ssl_cert_file=../server.pem", "ssl_key_file=../server.key",
                         "listen_addresses=127.0.0.1", f"port={self.port}", f"unix_socket_directories={self.folder}",
                         "shared_buffers=16MB", *settings]
        self.process = None
        self.start()
        self.sql("create role " + self.user + " login password '" + self.password + "'")

    def run(self, program, *words):
        subprocess.run([self.programs / program, *words], cwd=self.folder, check=True, stdout=subprocess.DEVNULL,
                       stderr=subprocess.PIPE, **self.identity)

    def start(self):
        words = [self.programs / "postgres", "-D", "data"]
        for setting in self.settings:
            words += ["-c", setting]
        self.log = open(self.folder / "log", "ab")
        self.process = subprocess.Popen(words, cwd=self.folder, stdout=self.log, stderr=self.log, **self.identity)
        wait_until(self.settled, lambda: (self.folder / "log").read_text(errors="replace"), 30)
        if self.process.poll() is not None:
            raise RuntimeError((self.folder / "log").read_text(errors="replace"))

    def settled(self):
        """It is there, or it never will be."""
        ready = [self.programs / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        return self.process.poll() is not None or subprocess.run(ready, check=False).returncode == 0

    def psql(self, *words, database="postgres", text=None):
        environment = {**os.environ, "PGPASSWORD": self.password}
        done = subprocess.run(["psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-p",
                               str(self.port), "-U", self.owner, "-d", database, *words], input=text, check=False,
                              capture_output=True, encoding="utf-8", env=environment)
        if done.returncode != 0:
            raise RuntimeError(done.stderr)
        return done.stdout

    def sql(self, text, database="postgres"):
        return self.psql("-f", "-", database=database, text=text)

    @contextlib.contextmanager
    def locked(self, table):
        """Nobody else can read the table meanwhile."""
        words = ["psql", "-X", "-q", "-h", str(self.folder), "-p", str(self.port), "-U", self.owner, "-d", "postgres"]
        with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8",
                              env={"PGPASSWORD": self.password, "PATH": "/usr/bin:/bin"}) as holder:
            holder.stdin.write(f"begin; lock table {table} in access exclusive mode; select 'vast';\n")
            holder.stdin.flush()
            if not any("vast" in line for line in iter(holder.stdout.readline, "")):
                raise RuntimeError(f"{table} could not be locked")
            yield
            holder.stdin.write("rollback;\n")

    def stop(self, how=signal.SIGINT):
        if self.process and self.process.poll() is None:
            self.process.send_signal(how)
            self.process.wait(20)
            self.log.close()

    def close(self):
        self.stop()
        shutil.rmtree(self.folder / "data", ignore_errors=True)
        self.home.cleanup()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
