"""The document of the API: valid, true to the server's routes, and served with its page."""

import base64
import gzip
import hashlib
import json
import re

import openapi_spec_validator
import pytest
from support import conformance, process
from support.api import Answer

ROUTER = process.REPOSITORY / "src" / "http" / "router.c"
ERRORS = process.REPOSITORY / "src" / "base" / "error.h"
METHODS_OF_ROUTER = {"get": "get", "post": "post", "patch": "patch", "remove": "delete"}


def operations():
    """(where, operation) of the whole document."""
    return [(f"{method.upper()} {path}", item[method])
            for path, item in conformance.document()["paths"].items()
            for method in conformance.METHODS if method in item]


def responses():
    """(where, response) of the whole document, references resolved."""
    found = [(f"{where} {status}", conformance.resolve(response))
             for where, operation in operations()
             for status, response in operation["responses"].items()]
    shared = conformance.document()["components"]["responses"]
    return found + list(shared.items())


def codes_of(response):
    """The codes that a response may have."""
    media = response.get("content", {}).get("application/problem+json")
    if media is None:
        return []
    schema = media["schema"]["properties"]["errorCode"]
    return schema.get("enum", [schema.get("const")])


def test_the_document_is_valid_openapi_3_1():
    document = conformance.document()
    assert document["openapi"].startswith("3.1.")
    openapi_spec_validator.validate(document)


def test_the_document_has_exactly_the_routes_of_the_server():
    table = re.search(r"\nstatic const struct resource resources\[\] = \{(.*?)\n\};",
                      ROUTER.read_text(), re.DOTALL)[1]
    routes = set()
    for entry in re.split(r"\{SLICE_INIT\(", table)[1:]:
        pattern = re.match(r'"([^"]+)"', entry)[1]
        template = re.sub(r":([a-z_]+)", r"{\1}", pattern)
        handlers = re.findall(r"\.(get|post|patch|remove) = ", entry)
        assert handlers, f"{pattern} has no handler"
        routes |= {(METHODS_OF_ROUTER[name], template) for name in handlers}
    documented = {(method, template) for template, item in conformance.paths().items()
                  for method in conformance.METHODS if method in item}
    assert sorted(routes - documented) == [], "served and not documented"
    assert sorted(documented - routes) == [], "documented and not served"


def test_every_code_of_the_server_is_in_the_document_with_its_status():
    listed = dict(re.findall(r"X\((\w+), (\d+), ", ERRORS.read_text()))
    assert conformance.document()["components"]["schemas"]["Code"]["enum"] == list(listed)
    used = set()
    for where, operation in operations():
        for status, response in operation["responses"].items():
            for code in codes_of(conformance.resolve(response)):
                # The IETF draft has a status of its own for a reused key.
                known = {listed[code]} | ({"422"} if code == "IDEMPOTENCY_KEY_REUSED" else set())
                assert status in known, f"{where}: {code} with {status}"
                used.add(code)
    # The one is for methods that the document does not have; the other ends connections unsaid.
    assert set(listed) - used == {"METHOD_NOT_ALLOWED", "REQUEST_TIMEOUT"}


def test_every_example_is_valid():
    count = 0

    def judge(where, value, schema):
        nonlocal count
        count += 1
        wrong = conformance.complaint(value, schema)
        assert wrong is None, f"{where}: {wrong}"

    def judge_content(where, content):
        for kind, media in content.items():
            if "example" in media:
                judge(f"{where} {kind}", media["example"], media["schema"])
            for name, example in media.get("examples", {}).items():
                judge(f"{where} {kind} {name}", example["value"], media["schema"])

    for where, operation in operations():
        for parameter in map(conformance.resolve, operation["parameters"]):
            if "example" in parameter:
                judge(f"{where} {parameter['name']}", parameter["example"], parameter["schema"])
        body = operation.get("requestBody", {})
        judge_content(f"{where} body", body.get("content", {}))
        if body:
            assert all("example" in media for media in body["content"].values()), where
    for where, response in responses():
        judge_content(where, response.get("content", {}))
    for name, header in conformance.document()["components"]["headers"].items():
        judge(f"header {name}", header["example"], header["schema"])
    assert count > 200


def test_every_operation_says_what_it_is():
    names = set()
    tags = {tag["name"] for tag in conformance.document()["tags"]}
    for where, operation in operations():
        assert operation["summary"] and set(operation["tags"]) <= tags, where
        assert operation["operationId"] not in names, where
        names.add(operation["operationId"])
        good = [status for status in operation["responses"] if status < "300"]
        assert good, where
    for where, response in responses():
        assert response["description"], where
        assert response["headers"]["X-Request-Id"], where


def schemas():
    """(where, schema) of the components, of the headers and of all that is answered."""
    components = conformance.document()["components"]
    yield from components["schemas"].items()
    for name, header in components["headers"].items():
        yield f"header {name}", header["schema"]
    for where, response in responses():
        for kind, media in response.get("content", {}).items():
            yield f"{where} {kind}", media["schema"]


def inner(where, schema):
    """Every schema below one, with its place, but for those that only narrow it down."""
    yield where, schema
    for name, value in schema.get("properties", {}).items():
        yield from inner(f"{where}.{name}", value)
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict):
            yield from inner(f"{where}[{key}]", schema[key])
    for key in ("oneOf", "anyOf", "prefixItems"):
        for index, value in enumerate(schema.get(key, [])):
            yield from inner(f"{where} {key}[{index}]", value)


def test_every_object_of_an_answer_is_closed():
    """A member that the document does not tell of is never let through."""
    count = 0
    for name, schema in schemas():
        # What gateways send, and the document itself.
        if name in ("Webhook", "GET /openapi.json 200 application/json"):
            continue
        for where, value in inner(name, schema):
            kinds = value.get("type", [])
            # With a reference beside them, members only narrow down a schema that is closed.
            is_object = "object" in kinds or ("properties" in value and "$ref" not in value)
            count += is_object
            if is_object:
                assert value.get("additionalProperties") is not None, where
                assert value["additionalProperties"] is not True, where
    assert count > 30


def test_every_pattern_is_one_of_ecma_262():
    """What only Python reads, such as flags in the pattern, stops the clients of others."""
    patterns = re.findall(r'"pattern": ("(?:[^"\\]|\\.)*")', conformance.PATH.read_text())
    assert len(patterns) > 20
    for pattern in map(json.loads, patterns):
        assert not re.search(r"\(\?(?![:=!])|\\[AZzG]|[*+?}]\+", pattern), pattern


# --- What is served. ---


def test_the_served_document_is_the_one_that_the_tests_read(api):
    answer = api.public.get("/openapi.json").expect(200)
    assert answer.header("content-type") == "application/json"
    assert answer.body == conformance.PATH.read_bytes()
    packed = api.public.get("/openapi.json", **{"Accept-Encoding": "gzip"}).expect(200)
    assert gzip.decompress(packed.body) == answer.body
    assert packed.header("etag") != answer.header("etag")
    for known in (answer, packed):
        asked = {"If-None-Match": known.header("etag"),
                 "Accept-Encoding": "gzip" if known is packed else "identity"}
        assert api.public.get("/openapi.json", **asked).expect(304).body == b""


@pytest.mark.sanitize
def test_the_page_has_every_operation_and_loads_nothing(api):
    answer = api.public.get("/docs").expect(200)
    assert answer.header("content-type") == "text/html; charset=utf-8"
    policy = answer.header("content-security-policy")
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    page = answer.body.decode()
    for where, operation in operations():
        assert f'id="{operation["operationId"]}"' in page, where
    for outside in ("<script", "<img", "<link", "@import", "url(", " style=", " onclick="):
        assert outside not in page, outside
    # Whatever it points at is there.
    names = re.findall(r' id="([^"]+)"', page)
    assert len(names) == len(set(names))
    for target in set(re.findall(r' href="([^"]+)"', page)):
        if target.startswith("#"):
            assert target[1:] in names, target
        else:
            api.public.get(target).expect(200)


def test_the_home_page_leads_to_the_document(api):
    home = api.public.get("/").expect(200).body.decode()
    assert 'href="/docs"' in home and 'href="/openapi.json"' in home


def test_the_small_pages_have_a_style_that_their_policy_names(api):
    for path in ("/", "/problems", "/problems/OVERLOADED"):
        answer = api.public.get(path).expect(200)
        style = re.search("<style>(.*?)</style>", answer.body.decode(), re.DOTALL)[1]
        digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
        policy = answer.header("content-security-policy")
        assert f"default-src 'none'; style-src 'sha256-{digest}'" in policy, path
        assert "<script" not in answer.body.decode()


# --- The judge itself. ---


HEADERS = [("x-request-id", "r1"), ("cache-control", "no-store"),
           ("content-type", "application/json")]
LIVE = {"status": "ok", "checks": {}, "version": "0.1.0", "uptime_seconds": 1}


def judged(status=200, headers=(), body=None, method="GET", path="/health/live", drop=()):
    """What the judge says of an answer that is right but for what is given."""
    fields = [field for field in HEADERS if field[0] not in drop] + list(headers)
    data = json.dumps(LIVE if body is None else body).encode()
    try:
        conformance.check(method, path, {}, None, Answer(status, fields, data))
    except conformance.NotConforming as failure:
        conformance.take_failures()
        return str(failure)
    return None


@pytest.mark.parametrize(
    "change,words",
    [
        ({"path": "/nowhere"}, "GET /nowhere 200: status: there is no such path"),
        ({"method": "POST"}, "POST /health/live 200: status: the method is not documented"),
        ({"status": 418}, "GET /health/live 418: status: is not documented"),
        ({"headers": [("x-powered-by", "1")]}, "header x-powered-by: is not documented"),
        ({"headers": [("x-request-id", "r2")]}, "header x-request-id: came twice"),
        ({"drop": ["x-request-id"]}, "header x-request-id: is missing"),
        ({"drop": ["content-type"]}, "header content-type: is ''"),
        ({"drop": ["cache-control"], "headers": [("cache-control", "public")]},
         "header cache-control: the whole: 'no-store' was expected"),
        ({"body": {**LIVE, "more": 1}}, "body: the whole: Additional properties"),
        ({"body": {**LIVE, "uptime_seconds": -1}}, "body: uptime_seconds: -1 is less"),
        ({"body": {"status": "ok"}}, "is a required property"),
    ],
)
def test_the_judge_names_what_is_wrong(change, words):
    assert judged() is None
    assert words in judged(**change)
