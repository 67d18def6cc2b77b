"""A process of customers, staff and listeners that act until the server breaks.

Run as `load_client.py LEDGER SECRETS SEED`, where SECRETS is a JSON file with the server's
secrets, the showtimes, the `window` (how many of them are visited at a time), `hold_ms`, and how
often one may be told to come again (`tries`). It reads lines from stdin: `go PORTS ROUND` starts a
round, which ends when every connection has broken, with `broken ANSWERS`; `hurry` ends all pauses,
so that a kill that comes next meets requests under way; `settle PORT` repeats what has no answer,
each with its key, and ends with `settled REPEATED UNKNOWN`, where UNKNOWN is how often a client was
told until now that an outcome is not known yet. It ends with its stdin.

With several ports, a comma between them, who loses his connection goes to the next one and repeats
there what he had no answer to; such a round ends with `halt`, and then `broken ANSWERS`. `go PORTS
ROUND FIRST SIZE` says which showtimes are visited.
"""

import asyncio
import collections
import json
import random
import sys
import time
import uuid

from support import ledger, listening, signing, swarm

CUSTOMERS = 8
LISTENERS = 3
PAUSE_MAX_S = 0.16  # Of a customer between two visits.
STAFF_PAUSE_MAX_S = 0.2
ANSWER_TIMEOUT_S = 20
TRIES_MAX = 10  # Of a request that is told to come again, unless the secrets say otherwise.
AGAIN_AFTER_S = 0.2
MOVE_AFTER_S = 0.05
VISITS_MAX = 1000  # A round lasts less than a second.
LATE_MS = 300  # After the end of a hold, its money comes.
ROUNDS_IN_A_WINDOW = 3
S1_ROWS, S1_COLS = "ABCDFGHIJ", 12  # Row E has gaps.
METHODS = ["momo", "vnpay", "zalopay", "card"]
PRICES = (90000, 100000, 110000, 150000)


class Broken(Exception):
    """The connection ended before the answer."""


def hold_request(showtime, seats):
    return {"method": "POST", "path": "/api/bookings/hold",
            "body": {"showtime_id": showtime, "seats": seats}}


def pay_request(booking, method):
    return {"method": "POST", "path": "/api/payments",
            "body": {"booking_id": booking, "payment_method": method}}


def confirm_request(booking, method):
    return {"method": "POST", "path": f"/api/bookings/{booking}/confirm",
            "body": {"payment_method": method}}


def cancel_request(booking):
    return {"method": "DELETE", "path": f"/api/bookings/{booking}", "body": None}


def webhook_request(transaction, amount, status="success"):
    provider = transaction.split("_")[1].lower()
    return {"method": "POST", "path": f"/api/payments/webhook/{provider}",
            "body": {"transaction_id": transaction, "status": status, "amount": amount}}


def as_bytes(operation, secrets):
    """An operation of the ledger as it goes over the wire, the first time and every other."""
    request = operation["request"]
    headers, token = {}, None
    if operation["op"] in ("webhook", "failure"):
        provider = request["path"].rsplit("/", 1)[1]
        body = json.dumps(request["body"]).encode()
        headers["X_Signature"] = signing.webhook_signature(secrets["webhook"][provider], body)
    else:
        token = signing.token(secrets["jwt"], operation["user"], role=operation["role"])
    if operation["key"] is not None:
        headers["X_Idempotency_Key"] = operation["key"]
    return swarm.request_bytes(request["method"], request["path"], token, request["body"],
                               **headers)


class Shop:
    """What lasts from round to round."""

    def __init__(self, book, secrets, chance):
        self.book = book
        self.secrets = secrets
        self.chance = chance
        self.sequence = 0
        self.open = {}  # seq -> an operation without an answer.
        self.late = []  # Of (the moment when money comes, its message, its facts).
        self.blocks = []  # Of (block id, showtime).
        self.hurry = asyncio.Event()
        self.halted = False
        self.answers = 0
        self.moved = 0  # Requests that were repeated elsewhere.
        self.delays = collections.Counter()  # What told a client to come again.
        self.window = secrets["showtimes"]

    def start_round(self, number, first=None, size=None):
        showtimes = self.secrets["showtimes"]
        if first is None:
            size = self.secrets["window"]
            first = number // ROUNDS_IN_A_WINDOW % (len(showtimes) - size + 1)
        self.window = showtimes[first:first + size]
        self.hurry.clear()
        self.halted = False
        self.answers = 0

    def note(self, op, request, user, role, key, facts):
        """A new operation, in the ledger before it leaves."""
        self.sequence += 1
        operation = {"seq": self.sequence, "t_call": time.monotonic(),
                     "sent_ms": time.time() * 1000, "op": op, "user": user, "role": role,
                     "key": key, "showtime": None, "booking_id": None, "payment_id": None,
                     "block_id": None, "repeats": None, **facts, "request": request,
                     "t_ret": None, "status": None}
        self.book.append(operation)
        self.open[operation["seq"]] = operation
        return operation

    def answered(self, operation, answer):
        """The same after its answer, in the ledger before anybody acts on it."""
        body, version = answer.json, answer.header("x-showtime-version")
        operation.update(
            t_ret=time.monotonic(), heard_ms=time.time() * 1000, status=answer.status, answer=body,
            body_hash=ledger.body_hash(answer.body), version=int(version) if version else None,
            replayed=answer.header("idempotent-replayed") == "true")
        if answer.status < 300:
            for name in ("booking_id", "block_id"):
                operation[name] = body.get(name, operation[name])
            if operation["op"] in ("pay", "confirm"):  # Its own id ends the page's address.
                operation["payment_id"] = body["payment_url"][-24:]
        self.book.append(operation)
        del self.open[operation["seq"]]
        self.answers += 1


class Actor:
    """Somebody with a connection, who asks one thing after the other."""

    def __init__(self, shop, user, role="user"):
        self.shop = shop
        self.chance = random.Random(shop.chance.getrandbits(64))
        self.user = user
        self.role = role
        self.asked = None  # What has no answer yet.
        self.done = []  # Answered operations with a key.

    async def connect(self, port):
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", port)

    async def pause(self, max_s):
        try:
            await asyncio.wait_for(self.shop.hurry.wait(), self.chance.uniform(0, max_s))
        except asyncio.TimeoutError:
            pass

    async def ask(self, op, request, keyed=False, user=None, role=None, **facts):
        """One operation; gives it with its answer."""
        key = str(uuid.uuid4()) if keyed else None
        operation = self.shop.note(op, request, user or self.user, role or self.role, key, facts)
        await self.send(operation)
        if keyed and operation["status"] < 300:
            self.done.append(operation)
        return operation

    async def send(self, operation):
        """Until it has an answer; what may come again later does."""
        self.asked = operation
        for _ in range(self.shop.secrets.get("tries", TRIES_MAX)):
            try:
                self.writer.write(as_bytes(operation, self.shop.secrets))
                answer = await asyncio.wait_for(swarm.read_answer(self.reader), ANSWER_TIMEOUT_S)
            except (OSError, asyncio.IncompleteReadError) as error:
                raise Broken from error
            if answer.status != 503 and answer.code != "BOOKING_LOCK_FAILED":
                break
            self.shop.delays[answer.code] += 1
            await asyncio.sleep(AGAIN_AFTER_S)
        self.shop.answered(operation, answer)
        self.asked = None

    async def repeat(self, operation):
        """The same key again, as an operation of its own."""
        facts = {name: operation[name] for name in ("showtime", "booking_id", "payment_id")}
        again = self.shop.note(operation["op"], operation["request"], operation["user"],
                               operation["role"], operation["key"],
                               {**facts, "repeats": operation["seq"]})
        await self.send(again)

    async def live(self, ports):
        at = self.chance.randrange(len(ports))
        visits = 0
        while not self.shop.halted and visits < VISITS_MAX:
            try:
                await self.connect(ports[at])
                if self.asked is not None:
                    self.shop.moved += 1
                    await self.send(self.asked)
                while not self.shop.halted and visits < VISITS_MAX:
                    visits += 1
                    await self.visit()
            except (Broken, OSError):
                if len(ports) == 1:
                    return
                at = (at + 1) % len(ports)
                await asyncio.sleep(MOVE_AFTER_S)


class Customer(Actor):
    async def visit(self):
        """A hold, and one of the ways in which it goes on."""
        await self.pause(PAUSE_MAX_S)
        await self.late_money()
        chance, showtime = self.chance, self.chance.choice(self.shop.window)
        row, first = chance.choice(S1_ROWS), chance.randint(1, S1_COLS - 3)
        seats = [f"{row}{first + step}" for step in range(chance.randint(1, 4))]
        held = await self.ask("hold", hold_request(showtime, seats), True, showtime=showtime)
        if held["status"] == 201:
            way = chance.choices([self.give_up, self.buy, self.buy_and_give_up, self.buy_and_return,
                                  self.buy_after_failure, self.be_late, self.forget],
                                 [20, 30, 10, 10, 10, 10, 10])[0]
            facts = {"showtime": showtime, "booking_id": held["booking_id"]}
            await way(facts, held["answer"]["final_amount"])
        if self.done and chance.random() < 0.3:
            await self.repeat(chance.choice(self.done))

    async def give_up(self, facts, _):
        await self.ask("cancel", cancel_request(facts["booking_id"]), **facts)

    async def start_payment(self, facts, amount):
        """The gateway's message of success and the payment's facts; None if it was refused."""
        method = self.chance.choice(METHODS)
        make, op = self.chance.choice([(pay_request, "pay"), (confirm_request, "confirm")])
        paid = await self.ask(op, make(facts["booking_id"], method), True, **facts)
        if paid["status"] >= 300:
            return None
        transaction = paid["answer"]["payment_url"].rsplit("/", 1)[1]
        return (webhook_request(transaction, amount),
                {**facts, "payment_id": paid["payment_id"]}, paid["answer"])

    async def buy(self, facts, amount):
        started = await self.start_payment(facts, amount)
        if started is not None:
            for _ in range(self.chance.choice([1, 1, 2])):  # Gateways repeat themselves.
                await self.ask("webhook", started[0], **started[1])
        return started

    async def buy_and_give_up(self, facts, amount):
        """The customer is faster than the gateway: the money must go back."""
        started = await self.start_payment(facts, amount)
        await self.give_up(facts, amount)
        if started is not None:
            await self.ask("webhook", started[0], **started[1])

    async def buy_and_return(self, facts, amount):
        started = await self.buy(facts, amount)
        if started is None:
            return
        payment = started[1]["payment_id"]
        refund = {"method": "POST", "path": f"/api/payments/{payment}/refund",
                  "body": {"reason": "a customer asked"}}
        await self.ask("refund", refund, True, "desk", "staff", **started[1])
        if self.chance.random() < 0.5:
            done = {"method": "POST", "path": f"/api/payments/{payment}/refund/done",
                    "body": {"reference": f"bank {payment}"}}
            await self.ask("refund_done", done, False, "desk", "staff", **started[1])

    async def buy_after_failure(self, facts, amount):
        """The first method fails, or so it says; the second one is paid."""
        first = await self.start_payment(facts, amount)
        if first is None:
            return
        message = {**first[0], "body": {**first[0]["body"], "status": "failed"}}
        await self.ask("failure", message, **first[1])
        second = await self.buy(facts, amount)
        if second is not None and self.chance.random() < 0.5:
            await self.ask("webhook", first[0], **first[1])

    async def be_late(self, facts, amount):
        """The money comes when the hold has ended."""
        method = self.chance.choice(METHODS)
        request = confirm_request(facts["booking_id"], method)
        asked = await self.ask("confirm", request, True, **facts)
        if asked["status"] < 300:
            transaction = asked["answer"]["payment_url"].rsplit("/", 1)[1]
            due_ms = time.time() * 1000 + self.shop.secrets["hold_ms"] + LATE_MS
            self.shop.late.append((due_ms, webhook_request(transaction, amount),
                                   {**facts, "payment_id": asked["payment_id"]}))

    async def late_money(self):
        if self.shop.late and self.shop.late[0][0] < time.time() * 1000:
            _, message, facts = self.shop.late.pop(0)
            await self.ask("webhook", message, **facts)

    async def forget(self, facts, amount):
        """The hold ends by itself."""


class Clerk(Actor):
    """The one member of staff who changes showtimes, so that what he did last is known."""

    async def visit(self):
        await self.pause(STAFF_PAUSE_MAX_S)
        showtime = self.chance.choice(self.shop.window)
        way = self.chance.choices([self.change_price, self.block, self.release, self.cancel],
                                  [40, 35, 25, 3])[0]
        await way(showtime)

    async def change_price(self, showtime):
        price = {name: self.chance.choice(PRICES) for name in ("standard", "vip", "couple")}
        request = {"method": "PATCH", "path": f"/api/showtimes/{showtime}",
                   "body": {"price": price}}
        await self.ask("price", request, showtime=showtime)

    async def block(self, showtime):
        row, first = self.chance.choice(S1_ROWS), self.chance.randint(1, S1_COLS - 1)
        request = {"method": "POST", "path": f"/api/showtimes/{showtime}/blocks",
                   "body": {"seats": [f"{row}{first}", f"{row}{first + 1}"],
                            "reason": f"block {uuid.uuid4()}"}}
        done = await self.ask("block", request, showtime=showtime)
        if done["status"] == 201:
            self.shop.blocks.append((done["block_id"], showtime))

    async def release(self, _):
        if self.shop.blocks:
            index = self.chance.randrange(len(self.shop.blocks))
            block, showtime = self.shop.blocks.pop(index)
            request = {"method": "DELETE", "path": f"/api/showtimes/{showtime}/blocks/{block}",
                       "body": None}
            await self.ask("release", request, showtime=showtime, block_id=block)

    async def cancel(self, _):
        if len(self.shop.window) == 1:  # There would be nothing left to do.
            return
        showtime = self.shop.window[0]  # The next rounds visit it no more.
        request = {"method": "POST", "path": f"/api/showtimes/{showtime}/cancel",
                   "body": {"reason": "the projector is broken"}}
        await self.ask("cancel_showtime", request, showtime=showtime)


async def listen(shop, ports, showtime):
    """What is heard goes to the ledger: it must be true after the kill."""
    await listen_once(shop, shop.chance.choice(ports), showtime)
    while len(ports) > 1:
        await asyncio.sleep(MOVE_AFTER_S)
        await listen_once(shop, shop.chance.choice(ports), showtime)


async def listen_once(shop, port, showtime):
    decoder, seat_map = listening.Decoder(), listening.SeatMap()
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(listening.request_bytes(showtime))
        while part := await reader.read(1 << 16):
            for event in decoder.feed(part):
                seat_map.hear(event)
                if event.kind in ("snapshot", "seats"):
                    taken = {name: status for name, status in seat_map.seats.items()
                             if status != "available"}
                    shop.sequence += 1
                    shop.book.append({"seq": shop.sequence, "op": "heard", "showtime": showtime,
                                      "version": seat_map.version, "answer": taken,
                                      "t_ret": time.monotonic(), "status": 200})
    except OSError:
        pass


def say(text):
    print(text, flush=True)


async def play(shop, ports, number):
    actors = [Customer(shop, f"load-{number}-{index}") for index in range(CUSTOMERS)]
    actors.append(Clerk(shop, "clerk", "staff"))
    listened = shop.chance.choices(shop.window, k=LISTENERS)
    listeners = [asyncio.create_task(listen(shop, ports, showtime)) for showtime in listened]
    await asyncio.gather(*(actor.live(ports) for actor in actors))
    if len(ports) > 1:
        for listener in listeners:
            listener.cancel()
    await asyncio.gather(*listeners, return_exceptions=len(ports) > 1)
    say(f"broken {shop.answers}")


async def settle(shop, port):
    actor = Actor(shop, "nobody")
    await actor.connect(port)
    unanswered = list(shop.open.values())
    for operation in unanswered:
        await actor.send(operation)
        if operation["key"] is not None and operation["status"] < 300:
            await actor.repeat(operation)
    actor.writer.close()
    say(f"settled {len(unanswered) + shop.moved} {shop.delays['OUTCOME_UNKNOWN']}")
    shop.moved = 0


async def main():
    path, secrets_path, seed = sys.argv[1:]
    with open(secrets_path, encoding="utf-8") as file:
        secrets = json.load(file)
    shop = Shop(ledger.Ledger(path), secrets, random.Random(int(seed)))
    lines = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    playing = None
    while line := (await lines.readline()).decode().split():
        if line[0] == "go":
            shop.start_round(*map(int, line[2:]))
            ports = [int(port) for port in line[1].split(",")]
            playing = asyncio.create_task(play(shop, ports, int(line[2])))
        elif line[0] == "hurry":
            shop.hurry.set()
        elif line[0] == "halt":
            shop.halted = True
            shop.hurry.set()
        elif line[0] == "settle":
            await playing
            await settle(shop, int(line[1]))
    if playing is not None:
        await playing


if __name__ == "__main__":
    asyncio.run(main())
