"""A backup beside the running server: whole, of one moment, and never half there.

Its moment lies between its start and its end: every answer given before the start is in it.
"""

import os
import shutil
import signal
import sqlite3
import stat
import statistics
import subprocess
import time

import pytest
from support import ledger, process, swarm
from support.kill_loop import Load
from support.listening import Listener
from test_disk import Disk

USAGE_EXIT_CODE = 2
BACKUPS = 5
FILLER_MB = 96  # A store that takes long enough to copy that a test can come in between.
WAL_REST_BYTES = 33 * 1024 * 1024  # What a WAL is cut back to, and its last few pages.
WAIT_S = 30


def grow(server, megabytes=FILLER_MB):
    """Makes the file of a stopped server larger, by a table that nobody asks for."""
    with sqlite3.connect(server.data / "usher.db") as database:
        database.execute("CREATE TABLE filler(block BLOB)")
        database.executemany("INSERT INTO filler VALUES(randomblob(1048000))", [()] * megabytes)
    database.close()


def wait_for(condition, what):
    limit_s = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < limit_s, what
        time.sleep(0.001)


class Copying:
    """A backup that has begun, and stands still until it is told to go on."""

    def __init__(self, server, path):
        self.path = path
        self.part = path.with_name(path.name + ".part")
        self.process = subprocess.Popen(
            [str(process.BINARY), "backup", str(path)],
            env=process.clean_environment(**server.settings),
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        wait_for(lambda: self.part.exists() and self.part.stat().st_size > 2**20, "it begins")
        process.stand_still(self.process)
        assert self.part.exists() and not path.exists(), "it was too fast to be stopped"

    def go_on(self):
        self.process.send_signal(signal.SIGCONT)
        return self

    def end(self):
        """Its exit code and what it said."""
        out, err = self.process.communicate(timeout=process.COMMAND_TIMEOUT_S)
        return self.process.returncode, out + err


def back_up(server, path):
    done = server.run("backup", path)
    assert done.returncode == 0, done.stderr
    assert str(path) in done.stdout and " MB in " in done.stdout
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert not path.with_name(path.name + ".part").exists()


def restore(server, launch, path, name):
    """A server with the same secrets on the backup; audited before it has ever run."""
    restored = launch(name=name, start=False)
    restored.data.mkdir()
    path.rename(restored.data / "usher.db")
    restored.audit()
    restored.jwt_secret = server.jwt_secret
    restored.settings["JWT_SECRET"] = server.jwt_secret
    return restored.start()


def statuses_in(path):
    """The bookings of a store, by their codes."""
    database = sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)
    try:
        return dict(database.execute("SELECT code,status FROM booking"))
    finally:
        database.close()


class Answers:
    """What the load was answered until now, as far as nothing later can undo it."""

    def __init__(self, load):
        self.reader = ledger.Reader(load.ledger_path)
        self.codes = {}
        self.known = {}  # code -> cancelled, or None: it is there.

    def read(self):
        for operation in self.reader.read():
            booking, status = operation.get("booking_id"), operation["status"]
            if operation["op"] == "hold" and status == 201:
                self.codes[booking] = operation["answer"]["booking_code"]
                self.known[self.codes[booking]] = None
            elif operation["op"] == "cancel" and status == 200:
                self.known[self.codes[booking]] = "cancelled"
        return dict(self.known)


def test_backups_under_load_have_all_that_was_answered_before(launch, tmp_path, chance):
    content, showtimes = process.pool(BACKUPS * 12 + 1)
    server = launch(content)
    spare = showtimes.pop()
    load = Load(tmp_path, server, showtimes, chance.getrandbits(32))
    answers = Answers(load)
    load.go(server.port, 0)
    load.hurry()
    wait_for(lambda: "cancelled" in answers.read().values(), "the load begins")
    paths, answered_before = [], []
    for number in range(BACKUPS):
        time.sleep(0.5)
        answered_before.append(answers.read())
        paths.append(tmp_path / f"backup-{number}.db")
        back_up(server, paths[-1])
    server.assert_well()
    server.kill()
    load.operations_until_broken()
    load.end()
    counts = [len(known) for known in [*answered_before, answers.read()]]
    print(f"bookings answered before each backup, and in all: {counts}")
    assert counts[0] > 0 and len(set(counts)) == len(counts), "the load must go on meanwhile"
    assert "cancelled" in answered_before[0].values()
    time.sleep(2)  # Numbers follow the clock by the second; a restore comes later than that.
    for number, path in enumerate(paths):
        kept = statuses_in(path)
        for code, status in answered_before[number].items():
            assert code in kept and status in (None, kept[code])
        restored = restore(server, launch, path, f"restored-{number}")
        sold = restored.api.customer().hold(spare, ["C3", "C4"]).expect(201).json
        assert sold["booking_code"] not in answers.known, "a number comes twice"
        restored.audit()
        assert restored.stop() == 0
    server.start()


def test_what_is_decided_after_the_start_is_not_in_it(launch, tmp_path):
    """One moment: what comes during the copy is left out, whole."""
    content, (showtime,) = process.pool(1)
    server = launch(content, start=False)
    grow(server)
    server.start()
    before = server.api.customer("before").held(showtime, ["C3"])
    copying = Copying(server, tmp_path / "backup.db")
    server.api.customer().held(showtime, ["C4"])
    server.api.customer("before").cancel(before).expect(200)
    code, said = copying.go_on().end()
    assert code == 0, said
    restored = restore(server, launch, copying.path, "restored")
    assert restored.api.statuses(showtime) == {"C3": "held"}
    restored.api.customer().held(showtime, ["C4"])


def test_no_version_comes_twice_though_a_copy_is_restored_twice(launch, tmp_path):
    """Clients keep seat maps by their versions: another map must have another one."""
    content, (showtime,) = process.pool(1)
    server = launch(content)
    customer = server.api.customer()
    customer.held(showtime, ["C3"])
    back_up(server, tmp_path / "backup.db")
    path = f"/api/showtimes/{showtime}/seats"
    known = {}  # version -> its map, as any client of before may have it.

    def look(api, seats):
        for seat in seats:
            api.customer().held(showtime, [seat])
            answer = api.public.get(path).expect(200)
            assert answer.version not in known and answer.version > max(known, default=0)
            known[answer.version] = answer.header("etag")
        return answer

    seen = look(server.api, ["C4", "C5", "C6"])
    assert server.stop() == 0
    for number, seats in enumerate((["C7", "C8"], ["C9", "C10"])):
        copy = tmp_path / f"copy-{number}.db"
        shutil.copy(tmp_path / "backup.db", copy)
        restored = restore(server, launch, copy, f"restored-{number}")
        first = restored.api.public.get(path, **{"If-None-Match": seen.header("etag")}).expect(200)
        assert first.version > max(known) and first.json["version"] == first.version
        known[first.version] = first.header("etag")
        with Listener(restored.port, showtime, seen.version) as listener:
            event = listener.event()
            assert (event.kind, event.version) == ("snapshot", first.version)
        seen = look(restored.api, seats)
        restored.audit()
        assert restored.stop() == 0
        settled = restored.start().api.public.get(path).expect(200)
        assert settled.version == seen.version, "a start alone raises nothing"
        assert restored.stop() == 0
    assert len(set(known.values())) == len(known) == 9


def test_a_server_that_is_killed_meanwhile_harms_neither(launch, tmp_path):
    content, (showtime,) = process.pool(1)
    server = launch(content, start=False)
    grow(server)
    server.start()
    server.api.customer().held(showtime, ["C3"])
    copying = Copying(server, tmp_path / "backup.db")
    server.kill()
    server.start()
    server.api.customer().held(showtime, ["C4"])
    server.kill()
    copying.go_on()
    server.start()
    code, said = copying.end()
    assert code == 0, said
    assert server.api.statuses(showtime) == {"C3": "held", "C4": "held"}
    restored = restore(server, launch, copying.path, "restored")
    assert restored.api.statuses(showtime) == {"C3": "held"}


def test_the_log_that_grows_meanwhile_comes_back_down(launch, tmp_path):
    """The WAL cannot start over under a reader; it does when the copy is done."""
    content, showtimes = process.pool(80)
    server = launch(content, start=False, MAX_HELD_SEATS="1000000")
    grow(server)
    server.start()
    copying = Copying(server, tmp_path / "backup.db")
    log = server.data / "usher.db-wal"
    token = server.api.token("me")

    def sell(seat):
        requests = [swarm.hold_bytes(token, showtime, [seat]) for showtime in showtimes]
        answers, _ = swarm.fire(server.port, requests)
        assert all(answer.status == 201 for answer in answers)

    seats = iter([f"{row}{col}" for row in "ABCDFGHIJ" for col in range(1, 11)])
    while log.stat().st_size < WAL_REST_BYTES + 2**20:
        sell(next(seats))
    grown = log.stat().st_size
    code, said = copying.go_on().end()
    assert code == 0, said

    customer = server.api.customer()

    def is_down():
        booking = customer.held(showtimes[0], ["J12"])
        customer.cancel(booking).expect(200)
        return log.stat().st_size <= WAL_REST_BYTES

    wait_for(is_down, f"a log of {grown} bytes comes back down, not {log.stat().st_size}")
    print(f"the log: {grown} bytes, then {log.stat().st_size}")


def pad_log(server, megabytes):
    """Makes the running server's log longer, as many minutes of sales would."""
    database = sqlite3.connect(server.data / "usher.db")
    database.execute("PRAGMA wal_autocheckpoint=0")
    with database:
        database.executemany("INSERT INTO filler VALUES(randomblob(1048000))", [()] * megabytes)
    database.close()


def test_sales_do_not_wait_for_a_copy_that_stands_still(launch, tmp_path):
    """Whose log is past the size at which batches wait for it to start over."""
    content, (showtime,) = process.pool(1)
    server = launch(content, start=False)
    grow(server, 12)
    server.start()
    customer = server.api.customer()
    copying = Copying(server, tmp_path / "backup.db")
    pad_log(server, 80)
    assert (server.data / "usher.db-wal").stat().st_size > 64 * 2**20
    customer.cancel(customer.held(showtime, ["C3"])).expect(200)
    took_s = []
    for _ in range(40):
        began_s = time.monotonic()
        customer.cancel(customer.held(showtime, ["C3"])).expect(200)
        took_s.append((time.monotonic() - began_s) / 2)
    median_s = statistics.median(took_s)
    print(f"a hold or cancel took {median_s * 1000:.1f} ms, {max(took_s) * 1000:.1f} at most")
    code, said = copying.go_on().end()
    assert code == 0, said
    assert median_s < 0.05, "each batch waits for the copy"


def test_a_copy_is_given_up_before_the_log_fills_the_disk(launch, tmp_path):
    content, (showtime,) = process.pool(1)
    server = launch(content, start=False)
    grow(server, 12)
    server.start()
    server.api.customer().held(showtime, ["C3"])
    copying = Copying(server, tmp_path / "backup.db")
    os.truncate(server.data / "usher.db-wal", 2**30 + 2**20)  # A hole: nobody reads it.
    code, said = copying.go_on().end()
    assert code == 1 and "1024 MB" in said
    assert not copying.part.exists() and not copying.path.exists()
    server.api.customer().held(showtime, ["C4"])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_backup_that_is_stopped_leaves_nothing(launch, tmp_path, number):
    server = launch(process.pool(1)[0], start=False)
    grow(server)
    server.start()
    copying = Copying(server, tmp_path / "backup.db")
    copying.process.send_signal(number)
    code, said = copying.go_on().end()
    assert code == 1 and "stopped" in said
    assert not copying.part.exists() and not copying.path.exists()
    back_up(server, copying.path)


def test_a_disk_without_room_is_told_and_left_clean(launch, tmp_path):
    server = launch(process.pool(1)[0], start=False)
    grow(server, 12)
    server.start()
    disk = Disk(tmp_path / "small")
    try:
        done = server.run("backup", disk.folder / "backup.db")
        assert done.returncode == 1 and "full" in done.stderr, done
        assert os.listdir(disk.folder) == []
    finally:
        disk.unmount()


@pytest.mark.sanitize
def test_nothing_is_overwritten(launch, tmp_path):
    content, (showtime,) = process.pool(1)
    server = launch(content)
    server.api.customer().held(showtime, ["C3"])
    path = tmp_path / "backup.db"
    back_up(server, path)
    before = path.read_bytes()
    done = server.run("backup", path)
    assert done.returncode == USAGE_EXIT_CODE and str(path) in done.stderr
    assert "there already" in done.stderr and path.read_bytes() == before
    link = tmp_path / "link.db"
    link.symlink_to(tmp_path / "nowhere")
    assert server.run("backup", link).returncode == USAGE_EXIT_CODE
    part = tmp_path / "other.db.part"
    part.write_text("somebody's")
    done = server.run("backup", tmp_path / "other.db")
    assert done.returncode == USAGE_EXIT_CODE and str(part) in done.stderr
    assert part.read_text() == "somebody's"
    done = server.run("backup", server.data / "usher.db")
    assert done.returncode == USAGE_EXIT_CODE


@pytest.mark.sanitize
def test_a_store_that_is_not_there_is_told(launch, tmp_path):
    path = tmp_path / "backup.db"
    settings = {"USHER_DATA": str(tmp_path / "nothing")}
    done = process.run("backup", path, environment=settings)
    assert done.returncode == USAGE_EXIT_CODE and "nothing/usher.db" in done.stderr
    (tmp_path / "nothing").mkdir()
    (tmp_path / "nothing" / "usher.db").touch()
    done = process.run("backup", path, environment=settings)
    assert done.returncode == USAGE_EXIT_CODE and "not a store" in done.stderr
    assert process.run("backup", environment=settings).returncode == USAGE_EXIT_CODE
    done = launch(process.pool(1)[0]).run("backup", tmp_path / "no" / "folder.db")
    assert done.returncode == USAGE_EXIT_CODE and "No such file" in done.stderr
    assert list(tmp_path.glob("backup.db*")) == []


@pytest.mark.sanitize
def test_a_backup_of_a_stopped_server_in_a_folder_of_its_own_name(launch, tmp_path, monkeypatch):
    """Relative, and named like an address: it is a file all the same."""
    content, (showtime,) = process.pool(1)
    server = launch(content)
    server.api.customer().held(showtime, ["C3"])
    assert server.stop() == 0
    monkeypatch.chdir(tmp_path)
    done = server.run("backup", "file:backup.db?mode=memory")
    assert done.returncode == 0, done.stderr
    restored = restore(server, launch, tmp_path / "file:backup.db?mode=memory", "restored")
    assert restored.api.statuses(showtime) == {"C3": "held"}
