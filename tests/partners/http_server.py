# SPDX-FileCopyrightText: Ketenpoort contributors
# SPDX-License-Identifier: EUPL-1.2
"""A small HTTP/1.1 server that can also answer wrongly on purpose: an answer is bytes plus a plan of
how to send them."""
import asyncio
import json
from http import HTTPStatus


class Problem(Exception):
    """An application/problem+json answer."""

    def __init__(self, status, body):
        super().__init__(body.get("title", ""))
        self.status = status
        self.body = body


class Answer:
    """A status, headers and a body; and how to spoil it: wait, dribble, cut, reset."""

    def __init__(self, body, status=200, content_type="application/json; charset=utf-8"):
        self.body = body.encode("utf-8") if isinstance(body, str) else body
        self.status = status
        self.headers = [("Content-Type", content_type)]
        self.wait_ms = 0       # before the head
        self.dribble_ms = 0    # between pieces
        self.piece = 0         # bytes per piece; 0: everything at once
        self.cut_at = None     # close after this many bytes of the body
        self.reset = False     # RST instead of an answer
        self.silent = False    # no answer until the caller gives up


class Request:
    def __init__(self, method, path, headers, body):
        self.method, self.path, self.headers, self.body = method, path, headers, body

    def json(self):
        try:
            value = json.loads(self.body)
        except ValueError as error:
            raise Problem(400, {"title": "Bad Request", "status": 400, "detail": "no JSON"}) from error
        if not isinstance(value, dict):
            raise Problem(400, {"title": "Bad Request", "status": 400, "detail": "no JSON object"})
        return value


async def read_request(reader):
    head = await reader.readuntil(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    method, target, _ = first.split(" ", 2)
    headers = {}
    for line in filter(None, lines):
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Request(method, target, headers, body)


def head_of(answer):
    reason = HTTPStatus(answer.status).phrase
    lines = [f"HTTP/1.1 {answer.status} {reason}"]
    lines += [f"{name}: {value}" for name, value in answer.headers]
    lines.append(f"Content-Length: {len(answer.body)}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


async def send(answer, writer):
    """Sends the answer as planned; False when the connection is not to be used again."""
    if answer.wait_ms:
        await asyncio.sleep(answer.wait_ms / 1000)
    if answer.reset:
        writer.transport.abort()
        return False
    if answer.silent:
        await asyncio.sleep(600)
        return False
    body = answer.body if answer.cut_at is None else answer.body[:answer.cut_at]
    if not answer.piece:
        writer.write(head_of(answer) + body)
    else:
        writer.write(head_of(answer))
        for at in range(0, len(body), answer.piece):
            writer.write(body[at:at + answer.piece])
            await writer.drain()
            await asyncio.sleep(answer.dribble_ms / 1000)
    await writer.drain()
    return answer.cut_at is None


def answer_of(handle, request):
    try:
        return handle(request)
    except Problem as problem:
        return Answer(json.dumps(problem.body, ensure_ascii=False), problem.status,
                      "application/problem+json")


async def serve(host, port, handle, name):
    async def converse(reader, writer):
        try:
            while await send(answer_of(handle, await read_request(reader)), writer):
                pass
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, ConnectionError, ValueError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(converse, host, port, backlog=1024)
    print(f"{name} http://{host}:{server.sockets[0].getsockname()[1]}", flush=True)
    async with server:
        await server.serve_forever()
