# SPDX-FileCopyrightText: Ketenpoort contributors
# SPDX-License-Identifier: EUPL-1.2
"""The ways a stand-in partner can misbehave, each as real partners have been seen to."""
from http_server import Answer

FAULTS = {
    "none": "answers as it should",
    "empty": "200 with no body at all",
    "huge": "200 with 64 MB of valid JSON",
    "truncated": "the body stops at `byte` (default: half-way) and the connection closes",
    "wrong-type": "the body is JSON but Content-Type says text/html",
    "not-json": "a login page in HTML with status 200",
    "slow": "waits `ms` before answering",
    "dribble": "one byte every `ms`",
    "silent": "accepts the question and never answers",
    "reset": "resets the connection",
    "status-500": "500 with an HTML page",
    "status-503": "503 with a problem document",
    "refused": "403: the partner does not allow it",
    "redirect": "302 to another host",
    "duplicate-keys": "an object with the same name twice",
    "bad-utf8": "a string with bytes that are no UTF-8",
    "other-person": "a correct answer about somebody else",
    "deep": "10,000 nested arrays",
    "header-flood": "4,000 header fields",
    "too-few": "a decision point leaves one decision out",
    "over-delivers": "all fields, whatever was asked",
}


class Fault:
    def __init__(self, fault, ms=1000, byte=None):
        if fault not in FAULTS:
            raise ValueError(fault)
        self.fault, self.ms, self.byte = fault, ms, byte


def other_person(clients, request, answer):
    """The same question about the next client: what a partner with a mixed-up cache answers."""
    numbers = list(clients)
    asked = next((n for n in numbers if n.encode() in request.body), numbers[0])
    other = numbers[(numbers.index(asked) + 1) % len(numbers)]
    request.body = request.body.replace(asked.encode(), other.encode())
    return answer(request)


def spoiled_body(fault, good):
    """The body of a good answer, made wrong."""
    if fault == "empty":
        return b""
    if fault == "duplicate-keys":
        return good.replace(b"{", b'{"zelfde":1,"zelfde":2,', 1)
    if fault == "bad-utf8":
        return good.replace(b'":"', b'":"\xc3\x28\xff', 1)
    if fault == "deep":
        return b"[" * 10000 + b"]" * 10000
    return b'{"vulling":["' + b'x' * 1000 + b'"' + (b',"' + b'x' * 1000 + b'"') * 65000 + b"]}"


def break_answer(fault, clients, request, answer):
    name = fault.fault
    if name == "other-person":
        return other_person(clients, request, answer)
    if name in ("status-500", "not-json"):
        return Answer("<html><body>Inloggen</body></html>", 500 if name == "status-500" else 200,
                      "text/html")
    if name == "status-503":
        return Answer('{"title":"Bronservice is tijdelijk niet beschikbaar.","status":503}', 503,
                      "application/problem+json")
    if name == "refused":
        return Answer('{"title":"U bent niet geautoriseerd.","status":403,"code":"autorisatie"}', 403,
                      "application/problem+json")
    if name == "redirect":
        result = Answer("", 302)
        result.headers.append(("Location", "http://127.0.0.1:9/elders"))
        return result
    if name == "over-delivers":
        request.body = widen(request.body)
    result = answer(request)
    if name == "too-few":
        result.body = result.body.replace(b'{"decision":false},', b"", 1) \
            if b'{"decision":false},' in result.body \
            else result.body.replace(b'{"decision":true},', b"", 1)
    if name in ("empty", "duplicate-keys", "bad-utf8", "deep", "huge"):
        result.body = spoiled_body(name, result.body)
    elif name == "truncated":
        result.cut_at = len(result.body) // 2 if fault.byte is None else fault.byte
    elif name == "wrong-type":
        result.headers = [("Content-Type", "text/html")]
    elif name == "slow":
        result.wait_ms = fault.ms
    elif name == "dribble":
        result.piece, result.dribble_ms = 1, fault.ms
    elif name == "silent":
        result.silent = True
    elif name == "reset":
        result.reset = True
    elif name == "header-flood":
        result.headers += [(f"X-Vulling-{n}", "x" * 60) for n in range(4000)]
    return result


def widen(body):
    """Asks for every field instead of the ones in `fields`; other partners always give all."""
    start = body.find(b'"fields"')
    if start < 0:
        return body
    end = body.index(b"]", start) + 1
    everything = (b'"fields":["burgerservicenummer","naam","geboorte","geslacht","leeftijd",'
                  b'"gemeenteVanInschrijving","verblijfplaats","adressering","nationaliteiten",'
                  b'"partners","kinderen","overlijden"]')
    return body[:start] + everything + body[end:]
