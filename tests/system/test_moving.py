"""A store that moves is the same store: embedded to MongoDB and back, whole or not at all."""

import json
import os
import re
import signal
import stat
import subprocess

import pytest
from support import moving, process
from support.office import Office
from support.staff import sell

HOLD_S = "2"
REFUSED = 1
USAGE = 2
PIPES_SIZE = 400000


@pytest.fixture(scope="module")
def full(launch_for_module):
    """A server that has lived, stopped; its life, and the file that it was exported to."""
    content, (showtime, cancelled, *spare) = process.pool(8)
    server = launch_for_module(content, name="full", HOLD_SECONDS=HOLD_S, PAYMENT_SECONDS=HOLD_S)
    server.life = moving.Life("first")
    server.spare = spare
    moving.live_short(server, server.life, showtime)
    server.stop()
    server.settings.update(HOLD_SECONDS="600", PAYMENT_SECONDS="900")
    server.start()
    moving.live(server, server.life, showtime, cancelled)
    server.seen = moving.look(server, server.life)
    assert server.stop() == 0
    server.file = server.folder / "first.export"
    export(server, server.file)
    return server


def export(server, path):
    done = server.run("export", path)
    assert done.returncode == 0, done.stderr
    return path


def load(server, path):
    done = server.run("import", path)
    assert done.returncode == 0, done.stderr
    return done


def body(path):
    """All lines but the head, which says when and where, and the last one's digest of it."""
    lines = path.read_text().splitlines()
    end = json.loads(lines[-1])["end"]
    del end["head"]
    return [*lines[1:-1], end]


def heir(launch, of, name, **settings):
    """A server that knows the secrets of another one, with a store of its own."""
    server = launch(name=name, start=False, HOLD_SECONDS="600", **settings)
    server.jwt_secret = of.jwt_secret
    server.webhook_secrets = of.webhook_secrets
    for variable, value in of.settings.items():
        if "SECRET" in variable:
            server.settings[variable] = value
    return server


def test_what_goes_round_by_mongodb_comes_back_byte_by_byte(launch, database, full, tmp_path):
    there = heir(launch, full, "there", MONGO_URI=database.uri())
    back = heir(launch, full, "back")
    load(there, full.file)
    there.audit()
    second = export(there, tmp_path / "second")
    load(back, second)
    third = export(back, tmp_path / "third")
    assert body(second) == body(full.file)
    assert body(third) == body(full.file)
    kinds = {re.match(r'\{"(\w+)"', line).group(1) for line in body(third)[:-1]}
    assert kinds == {"movie", "cinema", "showtime", "booking", "payment", "block", "key", "entry"}
    for kind, states in (("booking", {"pending", "confirmed", "cancelled", "expired"}),
                         ("payment", {"pending", "failed", "completed", "refund_due",
                                      "refunded"})):
        found = {json.loads(line)[kind]["status"] for line in body(third)[:-1]
                 if line.startswith(f'{{"{kind}"')}
        assert states <= found, kind


def test_a_store_lives_on_in_mongodb_and_again_in_its_own_file(launch, database, full, tmp_path):
    """Money in flight is settled once, keys say the same, what is new is new."""
    life = full.life
    there = heir(launch, full, "there", MONGO_URI=database.uri())
    load(there, full.file)
    there.start()
    assert moving.differences(full.seen, moving.look(there, life)) == {}
    moving.ask_again(there, life)
    assert moving.differences(full.seen, moving.look(there, life)) == {}
    moving.go_on(there, life)
    second = moving.Life("second")
    showtime, cancelled = full.spare[:2]
    moving.live(there, second, showtime, cancelled)
    both = merge(life, second)
    seen = moving.look(there, both)
    assert there.stop() == 0
    there.audit()

    back = heir(launch, full, "back")
    load(back, export(there, tmp_path / "there.export"))
    back.start()
    assert moving.differences(seen, moving.look(back, both)) == {}
    moving.ask_again(back, both)
    moving.go_on(back, second)
    third = moving.Life("third")
    moving.live(back, third, *full.spare[2:4])
    codes = [code(item) for item in everything(back)]
    assert len(set(codes)) == len(codes)
    all_three = merge(both, third)
    seen = moving.look(back, all_three)
    assert back.stop() == 0
    back.audit()

    again = heir(launch, full, "again", MONGO_URI=database.uri())
    load(again, export(back, tmp_path / "back.export"))
    assert body(export(again, tmp_path / "again.export")) == body(tmp_path / "back.export")
    again.audit()
    again.start()
    assert moving.differences(seen, moving.look(again, all_three)) == {}
    moving.ask_again(again, third)
    moving.go_on(again, third)


def merge(first, second):
    both = moving.Life("both")
    for name in ("users", "showtimes", "bookings", "payments", "told"):
        setattr(both, name, getattr(first, name) + getattr(second, name))
    return both


def everything(server):
    return moving.all_pages(server.api.staff("staff-1").all_bookings, "")


def code(item):
    return item["booking_code"]


def test_the_file_is_the_owners_alone_and_never_written_over(full, tmp_path):
    mode = stat.S_IMODE(os.stat(full.file).st_mode)
    assert mode == 0o600
    before = full.file.read_bytes()
    done = full.run("export", full.file)
    assert done.returncode == USAGE
    assert "nothing is overwritten" in done.stderr
    assert full.file.read_bytes() == before
    nothing = process.Usher(tmp_path / "nothing")
    done = nothing.run("export", tmp_path / "file")
    assert done.returncode == USAGE
    assert "there is no store" in done.stderr
    assert not (tmp_path / "file").exists()
    assert not nothing.data.exists()


def test_a_store_that_is_served_is_neither_exported_nor_imported_into(launch, full, tmp_path):
    content, _ = process.pool(1)
    server = launch(content)
    for command in (("export", tmp_path / "file"), ("import", full.file)):
        done = server.run(*command)
        assert done.returncode == USAGE
        assert "another usher" in done.stderr
    assert not (tmp_path / "file").exists()


def test_a_store_with_something_in_it_is_left_as_it_is(launch, database, full, tmp_path):
    content, _ = process.pool(1)
    for name, settings in (("own", {}), ("shared", {"MONGO_URI": database.uri()})):
        server = launch(name=name, start=False, **settings)
        server.seed(content)
        before = body(export(server, tmp_path / f"{name}-before"))
        done = server.run("import", full.file)
        assert done.returncode == REFUSED
        assert "not empty" in done.stderr
        assert "nothing was imported" in done.stderr
        assert body(export(server, tmp_path / f"{name}-after")) == before


def replaced(lines, kind, old, new):
    """The first line of a kind, with something else in it."""
    at = next(number for number, line in enumerate(lines)
              if line.startswith(f'{{"{kind}"') and old in line)
    return [*lines[:at], lines[at].replace(old, new, 1), *lines[at + 1:]], at + 1


def wrong_files(lines):
    """(what is wrong, the lines, a part of the complaint)"""
    middle = len(lines) // 2
    yield "empty", [], "line 1"
    yield "cut", lines[:middle], f"line {middle + 1}: the file ends here"
    yield "cut in a line", [*lines[:middle], lines[middle][:20]], f"line {middle + 1}"
    yield "without its end", lines[:-1], f"line {len(lines)}"
    yield "longer", [*lines, lines[1]], "behind the last line"
    yield "a line lost", [*lines[:-2], lines[-1]], f"line {len(lines) - 1}: it counts"
    yield "of another format", [lines[0].replace('"format":1', '"format":2'), *lines[1:]], "line 1"
    yield "no JSON", [*lines[:3], "garbage", *lines[4:]], "line 4"
    for kind, old, new, complaint in (
            ("booking", '"status":"confirmed"', '"status":"sold"', '"status" has a value'),
            ("booking", '"code"', '"coda"', '"coda" is not known'),
            ("booking", '"held_at":', '"held_at":-', '"held_at" has a value'),
            ("payment", '"amount":', '"amount":1', "does not fit its booking"),
            ("movie", '"title"', '"extra":1,"title"', '"extra" is not known'),
            ("showtime", '"version":', '"version":"x","v":', '"version" has a value'),
            ("entry", '"actor"', '"user"', '"user" is not known')):
        changed, number = replaced(lines, kind, old, new)
        yield f"{kind}: {complaint}", changed, complaint if kind == "payment" else (
            f"line {number}: {kind}: {complaint}")
    changed, _ = replaced(lines, "movie", '"title":"', '"title":"X')
    yield "one letter", changed, "not as it was written"
    changed, _ = replaced(lines, "usher_export", '"seal_key":"', '"seal_key":"00')
    yield "a key too long", changed, "line 1: usher_export"
    flipped = lines[0].replace('"made_at":1', '"made_at":2', 1)
    yield "the head changed", [flipped, *lines[1:]], "not as it was written"


def test_a_file_that_is_not_whole_or_not_right_leaves_nothing(launch, database, full, tmp_path):
    lines = full.file.read_text().splitlines()
    own = launch(name="own", start=False)
    shared = launch(name="shared", start=False, MONGO_URI=database.uri())
    tried = 0
    for number, (what, changed, complaint) in enumerate(wrong_files(lines)):
        path = tmp_path / "wrong"
        path.write_text("".join(f"{line}\n" for line in changed))
        # A look at MongoDB now and then: it begins anew each time.
        for server in (own, shared) if number % 5 == 1 else (own,):
            done = server.run("import", path)
            assert done.returncode == REFUSED, what
            assert complaint in done.stderr, (what, done.stderr)
            tried += 1
        assert not (own.data / "usher.db").exists(), what
    assert tried >= 20
    assert json.loads((export(shared, tmp_path / "nothing").read_text().splitlines()[-1]))[
        "end"]["counts"]["booking"] == 0
    for server in (own, shared):
        load(server, full.file)


def test_two_bookings_of_one_seat_are_refused(launch, full, tmp_path):
    lines = full.file.read_text().splitlines()
    changed, number = replaced(lines, "booking", '"seats":[["C1"', '"seats":[["B1"')
    path = tmp_path / "twice"
    path.write_text("".join(f"{line}\n" for line in changed))
    done = launch(name="own", start=False).run("import", path)
    assert done.returncode == REFUSED
    assert f"line {number}: booking: seat B1 is taken already" in done.stderr


def test_a_sold_booking_needs_its_one_payment(launch, database, full, tmp_path):
    """Both stores judge the same."""
    lines = full.file.read_text().splitlines()
    failed, at = replaced(lines, "payment", '"status":"completed"', '"status":"failed"')
    kept = lines[at - 1]
    lost = [*lines[:at - 1], *lines[at:]]
    again = re.sub('"id":"[0-9a-f]{24}"', f'"id":"{"d" * 24}"', kept, count=1)
    own = launch(name="own", start=False)
    shared = launch(name="shared", start=False, MONGO_URI=database.uri())
    path = tmp_path / "wrong"
    for changed, number, complaint in (
            (failed, at, "payment: its booking is confirmed with it, but it is not completed"),
            (lost, at, "the booking before names a payment that does not follow it"),
            ([*lines[:at], again, *lines[at:]], at + 1,
             "payment: it is completed, but its booking is not confirmed with it")):
        path.write_text("".join(f"{line}\n" for line in changed))
        for server in (own, shared):
            done = server.run("import", path)
            assert done.returncode == REFUSED, complaint
            assert f"line {number}: {complaint}" in done.stderr


def begin_import(server, lines):
    """An import that has read these lines, and waits for the end of another one."""
    importing = subprocess.Popen([str(process.BINARY), "import", "-"], stdin=subprocess.PIPE,
                                 stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                 env=process.clean_environment(**server.settings))
    importing.stdin.writelines(f"{line}\n" for line in lines)
    importing.stdin.write("x" * PIPES_SIZE)  # More than stays in the pipe.
    importing.stdin.flush()
    return importing


def begin_and_kill(server, lines):
    importing = begin_import(server, lines)
    importing.send_signal(signal.SIGKILL)
    importing.communicate()
    assert importing.returncode == -signal.SIGKILL


def test_an_import_that_is_killed_is_begun_again(launch, database, full, tmp_path):
    lines = full.file.read_text().splitlines()
    own = heir(launch, full, "own")
    begin_and_kill(own, lines[:-3])
    assert (own.data / "usher.db").exists()
    load(own, full.file)
    assert body(export(own, tmp_path / "own.export")) == body(full.file)

    shared = heir(launch, full, "shared", MONGO_URI=database.uri())
    begin_and_kill(shared, lines[:-3])
    served = shared.run("serve")
    assert served.returncode != 0
    assert "not whole" in served.stderr
    half = shared.run("export", tmp_path / "half.export")
    assert half.returncode == REFUSED
    assert not (tmp_path / "half.export").exists()
    audited = shared.run("audit")
    assert audited.returncode == USAGE
    assert "an import into this database is not whole" in audited.stderr
    load(shared, full.file)
    assert body(export(shared, tmp_path / "shared.export")) == body(full.file)
    shared.start()
    assert moving.differences(full.seen, moving.look(shared, full.life)) == {}


def test_a_stopped_import_takes_back_what_it_did(launch, database, full):
    shared = launch(name="shared", start=False, MONGO_URI=database.uri())
    importing = begin_import(shared, full.file.read_text().splitlines()[:20])
    importing.send_signal(signal.SIGTERM)
    importing.wait(process.STOP_TIMEOUT_S)
    complaint = importing.stderr.read()
    importing.communicate()
    assert "stopped" in complaint
    assert importing.returncode == REFUSED
    assert "nothing was imported" in complaint
    content, _ = process.pool(1)
    shared.seed(content)


def test_standard_output_and_input_carry_it_too(launch, full, tmp_path):
    done = full.run("export", "-")
    assert done.returncode == 0
    path = tmp_path / "copy"
    path.write_text(done.stdout)
    assert body(path) == body(full.file)
    assert "exported" in done.stderr
    own = launch(name="own", start=False)
    with open(path, "rb") as source:
        read = subprocess.run([str(process.BINARY), "import", "-"], stdin=source,
                              env=process.clean_environment(**own.settings),
                              capture_output=True, text=True, check=False)
    assert read.returncode == 0, read.stderr


def test_what_a_killed_instance_left_behind_comes_along(launch, database, tmp_path):
    content, showtimes = process.pool(1)
    there = launch(content, name="there", MONGO_URI=database.uri())
    staff, customer = there.api.staff("staff-1"), there.api.customer("user-1")
    booking, payment = sell(there.api, customer, showtimes[0], ["A1"])
    block = staff.block(showtimes[0], ["A2"]).expect(201).json["block_id"]
    staff.refund(payment["payment_id"]).expect(202)
    there.kill()
    back = heir(launch, there, "back")
    load(back, export(there, tmp_path / "file"))
    back.start()
    assert back.api.customer("user-1").booking(booking).json["status"] == "cancelled"
    assert moving.refunds_due(back.api) == [payment["payment_id"]]
    assert back.api.statuses(showtimes[0]) == {"A2": "blocked"}
    back.api.staff("staff-1").release(showtimes[0], block).expect(200)


RECORD_MONEY = """
import datetime, sys, bson, pymongo
uri, payment, amount = sys.argv[1:]
payments = pymongo.MongoClient(uri).get_default_database()["payments"]
done = payments.update_one({"_id": bson.ObjectId(payment)}, {"$set": {
    "status": "succeeded", "paid_amount": bson.Int64(int(amount)),
    "paid_at": datetime.datetime.now(datetime.timezone.utc)}})
assert done.modified_count == 1
"""


LEAVE_IN_THE_GATE = """
import datetime, sys, bson, pymongo
uri, showtime = sys.argv[1], bson.ObjectId(sys.argv[2])
database = pymongo.MongoClient(uri).get_default_database()
made = database["showtimes"].find_one_and_delete({"_id": showtime})
assert len(made["settle"]) == 1 and made["settle_at"], made
database["journal"].delete_many({"subject": showtime})
done = database["settings"].update_one({"what": "programme"}, {"$inc": {"version": bson.Int64(1)},
    "$set": {"edit_at": datetime.datetime.now(datetime.timezone.utc), "edit": {
        "id": bson.ObjectId(), "c": "showtimes", "t": showtime, "from": None, "put": made}}})
assert done.modified_count == 1
"""


def test_a_showtime_that_is_only_in_the_gate_comes_along_with_its_line(launch, database, tmp_path):
    python = process.REPOSITORY / "build" / "mongo-venv" / "bin" / "python"
    if not python.exists():
        pytest.skip("needs pymongo; see tools/setup")
    content, _ = process.pool(1)
    there = launch(content, name="there", MONGO_URI=database.uri())
    made = Office(there).showtime()
    there.kill()
    subprocess.run([python, "-c", LEAVE_IN_THE_GATE, there.settings["MONGO_URI"], made],
                   check=True, timeout=60)
    lines = export(there, tmp_path / "file").read_text().splitlines()
    assert [kind for line in lines for kind, record in json.loads(line).items()
            if made in (record.get("id"), record.get("subject"))] == ["showtime", "entry"]


def test_money_that_is_not_decided_is_decided_first(launch, database, tmp_path):
    python = process.REPOSITORY / "build" / "mongo-venv" / "bin" / "python"
    if not python.exists():
        pytest.skip("needs pymongo; see tools/setup")
    content, showtimes = process.pool(1)
    there = launch(content, name="there", MONGO_URI=database.uri())
    customer = there.api.customer("user-1")
    held = customer.hold(showtimes[0], ["A1"]).expect(201).json
    payment = customer.paying(held["booking_id"])["payment_id"]
    assert there.stop() == 0
    subprocess.run([python, "-c", RECORD_MONEY, there.settings["MONGO_URI"], payment,
                    str(held["final_amount"])], check=True, timeout=60)
    done = there.run("export", tmp_path / "early")
    assert done.returncode == REFUSED
    assert f"payment {payment} is paid, and not decided yet" in done.stderr
    assert not (tmp_path / "early").exists()
    there.start()
    customer = there.api.customer("user-1")
    moving.wait_for(lambda: customer.booking(held["booking_id"]).json["status"] == "confirmed")
    assert there.stop() == 0
    back = heir(launch, there, "back")
    load(back, export(there, tmp_path / "late"))
    back.audit()
