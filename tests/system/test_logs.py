"""The log: an object a line, one request can be found in it, and no secret ever is."""

import json
import os
import pty
import re
import socket
import subprocess
import uuid

import pytest
from support import api as calls
from support import metrics, process, signing

LEVELS = {"error", "warning", "info", "debug"}
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
INTRUDER_LINES_MAX = 5  # Of a loop, in ten seconds.


@pytest.fixture
def loud(launch):
    content, server_showtimes = process.pool(2)
    server = launch(content, LOG_LEVEL="debug", USHER_LOOPS="1")
    server.showtimes = server_showtimes
    return server


def requests(server, request_id):
    return [line for line in server.events() if line.get("request_id") == request_id]


def test_a_log_that_nobody_reads_stops_nothing_and_counts_what_it_lost(launch):
    """A pipe holds 64 KB; a debug line for each request fills it soon."""
    content, (showtime,) = process.pool(1)
    server = launch(content, start=False, LOG_LEVEL="debug", USHER_LOOPS="1", METRICS_PORT="0")
    running = subprocess.Popen([str(process.BINARY), "serve"], stderr=subprocess.PIPE,
                               stdin=subprocess.DEVNULL,
                               env=process.clean_environment(**server.settings))
    try:
        serving = {}
        while serving.get("event") != "serving":
            serving = json.loads(running.stderr.readline())
        server.port = int(serving["url"].rsplit(":", 1)[1])
        operator = calls.Operator(int(serving["metrics"].rsplit(":", 1)[1]))
        for _ in range(1000):
            server.api.public.get("/api/movies").expect(200)
        lost = metrics.scrape(operator).value("usher_log_lines_lost_total")
        assert lost > 100
        os.set_blocking(running.stderr.fileno(), False)
        while running.stderr.read(65536):
            pass
        server.api.customer().held(showtime, ["C1"])
        os.set_blocking(running.stderr.fileno(), True)
        told = {}
        while told.get("event") != "log_lost":
            told = json.loads(running.stderr.readline())
        assert told["lines"] >= lost
        for _ in range(1000):
            server.api.public.get("/api/movies").expect(200)
    finally:
        running.terminate()
        assert running.wait(process.STOP_TIMEOUT_S) == 0
        running.stderr.close()


@pytest.mark.sanitize
def test_every_line_is_an_object_with_time_level_and_event(loud):
    customer = loud.api.customer()
    customer.held(loud.showtimes[0], ["C1"])
    loud.restart()
    events = loud.events()
    for line in events:
        assert MOMENT.fullmatch(line["time"]) and line["level"] in LEVELS and line["event"]
    names = [line["event"] for line in events]
    for name in ("store_open", "serving", "request", "turn", "commit", "stopping", "stopped"):
        assert name in names


def test_the_documentation_lists_every_event_and_no_other():
    sources = "".join(path.read_text() for path in (process.REPOSITORY / "src").rglob("*.c"))
    named = set(re.findall(r'(?:log_(?:event|write)\([^,"]+,\s*|\.event = )"(\w+)"', sources))
    # Those that are chosen: `condition ? "one" : "other"`, and the lines of requests.
    named |= {name for pair in re.findall(
        r'log_event\([^;,]+,\s*[^;,]*?\? "(\w+)"\s*: "(\w+)"', sources) for name in pair}
    observer = (process.REPOSITORY / "src" / "http" / "observer.c").read_text()
    named |= set(re.findall(r'"(request|[a-z]+_[a-z]+)"', observer)) - {"request_id", "left_out"}
    table = (process.REPOSITORY / "docs" / "monitoring.md").read_text().split("| event |")[1]
    listed = set(re.findall(r"`([a-z_]+)`", "".join(
        line.split("|")[1] for line in table.splitlines()[2:] if line.startswith("|"))))
    assert len(named) > 25 and named == listed, named ^ listed


def test_a_request_is_told_with_all_that_finds_it_again(loud):
    customer, showtime = loud.api.customer("someone"), loud.showtimes[0]
    answer = customer.hold(showtime, ["C1"]).expect(201)
    (line,) = requests(loud, answer.header("x-request-id"))
    assert line["level"] == "debug" and line["event"] == "request"
    assert (line["method"], line["route"], line["status"]) == ("POST", "/api/bookings/hold", 201)
    assert (line["user"], line["showtime"]) == ("someone", showtime)
    assert line["version"] == answer.version
    assert line["bytes"] == len(answer.body) and 0 < line["micros"] < 10_000_000
    assert "error" not in line

    refused = customer.hold(showtime, ["C1"]).expect(409, "SEAT_HELD_BY_ANOTHER")
    (line,) = requests(loud, refused.header("x-request-id"))
    assert line["error"] == refused.code and line["status"] == 409
    mine = str(uuid.uuid4())
    loud.api.public.request("GET", f"/api/showtimes/{showtime}/seats?consistency=", headers={
        "X-Request-Id": mine}).expect(200)
    (line,) = requests(loud, mine)
    assert line["route"] == "/api/showtimes/:id/seats" and line["showtime"] == showtime


def test_turns_and_commits_are_told_at_debug(loud):
    loud.api.customer().held(loud.showtimes[0], ["C1", "C2"])
    (turn,) = [line for line in loud.events("turn") if line["seats"] == 2]
    assert turn["showtime"] == loud.showtimes[0] and turn["commands"] == 1
    assert any(line["turns"] == 1 for line in loud.events("commit"))


def test_at_info_a_request_that_went_well_or_was_refused_leaves_no_line(launch):
    content, (showtime,) = process.pool(1)
    server = launch(content)
    customer = server.api.customer()
    customer.held(showtime, ["C1"])
    customer.hold(showtime, ["C1"]).expect(409, "SEAT_HELD_BY_ANOTHER")
    server.api.public.get("/nothing").expect(404, "NOT_FOUND")
    names = {line["event"] for line in server.events()}
    assert names <= {"store_open", "serving", "rate_limits_off"}


def test_at_info_a_failure_of_ours_leaves_a_line(launch):
    server = launch(process.pool(1)[0], WEBHOOK_SECRET_CARD=None)
    answer = server.api.webhook("card", {"x": 1}).expect(503, "PROVIDER_NOT_CONFIGURED")
    (line,) = requests(server, answer.header("x-request-id"))
    assert line["level"] == "info" and line["error"] == "PROVIDER_NOT_CONFIGURED"
    assert line["route"] == "/api/payments/webhook/:provider"


@pytest.mark.sanitize
@pytest.mark.parametrize("level", ["info", "debug"])
def test_no_secret_is_ever_logged(launch, level):
    content, (showtime,) = process.pool(1)
    server = launch(content, LOG_LEVEL=level)
    api = server.api
    customer = api.customer()
    booking = customer.held(showtime, ["C3"])
    payment = customer.paying(booking)
    api.tell(payment, 100000).expect(200)
    forged = signing.token("0123456789abcdef" * 4, "somebody")
    calls.Client(server.port, forged).get("/api/bookings").expect(401, "TOKEN_INVALID")
    body = json.dumps({"transaction_id": "marked-body-text"}).encode()
    signature = signing.webhook_signature("wrong-secret", body, None)
    api.webhook("momo", body, headers={"X-Signature": signature}).expect(
        401, "INVALID_WEBHOOK_SIGNATURE")
    api.public.get("/api/movies?token=marked-query-text")
    api.public.get("/marked-path-text")
    key = calls.new_key()
    customer.hold(showtime, ["C9"], key).expect(201)
    log = server.log()
    assert "login_failed" in log and "webhook_forged" in log
    for secret in (server.jwt_secret, *server.webhook_secrets.values(), customer.token, forged,
                   forged.split(".")[1], forged.split(".")[2], signature, "marked-body-text",
                   "marked-query-text", "marked-path-text", "wrong-secret", key, "Bearer"):
        assert secret not in log, f"the log has {secret!r}"
    digest = re.search(r"[0-9a-f]{64}", signature)
    assert digest and digest.group(0) not in log


def test_nothing_from_outside_forges_a_line(loud):
    forged = '"}\n{"time":"2020-01-01T00:00:00.000Z","level":"error","event":"forged"}'
    lines_before = len(loud.events())
    for raw in (
        f"GET /{forged} HTTP/1.1\r\nHost: x\r\n\r\n",
        f"GET / HTTP/1.1\r\nHost: x\r\nUser-Agent: {forged}\r\n\r\n",
        f"GET / HTTP/1.1\r\nHost: x\r\nX-Request-Id: {forged}\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\nX-Request-Id: a\x1b[2J\r\n\r\n",
        'GET /"x\\ HTTP/1.1\r\nHost: x\r\nX-Request-Id: "},{"event":"forged\r\n\r\n',
        "GET /api/bookings HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer \"},\"forged\r\n\r\n",
    ):
        with socket.create_connection(("127.0.0.1", loud.port), 5) as connection:
            connection.sendall(raw.encode())
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(4096):
                pass
    events = loud.events()
    assert len(events) >= lines_before + 6
    assert "forged" not in {line["event"] for line in events}
    assert "forged" not in loud.log() and "\x1b" not in loud.log()


def test_failed_logins_are_warnings_and_a_flood_of_them_hides_no_forged_webhook(launch):
    content, _ = process.pool(1)
    server = launch(content, USHER_LOOPS="1")
    client = calls.Client(server.port, signing.token("0123456789abcdef" * 4, "somebody"))
    for _ in range(60):
        client.get("/api/bookings").expect(401, "TOKEN_INVALID")
    lines = server.events("login_failed")
    assert 1 <= len(lines) <= 2 * INTRUDER_LINES_MAX  # Ten seconds may begin in between.
    assert {line["level"] for line in lines} == {"warning"}
    assert lines[0]["why"] == "the token's signature is not valid"
    assert lines[0]["peer"] == "127.0.0.1" and "user" not in lines[0]
    for _ in range(3):
        server.api.webhook("momo", {"x": 1}, secret="wrong").expect(
            401, "INVALID_WEBHOOK_SIGNATURE")
    forged = server.events("webhook_forged")
    assert len(forged) == 3 and forged[0]["level"] == "warning" and "left_out" not in forged[0]


def test_at_debug_every_stranger_has_a_line(loud):
    client = calls.Client(loud.port, signing.token("0123456789abcdef" * 4, "somebody"))
    for _ in range(30):
        client.get("/api/bookings").expect(401, "TOKEN_INVALID")
        loud.api.webhook("momo", {"x": 1}, secret="wrong").expect(401, "INVALID_WEBHOOK_SIGNATURE")
    assert len(loud.events("login_failed")) == len(loud.events("webhook_forged")) == 30


def test_a_missing_token_is_no_failed_login(loud):
    calls.Client(loud.port).get("/api/bookings").expect(401, "TOKEN_MISSING")
    assert not loud.events("login_failed")


@pytest.mark.parametrize("chosen, expected", [(None, "text"), ("json", "json"), ("text", "text")])
def test_a_terminal_gets_lines_for_people(launch, chosen, expected):
    server = launch(process.pool(1)[0], start=False, LOG_FORMAT=chosen)
    primary, secondary = pty.openpty()
    running = subprocess.Popen(
        [str(process.BINARY), "serve"], env=process.clean_environment(**server.settings),
        stdin=subprocess.DEVNULL, stdout=secondary, stderr=secondary)
    os.close(secondary)
    text = b""
    while b"serving" not in text or not text.endswith(b"\n"):
        text += os.read(primary, 4096)
    running.terminate()
    assert running.wait(process.STOP_TIMEOUT_S) == 0
    os.close(primary)
    line = text.decode().splitlines()[0]
    if expected == "json":
        assert json.loads(line)["event"] == "store_open"
    else:
        assert re.match(MOMENT.pattern + r' info store_open file="', line)


def test_without_a_terminal_text_is_given_only_if_asked_for(launch):
    server = launch(process.pool(1)[0], LOG_FORMAT="text")
    assert re.search(r' info serving url="http://127\.0\.0\.1:\d+" metrics="off"', server.log())
