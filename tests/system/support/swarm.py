"""Many clients at once: connections are opened first, then all requests leave together.

On raw sockets and asyncio, because a thread per client would measure Python's scheduler.
"""

import asyncio
import json
import threading
import time

from support import conformance
from support.api import Answer, new_key

CONNECTS_AT_ONCE = 250
ANSWER_TIMEOUT_S = 60


def request_bytes(method, path, token=None, body=None, **headers):
    """A request as it goes over the wire."""
    data = b"" if body is None else json.dumps(body).encode()
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost"]
    if token is not None:
        lines.append(f"Authorization: Bearer {token}")
    if body is not None:
        lines += ["Content-Type: application/json", f"Content-Length: {len(data)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + data


def hold_bytes(token, showtime, seats, key=None):
    body = {"showtime_id": showtime, "seats": seats}
    key = new_key() if key is None else key
    return request_bytes("POST", "/api/bookings/hold", token, body, X_Idempotency_Key=key)


def confirm_bytes(token, booking, method, key=None):
    path = f"/api/bookings/{booking}/confirm"
    key = new_key() if key is None else key
    return request_bytes("POST", path, token, {"payment_method": method}, X_Idempotency_Key=key)


def pay_bytes(token, booking, method, key=None):
    body = {"booking_id": booking, "payment_method": method}
    key = new_key() if key is None else key
    return request_bytes("POST", "/api/payments", token, body, X_Idempotency_Key=key)


async def read_answer(reader, call=""):
    """Reads one answer that has a Content-Length, or none and no body."""
    head = await reader.readuntil(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    fields = []
    for line in lines[1:-2]:
        name, value = line.split(":", 1)
        fields.append((name.lower(), value.strip()))
    status = int(lines[0].split(" ")[1])
    size = int(dict(fields).get("content-length", 0))
    body = await reader.readexactly(size) if size else b""
    return Answer(status, fields, body, call)


async def _open_all(port, count):
    gate = asyncio.Semaphore(CONNECTS_AT_ONCE)

    async def open_one():
        async with gate:
            return await asyncio.open_connection("127.0.0.1", port)

    return await asyncio.gather(*(open_one() for _ in range(count)))


async def _fire(port, requests, sent=None, arrived=None, added=()):
    connections = await _open_all(port, len(requests))

    async def read_one(index):
        try:
            answer = await asyncio.wait_for(read_answer(connections[index][0]), ANSWER_TIMEOUT_S)
        except (OSError, asyncio.IncompleteReadError) as error:
            answer = error
        if arrived is not None:
            arrived.append(answer)
        return answer

    try:
        began_s = time.monotonic()
        for (_, writer), request in zip(connections, requests):
            writer.write(request)
        if sent is not None:
            sent.set()
        answers = await asyncio.gather(*(read_one(index) for index in range(len(requests))))
        took_s = time.monotonic() - began_s
        for request, answer in zip(requests, answers):
            if isinstance(answer, Answer):
                answer.headers = [field for field in answer.headers if field[0] not in added]
                conformance.check_bytes(request, answer)
        return answers, took_s
    finally:
        for _, writer in connections:
            writer.close()


def fire(port, requests, added=()):
    """Sends all requests at once, each on a connection of its own. Gives the answers in the
    order of the requests (an exception for a connection that broke) and the seconds it took.
    `added` are headers that somebody between adds to answers."""
    return asyncio.run(_fire(port, requests, added=added))


def start(port, requests, arrived=None):
    """The same in a thread that the caller joins; for tests that do something meanwhile. Gives
    the thread once the requests have left; answers are appended to `arrived` as they come."""
    sent = threading.Event()
    thread = threading.Thread(target=lambda: asyncio.run(_fire(port, requests, sent, arrived)))
    thread.start()
    assert sent.wait(ANSWER_TIMEOUT_S)
    return thread
