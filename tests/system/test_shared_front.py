"""An instance over a shared database seen from outside: how it starts, waits, tells and ends."""

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import threading
import time

import pytest
from support import api as calls
from support import catalogue, cluster, metrics, process, swarm
from test_clock import Clock

USAGE_EXIT_CODE = 2
PASSWORD = "hush-hush-1"
ENDS_WITHIN_S = 29  # What the server allows itself is 25; a service manager kills after 30.
CLOCK_GUARD_S = 2
SEATS = [seat for seat in catalogue.S1_SEATS if seat[0] in "BCDF"]
PYTHON = process.REPOSITORY / "build" / "mongo-venv" / "bin" / "python"


@pytest.fixture
def instance(tmp_path):
    """Makes instances over a database; they are ended and judged with the test."""
    made = []

    def make(database_uri, name="usher", content=None, start=True, arguments=(), **settings):
        usher = process.Usher(tmp_path / name, arguments, MONGO_URI=database_uri,
                              USHER_WRITERS="2", USHER_LOOPS="2", USHER_READERS="2", **settings)
        made.append(usher)
        if content is not None:
            usher.seed(content)
        return usher.start() if start else usher

    yield make
    cluster.release(made)


@pytest.fixture(scope="module")
def house(tmp_path_factory, database):
    """A programme in the database, of which each test takes a showtime: (its URI, showtimes)."""
    uri = database.uri()
    content, showtimes = process.pool(4)
    process.Usher(tmp_path_factory.mktemp("seed"), MONGO_URI=uri).seed(content)
    return uri, iter(showtimes)


def wait_for(what, why, within_s=30):
    until_s = time.monotonic() + within_s
    while not what():
        assert time.monotonic() < until_s, why
        time.sleep(0.05)


def launch(usher):
    """Starts the process without waiting until it is ready; gives a client once its port is open."""
    with open(usher.log_path, "ab") as log:
        usher.process = subprocess.Popen(
            [str(process.BINARY), "serve", *usher.arguments], stdin=subprocess.DEVNULL, stdout=log,
            stderr=log, env=process.clean_environment(**usher.settings), cwd=usher.folder)
    wait_for(lambda: usher.events("listening") or usher.process.poll() is not None,
             "no port is opened")
    usher.port = int(usher.events("listening")[-1]["url"].rsplit(":", 1)[1])
    return calls.Client(usher.port)


def pymongo(uri, program, *arguments):
    """Runs lines of pymongo on `database`, and gives what they print."""
    text = ("import sys, bson, pymongo\n"
            "client = pymongo.MongoClient(sys.argv[1])\n"
            "database = client.get_default_database()\n" + program)
    done = subprocess.run([str(PYTHON), "-c", text, uri, *map(str, arguments)], check=True,
                          timeout=30, capture_output=True, text=True)
    return done.stdout


def read_details(client):
    return client.get("/health/ready").json["details"]


# Starting.


def test_the_port_is_open_while_the_database_is_awaited_and_all_works_when_it_comes(
        tmp_path, instance):
    own = cluster.Database(tmp_path)
    if own.given:
        pytest.skip("a given database is not ours to start")
    uri = own.uri()
    usher = instance(f"{uri}?{cluster.HASTE}", start=False, METRICS_PORT="0")
    client = launch(usher)
    client.get("/health/live").expect(200)
    told = client.get("/health/ready")
    assert told.status == 503 and told.json["details"] == {"database": "awaited"}
    assert client.get("/health").status == 503
    customer = calls.Customer(usher.port, "early", usher.api.token("early"))
    show = "/api/showtimes/" + "5" * 24
    answers = [client.get("/api/movies"), client.get(f"{show}/seats"), client.get(f"{show}/events"),
               customer.bookings(), customer.hold("5" * 24, ["C3"])]
    for answer in answers:
        answer.expect(503, "STORE_UNAVAILABLE")
        assert int(answer.header("retry-after")) >= 1
    client.get("/openapi.json").expect(200)
    metrics_port = int(usher.events("listening")[-1]["metrics"].rsplit(":", 1)[1])
    operator = calls.Operator(metrics_port)
    page = metrics.scrape(operator)
    assert "usher_store_in_place" not in page.kinds, "its files are another server's"
    assert "usher_bookings_pending" not in page.kinds, "nobody knows"
    wait_for(lambda: usher.events("waiting_for_database"), "it does not say that it waits")
    assert not usher.events("database_open") and not usher.events("serving")
    try:
        own.start()
        wait_for(lambda: client.get("/health/ready").status == 200, "it is not ready")
        assert usher.events("database_open")
        client.get("/api/movies").expect(200)
        wait_for(lambda: usher.events("serving"), "it does not say that it serves")
        serving = usher.events("serving")[-1]
        assert (serving["mode"], serving["lock"]) == ("shared", "none")
        assert serving["database"] == uri.removeprefix("mongodb://")
        own.kill()
        wait_for(lambda: client.get("/health/ready").status == 503, "it says it is ready")
        assert read_details(client)["database"] == "away"
        client.get("/health/live").expect(200)
        client.get("/api/movies").expect(503, "STORE_UNAVAILABLE")
        own.start()
        wait_for(lambda: client.get("/health/ready").status == 200, "it is not ready again")
        client.get("/api/movies").expect(200)
        usher.release()
    finally:
        own.stop()


@contextlib.contextmanager
def silent_server():
    """A port that takes connections and says nothing, as a database that hangs."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(64)
        yield listener.getsockname()[1]


@pytest.mark.parametrize("kind", ["refused", "silent"])
def test_the_end_is_heard_while_the_database_is_awaited(instance, kind):
    with silent_server() as port:
        place = f"127.0.0.1:{1 if kind == 'refused' else port}"
        usher = instance(f"mongodb://{place}/none?{cluster.HASTE}", start=False)
        client = launch(usher)
        client.get("/health/live").expect(200)
        began_s = time.monotonic()
        assert usher.stop() == 0
        assert time.monotonic() - began_s < ENDS_WITHIN_S
        assert usher.events("stopping") and usher.events("stopped")


def test_a_wrong_password_is_refused_and_never_told(tmp_path, instance):
    own = cluster.Database(tmp_path)
    if own.given or shutil.which("mongod"):
        pytest.skip("needs the server of tools/setup, started with its --auth")
    own.start()
    plain = own.uri()
    pymongo(plain, "database.command('createUser', 'anna', pwd=sys.argv[2], roles=['readWrite'])",
            PASSWORD)
    own.kill()
    command = own.starter.server_command
    own.starter.server_command = lambda *given: [*command(*given), "--auth"]
    own.start()
    try:
        ushers = {}
        for given, code in ((PASSWORD, 0), (PASSWORD + "x", USAGE_EXIT_CODE)):
            uri = plain.replace("//", f"//anna:{given}@") + "?authMechanism=SCRAM-SHA-256"
            ushers[code] = instance(uri, f"usher-{code}", start=False, LOG_LEVEL="debug",
                                    REDIS_URL=f"redis://:{PASSWORD}@127.0.0.1:1")
        let_in, refused = ushers[0], ushers[USAGE_EXIT_CODE]
        launch(refused)
        let_in.start()
        let_in.api.public.get("/api/movies").expect(200)
        assert read_details(let_in.api.public)["redis"] == "degraded"
        assert let_in.stop() == 0
        assert refused.process.wait(30) == USAGE_EXIT_CODE
        refused.process = None
        assert "usher: MONGO_URI: MongoDB does not let us in" in refused.log()
        for usher in ushers.values():
            assert PASSWORD not in usher.log()
    finally:
        own.kill()


MALFORMED = [
    ("MONGO_URI", f"mongodb://anna:{PASSWORD}/x@127.0.0.1/db", "%2F"),
    ("MONGO_URI", f"mongodb://anna:{PASSWORD}@x@127.0.0.1/db", "%40"),
    ("MONGO_URI", f"mongodb://anna:{PASSWORD}%zz@127.0.0.1/db", "%25"),
    ("MONGO_URI", f"mongodb://anna:{PASSWORD}", "needs an @"),
    ("MONGO_URI", f"mongodb://anna:{PASSWORD}@h/x?readPreference=nearest", "must be primary"),
    ("MONGO_URI", f"mongodb://anna:{PASSWORD}@h/x?w=0", "w must not be 0"),
    ("MONGO_URI", f"mongodb://anna:{PASSWORD}@h/{'x' * 64}", "at most 63 bytes"),
    ("MONGO_URI", f"mongodb://anna:12/{PASSWORD}@127.0.0.1/db?x=1", "%2F"),
    ("MONGO_URI", f"mongodb://anna:{PASSWORD}@127.0.0.1:70000/db", "port"),
    ("MONGO_URI", f"mongodb://anna:{PASSWORD}@127.0.0.1,/db", "hosts is empty"),
    ("MONGO_URI", f"mongodb://anna:{PASSWORD}@127.0.0.1?w=1", "/ must stand"),
    ("MONGO_URI", f"mongodb://anna:{PASSWORD}@127.0.0.1/db?w=1&tls=maybe", "tls"),
    ("REDIS_URL", f"redis://anna:{PASSWORD}/x@127.0.0.1", "%2F"),
    ("REDIS_URL", f"redis://:{PASSWORD}@127.0.0.1:70000", "port"),
    ("REDIS_URL", f"rediss://:{PASSWORD}@127.0.0.1", "stunnel"),
    ("REDIS_URL", f"redis://:{PASSWORD}@127.0.0.1/zero", "database"),
]


@pytest.mark.parametrize("name, text, said", MALFORMED)
def test_an_address_that_cannot_be_read_is_named_without_its_password(name, text, said):
    settings = {"JWT_SECRET": "x9" * 32, "MONGO_URI": "mongodb://127.0.0.1:1/x", name: text}
    done = process.run("serve", environment=settings)
    assert done.returncode == USAGE_EXIT_CODE
    assert done.stderr.startswith(f"usher: {name}: ") and said in done.stderr
    assert PASSWORD not in done.stdout + done.stderr


def test_too_few_connections_for_the_threads_are_refused(database, instance):
    usher = instance(database.uri() + "?maxPoolSize=5", start=False)
    launch(usher)
    assert usher.process.wait(30) == USAGE_EXIT_CODE
    usher.process = None
    assert "MONGO_URI: maxPoolSize=5" in usher.log()


def test_demos_that_start_at_once_on_an_empty_database_share_one_programme(database, instance):
    uri = database.uri()
    pair = [instance(uri, f"demo-{number}", arguments=["--demo"], start=False,
                     PAYMENT_GATEWAY_URL=None) for number in range(2)]
    pair[1].settings.update(JWT_SECRET=pair[0].jwt_secret)
    pair[1].jwt_secret = pair[0].jwt_secret
    threads = [threading.Thread(target=usher.start) for usher in pair]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    here, there = (usher.api.customer("visitor") for usher in pair)
    cinemas = here.get("/api/cinemas").expect(200).json["items"]
    assert len(cinemas) == 3 and there.get("/api/cinemas").json["items"] == cinemas
    shows = here.get("/api/showtimes?available=true&limit=1").expect(200).json["items"]
    booking = here.held(shows[0]["id"], ["B3"])
    page = there.confirm(booking).expect(200).json["payment_url"]
    path = re.sub(r"^http://[^/]*", "", page)
    pair[1].api.public.request("POST", path, b"action=pay",
                               {"Content-Type": "application/x-www-form-urlencoded"})
    wait_for(lambda: here.booking(booking).expect(200).json["status"] == "confirmed",
             "a payment of the sandbox does not arrive")


def test_commands_of_a_file_name_what_to_use_instead(database):
    done = process.run("backup", "copy.db", environment={"MONGO_URI": database.uri()})
    assert done.returncode == USAGE_EXIT_CODE
    assert "mongodump" in done.stderr
    assert not os.path.exists("copy.db")


def test_the_help_of_serve_names_the_settings_of_several_instances():
    done = process.run("serve", "--help")
    assert done.returncode == 0
    for name in ("MONGO_URI", "REDIS_URL", "LOCK", "USHER_WRITERS", "USHER_READERS"):
        assert name in done.stdout


# Telling.


def test_health_tells_of_database_clock_and_redis(database, instance):
    usher = instance(database.uri())
    told = read_details(usher.api.public)
    assert told.pop("clock_offset_ms") in range(-2000, 2001)
    assert told == {"database": "ok", "clock": "ok", "redis": "none"}
    whole = usher.api.public.get("/health").expect(200).json["details"]
    assert whole["database"] == "ok" and whole["queue_depth"] == 0


@pytest.mark.parametrize("offset_s", [CLOCK_GUARD_S + 3, -CLOCK_GUARD_S - 3])
def test_a_clock_that_is_off_is_not_ready(tmp_path, database, instance, offset_s):
    clock = Clock(tmp_path)
    clock.step(offset_s)
    usher = instance(database.uri(), start=False, **clock.settings)
    client = launch(usher)
    wait_for(lambda: read_details(client)["database"] == "ok", "the database is not reached")
    told = client.get("/health/ready")
    assert told.status == 503 and told.json["checks"]["store"] == "failed"
    assert told.json["details"]["clock"] == "off"
    assert abs(told.json["details"]["clock_offset_ms"] + 1000 * offset_s) < 1500
    assert usher.events("clock_off")


def test_what_waits_is_counted_and_a_refund_that_failed_is_listed(database, instance):
    uri = database.uri()
    content, (showtime, other) = process.pool(2)
    first = instance(uri, "first", content)
    customer, staff = first.api.customer(), first.api.staff()
    payments = []
    for seat in ("C3", "C4"):
        booking = customer.held(other, [seat])
        payment = customer.paying(booking)
        first.api.tell(payment, 100000).expect(200)
        payments.append(payment["payment_id"])
    for payment in payments:
        wait_for(lambda p=payment: staff.refund(p).status == 202, "it is not refunded")
    for seat in ("D3", "D4", "D5"):
        customer.held(showtime, [seat])

    def settled():
        return len(staff.refunds("?status=due").expect(200).json["items"]) == 2
    wait_for(settled, "the refunds are not written")
    failed = pymongo(uri, "found = database.payments.find_one_and_update({'status': 'refund_due'},"
                          " {'$set': {'status': 'refund_failed'}})\nprint(found['_id'])").strip()
    listed = staff.refunds("?status=failed").expect(200).json["items"]
    assert [item["id"] for item in listed] == [failed]
    second = instance(uri, "second", METRICS_PORT="0")  # Which counts as soon as it is there.
    operator = second.operator()
    wait_for(lambda: "usher_bookings_pending" in metrics.scrape(operator).kinds, "no count comes")
    page = metrics.scrape(operator)
    assert page.value("usher_bookings_pending") == 3
    assert page.value("usher_refunds_due") == 1
    assert 0 <= page.value("usher_refund_due_oldest_seconds") < 60
    assert page.value("usher_build_info", version="0.1.0", mode="shared") == 1


@pytest.mark.parametrize("lock", ["required", "best-effort"])
def test_without_redis_a_lock_that_is_required_refuses_and_another_goes_on(
        house, instance, lock):
    uri, showtimes = house
    showtime = next(showtimes)
    usher = instance(uri, LOCK=lock, REDIS_URL="redis://127.0.0.1:1")
    answer = usher.api.customer().hold(showtime, ["C3"])
    if lock == "required":
        answer.expect(409, "BOOKING_LOCK_FAILED")
        assert int(answer.header("retry-after")) >= 1
        assert usher.api.statuses(showtime) == {}
    else:
        answer.expect(201)
        assert usher.api.statuses(showtime) == {"C3": "held"}
    ready = usher.api.public.get("/health/ready").expect(200)
    assert ready.json["details"]["redis"] == "degraded"
    assert usher.events("serving")[-1]["lock"] == lock


# Ending.


def holds_at(usher, showtime, count):
    tokens = [usher.api.token(f"late-{number}") for number in range(count)]
    return [swarm.hold_bytes(token, showtime, [SEATS[number % len(SEATS)]])
            for number, token in enumerate(tokens)]


SLOW_UPDATE = """
data = {"failCommands": ["update"], "blockConnection": True, "blockTimeMS": int(sys.argv[2])}
client.admin.command("configureFailPoint", "failCommand", mode={"times": 1}, data=data)
"""


def test_a_stop_under_load_answers_what_came_and_leaves_no_lock(tmp_path, house, instance):
    redis = cluster.Redis(tmp_path).start()
    try:
        uri, showtimes = house
        showtime = next(showtimes)
        usher = instance(uri, REDIS_URL=redis.url)
        wait_for(lambda: read_details(usher.api.public)["redis"] == "ok", "Redis is not heard")
        usher.api.statuses(showtime)
        pymongo(uri, SLOW_UPDATE, 1500)  # Time for all of them to arrive.
        arrived = []
        thread = swarm.start(usher.port, holds_at(usher, showtime, 200), arrived)
        time.sleep(0.8)
        assert not arrived, "the stop comes before the answers"
        assert usher.stop() == 0
        thread.join()
        answers = [answer for answer in arrived if isinstance(answer, calls.Answer)]
        statuses = sorted({answer.status for answer in answers})
        granted = [answer for answer in answers if answer.status == 201]
        print(f"{len(answers)} of {len(arrived)} answered, {len(granted)} held: {statuses}")
        assert len(answers) == 200, "requests that were taken are answered"
        assert statuses == [201, 409] and len(granted) == len(SEATS)
        locks = subprocess.run(["redis-cli", "-p", str(redis.port), "keys", "lock:*"], check=True,
                               capture_output=True, text=True, timeout=10).stdout
        assert locks.strip() == ""
        usher.start()
        held = {seat for answer in granted for seat in answer.json["seats"]}
        assert held == set(usher.api.statuses(showtime)) == set(SEATS)
    finally:
        redis.kill()


def test_a_stop_ends_in_time_though_the_database_hangs(database, house, instance):
    if database.given:
        pytest.skip("a given database is not ours to stop")
    uri, showtimes = house
    showtime = next(showtimes)
    usher = instance(f"{uri}?{cluster.HASTE}")
    usher.expected_exit_codes = {0, process.RESTART_EXIT_CODE}
    try:
        usher.api.statuses(showtime)
        arrived = []
        process.stand_still(database.process)
        seats = f"/api/showtimes/{showtime}/seats"
        asked = []
        swarm.start(usher.port, [swarm.request_bytes("GET", seats)] * 20, asked).join()
        assert [answer.header("retry-after") for answer in asked] == ["2"] * 20, asked
        movies = [swarm.request_bytes("GET", "/api/movies")] * 40
        thread = swarm.start(usher.port, holds_at(usher, showtime, 40) + movies, arrived)
        began_s = time.monotonic()
        code = usher.stop()
        took_s = time.monotonic() - began_s
        thread.join()
        statuses = {answer.status for answer in arrived if isinstance(answer, calls.Answer)}
        print(f"ended with {code} after {took_s:.1f} s, {len(arrived)} answers: {statuses}")
        assert code in usher.expected_exit_codes
        assert took_s < ENDS_WITHIN_S
        assert len(arrived) == 80 and statuses == {503}
    finally:
        database.process.send_signal(signal.SIGCONT)
