"""Pages of other sites: those that are listed may call the API, all others see nothing of it."""

import pytest
from support import process

SHOP = "https://shop.example.com"
OTHER = "http://localhost:5173"


@pytest.fixture
def listed(launch):
    content, showtimes = process.pool(1)
    server = launch(content, CORS_ORIGINS=f"{SHOP}, {OTHER}")
    server.showtimes = showtimes
    return server


def preflight(server, path, origin, method="POST"):
    headers = {
        "Origin": origin,
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": "authorization,content-type,x-idempotency-key",
    }
    return server.api.public.request("OPTIONS", path, headers=headers)


def names(text):
    return {name.strip().lower() for name in text.split(",")}


def test_a_listed_page_may_send_what_the_api_needs(listed):
    answer = preflight(listed, "/api/bookings/hold", SHOP).expect(204)
    assert answer.body == b""
    assert answer.header("access-control-allow-origin") == SHOP
    assert names(answer.header("access-control-allow-methods")) == {"post"}
    assert {"authorization", "content-type", "x-idempotency-key", "idempotency-key",
            "if-none-match", "last-event-id"} <= names(answer.header("access-control-allow-headers"))
    assert answer.header("access-control-max-age") == "7200"
    assert answer.header("access-control-allow-credentials") is None
    assert answer.header("vary") == "Origin"
    assert preflight(listed, "/api/bookings/" + "f" * 24, OTHER, "DELETE").expect(204)


@pytest.mark.sanitize
def test_a_listed_page_can_read_answers_refusals_and_their_headers(listed):
    customer = listed.api.customer()
    good = customer.get("/api/bookings", Origin=SHOP).expect(200)
    bad = listed.api.public.get("/api/bookings", Origin=OTHER).expect(401, "TOKEN_MISSING")
    missing = listed.api.public.get("/nowhere", Origin=OTHER).expect(404, "NOT_FOUND")
    assert good.header("access-control-allow-origin") == SHOP
    assert bad.header("access-control-allow-origin") == OTHER
    assert missing.header("access-control-allow-origin") == OTHER
    assert {"x-request-id", "x-showtime-version", "idempotent-replayed", "retry-after", "etag",
            "ratelimit", "ratelimit-policy", "location"} <= names(good.header("access-control-expose-headers"))


@pytest.mark.parametrize(
    "origin",
    ["https://evil.example.com", "https://shop.example.com.evil.com", "http://shop.example.com",
     "https://shop.example.com:8443", "null", "*"],
)
def test_any_other_page_gets_no_permission(listed, origin):
    preflight(listed, "/api/bookings/hold", origin).expect(405, "METHOD_NOT_ALLOWED")
    answer = listed.api.public.get("/api/movies", Origin=origin).expect(200)
    assert not [name for name, _ in answer.headers if name.startswith("access-control-")]
    assert answer.header("vary") == "Origin"


def test_a_seat_map_varies_by_origin_and_encoding(listed):
    path = f"/api/showtimes/{listed.showtimes[0]}/seats"
    answer = listed.api.public.get(path, Origin=SHOP).expect(200)
    assert answer.header("vary") == "Origin, accept-encoding"
    for page in ("/openapi.json", "/docs"):
        assert listed.api.public.get(page).header("vary") == "Origin, accept-encoding"
    assert answer.header("access-control-allow-origin") == SHOP


def test_a_limited_page_can_read_why(launch):
    content, _ = process.pool(1)
    server = launch(content, CORS_ORIGINS=SHOP, RATE_LIMIT="on", RATE_LIMIT_ADDRESS_READS="1:1/h")
    server.api.public.get("/api/movies", Origin=SHOP).expect(200)
    answer = server.api.public.get("/api/movies", Origin=SHOP).expect(429, "RATE_LIMITED")
    assert answer.header("access-control-allow-origin") == SHOP
    # Questions cost nothing.
    for _ in range(3):
        preflight(server, "/api/movies", SHOP, "GET").expect(204)


def test_no_page_is_listed_by_default(house):
    answer = house.api.public.get("/api/movies", Origin=SHOP).expect(200)
    assert not [name for name, _ in answer.headers if name.startswith("access-control-")]
    assert answer.header("vary") is None
    refused = preflight(house.server, "/api/bookings/hold", SHOP).expect(405, "METHOD_NOT_ALLOWED")
    assert refused.header("allow") == "POST"
