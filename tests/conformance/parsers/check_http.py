# SPDX-FileCopyrightText: Ketenpoort contributors
# SPDX-License-Identifier: EUPL-1.2
"""
llhttp's request cases against http_parse. Where llhttp's strict mode ends in an error, we refuse; where it
reads a message, we read the same method, target, fields and body; where a case needs a lenient mode, we
refuse. http.md lists every case that goes another way, and why; a row that is no longer needed is wrong.

Most cases have no Host field. That alone would have them refused, so it is added to each message that
begins at the start of the case; what comes after the first message is not compared then.
"""

import json
import re

import suites


def blocks(path):
    """Yields title, meta and text of each ```http block with its log."""
    titles, meta, http = [], {}, None
    lines = iter(path.read_text(encoding="utf-8").split("\n"))
    for line in lines:
        if heading := re.match(r"(#+) (.*)", line):
            depth = len(heading[1])
            titles = [t for t in titles if t[0] < depth] + [(depth, heading[2])]
        elif found := re.match(r"<!-- meta=(.*) -->", line):
            meta = json.loads(found[1])
        elif fence := re.match(r"```(\w+)$", line):
            text = []
            while (line := next(lines)) != "```":
                text.append(line)
            if fence[1] == "http":
                http = "\n".join(text)
            elif fence[1] == "log":
                yield titles[-1][1], meta, http, text


def to_bytes(text):
    """The notation of the cases: lines end in CRLF; \\r \\n \\t \\f \\xHH and a hidden line end."""
    text = text.replace("\\\n", "").replace("\n", "\r\n")
    plain = {"r": "\r", "n": "\n", "t": "\t", "f": "\f"}
    text = re.sub(r"\\x([0-9a-fA-F]{2})", lambda m: chr(int(m[1], 16)), text)
    return re.sub(r"\\([rntf])", lambda m: plain[m[1]], text).encode()


def with_host(raw):
    """The case with a Host field in its first message, and whether one had to be added."""
    if re.search(rb"^host:", raw, re.I | re.M):
        return raw, False
    return re.sub(rb"\A((?:\r\n)*[^\r\n]*\r\n)", rb"\1Host: llhttp.test\r\n", raw), True


def oracle(log, raw):
    """What llhttp made of it: did it fail, and its first message when that is complete."""
    message = {"method": b"", "target": b"", "headers": [], "body": b""}
    kinds = {"method": "method", "url": "target", "body": "body"}
    fields, in_head, complete, failed = [], True, False, False
    for line in log:
        failed = failed or (" error code=" in line and "Pause on" not in line)
        span = re.match(r"off=(\d+) len=(\d+) span\[(\w+)\]", line)
        if complete:
            continue
        if span:
            part = raw[int(span[1]) : int(span[1]) + int(span[2])]
            if span[3] in kinds:
                message[kinds[span[3]]] += part
            elif in_head and span[3] in ("header_field", "header_value"):
                if fields and fields[-1][0] == span[3]:
                    fields[-1][1] += part
                else:
                    fields.append([span[3], part])
        elif in_head and "header_value complete" in line and fields[-1][0] == "header_field":
            fields.append(["header_value", b""])
        complete = "message complete" in line
        # What follows as fields is trailers; we drop those.
        in_head = in_head and "headers complete" not in line
    message["headers"] = [part.strip(b" \t") for _, part in fields]
    return failed, message if complete else None


def ours(output):
    """The first message, and the last line: accept or refuse."""
    *events, verdict = output.splitlines()
    message, complete = None, False
    for event in map(json.loads, events):
        if isinstance(event, dict) and message is None:
            message = {k: v.encode("latin-1") for k, v in event.items() if isinstance(v, str)}
            message["headers"] = [part.encode("latin-1") for part in event["headers"]]
            message["body"] = b""
        elif isinstance(event, int) and not complete:
            message["body"] += bytes([event])
        complete = complete or event == "end"
    return message if complete else None, verdict


def without_host(headers):
    pairs = list(zip(headers[::2], headers[1::2]))
    return [pair for pair in pairs if pair != (b"Host", b"llhttp.test")]


def same(a, b):
    return (
        all(a[key] == b[key] for key in ("method", "target", "body"))
        and without_host(a["headers"]) == without_host(b["headers"])
    )


def judge(meta, log, raw, added, probe):
    """None when we agree, else what differs."""
    failed, theirs = oracle(log, raw)
    sent = with_host(raw)[0]
    message, verdict = ours(probe(sent))
    if (failed or "lenient" in meta["type"]) and verdict == "accept" and message is None:
        # A line is judged when it is complete: give the message an end.
        verdict = ours(probe(sent + b"\r\n\r\n"))[1]
    refused = verdict.startswith("refuse")
    if verdict == "differ":
        return "whole and cut differ"
    if "lenient" in meta["type"]:
        return None if refused else "lenient, but accepted"
    if failed:
        return None if refused else "an error there, accepted here"
    if refused and not (added and message is not None):
        return f"read there, here: {verdict}"
    if theirs is not None and (message is None or not same(theirs, message)):
        return f"another message: {message}"
    return None


def main():
    probe, archives, work = suites.arguments()
    folder = suites.unpack(archives, "llhttp-markdown-mit", work)
    if folder is None:
        suites.skip("no llhttp cases in the shared suites")
    case = work / "http-case"

    def probe_bytes(raw):
        case.write_bytes(raw)
        return suites.run_probe(probe, "http", [case])

    known = {(row[0].strip("`"), row[1]): row for row in suites.table("http.md")[1:]}
    right, wrong, deviations = 0, [], 0
    for path in sorted(folder.rglob("request/*.md")):
        for title, meta, text, log in blocks(path):
            raw = to_bytes(text)
            added = with_host(raw)[1]
            differs = judge(meta, log, raw, added, probe_bytes)
            row = known.get((path.stem, title))
            if differs is None and row is None:
                right += 1
            elif differs is not None and row is not None:
                right += 1
                deviations += 1
                row.append("used")
            elif differs is not None:
                wrong.append(f"| `{path.stem}` | {title} | {meta['type']}: {differs}")
    wrong += [f"no longer differs: {row}" for row in known.values() if row[-1] != "used"]
    print(f"{deviations} cases differ on purpose, as http.md says")
    suites.finish(right, wrong)


main()
