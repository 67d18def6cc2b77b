"""/metrics: well formed, and it counts what happened; the operator's listener and health."""

import json
import re
import socket
import threading
import time

import pytest
from support import api as calls
from support import catalogue, metrics, process, shapes

SEATS = [seat for seat in catalogue.S1_SEATS if seat[0] in "BCDF"]


@pytest.fixture
def server(launch):
    content, server_showtimes = process.pool(3)
    server = launch(content, METRICS_PORT="0", HOLD_SECONDS="600")
    server.showtimes = server_showtimes
    return server


def growth(client, act):
    """What a metric has grown by while `act` ran."""
    before = metrics.scrape(client)
    act()
    after = metrics.scrape(client)
    for key, value in before.samples.items():
        if before.kinds.get(metrics.family_of(key[0], before.kinds)) != "gauge":
            assert after.samples[key] >= value, f"{key} shrank"
    return lambda name, **labels: after.total(name, **labels) - before.total(name, **labels)


def wait_for(judge):
    limit_s = time.monotonic() + 10
    while not judge():
        assert time.monotonic() < limit_s, "it does not come"
        time.sleep(0.05)


@pytest.mark.sanitize
def test_the_page_is_what_prometheus_expects(server):
    operator = server.operator()
    page = metrics.scrape(operator)
    assert page.value("usher_build_info", version="0.1.0", mode="embedded") == 1
    assert page.value("usher_store_in_place") == 1
    assert page.value("process_resident_memory_bytes") > 1 << 20
    assert page.value("process_open_fds") > 10
    assert abs(page.value("process_start_time_seconds") - time.time()) < 60
    assert page.value("usher_store_bytes") == (server.data / "usher.db").stat().st_size
    assert page.value("usher_disk_free_bytes") > 0
    assert page.value("usher_showtimes_in_memory") == 0
    for status in ("available", "held", "booked", "blocked"):
        assert page.value("usher_seats", status=status) == 0
    text = operator.get("/metrics").body.decode()
    metrics.check_with_promtool(["check", "metrics"], text)


def test_every_kind_of_request_leaves_the_page_well_formed(server):
    api, operator, showtime = server.api, server.operator(), server.showtimes[0]
    customer = api.customer()
    payment = customer.paying(customer.held(showtime, ["C3"]))
    api.tell(payment, 100000).expect(200)
    for method in ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD", "BREW"):
        for path in ("/", "/nothing", "/api/bookings", "/api/bookings/hold", '/a"b\\c',
                     f"/api/showtimes/{showtime}/seats", "/health", "/problems"):
            api.public.request(method, path)
    page = metrics.scrape(operator)
    routes = {dict(labels)["route"] for name, labels in page.samples
              if name == "usher_requests_total"}
    assert "/api/showtimes/:id/seats" in routes and "none" in routes
    assert not any('a"b' in route or showtime in route for route in routes)
    metrics.check_with_promtool(["check", "metrics"], operator.get("/metrics").body.decode())


def test_requests_are_counted_by_route_method_and_status(server):
    api, showtime = server.api, server.showtimes[0]
    customer = api.customer()

    def act():
        for seat in ("C1", "C2", "C3"):
            customer.held(showtime, [seat])
        customer.hold(showtime, ["C1"]).expect(409, "SEAT_HELD_BY_ANOTHER")
        customer.hold(showtime, ["Z99"]).expect(400, "INVALID_SEAT")
        for _ in range(4):
            api.public.get("/api/movies").expect(200)
        api.public.request("HEAD", "/api/movies")
        api.public.get("/nothing/here").expect(404, "NOT_FOUND")
        calls.Client(server.port, "forged").get("/api/bookings").expect(401, "TOKEN_INVALID")

    grown = growth(server.operator(), act)
    requests, hold = "usher_requests_total", "/api/bookings/hold"
    assert grown(requests, route=hold, method="POST", status="201") == 3
    assert grown(requests, route=hold, method="POST", status="409") == 1
    assert grown(requests, route=hold, method="POST", status="400") == 1
    assert grown(requests, route=hold) == 5
    assert grown(requests, route="/api/movies", method="GET", status="200") == 5
    assert grown(requests, route="none", method="GET", status="404") == 1
    assert grown(requests, route="/api/bookings", method="GET", status="401") == 1
    assert grown(requests) == 12
    assert grown("usher_request_seconds_count", route=hold) == 5
    for status, count in (("2xx", 3), ("4xx", 2), ("5xx", 0)):
        assert grown("usher_request_seconds_count", route=hold, status=status) == count
    assert 0 < grown("usher_request_seconds_sum", route=hold) < 5
    for code, count in (("SEAT_HELD_BY_ANOTHER", 1), ("INVALID_SEAT", 1), ("NOT_FOUND", 1),
                        ("TOKEN_INVALID", 1)):
        assert grown("usher_refusals_total", code=code) == count, code
    assert grown("usher_refusals_total") == 4
    assert grown("usher_answer_bytes_total") > 1000


def test_what_is_refused_before_it_is_a_request_is_counted_too(server):
    def act():
        with socket.create_connection(("127.0.0.1", server.port), 5) as connection:
            connection.sendall(b"GET / HTTP/1.1\r\n\r\n")  # Without a Host.
            assert connection.recv(100).startswith(b"HTTP/1.1 400 ")

    grown = growth(server.operator(), act)
    assert grown("usher_requests_total", route="none", method="OTHER", status="400") == 1
    assert grown("usher_refusals_total", code="BAD_REQUEST") == 1
    # It took no time that anybody waited for.
    assert grown("usher_request_seconds_count", route="none") == 0


def test_bookings_payments_and_seats_are_counted(server):
    api, operator, (showtime, other, _) = server.api, server.operator(), server.showtimes
    customer = api.customer()

    def act():
        paid = customer.held(showtime, ["C1", "C2"])
        payment = customer.paying(paid)
        api.tell(payment, 200000).expect(200)
        api.tell(payment, 200000).expect(200)  # Known already.
        late = customer.paying(paid_not := customer.held(showtime, ["C3"]))
        customer.cancel(paid_not).expect(200)
        api.tell(late, 100000).expect(200)
        customer.held(other, ["D1"])

    grown = growth(operator, act)
    assert grown("usher_bookings_total", status="pending") == 3
    assert grown("usher_bookings_total", status="confirmed") == 1
    assert grown("usher_bookings_total", status="cancelled") == 1
    assert grown("usher_bookings_total", status="expired") == 0
    assert grown("usher_payments_total", status="pending") == 2
    assert grown("usher_payments_total", status="completed") == 1
    assert grown("usher_payments_total", status="refund_due") == 1
    assert grown("usher_commit_seconds_count") >= 6
    assert grown("usher_turn_commands_count") >= 8
    assert grown("usher_batch_commands_sum") >= 8
    assert grown("usher_commit_failures_total") == 0
    page = metrics.scrape(operator)
    assert page.value("usher_seats", status="booked") == 2
    assert page.value("usher_seats", status="held") == 1
    assert page.value("usher_showtimes_in_memory") == 2
    assert page.value("usher_bookings_pending") == 1
    assert page.value("usher_refunds_due") == 1
    assert page.value("usher_refund_due_oldest_seconds") < 60
    assert page.value("usher_wal_bytes") > 0
    assert page.value("usher_queue_depth") == page.value("usher_commands_in_flight") == 0
    time.sleep(1.1)
    assert metrics.scrape(operator).value("usher_refund_due_oldest_seconds") >= 1


def test_a_hold_that_ends_by_the_clock_is_counted(launch):
    content, (showtime,) = process.pool(1)
    server = launch(content, METRICS_PORT="0", HOLD_SECONDS="1")
    operator = server.operator()
    server.api.customer().held(showtime, ["C1"])
    wait_for(lambda: metrics.scrape(operator).value("usher_holds_expired_total") == 1)
    page = metrics.scrape(operator)
    assert page.value("usher_bookings_total", status="expired") == 1
    assert page.value("usher_seats", status="held") == 0
    assert page.value("usher_bookings_pending") == 0


def test_open_connections_are_shown_by_loop(launch):
    server = launch(process.pool(1)[0], METRICS_PORT="0", USHER_LOOPS="2")
    operator = server.operator()
    clients = [calls.Client(server.port) for _ in range(10)]
    for client in clients:
        client.get("/health/live").expect(200)
    page = metrics.scrape(operator)
    assert page.total("usher_connections") == 10
    assert {dict(labels)["loop"] for name, labels in page.samples
            if name == "usher_connections"} == {"0", "1"}
    for client in clients:
        client.close()
    wait_for(lambda: metrics.scrape(operator).total("usher_connections") == 0)


@pytest.mark.races
@pytest.mark.sanitize
def test_scrapes_while_customers_buy_see_numbers_that_only_grow(server):
    operator, customers_count = server.operator(), 6
    holds = []

    def buy(number):
        customer = server.api.customer(f"customer-{number}")
        for seat in SEATS[number::customers_count]:
            for showtime in server.showtimes[:2]:
                holds.append(customer.hold(showtime, [seat]).status)
                server.api.seats(showtime)

    threads = [threading.Thread(target=buy, args=(number,)) for number in range(customers_count)]
    for thread in threads:
        thread.start()
    before = metrics.scrape(operator)
    while any(thread.is_alive() for thread in threads):
        page = metrics.scrape(operator)
        operator.get("/health").expect(200)
        for key, value in before.samples.items():
            if page.kinds[metrics.family_of(key[0], page.kinds)] != "gauge":
                assert page.samples[key] >= value, key
        before = page
    page = metrics.scrape(operator)
    assert holds.count(201) == page.value("usher_bookings_total", status="pending")
    assert len(holds) == page.total("usher_requests_total", route="/api/bookings/hold")
    assert page.value("usher_batch_commands_sum") >= len(holds)


# What is installed and written about them.


PACKAGING = process.REPOSITORY / "packaging"
NAMED = re.compile(r"\b(?:usher|process)_[a-z_]+\b")


def test_the_documentation_lists_every_metric_and_no_other(server):
    page = metrics.scrape(server.operator())
    text = (process.REPOSITORY / "docs" / "monitoring.md").read_text()
    table = text[text.index("| metric |"):text.index("What it costs")]
    rows = [row.split("|")[1:3] for row in table.splitlines()[2:] if row.startswith("|")]
    listed = {name: kind.strip() for names, kind in rows for name in NAMED.findall(names)}
    assert listed == page.kinds


@pytest.mark.parametrize("path", ["grafana/usher.json", "prometheus/usher.rules.yml"])
def test_dashboard_and_alerts_name_metrics_that_there_are(server, path):
    page = metrics.scrape(server.operator())
    text = (PACKAGING / path).read_text()
    pages = (process.REPOSITORY / "docs" / "monitoring.md").read_text()
    shared = NAMED.findall(pages[pages.index("### Of several instances"):pages.index("## Alerts")])
    named = {metrics.family_of(name, page.kinds) for name in NAMED.findall(text)}
    assert len(named) > 10
    assert named <= page.kinds.keys() | set(shared)


def test_dashboard_and_alerts_are_well_formed():
    board = json.loads((PACKAGING / "grafana" / "usher.json").read_text())
    ids = [panel["id"] for panel in board["panels"]]
    assert len(ids) == len(set(ids))
    taken = [(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in board["panels"]]
    assert len(taken) == len(set(taken))
    metrics.check_with_promtool(["check", "rules", PACKAGING / "prometheus" / "usher.rules.yml"])
    rules = (PACKAGING / "prometheus" / "usher.rules.yml").read_text()
    text = (process.REPOSITORY / "docs" / "monitoring.md").read_text()
    alerts = set(re.findall(r"- alert: (\w+)", rules))
    assert alerts == set(re.findall(r"`(Usher\w+)`", text))


def test_open_streams_are_shown_and_counted_as_answers(server):
    operator, path = server.operator(), f"/api/showtimes/{server.showtimes[0]}/events"
    with socket.create_connection(("127.0.0.1", server.port), 5) as stream:
        stream.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        assert stream.recv(4096).startswith(b"HTTP/1.1 200")
        page = metrics.scrape(operator)
        assert page.value("usher_listeners") == 1
        assert page.value("usher_requests_total", route="/api/showtimes/:id/events",
                          method="GET", status="200") == 1
    wait_for(lambda: metrics.scrape(operator).value("usher_listeners") == 0)


# The listener.


def test_the_operators_listener_has_metrics_and_health_and_nothing_else(server):
    operator = server.operator()
    for path in ("/health", "/health/ready", "/health/live"):
        assert operator.get(path).expect(200).json["status"] == "ok"
    for path in ("/", "/api/movies", "/metrics/", "/metricsx", "/problems"):
        shapes.check_problem(operator.get(path), 404, "NOT_FOUND", path)
    answer = operator.request("POST", "/metrics", b"x").expect(405, "METHOD_NOT_ALLOWED")
    assert answer.header("allow") == "GET, HEAD"
    assert operator.request("HEAD", "/metrics").body == b""
    server.api.public.get("/metrics").expect(404, "NOT_FOUND")


def test_off_opens_no_listener(launch):
    server = launch(process.pool(1)[0])
    assert server.events("serving")[-1]["metrics"] == "off"


def test_a_port_that_is_taken_refuses_to_start(launch):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        server = launch(process.pool(1)[0], start=False, METRICS_PORT=port)
        done = server.run("serve")
    assert done.returncode == 2
    assert f"METRICS_HOST: port {port} is in use" in done.stderr and "off" in done.stderr


@pytest.mark.parametrize("setting, value", [
    ("METRICS_PORT", "none"), ("METRICS_PORT", "65536"), ("METRICS_HOST", "somewhere"),
    ("LOG_FORMAT", "xml")])
def test_a_wrong_setting_of_the_operator_is_named(launch, setting, value):
    server = launch(start=False, **{"METRICS_PORT": "0", setting: value})
    done = server.run("serve")
    assert done.returncode == 2
    assert setting in done.stderr


def test_secrets_and_users_are_not_in_the_page(server):
    api, showtime = server.api, server.showtimes[0]
    customer = api.customer("secret-user-name")
    customer.held(showtime, ["C1"])
    text = server.operator().get("/metrics").body.decode()
    for secret in (server.jwt_secret, *server.webhook_secrets.values(), "secret-user-name",
                   showtime):
        assert secret not in text


# Health.


def test_health_gives_verdicts_and_numbers(server):
    body = server.api.public.get("/health").expect(200).json
    assert body["status"] == "ok"
    assert body["checks"] == dict.fromkeys(["store", "writer", "serving", "disk", "commits"], "ok")
    details = body["details"]
    assert details["queue_depth"] == details["commands_in_flight"] == 0
    assert details["store_bytes"] > 0 and details["disk_free_bytes"] > 0
    assert "commit_error" not in details
    ready = server.api.public.get("/health/ready").expect(200).json
    assert ready["checks"] == dict.fromkeys(["store", "writer", "serving"], "ok")
    assert "details" not in ready
    assert server.api.public.get("/health/live").expect(200).json["checks"] == {}


@pytest.mark.sanitize
def test_a_store_that_is_not_in_its_place_is_not_ready(server):
    """The server could go on with an open file that the next start would not find."""
    api, operator = server.api, server.operator()
    for name in ("usher.db", "usher.db-wal"):
        moved = server.data / f"{name}.away"
        (server.data / name).rename(moved)
        for client in (api.public, operator):
            ready = client.get("/health/ready")
            assert ready.status == 503 and ready.json["checks"]["store"] == "failed"
            assert client.get("/health").status == 503
            client.get("/health/live").expect(200)
        assert metrics.scrape(operator).value("usher_store_in_place") == 0
        moved.rename(server.data / name)
        api.public.get("/health/ready").expect(200)
    (server.data / "usher.db").rename(server.data / "kept")
    (server.data / "usher.db").write_bytes(b"")  # Another file of that name.
    assert api.public.get("/health/ready").status == 503
    (server.data / "kept").rename(server.data / "usher.db")
    api.public.get("/health").expect(200)


def test_the_end_is_told_on_the_operators_listener(server):
    """Traffic goes elsewhere while the last requests are answered."""
    operator = server.operator()
    operator.get("/health/ready").expect(200)
    with socket.create_connection(("127.0.0.1", server.port), 5) as slow:
        slow.sendall(b"POST /api/bookings/hold HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n")
        time.sleep(0.2)
        server.process.terminate()
        wait_for(lambda: operator.get("/health/ready").status == 503)
        ready = operator.get("/health/ready").json
        assert ready["checks"] == {"store": "ok", "writer": "ok", "serving": "failed"}
        metrics.scrape(operator)
    assert server.wait() == 0
    assert json.loads(server.log().splitlines()[-1])["event"] == "stopped"
