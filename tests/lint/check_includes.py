#!/usr/bin/env python3
# SPDX-FileCopyrightText: Ketenpoort contributors
# SPDX-License-Identifier: EUPL-1.2
"""Rooms include only lower rooms; only gateway/io and tests see libuv, libcurl and OpenSSL's sockets."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]

# A room may include those named for it, itself, and connectors/connector.h where it says so.
CORE = {"core"}
PURE = CORE | {"crypto", "token", "identity", "policies", "http", "query", "config", "connectors", "sheet", "io"}
ROOMS = {
    "core": CORE,
    "crypto": CORE | {"crypto"},
    "http": CORE | {"http"},
    "token": CORE | {"crypto", "token"},
    "identity": CORE | {"crypto", "token", "http", "io", "identity"},
    "policies": CORE | {"policies"},
    "connectors": CORE | {"connectors", "policies"},
    "sheet": CORE | {"connectors", "sheet"},
    "query": CORE | {"query", "policies", "http", "connectors", "source"},
    "config": CORE | {"config", "crypto", "token", "policies", "io"},
    "io": CORE | {"crypto", "http", "io"},
    "audit": PURE | {"audit"},
    "source": PURE | {"source", "audit"},
    "shipped": {"shipped"},
    "gateway": PURE | {"audit", "source", "gateway", "shipped"},
    "commands": PURE | {"audit", "source", "gateway", "commands", "shipped"},
}
LIBRARIES = {"uv.h": {"io"}, "curl/": {"io"}, "openssl/ssl": {"io"},
             "libpq": {"io"}, "seccomp.h": {"io"}, "sql.h": {"io"}, "sqlext.h": {"io"},
             "openssl/": {"io", "crypto"}, "libxml/": {"io", "connectors", "commands"}, "nghttp2/": {"http"}, "zip.h": {"sheet"}}


def room_of(path):
    parts = path.relative_to(ROOT).parts
    if parts[0] != "gateway":
        return parts[0]
    return parts[1] if len(parts) > 2 else "gateway"


def target_room(name, source):
    """The room of an included file of ours; None when it is not ours."""
    for base in (source.parent, ROOT / "gateway", ROOT):
        found = (base / name).resolve()
        if found.is_file() and ROOT in found.parents and ".build" not in found.parts:
            return room_of(found)
    return None


def faults_of(path):
    room = room_of(path)
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        match = re.match(r'\s*#\s*include\s+([<"])([^>"]+)[>"]', line)
        if not match:
            continue
        kind, name = match.groups()
        if kind == "<":
            for prefix in sorted(LIBRARIES, key=len, reverse=True):
                if name.startswith(prefix):
                    if room not in LIBRARIES[prefix]:
                        yield f"{path.relative_to(ROOT)}:{number}: {room} may not see <{name}>"
                    break
            continue
        target = target_room(name, path)
        if target and target not in ROOMS.get(room, set()):
            yield f"{path.relative_to(ROOT)}:{number}: {room} may not include {target} ({name})"


def main():
    files = [path for folder in ("gateway", "policies", "connectors")
             for path in sorted((ROOT / folder).rglob("*.[ch]"))]
    faults = [fault for path in files for fault in faults_of(path)]
    print("\n".join(faults + [f"{len(files)} files, {len(faults)} faults"]))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
