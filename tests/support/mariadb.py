# SPDX-FileCopyrightText: Ketenpoort contributors
# SPDX-License-Identifier: EUPL-1.2
"""A MariaDB of Debian's, really running: a server of its own in a folder that goes afterwards, TLS on, owned by a user without
rights when we are root."""
import contextlib
import os
import pathlib
import pwd
import shutil
import signal
import subprocess
import tempfile

import ports
from postgres import NOBODY, make_certificates
from sql_partner import DRIVERS
from waiting import wait_until

SERVER = pathlib.Path("/usr/sbin/mariadbd")
INSTALL = pathlib.Path("/usr/bin/mariadb-install-db")
DRIVER = DRIVERS / "libmaodbc.so"


def lacking():
    """What is not installed; empty when all is."""
    needs = {"mariadb-server-core": SERVER, "mariadb-client-core": pathlib.Path("/usr/bin/mariadb"), "odbc-mariadb": DRIVER}
    return ", ".join(package for package, file in needs.items() if not file.exists())


class Mariadb:
    """`user` may read `database`, `owner` may do everything; both have the password `password`."""
    user, owner, password, database = "lezer", "baas", "proef-wachtwoord", "proef"

    def __init__(self, settings=()):
        if lacking():
            raise FileNotFoundError(f"not installed: {lacking()}")
        self.home = tempfile.TemporaryDirectory(prefix="ketenpoort-maria-")
        self.folder = pathlib.Path(self.home.name)
        self.port = ports.take()
        self.socket = self.folder / "socket"
        self.identity = {}
        if os.geteuid() == 0:
            account = pwd.getpwnam(NOBODY)
            self.identity = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
        make_certificates(self.folder)
        if self.identity:
            for path in [self.folder, *self.folder.iterdir()]:
                os.chown(path, self.identity["user"], self.identity["group"])
        os.chmod(self.folder / "ca.pem", 0o644)
        os.chmod(self.folder, 0o755)
        self.settings = ["no-defaults", f"datadir={self.folder}/data", f"socket={self.socket}", f"port={self.port}",
                         "bind-address=127.0.0.1", f"pid-file={self.folder}/pid", f"ssl-ca={self.folder}/ca.pem",
                         f"ssl-cert={self.folder}/server.pem", f"ssl-key={self.folder}/server.key",
                         "character-set-server=utf8mb4", "innodb-flush-log-at-trx-commit=0", "innodb-log-file-size=8M",
                         "innodb-buffer-pool-size=16M", "skip-name-resolve", *settings]
        self.process = None
        try:
            self.install()
            self.start()
            self.sql(f"create database {self.database};"
                     f"create user {self.owner}@'127.0.0.1' identified by '{self.password}';"
                     f"grant all on *.* to {self.owner}@'127.0.0.1' with grant option;"
                     f"create user {self.user}@'127.0.0.1' identified by '{self.password}';", database="mysql")
        except BaseException:
            self.close()
            raise

    def install(self):
        done = subprocess.run([INSTALL, "--no-defaults", f"--datadir={self.folder}/data", "--skip-test-db", "--skip-name-resolve",
                               "--auth-root-authentication-method=normal", "--innodb-log-file-size=8M"], cwd=self.folder,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8", **self.identity)
        if done.returncode != 0:
            raise RuntimeError(done.stdout)

    def start(self):
        self.log = open(self.folder / "log", "ab")
        self.process = subprocess.Popen([SERVER, *(f"--{setting}" for setting in self.settings)], cwd=self.folder, stdout=self.log,
                                        stderr=self.log, **self.identity)
        wait_until(self.settled, lambda: (self.folder / "log").read_text(errors="replace"), 60)
        if self.process.poll() is not None:
            raise RuntimeError((self.folder / "log").read_text(errors="replace"))

    def client(self, *words):
        return ["mariadb", "--no-defaults", f"--socket={self.socket}", "-u", "root", "--default-character-set=utf8mb4", "-N", "-B",
                "--raw", *words]

    def settled(self):
        """It is there, or it never will be."""
        return self.process.poll() is not None or subprocess.run(
            self.client("-e", "select 1"), check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0

    def sql(self, text, database=None):
        done = subprocess.run(self.client(database or self.database), input=text, check=False, capture_output=True, encoding="utf-8")
        if done.returncode != 0:
            raise RuntimeError(done.stderr)
        return done.stdout

    def dsn(self, **parts):
        """The connection string of `user`, over TLS, but for these parts; None leaves one out."""
        words = {"Driver": DRIVER, "Server": "127.0.0.1", "Port": self.port, "Database": self.database, "User": self.user,
                 "Password": self.password, "Charset": "utf8mb4", "SSLCA": self.folder / "ca.pem", "SSLVERIFY": 1, **parts}
        return ";".join(f"{name}={value}" for name, value in words.items() if value is not None)

    @contextlib.contextmanager
    def locked(self, table):
        """Nobody else can read the table meanwhile."""
        with subprocess.Popen(self.client("--unbuffered", self.database), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              encoding="utf-8") as holder:
            holder.stdin.write(f"lock tables {table} write; select 'vast';\n")
            holder.stdin.flush()
            if not any("vast" in line for line in iter(holder.stdout.readline, "")):
                raise RuntimeError(f"{table} could not be locked")
            yield
            holder.stdin.write("unlock tables;\n")

    def stop(self, how=signal.SIGTERM):
        if self.process and self.process.poll() is None:
            self.process.send_signal(how)
            self.process.wait(30)
            self.log.close()

    def close(self):
        self.stop(signal.SIGKILL)
        shutil.rmtree(self.folder / "data", ignore_errors=True)
        self.home.cleanup()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
