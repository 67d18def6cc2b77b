"""kill -9 at any moment, again and again: what was answered is there, what was not is definite.

A client process keeps a ledger of all that it asked and heard. After each kill the server is
started anew; every request without an answer is repeated and must get one definite outcome; then
bookings, payments, lists and seat maps must be exactly those of the ledger.

USHER_KILLS asks for more kills than the usual ones, USHER_SEED for the same run again.
"""

import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support import api as calls
from support import ledger, load_client, process, swarm

KILLS = int(os.environ.get("USHER_KILLS", "30"))
SHOWTIMES = 60
READY_LIMIT_S = 10  # The promise is two seconds; this only catches what never ends.
LOAD_CLIENT = Path(load_client.__file__)
SEATS_STATUS = {"pending": "held", "confirmed": "booked"}


class Load:
    """The client process."""

    def __init__(self, folder, server, showtimes, seed):
        self.ledger_path = folder / "ledger.jsonl"
        self.ledger_path.touch()
        secrets = {"jwt": server.jwt_secret, "webhook": server.webhook_secrets,
                   "showtimes": showtimes}
        (folder / "secrets.json").write_text(json.dumps(secrets))
        self.secrets = secrets
        self.process = subprocess.Popen(
            [sys.executable, str(LOAD_CLIENT), str(self.ledger_path),
             str(folder / "secrets.json"), str(seed)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env={**os.environ, "PYTHONPATH": str(LOAD_CLIENT.parents[1])})

    def go(self, port, number):
        self.process.stdin.write(f"go {port} {number}\n")
        self.process.stdin.flush()

    def operations_until_broken(self):
        """How many requests were answered in the round."""
        for line in self.process.stdout:
            word, rest = line.split(" ", 1)
            assert word == "broken", line
            return int(rest)
        raise AssertionError("the load client has died")

    def end(self):
        self.process.stdin.close()
        assert self.process.wait(30) == 0
        self.process.stdout.close()


class Model:
    """What must be true, as far as the ledger knows."""

    def __init__(self):
        self.bookings = {}  # id -> {status, seats, showtime, user, paid, refunded}
        self.versions = {}  # showtime -> the highest version answered
        self.repeated = 0

    def take(self, operation):
        """Learns from an answer."""
        op, status, booking = operation["op"], operation["status"], operation["booking_id"]
        assert status < 500, f"a definite answer is expected: {operation}"
        if operation.get("version"):
            showtime = operation["showtime"]
            self.versions[showtime] = max(self.versions.get(showtime, 0), operation["version"])
        if op == "hold" and status == 201:
            assert booking not in self.bookings
            self.bookings[booking] = {
                "status": "pending", "seats": operation["answer"]["seats"],
                "showtime": operation["showtime"], "user": operation["user"], "payment": None}
        elif op == "hold":
            assert status == 409, operation
        elif op == "cancel":
            assert status == 200, operation
            self.bookings[booking]["status"] = "cancelled"
        elif op == "pay":
            assert status == 201, operation
            self.bookings[booking]["payment"] = operation["answer"]["payment_id"]
            self.bookings[booking]["money"] = "none"
        else:
            assert status == 200, operation
            known = self.bookings[booking]
            if known["status"] == "pending":
                known.update(status="confirmed", money="kept")
            else:
                known["money"] = "refund"

    def seats(self, showtime):
        """The seats that are not available."""
        taken = {}
        for booking in self.bookings.values():
            if booking["showtime"] != showtime or booking["status"] == "cancelled":
                continue
            for seat in booking["seats"]:
                assert seat not in taken, f"{seat} of {showtime} has two owners"
                taken[seat] = SEATS_STATUS[booking["status"]]
        return taken


def repeat(server, secrets, operation):
    """Sends a request again, twice; both answers must be one."""
    answers = []
    for _ in range(2):
        fired, _ = swarm.fire(server.port, [load_client.as_bytes(operation, secrets)])
        answers.append(fired[0])
    first, second = answers
    assert first.status == second.status, operation
    if operation["op"] != "webhook":
        assert first.status < 300 or first.code == second.code
    if first.status < 300 and operation["op"] != "webhook":
        assert first.body == second.body, operation
        if operation["key"] is not None:
            assert second.header("idempotent-replayed") == "true"
    body = first.json
    operation.update(status=first.status, answer=body, version=None,
                     booking_id=body.get("booking_id") or operation["booking_id"])


def judge_booking(client, identity, known):
    body = client.booking(identity).expect(200).json
    assert body["status"] == known["status"], (identity, known)
    assert [seat["seat_id"] for seat in body["seats"]] == known["seats"]
    if known["payment"] is None:
        return
    paid = client.payment(known["payment"]).expect(200).json["data"]
    if known["money"] == "kept":
        assert paid["status"] == "completed" and "refund" not in paid
        assert body["payment_id"] == known["payment"]
    elif known["money"] == "refund":
        assert paid["status"] == "completed" and paid["refund"]["status"] == "due"
    else:
        assert paid["status"] in ("pending", "failed")


def judge_user(client, model, user):
    """The user's list has his bookings and no orphan of a lost answer."""
    mine = {identity for identity, known in model.bookings.items() if known["user"] == user}
    listed, cursor = [], ""
    for _ in range(100):
        page = client.bookings(f"?limit=100{cursor}").expect(200).json
        listed += [item["id"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert len(listed) == len(set(listed))
    assert set(listed) == mine


def judge(server, model, showtimes, users):
    """The server's story is the ledger's."""
    api = server.api
    for showtime in showtimes:
        body = api.seats(showtime)
        taken = {name: seat["status"] for name, seat in body["seats"].items()
                 if seat["status"] != "available"}
        assert taken == model.seats(showtime)
        assert body["version"] >= model.versions.get(showtime, 0), "a version came back"
    for user in users:
        client = api.customer(user)
        judge_user(client, model, user)
        for identity, known in model.bookings.items():
            if known["user"] == user:
                judge_booking(client, identity, known)
        client.close()


def judge_versions(operations):
    """What was answered before another was asked is of no later version: one order of all."""
    by_showtime = {}
    for operation in operations:
        if operation["t_ret"] is not None and operation["version"] and not operation["replayed"]:
            by_showtime.setdefault(operation["showtime"], []).append(operation)
    compared = 0
    for several in by_showtime.values():
        calls_in_order = sorted(several, key=lambda operation: operation["t_call"])
        returns = iter(sorted(several, key=lambda operation: operation["t_ret"]))
        earlier, highest = next(returns), 0
        for operation in calls_in_order:
            while earlier is not None and earlier["t_ret"] < operation["t_call"]:
                highest = max(highest, earlier["version"])
                earlier = next(returns, None)
            assert operation["version"] >= highest, operation
            compared += highest > 0
    return compared


def run_kills(launch, tmp_path, chance, kills):
    content, showtimes = process.pool(SHOWTIMES)
    server = launch(content)
    load = Load(tmp_path, server, showtimes, chance.getrandbits(32))
    reader, model = ledger.Reader(load.ledger_path), Model()
    all_operations, ready_s = [], []
    for number in range(kills):
        load.go(server.port, number)
        time.sleep(chance.uniform(0.05, 0.8))
        server.kill()
        load.operations_until_broken()
        server.start()
        ready_s.append(server.ready_after_s)
        assert server.ready_after_s < READY_LIMIT_S
        operations = reader.read()
        for operation in operations:
            if operation["t_ret"] is None:
                repeat(server, load.secrets, operation)
                model.repeated += 1
            model.take(operation)
        all_operations += operations
        server.audit()
        judge(server, model, showtimes, {operation["user"] for operation in operations})
    load.end()
    judge(server, model, showtimes, {known["user"] for known in model.bookings.values()})
    compared = judge_versions(all_operations)
    answered = len(all_operations) - model.repeated
    states = [known["status"] for known in model.bookings.values()]
    print(f"{kills} kills; {answered} answers kept, {model.repeated} unanswered requests repeated,"
          f" {compared} pairs in order; "
          + ", ".join(f"{states.count(state)} {state}" for state in sorted(set(states))))
    print(f"ready after {statistics.median(ready_s) * 1000:.0f} ms,"
          f" at most {max(ready_s) * 1000:.0f} ms")
    assert model.repeated >= kills // 3, "the kills must hit requests that are under way"
    assert answered >= 10 * kills, "the load must be a load"
    assert {"pending", "confirmed", "cancelled"} <= set(states)


def test_nothing_answered_is_lost_and_everything_unanswered_is_definite(launch, tmp_path, chance):
    run_kills(launch, tmp_path, chance, KILLS)


@pytest.mark.sanitize
def test_a_few_kills_lose_nothing(launch, tmp_path, chance):
    run_kills(launch, tmp_path, chance, 5)


def test_a_kill_while_starting_does_no_harm(launch, chance):
    """Recovery may itself be interrupted, at any moment."""
    content, (showtime,) = process.pool(1)
    server = launch(content)
    customer = server.api.customer("me")
    for col in range(1, 11):
        customer.held(showtime, [f"C{col}"])
    booked = customer.held(showtime, ["D1"])
    server.api.tell(customer.paying(booked), 100000).expect(200)
    server.kill()
    for _ in range(15):
        done = subprocess.Popen(
            [str(process.BINARY), "serve"],
            env=process.clean_environment(**server.settings),
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(chance.random() * 0.05)
        done.kill()
        done.wait(30)
    server.start()
    taken = {**{f"C{col}": "held" for col in range(1, 11)}, "D1": "booked"}
    assert server.api.statuses(showtime) == taken
    server.audit()
    again = calls.Customer(server.port, "me", server.api.token("me"))
    assert len(again.bookings().json["items"]) == 11
