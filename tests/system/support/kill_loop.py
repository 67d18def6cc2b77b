"""The kill loop: a load that keeps a ledger, a server that is killed, and an auditor.

`run` kills and judges; tests/system/test_kill_loop.py says how often.
"""

import collections
import json
import os
import sqlite3
import statistics
import subprocess
import sys
import time
from pathlib import Path

from support import fault, ledger, load_client, process, story, world

SHOWTIMES = 60
WINDOW = 8
HOLD_SECONDS = 6  # Holds end while the loop goes on, across kills.
READY_LIMIT_S = 10  # Milliseconds as a rule; this only catches what never ends.
KILLED_AFTER_S = (0.05, 0.8)
HURRY_MAX_S = 0.008  # What comes within it is under way when the server is killed.
WRITE_LATE_US = 1000  # A kill then finds commits half written, and answers that came too early.
BACKUP_HEADSTART_MAX_S = 0.02
FULL_AUDIT_EVERY = 10
COMPLAINTS_SHOWN = 10
LOAD_CLIENT = Path(load_client.__file__)
LOAD_END_LIMIT_S = 60


class Load:
    """The client process."""

    def __init__(self, folder, server, showtimes, seed, window=None, hold_seconds=600, tries=None):
        self.ledger_path = folder / "ledger.jsonl"
        self.ledger_path.touch()
        self.told_later = 0  # How often an outcome was not known yet.
        secrets_path = folder / "secrets.json"
        secrets_path.write_text(json.dumps({
            "jwt": server.jwt_secret, "webhook": server.webhook_secrets, "showtimes": showtimes,
            "window": window or len(showtimes), "hold_ms": hold_seconds * 1000,
            **({} if tries is None else {"tries": tries})}))
        self.process = subprocess.Popen(
            [sys.executable, str(LOAD_CLIENT), str(self.ledger_path), str(secrets_path), str(seed)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env={**os.environ, "PYTHONPATH": str(LOAD_CLIENT.parents[1])})

    def _say(self, text):
        self.process.stdin.write(text + "\n")
        self.process.stdin.flush()

    def _hear(self, word):
        line = self.process.stdout.readline()
        assert line.startswith(word + " "), f"the load client says {line!r}"
        return [int(number) for number in line.split()[1:]]

    def go(self, ports, *numbers):
        """To one port, or to several; the round's number, and what it visits."""
        listed = ports if isinstance(ports, int) else ",".join(map(str, ports))
        self._say(f"go {listed} {' '.join(map(str, numbers))}")

    def hurry(self):
        self._say("hurry")

    def halt(self):
        self._say("halt")

    def operations_until_broken(self):
        """How many requests were answered in the round."""
        return self._hear("broken")[0]

    def settle(self, port):
        """Repeats what has no answer; gives how many there were."""
        self._say(f"settle {port}")
        repeated, self.told_later = self._hear("settled")
        return repeated

    def end(self):
        self.process.stdin.close()
        assert self.process.wait(LOAD_END_LIMIT_S) == 0
        self.process.stdout.close()


class Tally:
    """The work of a run; the tests require enough of it."""

    def __init__(self):
        self.kills = self.kills_at_start = self.kills_at_backup = self.backups = 0
        self.answers = self.unanswered = self.in_order = self.owners = self.late = 0
        self.ready_s = []
        self.counts = collections.Counter()
        self.states = collections.Counter()

    def __str__(self):
        answers = ", ".join(f"{op} {status}: {count}"
                            for (op, status), count in sorted(self.counts.items()))
        return "\n".join([
            f"{self.kills} kills under load, {self.kills_at_backup} of them during one of"
            f" {self.backups} backups; {self.kills_at_start} while starting",
            f"{self.answers} answers, {self.unanswered} requests without one; {self.in_order}"
            f" answers in order, {self.owners} changes of owner, {self.late} payments too late",
            answers, str(dict(self.states)),
            f"ready after {statistics.median(self.ready_s) * 1000:.0f} ms, at most"
            f" {max(self.ready_s) * 1000:.0f} ms"])


class Backup:
    """A backup that was begun under load; it must be whole, whatever is killed meanwhile."""

    def __init__(self, server, path):
        self.server = server
        self.path = path
        self.began_s = time.monotonic()
        self.process = subprocess.Popen(
            [str(process.BINARY), "backup", str(path)],
            env=process.clean_environment(**server.settings), stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)

    def is_running(self):
        return self.process.poll() is None

    def judge(self, operations):
        """It passes the audit where it was restored, and has what was answered before it."""
        _, complaint = self.process.communicate(timeout=process.COMMAND_TIMEOUT_S)
        assert self.process.returncode == 0, complaint
        folder = self.path.with_suffix(".restored")
        folder.mkdir()
        restored = folder / "usher.db"
        self.path.rename(restored)
        done = process.run("audit", "--data", folder)
        assert done.returncode == 0, f"a restored backup: {done.stdout}{done.stderr}"
        with sqlite3.connect(restored) as file:
            kept = {code for (code,) in file.execute("SELECT booking_code FROM bookings")}
        file.close()
        before = {operation["answer"]["booking_code"] for operation in operations
                  if operation["op"] == "hold" and operation["status"] == 201
                  and operation["t_ret"] < self.began_s}
        assert before <= kept, f"a backup lacks {before - kept}"
        for name in folder.iterdir():
            name.unlink()
        folder.rmdir()


def kill_within(chance, settings, *arguments, within_s):
    """Starts a command and kills it soon; gives whether that interrupted it: it had neither ended
    by itself nor said that it serves."""
    begun = subprocess.Popen(
        [str(process.BINARY), *map(str, arguments)], env=process.clean_environment(**settings),
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    time.sleep(chance.uniform(0, within_s))
    ended = begun.poll() is not None
    begun.kill()
    said, _ = begun.communicate(timeout=READY_LIMIT_S)
    return not ended and b"serving" not in said


class Loop:
    """One server and its load, killed again and again."""

    def __init__(self, server, folder, showtimes, chance, tally):
        self.server = server
        self.folder = folder
        self.showtimes = showtimes
        self.chance = chance
        self.tally = tally
        self.story = story.Story()
        self.load = Load(folder, server, showtimes, chance.getrandbits(32), WINDOW, HOLD_SECONDS)
        self.reader = ledger.Reader(self.load.ledger_path)
        self.backups = []
        self.operations = []

    def kill_once(self, number):
        """A round of load that a kill ends, and the start after it, which may be killed too."""
        backup, slow_disk = None, None
        if number % 3 == 1:
            slow_disk = fault.Fault(self.server, *fault.late_write(WRITE_LATE_US))
        self.load.go(self.server.port, number)
        time.sleep(self.chance.uniform(*KILLED_AFTER_S))
        if number % 5 == 2:
            backup = Backup(self.server, self.folder / f"backup-{number}.db")
            time.sleep(self.chance.uniform(0, BACKUP_HEADSTART_MAX_S))
        self.load.hurry()
        time.sleep(self.chance.uniform(0, HURRY_MAX_S))
        if backup is not None:
            self.tally.kills_at_backup += backup.is_running()
            self.tally.backups += 1
        self.server.kill()
        self.tally.kills += 1
        if slow_disk is not None:
            slow_disk.lift()
        self.load.operations_until_broken()
        if number % 4 == 3:
            self._kill_at_start()
        self.server.start()
        self.tally.ready_s.append(self.server.ready_after_s)
        assert self.server.ready_after_s < READY_LIMIT_S
        self.tally.unanswered += self.load.settle(self.server.port)
        operations = self.reader.read()
        for operation in operations:
            self.story.take(operation)
        self.operations += operations
        if backup is not None:
            backup.judge(self.operations)
        return {operation["showtime"] for operation in operations}

    def _kill_at_start(self):
        for _ in range(self.chance.randint(1, 3)):
            self.tally.kills_at_start += kill_within(
                self.chance, self.server.settings, "serve", within_s=self.server.ready_after_s)

    def judge(self, showtimes, everything):
        """Holds what the server says of the showtimes against the ledger."""
        payments = {payment: booking.hold["user"] for showtime in showtimes
                    for booking in map(self.story.bookings.get, self.story.by_showtime[showtime])
                    for payment in booking.payments}
        told = world.settled(self.server, sorted(showtimes), payments, everything)
        self.story.judge(told)
        if everything:
            self.server.audit()
        self.fail_if_it_complains()
        return told

    def fail_if_it_complains(self):
        complaints = self.story.complaints
        shown = "\n".join(complaints[:COMPLAINTS_SHOWN])
        assert not complaints, f"{len(complaints)} complaints; ledger: {self.reader.path}\n{shown}"

    def end(self):
        told = self.judge(self.showtimes, True)
        self.load.end()
        self.tally.in_order += self.story.judge_order()
        self.tally.owners += self.story.judge_owners(self.showtimes)
        self.fail_if_it_complains()
        self.tally.late += self.story.late_payments()
        self.tally.counts += self.story.counts
        self.tally.answers += sum(self.story.counts.values())
        self.tally.states.update(booking["status"] for booking in told.bookings.values())


def run(launch, chance, kills, tally, name="usher"):
    """Kills one server so often, and adds what was done to the tally; gives its folder."""
    content, showtimes = process.pool(SHOWTIMES)
    server = launch(content, name=name, HOLD_SECONDS=str(HOLD_SECONDS), MAX_HELD_SEATS="100000")
    loop = Loop(server, server.folder, showtimes, chance, tally)
    number, until = 0, tally.kills + kills
    while tally.kills < until:
        touched = loop.kill_once(number)
        number += 1
        if number % FULL_AUDIT_EVERY == 0:
            loop.judge(showtimes, True)
        else:
            loop.judge(touched, False)
    loop.end()
    assert server.stop() == 0
    return server.folder
