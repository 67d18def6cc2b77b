"""Hostile clients against the limits as they are by default, or made small to be met quickly."""

import re
import socket
import time

import pytest
from support import api as calls
from support import catalogue, listening, process, sockets, swarm

FAR = "1/h"  # What does not come back while a test runs.
POLICY = re.compile(r'"([a-z-]+)";q=(\d+);w=(\d+)')
REST = re.compile(r'^"([a-z-]+)";r=(\d+);t=(\d+)$')


@pytest.fixture
def limited(launch):
    """Starts a server with limits: limited(RATE_LIMIT_USER_WRITES="5:1/h")."""

    def start(**settings):
        content, showtimes = process.pool(3)
        server = launch(content, **{"RATE_LIMIT": "on", **settings})
        server.showtimes = showtimes
        return server

    return start


def assert_limited(answer, policy):
    """A refusal that tells whoever is patient all he needs."""
    answer.expect(429, "RATE_LIMITED")
    assert int(answer.header("retry-after")) >= 1
    name, left, _ = REST.match(answer.header("ratelimit")).groups()
    assert (name, left) == (policy, "0")
    assert policy in [found[0] for found in POLICY.findall(answer.header("ratelimit-policy"))]
    assert answer.header("cache-control") == "no-store"
    assert policy in answer.json["detail"]
    return answer


def statuses(answers):
    """How many answers have each status."""
    counts = {}
    for answer in answers:
        counts[answer.status] = counts.get(answer.status, 0) + 1
    return counts


def test_by_default_a_thousand_holds_of_one_token_get_201_and_409_and_never_429(limited):
    server = limited(RATE_LIMIT=None)
    token = server.api.token("the-impatient")
    requests = [swarm.hold_bytes(token, server.showtimes[0], ["C3"]) for _ in range(1000)]
    answers, took_s = swarm.fire(server.port, requests)
    print(f"took {took_s * 1000:.0f} ms")
    assert statuses(answers) == {201: 1, 409: 999}


def test_by_default_a_thousand_users_at_one_address_hold_at_once(limited):
    server = limited(RATE_LIMIT=None)
    requests = [
        swarm.hold_bytes(server.api.token(f"racer-{number}"), server.showtimes[0], ["C3"])
        for number in range(1000)
    ]
    assert statuses(swarm.fire(server.port, requests)[0]) == {201: 1, 409: 999}


def test_by_default_a_flood_of_one_user_ends_and_his_neighbour_goes_on(limited):
    server = limited(RATE_LIMIT=None)
    token = server.api.token("the-flood")
    counts = {}
    for _ in range(3):
        requests = [swarm.hold_bytes(token, server.showtimes[0], ["C3"]) for _ in range(900)]
        for status, count in statuses(swarm.fire(server.port, requests)[0]).items():
            counts[status] = counts.get(status, 0) + count
    assert counts[201] == 1
    assert counts[429] > 300, counts
    server.api.customer().held(server.showtimes[0], ["D1"])


@pytest.mark.races
@pytest.mark.sanitize
def test_loops_share_the_bucket_of_a_user(limited):
    server = limited(RATE_LIMIT_USER_WRITES=f"50:{FAR}", USHER_LOOPS="4")
    token = server.api.token("alice")
    requests = [swarm.hold_bytes(token, server.showtimes[0], ["C3"]) for _ in range(200)]
    assert statuses(swarm.fire(server.port, requests)[0]) == {201: 1, 409: 49, 429: 150}


def test_answers_announce_the_limits_and_what_is_left(limited):
    server = limited(RATE_LIMIT_USER_READS="10:1/s", RATE_LIMIT_ADDRESS_READS="100:1/s",
                     RATE_LIMIT_FAILURES=f"200:{FAR}")
    customer = server.api.customer()
    answer = customer.bookings().expect(200)
    assert answer.header("ratelimit-policy") == '"user-reads";q=10;w=10, "address-reads";q=100;w=100'
    assert answer.header("ratelimit") == '"user-reads";r=9;t=1'
    public = server.api.public.get("/api/movies").expect(200)
    assert public.header("ratelimit-policy") == '"address-reads";q=100;w=100'
    assert REST.match(public.header("ratelimit")).group(1) == "address-reads"
    failed = server.api.public.get("/api/bookings").expect(401, "TOKEN_MISSING")
    assert failed.header("ratelimit-policy") == '"failures";q=200;w=720000'
    assert failed.header("ratelimit").startswith('"failures";r=199;')
    forged = server.api.webhook("momo", {"x": 1}, secret="guess").expect(
        401, "INVALID_WEBHOOK_SIGNATURE")
    assert forged.header("ratelimit").startswith('"failures";r=198;')
    live = server.api.public.get("/health/live").expect(200)
    assert live.header("ratelimit") is None


def test_a_limited_user_goes_on_when_retry_after_is_over(limited):
    server = limited(RATE_LIMIT_USER_READS="3:1/s")
    customer = server.api.customer()
    for _ in range(3):
        customer.bookings().expect(200)
    refused = assert_limited(customer.bookings(), "user-reads")
    time.sleep(int(refused.header("retry-after")))
    customer.bookings().expect(200)


def test_a_replay_of_a_known_key_is_counted_too(limited):
    server = limited(RATE_LIMIT_USER_WRITES=f"3:{FAR}")
    customer = server.api.customer()
    key = calls.new_key()
    first = customer.hold(server.showtimes[0], ["C3"], key).expect(201)
    assert customer.hold(server.showtimes[0], ["C3"], key).expect(201).body == first.body
    customer.hold(server.showtimes[0], ["C3"], key).expect(201)
    assert_limited(customer.hold(server.showtimes[0], ["C3"], key), "user-writes")


def test_the_limit_is_checked_after_the_token_and_before_key_and_body(limited):
    server = limited(RATE_LIMIT_USER_WRITES=f"1:{FAR}")
    customer = server.api.customer()
    customer.request("POST", "/api/bookings/hold", b"no json").expect(400, "IDEMPOTENCY_KEY_REQUIRED")
    assert_limited(customer.request("POST", "/api/bookings/hold", b"no json"), "user-writes")
    customer.request("POST", "/api/nowhere", b"no json").expect(404, "NOT_FOUND")
    customer.request("PATCH", "/api/bookings/hold").expect(405, "METHOD_NOT_ALLOWED")
    server.api.public.request("POST", "/api/bookings/hold", {}).expect(401, "TOKEN_MISSING")


def test_who_lacks_the_role_is_counted_too(limited):
    server = limited(RATE_LIMIT_USER_READS=f"2:{FAR}")
    customer = server.api.customer()
    for left in (1, 0):
        refused = customer.get("/api/staff/journal").expect(403, "FORBIDDEN")
        assert refused.header("ratelimit").startswith(f'"user-reads";r={left};')
    assert_limited(customer.get("/api/staff/journal"), "user-reads")


def test_many_users_at_one_address_share_its_limit(limited):
    server = limited(RATE_LIMIT_ADDRESS_WRITES=f"30:{FAR}")
    requests = [
        swarm.hold_bytes(server.api.token(f"bot-{number}"), server.showtimes[0], ["C3"])
        for number in range(100)
    ]
    answers = swarm.fire(server.port, requests)[0]
    assert statuses(answers) == {201: 1, 409: 29, 429: 70}
    for answer in answers:
        if answer.status == 429:
            assert_limited(answer, "address-writes")


def test_a_forged_forwarded_address_counts_for_nothing(limited):
    server = limited(RATE_LIMIT_ADDRESS_READS=f"20:{FAR}")
    answers = [
        server.api.public.get("/api/movies", **{"X-Forwarded-For": f"198.51.100.{number}"})
        for number in range(30)
    ]
    assert statuses(answers) == {200: 20, 429: 10}
    # It may be the operator's own proxy that he has not named: told once.
    assert server.log().count("proxy_not_trusted") == 1


@pytest.mark.sanitize
def test_behind_a_trusted_proxy_each_client_has_its_own_limit(limited):
    server = limited(RATE_LIMIT_ADDRESS_READS=f"5:{FAR}", TRUSTED_PROXIES="127.0.0.0/8, 10.0.0.0/8")

    def ask(forwarded):
        return server.api.public.get("/api/movies", **{"X-Forwarded-For": forwarded})

    for _ in range(5):
        ask("203.0.113.1").expect(200)
    assert_limited(ask("203.0.113.1"), "address-reads")
    # What the client wrote himself stands before what the proxy added.
    assert_limited(ask("198.51.100.7, 203.0.113.1"), "address-reads")
    assert_limited(ask("198.51.100.8, 203.0.113.1, 10.0.0.1"), "address-reads")
    ask("203.0.113.2").expect(200)
    # One customer's network in IPv6.
    for number in range(5):
        ask(f"2001:db8::{number + 1}").expect(200)
    assert_limited(ask("2001:db8::ffff"), "address-reads")
    ask("2001:db8:0:1::1").expect(200)


def test_one_user_at_many_forwarded_addresses_has_one_limit(limited):
    server = limited(RATE_LIMIT_USER_READS=f"5:{FAR}", TRUSTED_PROXIES="127.0.0.1")
    customer = server.api.customer()
    answers = [
        customer.get("/api/bookings", **{"X-Forwarded-For": f"203.0.113.{number}"})
        for number in range(8)
    ]
    assert statuses(answers) == {200: 5, 429: 3}
    assert_limited(answers[-1], "user-reads")


@pytest.mark.sanitize
def test_garbage_in_forwarded_addresses_falls_back_to_the_proxy(limited):
    server = limited(RATE_LIMIT_ADDRESS_READS=f"6:{FAR}", TRUSTED_PROXIES="127.0.0.1")
    garbage = ["unknown", "", ",,,", "1.2.3.4.5", "x" * 4000, "[::1", "203.0.113.1, junk"]
    answers = [server.api.public.get("/api/movies", **{"X-Forwarded-For": text}) for text in garbage]
    assert statuses(answers) == {200: 6, 429: 1}


def test_a_flood_of_bad_tokens_is_slowed_and_locks_out_nobody(limited):
    server = limited(RATE_LIMIT_FAILURES=f"10:{FAR}")
    forger = calls.Client(server.port, "not.a.token")
    answers = [forger.get("/api/bookings") for _ in range(30)]
    assert statuses(answers) == {401: 10, 429: 20}
    assert_limited(answers[-1], "failures")
    # No token at all is a failure too, and a good token at the same address is not.
    assert_limited(server.api.public.get("/api/bookings"), "failures")
    server.api.customer().bookings().expect(200)


@pytest.mark.sanitize
def test_forged_webhooks_are_slowed_and_the_gateway_is_still_heard(limited):
    server = limited(RATE_LIMIT_FAILURES=f"5:{FAR}")
    customer = server.api.customer()
    payment = customer.paying(customer.held(server.showtimes[0], ["C3"]))
    message = {"transaction_id": calls.transaction_of(payment), "status": "success", "amount": 100000}
    answers = [server.api.webhook("momo", message, secret="guess") for _ in range(12)]
    assert statuses(answers) == {401: 5, 429: 7}
    server.api.tell(payment, 100000).expect(200)
    assert server.api.statuses(server.showtimes[0]) == {"C3": "booked"}


@pytest.mark.sanitize
def test_rubbish_of_the_same_address_does_not_shut_a_gateway_out(limited):
    server = limited(RATE_LIMIT_WEBHOOKS=f"3:{FAR}")
    customer = server.api.customer()
    payment = customer.paying(customer.held(server.showtimes[0], ["C3"]))
    message = {"transaction_id": calls.transaction_of(payment), "status": "success", "amount": 100000}
    for _ in range(6):
        server.api.webhook("momo", message, secret="guess").expect(401, "INVALID_WEBHOOK_SIGNATURE")
    answer = server.api.tell(payment, 100000).expect(200)
    assert answer.header("ratelimit").startswith('"webhooks";r=2;')


def test_each_gateway_has_a_limit_of_its_own(limited):
    server = limited(RATE_LIMIT_WEBHOOKS=f"3:{FAR}")
    unknown = {"transaction_id": "TXN_MOMO_1", "status": "success", "amount": 1}
    for _ in range(3):
        assert server.api.webhook("momo", unknown).status != 429
    assert_limited(server.api.webhook("momo", unknown), "webhooks")
    assert server.api.webhook("vnpay", unknown).status != 429


def test_a_customer_who_changes_his_mind_a_few_times_meets_no_limit(limited):
    server = limited(RATE_LIMIT=None)
    customer = server.api.customer()
    for seat in ["C1", "C2", "C3", "C4", "C5", "C6", "C7", "C8"]:
        customer.cancel(customer.held(server.showtimes[0], [seat])).expect(200)
    customer.held(server.showtimes[0], ["D1"])


def test_a_loop_of_holds_and_cancels_is_stopped_at_the_next_hold(limited):
    server = limited(RATE_LIMIT=None)
    customer = server.api.customer()
    loops = 0
    while loops < 50:
        answer = customer.hold(server.showtimes[loops % 3], ["C3"])
        if answer.status != 201:
            break
        customer.cancel(answer.json["booking_id"]).expect(200)
        loops += 1
    assert loops == 10
    assert_limited(answer, "cancels")
    assert "cancelled" in answer.json["detail"]
    assert 60 < int(answer.header("retry-after")) <= 180
    # Nobody else is stopped, and he may do anything else.
    server.api.customer().held(server.showtimes[0], ["C3"])
    customer.bookings().expect(200)


def test_holds_that_are_cancelled_in_a_batch_are_all_counted(limited):
    server = limited(RATE_LIMIT_CANCELS="2:1/s")
    customer = server.api.customer()
    bookings = [customer.held(server.showtimes[0], [f"C{number}"]) for number in range(1, 9)]
    for booking in bookings:
        customer.cancel(booking).expect(200)
    refused = assert_limited(customer.hold(server.showtimes[0], ["D1"]), "cancels")
    assert 5 <= int(refused.header("retry-after")) <= 7
    time.sleep(1.1)  # One has come back, and six more are owed.
    assert_limited(customer.hold(server.showtimes[0], ["D1"]), "cancels")
    time.sleep(int(refused.header("retry-after")))
    customer.held(server.showtimes[0], ["D1"])


@pytest.mark.sanitize
def test_a_hoarder_can_still_pay_and_cancel_what_he_holds(limited):
    server = limited(RATE_LIMIT_CANCELS=f"2:{FAR}")
    customer = server.api.customer()
    kept = customer.held(server.showtimes[0], ["C3"])
    other = customer.held(server.showtimes[0], ["C4"])
    for seat in ["D1", "D2"]:
        customer.cancel(customer.held(server.showtimes[0], [seat])).expect(200)
    assert_limited(customer.hold(server.showtimes[0], ["D3"]), "cancels")
    customer.cancel(other).expect(200)
    payment = customer.paying(kept)
    server.api.tell(payment, catalogue.price_of(["C3"])).expect(200)
    assert customer.booking(kept).json["status"] == "confirmed"


def test_a_cancel_that_is_repeated_counts_once(limited):
    server = limited(RATE_LIMIT_CANCELS=f"2:{FAR}")
    customer = server.api.customer()
    booking = customer.held(server.showtimes[0], ["C3"])
    for _ in range(5):
        customer.cancel(booking).expect(200)
    customer.held(server.showtimes[0], ["C3"])


def test_an_early_429_does_not_burn_the_key(limited):
    server = limited(RATE_LIMIT_USER_WRITES="2:1/s")
    customer = server.api.customer()
    key = calls.new_key()
    for seat in ["C1", "C2"]:
        customer.held(server.showtimes[0], [seat])
    refused = assert_limited(customer.hold(server.showtimes[0], ["C3"], key), "user-writes")
    time.sleep(int(refused.header("retry-after")))
    answer = customer.hold(server.showtimes[0], ["C3"], key).expect(201)
    assert answer.header("idempotent-replayed") is None


def test_switched_off_nothing_is_counted_or_announced(launch):
    content, _ = process.pool(1)
    server = launch(content, RATE_LIMIT="off", RATE_LIMIT_ADDRESS_READS=f"1:{FAR}")
    for _ in range(5):
        answer = server.api.public.get("/api/movies").expect(200)
        assert answer.header("ratelimit") is None
        assert answer.header("ratelimit-policy") is None


@pytest.mark.parametrize(
    "name, value",
    [
        ("RATE_LIMIT", "yes"),
        ("RATE_LIMIT_USER_WRITES", "2000"),
        ("RATE_LIMIT_FAILURES", "0:1/s"),
        ("TRUSTED_PROXIES", "localhost"),
        ("TRUSTED_PROXIES", "10.1.2.3/8"),
        ("CORS_ORIGINS", "*"),
        ("CORS_ORIGINS", "https://shop.example.com/"),
        ("CORS_ORIGINS", "https://shop.example.com:443"),
    ],
)
def test_a_wrong_setting_is_named_and_nothing_starts(tmp_path, name, value):
    done = process.run("serve", environment={"USHER_DATA": str(tmp_path), "JWT_SECRET": "0123456789" * 4,
                                             "PORT": "0", name: value})
    assert done.returncode != 0
    assert f"{name}: must be" in done.stderr


def open_connections(port, count):
    """Opens connections; gives those that stay and the answers to those that do not."""
    kept, refused = [], []
    for _ in range(count):
        peer = socket.create_connection(("127.0.0.1", port), timeout=10)
        peer.sendall(b"GET /health/live HTTP/1.1\r\nHost: a\r\n\r\n")
        answer = peer.recv(65536)
        if answer.startswith(b"HTTP/1.1 200"):
            kept.append(peer)
        else:
            refused.append(answer)
            peer.close()
    return kept, refused


@pytest.mark.sanitize
def test_one_address_has_so_many_connections_and_gets_them_back_when_they_end(limited):
    server = limited(RATE_LIMIT_CONNECTIONS="20", USHER_LOOPS="1")
    kept, refused = open_connections(server.port, 30)
    assert (len(kept), len(refused)) == (20, 10)
    assert all(answer.startswith(b"HTTP/1.1 429 ") for answer in refused)
    assert all(b"\r\nRetry-After: 1\r\n" in answer for answer in refused)
    assert b'"errorCode":"RATE_LIMITED"' in refused[0]
    assert b'\r\nRateLimit-Policy: "connections";q=20\r\n' in refused[0]
    assert b'\r\nRateLimit: "connections";r=0\r\n' in refused[0]
    for peer in kept[:5]:
        peer.close()
    sockets.wait_until_closed(server.port)
    more, refused = open_connections(server.port, 8)
    assert (len(more), len(refused)) == (5, 3)
    for peer in kept[5:] + more:
        peer.close()
    sockets.wait_until_closed(server.port)
    request = b"GET /health/live HTTP/1.1\r\nHost: a\r\n\r\n"
    assert statuses(swarm.fire(server.port, [request] * 25)[0]) == {200: 20, 429: 5}


def test_a_trusted_proxy_has_as_many_connections_as_it_needs(limited):
    server = limited(RATE_LIMIT_CONNECTIONS="20", USHER_LOOPS="1", TRUSTED_PROXIES="127.0.0.1")
    kept, refused = open_connections(server.port, 40)
    assert (len(kept), len(refused)) == (40, 0)
    for peer in kept:
        peer.close()


def test_one_address_has_so_many_live_maps_in_all_loops_and_gets_them_back(limited):
    server = limited(RATE_LIMIT_STREAMS="6", USHER_LOOPS="2")
    listeners = [listening.Listener(server.port, server.showtimes[number % 3])
                 for number in range(6)]
    assert {listener.decoder.status for listener in listeners} == {200}
    path = f"/api/showtimes/{server.showtimes[0]}/events"
    refused = server.api.public.get(path).expect(429, "RATE_LIMITED")
    assert refused.header("ratelimit-policy") == '"streams";q=6'
    assert refused.header("ratelimit") == '"streams";r=0'
    assert refused.header("retry-after") == "5" and "live seat maps" in refused.json["detail"]
    server.api.public.get(f"/api/showtimes/{server.showtimes[0]}/seats").expect(200)
    # What does not become a stream is given back at once.
    listeners.pop().close()
    unknown = "/api/showtimes/" + "f" * 24 + "/events"
    limit_s = time.monotonic() + 10
    while server.api.public.get(unknown).status == 429:
        assert time.monotonic() < limit_s, "a closed map is not given back"
        time.sleep(0.01)
    for _ in range(10):
        server.api.public.get(unknown).expect(404, "SHOWTIME_NOT_FOUND")
        server.api.public.request("HEAD", path).expect(200)
    listeners.append(listening.Listener(server.port, server.showtimes[0]))
    assert listeners[-1].decoder.status == 200
    for listener in listeners:
        listener.close()
