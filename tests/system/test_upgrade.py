"""Store files of every schema version that has landed are opened, and mean what they meant.

tests/upgrade/make wrote them down; a version without one fails here.
"""

import json
import re
import sqlite3
import time
from pathlib import Path

import pytest
from support import api as calls
from support import process

FIXTURES = Path(__file__).resolve().parents[1] / "upgrade"
VERSIONS = sorted(int(path.stem.split("_")[1]) for path in FIXTURES.glob("version_*.sql"))
WAIT_S = 10
DAY_MS = 86400000
# As in tests/upgrade/make.
KEYS = {name: f"00000000-0000-4000-8000-{number:012d}"
        for number, name in enumerate(("hold", "confirm", "pay", "refund"))}


def user_version(path):
    with sqlite3.connect(path) as file:
        return file.execute("PRAGMA user_version").fetchone()[0]


def structure(path):
    """Tables, columns, indexes and views by name, without the comments in their text."""
    with sqlite3.connect(path) as file:
        rows = file.execute("SELECT type, name, sql FROM sqlite_schema ORDER BY type, name")
        return [(kind, name, re.sub(r"\s+", "", re.sub(r"--[^\n]*", "", sql or "")))
                for kind, name, sql in rows]


def old_file(server, version):
    """Lays a file of this version where the server will look; gives what it must say."""
    server.data.mkdir(mode=0o700)
    with sqlite3.connect(server.data / "usher.db") as file:
        file.executescript((FIXTURES / f"version_{version}.sql").read_text(encoding="utf-8"))
    story = json.loads((FIXTURES / f"version_{version}.json").read_text(encoding="utf-8"))
    server.webhook_secrets = story["secrets"]
    for name, secret in story["secrets"].items():
        server.settings[f"WEBHOOK_SECRET_{name.upper()}"] = secret
    return story


def differences(said, body, path=""):
    """Members of what was answered then that are answered otherwise now; new ones may come."""
    if isinstance(said, dict) and isinstance(body, dict):
        return [line for name, value in said.items()
                for line in differences(value, body.get(name), f"{path}.{name}")]
    if isinstance(said, list) and isinstance(body, list) and len(said) == len(body):
        return [line for place, value in enumerate(said)
                for line in differences(value, body[place], f"{path}[{place}]")]
    return [] if said == body else [f"{path}: {said!r} is now {body!r}"]


def ask(api, user, path):
    role = {"role": "staff"} if user.startswith("staff") else {}
    return calls.Client(api.port, api.token(user, **role)).get(path)


def test_every_version_up_to_todays_has_a_file(launch):
    server = launch()
    today = user_version(server.data / "usher.db")
    assert VERSIONS == list(range(1, today + 1)), "run tests/upgrade/make"


@pytest.mark.parametrize("version", VERSIONS)
def test_an_old_file_becomes_like_one_made_today(launch, version):
    new = launch(name="new")
    old = launch(name="old", start=False)
    old_file(old, version)
    old.start()
    assert user_version(old.data / "usher.db") == user_version(new.data / "usher.db")
    assert structure(old.data / "usher.db") == structure(new.data / "usher.db")
    assert old.stop() == 0
    old.audit()


@pytest.mark.sanitize
@pytest.mark.parametrize("version", VERSIONS)
def test_what_was_answered_then_is_answered_now(launch, version):
    server = launch(start=False)
    story = old_file(server, version)
    api = server.start().api
    assert len(story["answers"]) >= 10
    for asked in story["answers"]:
        body = ask(api, asked["user"], asked["path"]).expect(200).json
        assert differences(asked["body"], body) == [], asked["path"]


@pytest.mark.parametrize("version", VERSIONS)
def test_a_key_that_was_used_then_has_no_second_effect_now(launch, version):
    server = launch(start=False)
    story = old_file(server, version)
    now_ms = int(time.time() * 1000)
    with sqlite3.connect(server.data / "usher.db") as file:  # As if it were of today.
        file.execute("UPDATE setting SET value=? WHERE name='keys_day'", [now_ms // DAY_MS])
        for table in (0, 1):
            file.execute(f"UPDATE idempotency_{table} SET created_at=?", [now_ms])
    api, waiting = server.start().api, story["waiting"]
    customer, payer = api.customer("user-paid"), api.customer(waiting["user"])
    booking, due = (story["answers"][place]["path"].rsplit("/", 1)[1] for place in (1, 6))
    again = {
        "hold": customer.hold(story["showtime"], ["B1", "B2"], KEYS["hold"]).expect(201),
        "confirm": customer.confirm(booking, "card", KEYS["confirm"]).expect(200),
        "pay": payer.pay(waiting["bookings"][1], "zalopay", KEYS["pay"]).expect(201),
        "refund": api.staff("staff-1").refund(due, "ill", KEYS["refund"]).expect(202),
    }
    assert {answer.header("idempotent-replayed") for answer in again.values()} == {"true"}
    assert again["hold"].json["booking_id"] == booking
    assert differences(waiting["payment"], again["pay"].json) == []
    customer.hold(story["showtime"], ["B6"], KEYS["hold"]
                  ).expect(400, "IDEMPOTENCY_KEY_REUSED")


@pytest.mark.parametrize("begun", [False, True])
@pytest.mark.parametrize("version", VERSIONS)
def test_what_was_open_then_ends_now(launch, version, begun):
    """Holds end, and money that comes this late buys the seats or goes back, once."""
    server = launch(start=False)
    waiting = old_file(server, version)["waiting"]
    start_ms = int((time.time() + (-60 if begun else 86400)) * 1000)
    with sqlite3.connect(server.data / "usher.db") as file:
        file.execute("UPDATE showtime SET starts_at = ?1, ends_at = ?1 + 7200000", [start_ms])
        file.execute("UPDATE booking SET hold_expires_at = held_at + 1 WHERE status = 'pending'")
        file.execute("UPDATE seat_claim SET held_until = (SELECT held_at + 1 FROM booking"
                     " WHERE number = seat_claim.booking) WHERE state = 'held'")
    api = server.start().api
    customer = api.customer(waiting["user"])
    for booking in waiting["bookings"]:
        limit_s = time.monotonic() + WAIT_S
        while customer.booking(booking).expect(200).json["status"] != "expired":
            assert time.monotonic() < limit_s, "a hold of an old file does not end"
            time.sleep(0.05)
    for _ in range(2):
        api.tell(waiting["payment"], waiting["amount"]).expect(200)
    payment = customer.payment(waiting["payment"]["payment_id"]).expect(200).json["data"]
    booking = customer.booking(waiting["bookings"][1]).expect(200).json
    assert booking["status"] == ("expired" if begun else "confirmed")
    assert payment.get("refund", {}).get("status") == ("due" if begun else None)


@pytest.mark.parametrize("command", ["serve", "audit", "backup"])
def test_a_file_from_the_future_is_refused_and_left_alone(launch, command):
    server = launch(start=False)
    old_file(server, VERSIONS[-1])
    path = server.data / "usher.db"
    with sqlite3.connect(path) as file:
        file.execute(f"PRAGMA user_version={VERSIONS[-1] + 1}")
    before = path.read_bytes()
    arguments = [server.folder / "copy.db"] if command == "backup" else []
    done = server.run(command, *arguments, timeout_s=20)
    assert done.returncode != 0
    for told in (str(path), f"version {VERSIONS[-1] + 1}", "newer usher"):
        assert told in done.stderr, done.stderr
    assert not process.ALARMS.search(done.stderr)
    assert path.read_bytes() == before
    server.audited = False
