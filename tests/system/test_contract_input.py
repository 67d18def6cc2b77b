"""What the server accepts from outside: tokens, keys, JSON, sizes, addresses; nothing else passes."""

import hashlib
import hmac
import json
import time
import uuid

import pytest
from support import api as calls
from support import process, shapes, signing, swarm
from support.catalogue import NOBODY

HOLD = "/api/bookings/hold"
MINUTE_S = 60


# Tokens.


def ask(server, authorization):
    headers = {} if authorization is None else {"Authorization": authorization}
    return calls.Client(server.port).request("GET", "/api/bookings", headers=headers)


def claims(**changes):
    now_s = int(time.time())
    made = {"sub": "somebody", "exp": now_s + MINUTE_S, **changes}
    return {name: value for name, value in made.items() if value is not None}


NOW_S = int(time.time())
GOOD_CLAIMS = {
    "only what is required": {},
    "issued a little ahead of our clock": {"iat": NOW_S + 20},
    "valid from a little ahead of our clock": {"nbf": NOW_S + 20},
    "role user": {"role": "user"},
    "role staff": {"role": "staff"},
    "role admin": {"role": "admin"},
    "members that nobody knows": {"name": "Some Body", "groups": ["a"]},
    "a user of 64 characters": {"sub": "u" * 64},
    "a user of signs": {"sub": "a@b.c|d:e/f~!"},
}
BAD_CLAIMS = {
    "no user": {"sub": None},
    "no end": {"exp": None},
    "an end in the past": {"exp": NOW_S - 1},
    "an end as text": {"exp": str(NOW_S + MINUTE_S)},
    "a negative end": {"exp": -1},
    "valid only later": {"nbf": NOW_S + 3600},
    "issued in the future": {"iat": NOW_S + 3600},
    "an unknown role": {"role": "king"},
    "a role that is no text": {"role": 1},
    "an empty user": {"sub": ""},
    "a user with a space": {"sub": "a b"},
    "a user of 65 characters": {"sub": "u" * 65},
    "a user beyond ASCII": {"sub": "ngọc"},
    "a user that is a number": {"sub": 7},
}


@pytest.mark.parametrize("name", GOOD_CLAIMS)
def test_a_good_token_opens(house, name):
    token = signing.token_of(house.server.jwt_secret, claims(**GOOD_CLAIMS[name]))
    ask(house.server, f"Bearer {token}").expect(200)


@pytest.mark.sanitize
@pytest.mark.parametrize("name", BAD_CLAIMS)
def test_a_token_with_bad_claims_does_not_open(house, name):
    token = signing.token_of(house.server.jwt_secret, claims(**BAD_CLAIMS[name]))
    shapes.check_problem(ask(house.server, f"Bearer {token}"), 401, "TOKEN_INVALID")


def forged(secret):
    good = signing.token_of(secret, claims())
    head, body, mac = good.split(".")
    other = signing.base64url(signing.json_bytes(claims(sub="another")))
    last = mac[:-1] + ("A" if mac[-1] != "A" else "B")
    return {
        "another secret": signing.token_of("x" * 32, claims()),
        "no algorithm": signing.token_of(secret, claims(), {"alg": "none"}),
        "no algorithm and no signature":
            signing.token_of(secret, claims(), {"alg": "none"}).rsplit(".", 1)[0] + ".",
        "lower case algorithm": signing.token_of(secret, claims(), {"alg": "hs256"}),
        "another algorithm": signing.token_of(secret, claims(), {"alg": "HS512"}),
        "a public key's algorithm": signing.token_of(secret, claims(), {"alg": "RS256"}),
        "no alg member": signing.token_of(secret, claims(), {"typ": "JWT"}),
        "critical extensions":
            signing.token_of(secret, claims(), {"alg": "HS256", "crit": ["b64"]}),
        "changed claims": f"{head}.{other}.{mac}",
        "changed signature": f"{head}.{body}.{last}",
        "cut signature": f"{head}.{body}.{mac[:-2]}",
        "no signature": f"{head}.{body}.",
        "two parts": f"{head}.{body}",
        "four parts": f"{good}.{mac}",
        "padding": f"{head}.{body}.{mac}=",
        "other alphabet": good.replace("-", "+").replace("_", "/") + "+",
        "a space inside": f"{head} .{body}.{mac}",
        "claims that are no object": signing.token_of(secret, ["sub", "exp"]),
        "longer than four kilobytes": signing.token_of(secret, claims(pad="x" * 4096)),
    }


@pytest.mark.sanitize
@pytest.mark.parametrize("name", forged("-"))
def test_a_forged_token_does_not_open(house, name):
    token = forged(house.server.jwt_secret)[name]
    shapes.check_problem(ask(house.server, f"Bearer {token}"), 401, "TOKEN_INVALID")


def test_a_claim_that_comes_twice_does_not_open(house):
    head = signing.base64url(b'{"alg":"HS256"}')
    body = signing.base64url(b'{"sub":"a","sub":"b","exp":%d}' % (time.time() + 60))
    mac = hmac.new(house.server.jwt_secret.encode(), f"{head}.{body}".encode(), hashlib.sha256)
    token = f"{head}.{body}.{signing.base64url(mac.digest())}"
    ask(house.server, f"Bearer {token}").expect(401, "TOKEN_INVALID")


@pytest.mark.parametrize("authorization", [None, "", "Basic YTpi", "Bearer", "Bearer ", "Token x"])
def test_a_request_without_a_bearer_token_is_told_so(house, authorization):
    answer = ask(house.server, authorization)
    assert answer.status == 401 and answer.code in ("TOKEN_MISSING", "TOKEN_INVALID")
    assert answer.header("www-authenticate").startswith("Bearer")


def test_the_word_bearer_has_no_case(house):
    ask(house.server, f"bearer {house.api.token('me')}").expect(200)


def test_a_user_header_is_nothing_without_dev(house):
    answer = calls.Client(house.server.port).get("/api/bookings", **{"X-User-Id": "me"})
    answer.expect(401, "TOKEN_MISSING")
    client = calls.Client(house.server.port, house.api.token("me"))
    booking = calls.Customer(house.server.port, "me", client.token).held(house.showtime(), ["C3"])
    answer = client.get(f"/api/bookings/{booking}", **{"X-User-Id": "another"}).expect(200)
    assert answer.json["user_id"] == "me"


# Idempotency keys.

V4 = "6ba7b810-9dad-41d1-80b4-00c04fd430c8"


@pytest.mark.parametrize(
    "key",
    ["", " ", "x", V4[:-1], V4 + "0", "{" + V4 + "}", V4.replace("-", ""), f'"{V4}"',
     "urn:uuid:" + V4,
     V4.replace("-41d1", "-11d1"), V4.replace("-41d1", "-51d1"), V4.replace("-80b4", "-c0b4"),
     V4.replace("6", "g"), str(uuid.UUID(int=0))],
)
def test_a_key_that_is_no_version_4_uuid_is_refused(customer, showtime, key):
    body = {"showtime_id": showtime, "seats": ["C3"]}
    answer = customer.request("POST", HOLD, body, {"X-Idempotency-Key": key})
    assert answer.status == 400
    assert answer.code == ("IDEMPOTENCY_KEY_INVALID" if key.strip() else answer.code)
    assert answer.code in ("IDEMPOTENCY_KEY_INVALID", "IDEMPOTENCY_KEY_REQUIRED")


@pytest.mark.parametrize("name", ["X-Idempotency-Key", "Idempotency-Key"])
def test_a_key_that_comes_twice_is_refused(customer, house, showtime, name):
    body = {"showtime_id": showtime, "seats": ["C3"]}
    lines = "".join(f"{name}: {calls.new_key()}\r\n" for _ in range(2))
    raw = swarm.request_bytes("POST", HOLD, customer.token, body)
    raw = raw.replace(b"Host: ", lines.encode() + b"Host: ")
    (answer,), _ = swarm.fire(house.server.port, [raw])
    answer.expect(400, "IDEMPOTENCY_KEY_INVALID")


def test_a_key_is_needed_to_hold_confirm_and_pay(customer, showtime):
    booking = customer.held(showtime, ["C3"])
    for path, body in (
        (HOLD, {"showtime_id": showtime, "seats": ["C4"]}),
        (f"/api/bookings/{booking}/confirm", {"payment_method": "momo"}),
        ("/api/payments", {"booking_id": booking, "payment_method": "momo"}),
    ):
        answer = customer.request("POST", path, body)
        shapes.check_problem(answer, 400, "IDEMPOTENCY_KEY_REQUIRED", path)


# JSON.


def hold_text(customer, text):
    body = text if isinstance(text, bytes) else text.encode()
    return customer.with_key("POST", HOLD, body, None)


def bad_texts(showtime):
    good = json.dumps({"showtime_id": showtime, "seats": ["C3"]})
    nested = "[" * 17 + "]" * 17
    return {
        "empty": "",
        "no JSON": "hello",
        "cut": good[:-1],
        "two values": good + good,
        "an array": "[]",
        "a text": '"x"',
        "null": "null",
        "a trailing comma": good[:-1] + ",}",
        "a comment": good[:-1] + "/* */}",
        "single quotes": good.replace('"', "'"),
        "an unknown member": good[:-1] + ',"colour":"red"}',
        "a member that comes twice": good[:-1] + ',"seats":["C4"]}',
        "an unknown member that is deep": good[:-1] + f',"x":{nested}}}',
        "NaN": good[:-1] + ',"x":NaN}',
        "bad UTF-8": good.encode().replace(b"C3", b"C\xff"),
        "overlong UTF-8": good.encode().replace(b"C3", b"C\xc0\xaf"),
        "a lone surrogate": good.replace("C3", "C\\ud800"),
        "a control byte in a text": good.encode().replace(b"C3", b"C\x01"),
        "a byte order mark": b"\xef\xbb\xbf" + good.encode(),
        "a NUL behind it": good.encode() + b"\0",
        "no showtime": '{"seats":["C3"]}',
        "no seats": json.dumps({"showtime_id": showtime}),
        "a showtime that is null": '{"showtime_id":null,"seats":["C3"]}',
        "a showtime that is a number": '{"showtime_id":5,"seats":["C3"]}',
        "a showtime that is short": '{"showtime_id":"abc","seats":["C3"]}',
        "a showtime that is no hex": json.dumps({"showtime_id": "g" * 24, "seats": ["C3"]}),
    }


@pytest.mark.sanitize
@pytest.mark.parametrize("name", bad_texts(NOBODY))
def test_a_body_that_is_not_what_we_know_is_refused_whole(api, customer, showtime, name):
    answer = hold_text(customer, bad_texts(showtime)[name])
    shapes.check_problem(answer, 400, "VALIDATION_FAILED", HOLD, errors=shapes.FIELD_ERRORS)
    assert api.statuses(showtime) == {}


def test_an_error_names_the_member_that_is_wrong(customer, showtime):
    answer = hold_text(customer, json.dumps({"showtime_id": showtime, "seats": ["C3"], "seatz": 1}))
    assert "seatz" in [entry["field"] for entry in answer.json["errors"]]
    answer = customer.hold(showtime, ["C3", "no"])
    assert [entry["field"] for entry in answer.json["errors"]] == ["seats[1]"]
    answer = customer.hold("abc", ["C3"])
    assert [entry["field"] for entry in answer.json["errors"]] == ["showtime_id"]


def test_all_that_is_wrong_is_told_at_once(customer):
    answer = hold_text(customer, '{"showtime_id":"abc","seats":["no","C3","C3"],"x":1}')
    fields = {entry["field"] for entry in answer.json["errors"]}
    assert {"showtime_id", "seats[0]", "seats[2]", "x"} <= fields


def test_a_body_may_be_written_in_any_way_that_means_the_same(customer, showtime):
    text = ' {\n\t"seats" : [ "\\u0043\\u0033" ] , "showtime_\\u0069d" : "%s" } \n' % showtime
    assert hold_text(customer, text).expect(201).json["seats"] == ["C3"]


@pytest.mark.parametrize(
    "kind", ["application/json", "application/json; charset=utf-8", "Application/JSON"]
)
def test_json_is_taken_under_its_names(customer, showtime, kind):
    body = json.dumps({"showtime_id": showtime, "seats": ["C3"]}).encode()
    customer.with_key("POST", HOLD, body, None, **{"Content-Type": kind}).expect(201)


@pytest.mark.parametrize(
    "kind",
    [None, "", "text/plain", "application/x-www-form-urlencoded", "application/jsonx", "json",
     "multipart/form-data; boundary=x"],
)
def test_other_types_are_not_taken(customer, showtime, kind):
    body = json.dumps({"showtime_id": showtime, "seats": ["C3"]}).encode()
    answer = customer.with_key("POST", HOLD, body, None, **{"Content-Type": kind})
    shapes.check_problem(answer, 415, "UNSUPPORTED_MEDIA_TYPE", HOLD)


# Sizes.


def padded(body, size):
    text = json.dumps(body).encode()
    return text + b" " * (size - len(text))


def test_a_body_of_sixteen_kilobytes_is_taken_and_no_more(customer, showtime):
    body = {"showtime_id": showtime, "seats": ["C3"]}
    customer.with_key("POST", HOLD, padded(body, 16 * 1024), None).expect(201)
    answer = customer.with_key("POST", HOLD, padded(body, 16 * 1024 + 1), None)
    shapes.check_problem(answer, 413, "BODY_TOO_LARGE")


def test_a_webhook_of_64_kilobytes_is_taken_and_no_more(api):
    body = {"transaction_id": "TXN_MOMO_" + NOBODY, "status": "success", "amount": 1}
    answer = api.webhook("momo", padded(body, 64 * 1024))
    shapes.check_problem(answer, 404, "PAYMENT_NOT_FOUND")
    answer = api.webhook("momo", padded(body, 64 * 1024 + 1))
    shapes.check_problem(answer, 413, "BODY_TOO_LARGE")


def test_long_addresses_and_headers_are_refused(house):
    client = calls.Client(house.server.port)
    client.get("/api/movies?q=" + "x" * 3000).expect(400, "VALIDATION_FAILED")
    shapes.check_problem(client.get("/api/movies?q=" + "x" * 4096), 431, "HEADERS_TOO_LARGE")
    answer = client.get("/api/movies", **{"X-Long": "x" * 16 * 1024})
    shapes.check_problem(answer, 431, "HEADERS_TOO_LARGE")
    client.get("/api/movies", **{"X-Long": "x" * 8000}).expect(200)


# Return addresses.

GOOD_URLS = [
    f"https://{process.RETURN_HOST}/",
    f"https://{process.RETURN_HOST}",
    f"https://{process.RETURN_HOST}/paid?booking=1&x=%20#end",
]
BAD_URLS = [
    "", "x", f"http://{process.RETURN_HOST}/", f"//{process.RETURN_HOST}/", "https:evil",
    "https://evil.example.com/", f"https://{process.RETURN_HOST}.evil.example.com/",
    f"https://evil.example.com/{process.RETURN_HOST}", f"https://{process.RETURN_HOST}@evil.com/",
    f"https://user@{process.RETURN_HOST}/", f"https://{process.RETURN_HOST}:8443/",
    f"https://{process.RETURN_HOST}\\@evil.com/", f"https://evil.com\\.{process.RETURN_HOST}/",
    f"https://{process.RETURN_HOST}/ x", f"https://{process.RETURN_HOST}/\n", "javascript:alert(1)",
    f"https://{process.RETURN_HOST}/" + "x" * 512, "https:///", f"https://{process.RETURN_HOST}%2e/",
    f"https://sub.{process.RETURN_HOST}/", "https://ⓢhop.example.com/",
]


@pytest.mark.parametrize("url", GOOD_URLS)
def test_a_listed_return_address_is_taken(customer, showtime, url):
    booking = customer.held(showtime, ["C3"])
    customer.pay(booking, return_url=url).expect(201)
    customer.confirm(booking, return_url=url).expect(200)


@pytest.mark.sanitize
@pytest.mark.parametrize("url", BAD_URLS)
def test_any_other_return_address_is_refused(customer, showtime, url):
    booking = customer.held(showtime, ["C3"])
    for answer in (
        customer.pay(booking, return_url=url),
        customer.confirm(booking, return_url=url),
    ):
        assert answer.status == 400, answer
        assert answer.code in ("RETURN_URL_NOT_ALLOWED", "VALIDATION_FAILED"), answer
    customer.paying(booking)  # Nothing was made before.


@pytest.mark.parametrize("method", [None, 7, "", ["momo"], "m" * 1000])
def test_a_payment_method_that_is_no_method_is_refused(customer, showtime, method):
    booking = customer.held(showtime, ["C3"])
    for answer in (customer.pay(booking, method), customer.confirm(booking, method)):
        assert answer.status == 400
        assert answer.code in ("VALIDATION_FAILED", "UNKNOWN_PROVIDER")


@pytest.mark.parametrize("method", ["MOMO", "paypal", "momo "])
def test_a_payment_method_that_we_do_not_know_is_refused(customer, showtime, method):
    booking = customer.held(showtime, ["C3"])
    shapes.check_problem(customer.pay(booking, method), 400, "UNKNOWN_PROVIDER")
    shapes.check_problem(customer.confirm(booking, method), 400, "UNKNOWN_PROVIDER")


# Headers of every answer.


def test_a_sane_request_id_comes_back_and_another_is_replaced(api):
    answer = api.public.get("/api/movies", **{"X-Request-Id": "trace-1.A_b"})
    assert answer.header("x-request-id") == "trace-1.A_b"
    for insane in ("x" * 200, "a b", "a\tb", "<script>"):
        ours = api.public.get("/api/nothing", **{"X-Request-Id": insane}).header("x-request-id")
        assert ours and ours != insane and len(ours) <= 64


def test_request_ids_differ_and_no_answer_tells_our_version(api, customer, showtime):
    answers = [
        api.public.get("/api/movies"),
        api.public.get("/api/nothing"),
        customer.hold(showtime, ["C3"]),
        customer.bookings(),
        api.webhook("momo", {}, secret="wrong"),
        api.public.get("/health"),
    ]
    assert len({answer.header("x-request-id") for answer in answers}) == len(answers)
    for answer in answers:
        assert answer.header("server") is None
        assert answer.header("x-powered-by") is None


@pytest.mark.parametrize(
    "path",
    ["/api/bookings/", "/api//bookings", "/API/bookings", "/api/bookings/../movies", "/api/movies/",
     "/api/bookings/%68old", "/.git/config", "/api/bookings/hold/"],
)
def test_only_exact_paths_lead_somewhere(house, path):
    answer = calls.Customer(house.server.port, "me", house.api.token("me")).get(path)
    assert answer.status in (400, 404), answer
    assert answer.header("content-type") == "application/problem+json"


@pytest.mark.parametrize("path", ["/health", "/openapi.json", "/docs", "/problems",
                                  "/api/showtimes/{}/events"])
def test_what_has_no_parameters_does_not_look_at_the_query(api, showtime, path):
    # HEAD, as events do not end.
    api.public.request("HEAD", path.format(showtime) + "?x=1&x=2&%zz").expect(200)


def test_what_may_be_read_strongly_takes_no_other_word(api, customer, showtime):
    booking = customer.held(showtime, ["C3"])
    payment = customer.paying(booking)["payment_id"]
    for path in (f"/api/showtimes/{showtime}/seats", f"/api/bookings/{booking}",
                 f"/api/payments/{payment}"):
        plain = customer.get(path).expect(200)
        for query in ("?consistency=strong", "?consistency="):
            strong = customer.get(path + query).expect(200)
            assert strong.json == plain.json and strong.version == plain.version
        for query in ("?consistency=weak", "?consistency=STRONG", "?consistency",
                      "?consistency=strong&consistency=strong"):
            refused = customer.get(path + query).expect(400, "VALIDATION_FAILED")
            assert [error["field"] for error in refused.json["errors"]] == ["consistency"]
        customer.get(path + "?consistancy=strong").expect(400, "VALIDATION_FAILED")


@pytest.mark.parametrize("path", ["/api/movies", "/api/cinemas", "/api/showtimes"])
def test_lists_refuse_a_query_that_they_do_not_know(api, path):
    api.public.get(path + "?x=1").expect(400, "VALIDATION_FAILED")
