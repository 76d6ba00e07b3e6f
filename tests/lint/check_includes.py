#!/usr/bin/env python3
# SPDX-FileCopyrightText: Ketenpoort contributors
# SPDX-License-Identifier: EUPL-1.2
"""Rooms include only rooms that stand above them; only gateway/io and tests see libuv, libcurl and OpenSSL's sockets."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]

# A room may include itself and those named for it, each of which stands above it: so no two include each other.
ROOMS = {
    "core": set(),
    "shipped": set(),
    "crypto": {"core"},
    "http": {"core"},
    "policies": {"core"},
    "connectors": {"core"},
    "sheet": {"core", "connectors"},
    "query": {"core", "policies", "connectors"},
    "token": {"core", "crypto"},
    "io": {"core", "crypto", "http"},
    "config": {"core", "crypto", "token", "io"},
    "identity": {"core", "http", "token", "io"},
    "audit": {"core", "io"},
    "source": {"core", "crypto", "http", "policies", "connectors", "sheet", "token", "io", "identity"},
}
ROOMS["gateway"] = set(ROOMS)
ROOMS["commands"] = set(ROOMS)
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
        if target and target != room and target not in ROOMS.get(room, set()):
            yield f"{path.relative_to(ROOT)}:{number}: {room} may not include {target} ({name})"


def faults_of_table():
    above = set()
    for room, may in ROOMS.items():
        yield from (f"ROOMS: {room} names {other}, which does not stand above it" for other in sorted(may - above))
        above.add(room)


def main():
    files = [path for folder in ("gateway", "policies", "connectors")
             for path in sorted((ROOT / folder).rglob("*.[ch]"))]
    faults = [*faults_of_table(), *(fault for path in files for fault in faults_of(path))]
    print("\n".join(faults + [f"{len(files)} files, {len(faults)} faults"]))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
