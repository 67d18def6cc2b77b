"""A process of customers that hold, cancel, pay and repeat themselves until the server breaks.

Run as `load_client.py LEDGER SECRETS SEED`, where SECRETS is a JSON file with the server's
secrets and the showtimes. It reads lines from stdin: `go PORT ROUND` starts a round, which ends
when every customer's connection has broken; then it prints `broken OPERATIONS`. A violation that
the customers see themselves is printed as `violation TEXT`. It ends with its stdin.

A request whose answer did not come stays in the ledger without `t_ret`, for the judge to repeat.
"""

import asyncio
import json
import random
import sys
import time
import uuid

from support import ledger, signing, swarm

CUSTOMERS = 8
ANSWER_TIMEOUT_S = 20
S1_ROWS, S1_COLS = "ABCDFGHIJ", 12  # Row E has gaps.


class Round:
    """What the customers of one round share."""

    def __init__(self, book, secrets, chance, number):
        self.book = book
        self.secrets = secrets
        self.chance = chance
        self.number = number
        self.operations = 0


class Broken(Exception):
    """The connection ended before the answer."""


def hold_request(showtime, seats):
    return {"method": "POST", "path": "/api/bookings/hold",
            "body": {"showtime_id": showtime, "seats": seats}}


def pay_request(booking, method):
    return {"method": "POST", "path": "/api/payments",
            "body": {"booking_id": booking, "payment_method": method}}


def cancel_request(booking):
    return {"method": "DELETE", "path": f"/api/bookings/{booking}", "body": None}


def webhook_request(transaction, amount):
    provider = transaction.split("_")[1].lower()
    return {"method": "POST", "path": f"/api/payments/webhook/{provider}",
            "body": {"transaction_id": transaction, "status": "success", "amount": amount}}


def as_bytes(operation, secrets):
    """An operation of the ledger as it goes over the wire, the first time and every other."""
    request = operation["request"]
    headers, token = {}, None
    if operation["op"] == "webhook":
        provider = request["path"].rsplit("/", 1)[1]
        body = json.dumps(request["body"]).encode()
        headers["X_Signature"] = signing.webhook_signature(secrets["webhook"][provider], body)
    else:
        token = signing.token(secrets["jwt"], operation["user"])
    if operation["key"] is not None:
        headers["X_Idempotency_Key"] = operation["key"]
    return swarm.request_bytes(request["method"], request["path"], token, request["body"], **headers)


sequence = 0


class Customer:
    """One user of one round, with a connection of his own."""

    def __init__(self, shared, number):
        self.shared = shared
        self.chance = random.Random(shared.chance.getrandbits(64))
        self.user = f"load-{shared.number}-{number}"
        self.done = []  # Answered operations with a key, and their answers.

    async def ask(self, op, request, booking=None, showtime=None, key=None):
        """One operation, in the ledger before and after."""
        global sequence
        sequence += 1
        operation = {"seq": sequence, "t_call": time.monotonic(), "op": op, "key": key,
                     "user": self.user, "request": request, "showtime": showtime,
                     "booking_id": booking, "t_ret": None, "status": None}
        self.shared.book.append(operation)
        answer = await self.send(operation)
        body = answer.json
        version = answer.header("x-showtime-version")
        operation.update(
            t_ret=time.monotonic(), status=answer.status, answer=body,
            booking_id=body.get("booking_id", booking) if answer.status < 300 else booking,
            body_hash=ledger.body_hash(answer.body),
            version=int(version) if version else None,
            replayed=answer.header("idempotent-replayed") == "true")
        self.shared.book.append(operation)
        self.shared.operations += 1
        if key is not None and answer.status < 300:
            self.done.append(operation)
        return answer

    async def send(self, operation):
        try:
            self.writer.write(as_bytes(operation, self.shared.secrets))
            return await asyncio.wait_for(swarm.read_answer(self.reader), ANSWER_TIMEOUT_S)
        except (OSError, asyncio.IncompleteReadError) as error:
            raise Broken from error

    async def live(self, port):
        try:
            self.reader, self.writer = await asyncio.open_connection("127.0.0.1", port)
            for _ in range(1000):  # A round lasts less than a second.
                await self.visit()
        except (Broken, OSError):
            pass

    async def visit(self):
        """A hold, and one of the ways in which it goes on."""
        chance = self.chance
        showtime = chance.choice(self.shared.secrets["showtimes"])
        row, first = chance.choice(S1_ROWS), chance.randint(1, S1_COLS - 3)
        seats = [f"{row}{first + step}" for step in range(chance.randint(1, 4))]
        held = await self.ask("hold", hold_request(showtime, seats), None, showtime,
                              str(uuid.uuid4()))
        if held.status == 201:
            await self.go_on(held.json, showtime)
        if self.done and chance.random() < 0.3:
            await self.repeat(chance.choice(self.done))

    async def go_on(self, booking, showtime):
        way, identity = self.chance.random(), booking["booking_id"]
        if way < 0.3:
            await self.ask("cancel", cancel_request(identity), identity, showtime)
        elif way < 0.8:
            method = self.chance.choice(["momo", "vnpay", "zalopay", "card"])
            paid = await self.ask("pay", pay_request(identity, method), identity, showtime,
                                  str(uuid.uuid4()))
            transaction = paid.json["payment_url"].rsplit("/", 1)[1]
            request = webhook_request(transaction, booking["final_amount"])
            if way < 0.7:
                await self.ask("webhook", request, identity, showtime)
            else:  # The customer was faster: the money must go back.
                await self.ask("cancel", cancel_request(identity), identity, showtime)
                await self.ask("webhook", request, identity, showtime)

    async def repeat(self, operation):
        answer = await self.send(operation)
        if ledger.body_hash(answer.body) != operation["body_hash"]:
            say(f"violation the answer to {operation['key']} has changed: {answer.body!r}")


def say(text):
    print(text, flush=True)


async def play(shared, port):
    await asyncio.gather(*(Customer(shared, number).live(port) for number in range(CUSTOMERS)))


def main():
    path, secrets_path, seed = sys.argv[1:]
    book = ledger.Ledger(path)
    with open(secrets_path, encoding="utf-8") as file:
        secrets = json.load(file)
    chance = random.Random(int(seed))
    for line in sys.stdin:
        _, port, number = line.split()
        shared = Round(book, secrets, chance, int(number))
        asyncio.run(play(shared, int(port)))
        say(f"broken {shared.operations}")


if __name__ == "__main__":
    main()
