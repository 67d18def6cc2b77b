"""What operators meet: starting, refusing to start, commands, probes, and an end in good order."""

import http.client
import json
import os
import signal
import socket
import sqlite3
import stat
import subprocess
import threading
import time

import pytest
from support import api as calls
from support import catalogue, process, shapes, signing

USAGE_EXIT_CODE = 2
IDLE_RSS_LIMIT_KB = 512 * 1024  # Only what is absurd; the number is printed.


def serve(tmp_path, arguments=(), **settings):
    """Runs `usher serve` that must refuse to start."""
    environment = {"USHER_DATA": str(tmp_path / "data"), "PORT": "0",
                   "JWT_SECRET": os.urandom(32).hex(), "METRICS_PORT": "off", **settings}
    return process.run("serve", *arguments, environment=environment, timeout_s=20)


# Refusing to start.

REFUSALS = {
    "no secret": ((), {"JWT_SECRET": None}, "JWT_SECRET"),
    "an empty secret": ((), {"JWT_SECRET": ""}, "JWT_SECRET"),
    "a short secret": ((), {"JWT_SECRET": "x1" * 15 + "y"}, "JWT_SECRET"),
    "a short second secret": ((), {"JWT_SECRET": "ab" * 16 + ",short"}, "JWT_SECRET"),
    "three secrets": ((), {"JWT_SECRET": ",".join(["ab" * 16, "cd" * 16, "ef" * 16])},
                      "JWT_SECRET"),
    "a secret of one letter": ((), {"JWT_SECRET": "a" * 64}, "JWT_SECRET"),
    "a webhook secret without a gateway": ((), {"WEBHOOK_SECRET_MOMO": "s" * 32},
                                           "PAYMENT_GATEWAY_URL"),
    "a short webhook secret": ((), {"WEBHOOK_SECRET_VNPAY": "s" * 15,
                                    "PAYMENT_GATEWAY_URL": "https://pay.example.com"},
                               "WEBHOOK_SECRET_VNPAY"),
    "a gateway that is no address": ((), {"PAYMENT_GATEWAY_URL": "ftp://x"},
                                     "PAYMENT_GATEWAY_URL"),
    "dev on all addresses": (("--dev", "--host", "0.0.0.0"), {}, "--dev"),
    "dev on another address": (("--dev",), {"HOST": "192.0.2.1"}, "--dev"),
    "a demo's secret on all addresses": (("--demo", "--host", "0.0.0.0"), {"JWT_SECRET": None},
                                         "--demo"),
    "a port that is none": ((), {"PORT": "http"}, "PORT"),
    "a port beyond ports": (("--port", "65536"), {}, "PORT"),
    "a host that is none": ((), {"HOST": "not an address"}, "HOST"),
    "holds of no time": ((), {"HOLD_SECONDS": "0"}, "HOLD_SECONDS"),
    "payments of no time": ((), {"PAYMENT_SECONDS": "-1"}, "PAYMENT_SECONDS"),
    "no seats to hold": ((), {"MAX_HELD_SEATS": "none"}, "MAX_HELD_SEATS"),
    "a way back that is not secure": ((), {"DEFAULT_RETURN_URL": "http://shop.example/"},
                                      "DEFAULT_RETURN_URL"),
    "too many ways back": ((), {"RETURN_URL_HOSTS": ",".join(f"h{n}.example" for n in range(17))},
                           "RETURN_URL_HOSTS"),
    "an unheard log level": ((), {"LOG_LEVEL": "loud"}, "LOG_LEVEL"),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_a_wrong_setting_is_named_and_nothing_starts(tmp_path, name):
    arguments, settings, named = REFUSALS[name]
    done = serve(tmp_path, arguments, **settings)
    assert done.returncode == USAGE_EXIT_CODE
    assert named in done.stderr
    assert not process.ALARMS.search(done.stderr)


@pytest.mark.parametrize("arguments", [("--colour",), ("more", "words"), ("--port",)])
def test_arguments_that_nobody_knows_are_refused(tmp_path, arguments):
    done = serve(tmp_path, arguments)
    assert done.returncode == USAGE_EXIT_CODE and done.stderr


def test_a_port_in_use_is_told(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = serve(tmp_path, PORT=str(port))
    assert done.returncode == USAGE_EXIT_CODE
    assert str(port) in done.stderr and "in use" in done.stderr


@pytest.mark.sanitize
def test_a_second_server_on_the_folder_is_refused_and_the_first_goes_on(launch):
    content, (showtime,) = process.pool(1)
    server = launch(content)
    done = server.run("serve", timeout_s=20)
    assert done.returncode != 0
    assert str(server.data) in done.stderr and str(server.process.pid) in done.stderr
    path = content.write(server.folder / "again.json")
    done = server.run("seed", path)
    assert done.returncode != 0, "seed is refused while a server has the folder"
    assert str(server.process.pid) in done.stderr
    server.api.customer().held(showtime, ["C3"])


def test_a_folder_that_cannot_be_is_told(tmp_path):
    (tmp_path / "data").write_text("a file")
    done = serve(tmp_path)
    assert done.returncode == USAGE_EXIT_CODE and str(tmp_path / "data") in done.stderr


def test_a_file_of_another_program_is_refused_and_left_alone(tmp_path):
    (tmp_path / "data").mkdir()
    path = tmp_path / "data" / "usher.db"
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE other(x)")
    database.close()
    before = path.read_bytes()
    done = serve(tmp_path)
    assert done.returncode != 0 and "another program" in done.stderr
    assert path.read_bytes() == before


def test_a_file_that_is_no_database_is_refused_and_left_alone(tmp_path):
    (tmp_path / "data").mkdir()
    path = tmp_path / "data" / "usher.db"
    path.write_bytes(b"not a database at all " * 400)
    done = serve(tmp_path)
    assert done.returncode != 0 and "usher.db" in done.stderr
    assert path.read_bytes() == b"not a database at all " * 400


def test_a_database_that_was_cut_fails_its_audit(launch):
    content, (showtime,) = process.pool(1)
    server = launch(content)
    server.audited = False
    server.api.customer().held(showtime, ["C3"])
    assert server.stop() == 0
    path = server.data / "usher.db"
    os.truncate(path, path.stat().st_size // 8192 * 4096)
    done = server.run("audit")
    assert done.returncode in (1, USAGE_EXIT_CODE)
    assert "malformed" in done.stdout + done.stderr


# Commands.


def test_help_and_version_are_told():
    for arguments in (("--help",), ("help",)):
        done = process.run(*arguments)
        assert done.returncode == 0
        for word in ("serve", "seed", "token", "audit", "backup", "version", "--port", "USHER_DATA"):
            assert word in done.stdout
    done = process.run("version")
    assert done.returncode == 0 and done.stdout.startswith("usher ")
    for arguments in ((), ("dance",)):
        assert process.run(*arguments).returncode == USAGE_EXIT_CODE


def test_seed_needs_a_file_that_it_can_read(tmp_path):
    environment = {"USHER_DATA": str(tmp_path / "data")}
    assert process.run("seed", environment=environment).returncode == USAGE_EXIT_CODE
    done = process.run("seed", tmp_path / "nothing.json", environment=environment)
    assert done.returncode != 0 and "nothing.json" in done.stderr


@pytest.mark.sanitize
def test_a_printed_token_opens_the_server(launch):
    content, _ = process.pool(1)
    server = launch(content)
    done = server.run("token", "--user", "me@example.com")
    assert done.returncode == 0
    answer = calls.Client(server.port, done.stdout.strip()).get("/api/bookings")
    assert answer.expect(200).json["items"] == []
    brief = server.run("token", "--user", "me", "--ttl", "1s").stdout.strip()
    time.sleep(2.1)
    calls.Client(server.port, brief).get("/api/bookings").expect(401, "TOKEN_INVALID")
    staff = server.run("token", "--user", "me", "--role", "staff").stdout.strip()
    calls.Client(server.port, staff).get("/api/bookings").expect(200)


@pytest.mark.parametrize("arguments", [
    (), ("--user", ""), ("--user", "a b"), ("--user", "u" * 65), ("--user", "me", "--role", "king"),
    ("--user", "me", "--ttl", "soon"), ("--user", "me", "--ttl", "0"),
    ("--user", "me", "--ttl", "-1h"),
])
def test_a_token_that_would_not_open_is_not_printed(arguments):
    done = process.run("token", *arguments, environment={"JWT_SECRET": os.urandom(32).hex()})
    assert done.returncode != 0 and done.stdout == "" and done.stderr


# Settings that work.


def test_both_secrets_open_while_they_rotate(launch):
    old, new = os.urandom(32).hex(), os.urandom(32).hex()
    server = launch(process.pool(1)[0], JWT_SECRET=f"{new},{old}")
    for secret in (old, new):
        calls.Client(server.port, signing.token(secret, "me")).get("/api/bookings").expect(200)
    other = signing.token(os.urandom(32).hex(), "me")
    calls.Client(server.port, other).get("/api/bookings").expect(401, "TOKEN_INVALID")


def test_issuer_and_audience_are_checked_when_they_are_set(launch):
    server = launch(process.pool(1)[0], JWT_ISSUER="https://id.example.com", JWT_AUDIENCE="usher")

    def ask(**claims):
        return calls.Client(server.port, server.api.token("me", **claims)).get("/api/bookings")

    ask(iss="https://id.example.com", aud="usher").expect(200)
    ask(iss="https://id.example.com", aud=["other", "usher"]).expect(200)
    for claims in ({}, {"iss": "https://id.example.com"}, {"aud": "usher"},
                   {"iss": "https://evil.example.com", "aud": "usher"},
                   {"iss": "https://id.example.com", "aud": "other"},
                   {"iss": "https://id.example.com", "aud": ["other"]}):
        ask(**claims).expect(401, "TOKEN_INVALID")


def test_the_limit_of_held_seats_is_a_setting(launch):
    content, (showtime,) = process.pool(1)
    server = launch(content, MAX_HELD_SEATS="2")
    customer = server.api.customer()
    customer.hold(showtime, ["C1", "C2", "C3"]).expect(429, "TOO_MANY_HOLDS")
    customer.held(showtime, ["C1", "C2"])
    customer.hold(showtime, ["C3"]).expect(429, "TOO_MANY_HOLDS")


def test_dev_trusts_a_user_header_and_unsigned_messages_and_says_so(launch):
    content, (showtime,) = process.pool(1)
    server = launch(content, ["--dev"])
    client = calls.Client(server.port)
    headers = {"X-User-Id": "me", "X-Idempotency-Key": calls.new_key()}
    body = {"showtime_id": showtime, "seats": ["C3"]}
    booking = client.request("POST", "/api/bookings/hold", body, headers).expect(201).json
    mine = server.api.customer("me")
    payment = mine.paying(booking["booking_id"])
    message = {"transaction_id": calls.transaction_of(payment), "status": "success",
               "amount": 100000}
    server.api.webhook("momo", message, headers={}).expect(200)
    assert mine.booking(booking["booking_id"]).json["status"] == "confirmed"
    server.api.webhook("momo", message, secret="wrong").expect(401, "INVALID_WEBHOOK_SIGNATURE")
    assert "X-User-Id" in server.log()


def test_the_process_hides_its_secrets(launch):
    server = launch(process.pool(1)[0])
    with open(f"/proc/{server.process.pid}/environ", "rb") as file:
        environment = file.read()
    secrets = [server.jwt_secret, *server.webhook_secrets.values()]
    assert not any(secret.encode() in environment for secret in secrets)
    assert not any(secret in server.log() for secret in secrets)
    assert stat.S_IMODE(os.stat(server.data).st_mode) & 0o077 == 0
    assert stat.S_IMODE(os.stat(server.data / "usher.db").st_mode) & 0o077 == 0


# Probes.


@pytest.mark.sanitize
def test_probes_tell_that_all_is_well(launch):
    server = launch(process.pool(1)[0])
    well = {"ok"}
    ready = {"store": well, "writer": well, "serving": well}
    details = dict.fromkeys(["queue_depth", "commands_in_flight", "showtimes_in_memory",
                             "store_bytes", "wal_bytes", "disk_free_bytes"], int)
    shape = {"status": well, "version": str, "uptime_seconds": int}
    for path, more in (("/health/live", {"checks": {}}), ("/health/ready", {"checks": ready}),
                       ("/health", {"checks": {**ready, "disk": well, "commits": well},
                                    "details": details})):
        answer = server.api.public.get(path).expect(200)
        shapes.check(answer.json, {**shape, **more})
        assert answer.header("cache-control") == "no-store"
    print(f"idle, {server.rss_kb()} kB resident; ready after {server.ready_after_s * 1000:.0f} ms")
    assert server.rss_kb() < IDLE_RSS_LIMIT_KB or "asan" in str(process.BINARY)


# The audit.


@pytest.fixture
def audited(launch):
    """A stopped server whose data have every kind of booking."""
    content, (showtime, other) = process.pool(2)
    server = launch(content)
    server.audited = False
    customer = server.api.customer("me")
    bought = customer.held(showtime, ["C1", "C2"])
    server.api.tell(customer.paying(bought), 200000).expect(200)
    customer.cancel(customer.held(showtime, ["D1"])).expect(200)
    customer.held(other, ["C1"])
    refund = customer.held(other, ["D1"])
    payment = customer.paying(refund)
    customer.cancel(refund).expect(200)
    server.api.tell(payment, 100000).expect(200)
    done = server.audit()
    print("beside the server:", done.stdout.strip())
    assert server.stop() == 0
    return server


def test_the_audit_of_good_data_finds_nothing(audited):
    done = audited.audit()
    assert "4 bookings" in done.stdout


DAMAGE = {
    "a sold seat without a claim": "DELETE FROM seat_claim WHERE state = 'booked' AND place % 2",
    "a claim of nobody": "UPDATE seat_claim SET booking = 999999 WHERE state = 'booked'",
    "a held seat that is marked as sold": "UPDATE seat_claim SET state = 'booked',"
                                          " held_until = NULL WHERE state = 'held'",
    "a seat that does not exist": "UPDATE seat_claim SET place = 52 WHERE state = 'held'",
    "free seats counted wrong": "UPDATE showtime SET available_seats = available_seats + 1",
    "a sold booking without its payment": "UPDATE booking SET payment = NULL"
                                          " WHERE status = 'confirmed'",
    "a confirmed booking whose payment is refunded":
        "UPDATE payment SET status = 'refund_due', reason = 'requested' WHERE status = 'completed'",
    "money kept for a cancelled booking":
        "UPDATE payment SET status = 'completed', reason = NULL WHERE status = 'refund_due'",
    "a sum that is wrong": "UPDATE booking SET total = total + 1, final = final + 1"
                           " WHERE status = 'confirmed'",
    "a payment of another sum": "UPDATE payment SET amount = 1 WHERE status = 'completed'",
}


@pytest.mark.parametrize("name", DAMAGE)
def test_the_audit_tells_what_is_broken(audited, name):
    with sqlite3.connect(audited.data / "usher.db") as database:
        assert database.execute(DAMAGE[name]).rowcount > 0
    database.close()
    done = audited.run("audit")
    print(done.stdout)
    assert done.returncode == 1
    assert len(done.stdout.splitlines()) >= 2


def test_an_audit_without_data_is_told(tmp_path):
    done = process.run("audit", environment={"USHER_DATA": str(tmp_path / "nothing")})
    assert done.returncode == USAGE_EXIT_CODE and "nothing" in done.stderr


# The end.


@pytest.mark.sanitize
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_server_ends_when_asked_and_closes_idle_connections(launch, number):
    server = launch(process.pool(1)[0])
    client = calls.Client(server.port)
    client.get("/health/live").expect(200)
    began_s = time.monotonic()
    server.process.send_signal(number)
    assert server.wait() == 0
    print(f"ended after {(time.monotonic() - began_s) * 1000:.0f} ms")
    assert time.monotonic() - began_s < 5
    with pytest.raises(ConnectionRefusedError):
        calls.Client(server.port).get("/health/live")


class Hammer:
    """A customer who holds seats one after the other until the connection ends."""

    def __init__(self, server, number, showtime, row):
        self.customer = server.api.customer(f"hammer-{number}")
        self.showtime, self.row = showtime, row
        self.held, self.unanswered_since = [], None

    def run(self):
        seat = 0
        while True:
            seat = seat % 12 + 1
            sent_s = time.monotonic()
            try:
                answer = self.customer.hold(self.showtime, [f"{self.row}{seat}"])
                if answer.status == 201:
                    booking = answer.json["booking_id"]
                    self.held.append(booking)
                    if seat > 8:
                        self.customer.cancel(booking)
            except (OSError, http.client.HTTPException):
                self.unanswered_since = sent_s
                return


@pytest.mark.races
def test_a_server_that_ends_under_load_answers_what_is_under_way(launch):
    content, showtimes = process.pool(4)
    server = launch(content, MAX_HELD_SEATS="1000")
    hammers = [Hammer(server, number, showtimes[number % 4], "BCDFGH"[number // 4])
               for number in range(16)]
    threads = [threading.Thread(target=hammer.run) for hammer in hammers]
    for thread in threads:
        thread.start()
    time.sleep(0.7)
    asked_s = time.monotonic()
    assert server.stop() == 0
    for thread in threads:
        thread.join(30)
    assert all(hammer.held for hammer in hammers)
    for hammer in hammers:  # Sixteen threads of one interpreter keep each other from sending.
        assert hammer.unanswered_since >= asked_s - 0.5, "a request was dropped"
    server.start()
    for hammer in hammers:
        again = calls.Customer(server.port, hammer.customer.user, hammer.customer.token)
        for booking in hammer.held:
            again.booking(booking).expect(200)
        again.close()


# The demo.


@pytest.fixture(scope="module")
def demo(launch_for_module):
    taken = {name: None for name in ("JWT_SECRET", "PAYMENT_GATEWAY_URL", "DEFAULT_RETURN_URL",
                                     "RETURN_URL_HOSTS",
                                     *(f"WEBHOOK_SECRET_{name.upper()}"
                                       for name in process.PROVIDERS))}
    server = launch_for_module(arguments=["--demo"], name="demo", **taken)
    server.jwt_secret = (server.data / "jwt-secret").read_text().strip()
    return server


def wait_for_status(customer, booking, wanted):
    limit_s = time.monotonic() + 10
    while customer.booking(booking).json["status"] != wanted:
        assert time.monotonic() < limit_s, f"the booking does not become {wanted}"
        time.sleep(0.05)


def test_a_demo_fills_an_empty_store_with_shows_to_come(demo):
    api = demo.api
    for kind in ("movies", "cinemas"):
        assert api.public.get(f"/api/{kind}").expect(200).json["items"]
    shown = api.public.get("/api/showtimes?available=true&limit=100").expect(200).json["items"]
    assert len(shown) >= 10
    for item in shown:
        assert catalogue.parse_moment(item["start_time"]) > time.time()
    assert stat.S_IMODE(os.stat(demo.data / "jwt-secret").st_mode) == 0o600


def test_a_demo_is_not_loaded_twice_and_keeps_its_secret(demo):
    path = "/api/showtimes?limit=100"
    before = demo.api.public.get(path).json
    token = demo.run("token", "--user", "me").stdout.strip()
    demo.restart()
    assert demo.api.public.get(path).json == before
    calls.Client(demo.port, token).get("/api/bookings").expect(200)


def free_seats(api):
    showtime = api.public.get("/api/showtimes?available=true&limit=1").json["items"][0]["id"]
    seats = api.seats(showtime)["seats"]
    return showtime, [name for name, seat in seats.items() if seat["status"] == "available"]


@pytest.mark.races
def test_a_demos_seat_is_bought_in_the_sandbox(demo):
    showtime, free = free_seats(demo.api)
    customer = demo.api.customer()
    booking = customer.held(showtime, free[-2:])
    page = customer.confirm(booking).expect(200).json["payment_url"]
    assert page.startswith(f"http://127.0.0.1:{demo.port}/")
    path = page.split(str(demo.port), 1)[1]
    demo.api.public.get(path).expect(200)
    demo.api.public.request("POST", path, b"action=pay",
                            {"Content-Type": "application/x-www-form-urlencoded"}).expect(202)
    wait_for_status(customer, booking, "confirmed")


def test_the_readmes_way_to_a_seat_works_as_it_is_written(demo):
    readme = (process.REPOSITORY / "README.md").read_text()
    script = readme.split("```sh\n", 1)[1].split("```", 1)[0]
    assert "localhost:3000" in script and "build/usher" in script
    script = script.replace("localhost:3000", f"127.0.0.1:{demo.port}")
    script = script.replace("build/usher", str(process.BINARY))
    done = subprocess.run(["bash", "-eu", "-c", script], capture_output=True, text=True,
                          env=process.clean_environment(USHER_DATA=str(demo.data)),
                          timeout=60, check=False)
    print(done.stdout, done.stderr)
    assert done.returncode == 0
    last = json.loads(done.stdout.strip().splitlines()[-1])
    shapes.check(last, shapes.CONFIRMED)


def test_the_home_page_tells_how_to_get_a_token_only_in_a_demo(demo, launch):
    assert "usher token" in demo.api.public.get("/").expect(200).body.decode()
    assert "usher token" not in launch().api.public.get("/").expect(200).body.decode()


def test_localhost_is_the_loopback_address(launch):
    server = launch(HOST="localhost", METRICS_HOST="localhost")
    server.api.public.get("/health/live").expect(200)


def test_there_is_no_sandbox_without_demo(launch):
    content, (showtime,) = process.pool(1)
    server = launch(content)
    customer = server.api.customer()
    payment = customer.paying(customer.held(showtime, ["C3"]))
    path = f"/sandbox/momo/pay/{calls.transaction_of(payment)}"
    server.api.public.get(path).expect(404, "NOT_FOUND")
    server.api.public.request("POST", path, b"action=pay").expect(404, "NOT_FOUND")
