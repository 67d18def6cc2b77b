"""Judges every answer that the tests receive by api/openapi.json, and every request that was taken.

Nothing may be answered that the document does not tell of: no path, method, status, header or
member. What is wrong is raised where the answer came, and kept for the end of the test, since a
client in a thread may raise for nobody.
"""

import functools
import gzip
import json
import re
import threading
import urllib.parse
from pathlib import Path

import jsonschema
import referencing
import referencing.jsonschema

PATH = Path(__file__).resolve().parents[3] / "api" / "openapi.json"
METHODS = ("get", "post", "patch", "delete")
BASE = "urn:usher:openapi"
# What carries an answer and says nothing of it.
TRANSPORT = {"date", "connection", "content-length", "content-type", "content-encoding",
             "transfer-encoding"}
# On any answer to a page of another site, as the document's description says.
CORS = {"access-control-allow-origin", "access-control-expose-headers"}
# Given before a path is looked at, so by any path, documented or not.
FAULTS = {"400": "BadRequest", "413": "BodyTooLarge", "429": "TooManyRequests",
          "431": "HeadersTooLarge", "500": "InternalError", "503": "Overloaded"}
SEEN_MAX = 4096  # Bodies that need not be judged again: seat maps are polled.

failures = []
_seen = {}
_lock = threading.Lock()


class NotConforming(AssertionError):
    """An answer or a request is not as the document says."""


@functools.lru_cache(maxsize=1)
def document():
    return json.loads(PATH.read_text(encoding="utf-8"))


@functools.lru_cache(maxsize=1)
def _registry():
    resource = referencing.Resource.from_contents(
        document(), default_specification=referencing.jsonschema.DRAFT202012)
    return referencing.Registry().with_resource(BASE, resource)


def resolve(value):
    """What a reference of the document stands for; anything else as it is."""
    while "$ref" in value:
        found = document()
        for part in value["$ref"].removeprefix("#/").split("/"):
            found = found[part.replace("~1", "/").replace("~0", "~")]
        value = found
    return value


@functools.lru_cache(maxsize=None)
def _validator(text):
    # References in the schema are the document's, wherever the schema stands.
    schema = json.loads(text, object_hook=lambda value: {
        **value, "$ref": BASE + value["$ref"]} if isinstance(value.get("$ref"), str) else value)
    return jsonschema.Draft202012Validator(schema, registry=_registry())


def complaint(value, schema):
    """What is wrong with a value, with its place; None if nothing is."""
    error = jsonschema.exceptions.best_match(_validator(json.dumps(schema)).iter_errors(value))
    if error is None:
        return None
    place = "".join(f"[{part}]" if isinstance(part, int) else f".{part}"
                    for part in error.absolute_path).removeprefix(".")
    return f"{place or 'the whole'}: {error.message[:500]}"


def _strict(text):
    """JSON without doubled members."""
    def unique(pairs):
        value = dict(pairs)
        if len(value) != len(pairs):
            raise ValueError("a member twice")
        return value
    return json.loads(text, object_pairs_hook=unique)


@functools.lru_cache(maxsize=2)
def paths(listener="api"):
    """The paths of the API's listener or of the operator's, with their items."""
    def serves(item):
        urls = [server["url"] for server in item.get("servers", [{"url": "/"}])]
        return any((url == "/") == (listener == "api") for url in urls)
    return {template: item for template, item in document()["paths"].items() if serves(item)}


@functools.lru_cache(maxsize=2)
def _routes(listener):
    """(template, its parts, item), those without parameters first: they win."""
    routes = [(template, template.split("/"), item) for template, item in paths(listener).items()]
    return sorted(routes, key=lambda route: [part.startswith("{") for part in route[1]])


def find_path(path, listener="api"):
    """The template, its item and the parameters of a path; None if there is none."""
    given = path.split("/")
    for template, parts, item in _routes(listener):
        if len(parts) == len(given) and all(
                (mine[0:1] == "{" and yours) or mine == yours for mine, yours in zip(parts, given)):
            values = {mine[1:-1]: yours for mine, yours in zip(parts, given) if mine[0:1] == "{"}
            return template, item, values
    return None


def _plain(text, schema):
    """The value that a parameter or header stands for."""
    kind = resolve(schema).get("type")
    if kind == "integer" and re.fullmatch(r"[0-9]+", text):
        return int(text)
    if kind == "boolean" and text in ("true", "false"):
        return text == "true"
    return text


class _Judge:
    """One request and its answer."""

    def __init__(self, method, target, headers, body, answer, listener):
        self.method, self.target, self.body, self.answer = method, target, body, answer
        self.path, _, self.query = target.partition("?")
        self.listener = listener
        self.headers = {name.lower(): value for name, value in (headers or {}).items()}
        self.where = f"{method} {self.path} {answer.status}"

    def fail(self, place, what):
        raise NotConforming(f"{self.where}: {place}: {what}")

    def judge(self):
        if not self.path.startswith("/"):
            return
        found = find_path(self.path, self.listener)
        status = str(self.answer.status)
        if found is None:
            component = "NotFound" if status == "404" else FAULTS.get(status)
            self._judge_component(component, "there is no such path")
            return
        template, item, values = found
        self.where = f"{self.method} {template} {status}"
        operation = item.get("get" if self.method == "HEAD" else self.method.lower())
        if operation is None:
            self._judge_other_method(item, status)
            return
        response = operation["responses"].get(status)
        if response is None:
            self.fail("status", f"is not documented; {self.answer.body[:500]!r}")
        self._judge_response(resolve(response))
        if self.answer.status < 400:
            self._judge_request(operation, values)

    def _judge_component(self, name, otherwise):
        if name is None:
            self.fail("status", otherwise)
        self._judge_response(document()["components"]["responses"][name])

    def _judge_other_method(self, item, status):
        if self.method == "OPTIONS" and status == "204":
            self._judge_component("Preflight", "")
        elif status != "405":
            self._judge_component(FAULTS.get(status), "the method is not documented")
        else:
            self._judge_component("MethodNotAllowed", "")
            allowed = {method.upper() for method in METHODS if method in item}
            allowed |= {"HEAD"} if "get" in item else set()
            said = set(dict(self.answer.headers)["allow"].split(", "))
            if said != allowed:
                self.fail("header allow", f"is {said}, documented are {allowed}")

    def _judge_response(self, response):
        documented = {name.lower(): resolve(header)
                      for name, header in response.get("headers", {}).items()}
        given = {}
        for name, value in self.answer.headers:
            if name in given:
                self.fail(f"header {name}", "came twice")
            given.setdefault(name, value)
        for name, header in documented.items():
            if name not in given and header.get("required"):
                self.fail(f"header {name}", "is missing")
        for name, value in given.items():
            if name in documented:
                schema = documented[name]["schema"]
                wrong = complaint(_plain(value, schema), schema)
                if wrong is not None:
                    self.fail(f"header {name}", wrong)
            elif name not in TRANSPORT | CORS and (name, value) != ("vary", "Origin"):
                self.fail(f"header {name}", "is not documented")
        self._judge_body(response.get("content", {}), given)

    def _judge_body(self, content, headers):
        body = self.answer.body
        if self.method == "HEAD" or not content:
            if body:
                self.fail("body", f"there should be none: {body[:200]!r}")
            return
        kind = headers.get("content-type", "").split(";")[0]
        if kind not in content:
            self.fail("header content-type", f"is {kind!r}, not of {sorted(content)}")
        if not kind.endswith("json"):
            return
        schema = content[kind]["schema"]
        key = (self.where, kind, body)
        if _seen.get(key):
            return
        try:
            value = _strict(gzip.decompress(body) if "content-encoding" in headers else body)
        except ValueError as error:
            self.fail("body", f"is no JSON: {error}")
        wrong = complaint(value, schema)
        if wrong is not None:
            self.fail("body", wrong)
        with _lock:
            if len(_seen) >= SEEN_MAX:
                _seen.clear()
            _seen[key] = True

    def _judge_request(self, operation, values):
        """What was taken must be what the document says may be sent."""
        parameters = [resolve(parameter) for parameter in operation["parameters"]]
        query = dict(urllib.parse.parse_qsl(self.query, keep_blank_values=True))
        sent = {"path": values, "query": query, "header": self.headers}
        known = {parameter["name"] for parameter in parameters if parameter["in"] == "query"}
        # An operation without parameters does not look at the query, as the description says.
        if known and set(query) - known:
            self.fail("query", f"{set(query) - known} was taken and is not documented")
        for parameter in parameters:
            name, place = parameter["name"], parameter["in"]
            value = sent[place].get(name.lower() if place == "header" else name)
            if value is None:
                if parameter.get("required"):
                    self.fail(f"{place} {name}", "was left out and the request was taken")
                continue
            if place == "query" and value == "":
                continue
            wrong = complaint(_plain(value, parameter["schema"]), parameter["schema"])
            if wrong is not None:
                self.fail(f"{place} {name}", f"was taken: {wrong}")
        self._judge_request_body(operation)

    def _judge_request_body(self, operation):
        asked = operation.get("requestBody")
        if asked is None or not self.body:
            if asked is not None:
                self.fail("request body", "was left out and the request was taken")
            return
        for kind, media in asked["content"].items():
            if kind == "application/json":
                value = json.loads(self.body)
            else:
                value = {name: int(text) if text.isdigit() else text for name, text in
                         urllib.parse.parse_qsl(self.body.decode(), keep_blank_values=True)}
            wrong = complaint(value, media["schema"])
            if wrong is not None:
                self.fail("request body", f"was taken: {wrong}")


def check(method, target, headers, body, answer, listener="api"):
    """Fails unless the answer, and the request if it was taken, are as the document says."""
    try:
        _Judge(method, target, headers, body, answer, listener).judge()
    except NotConforming as failure:
        failures.append(str(failure))
        raise


def check_bytes(request, answer):
    """The same for a request as it went over the wire. One that no client would send is left
    to the tests that send it."""
    head, _, body = request.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    method, target, _ = first.split(" ")
    headers = {name.strip(): value.strip()
               for name, value in (line.split(":", 1) for line in lines)}
    check(method, target, headers, body, answer)


@functools.lru_cache(maxsize=SEEN_MAX)
def _complaint_of_event(kind, text):
    name = {"snapshot": "SnapshotEvent", "seats": "SeatsEvent"}[kind]
    return complaint(_strict(text), {"$ref": f"#/components/schemas/{name}"})


def check_event(kind, text):
    """The data of an event of a live seat map; thousands of listeners hear the same."""
    wrong = _complaint_of_event(kind, text)
    if wrong is not None:
        failures.append(f"event {kind}: {wrong}")
        raise NotConforming(failures[-1])


def take_failures():
    """What was wrong since the last call."""
    taken = list(failures)
    failures.clear()
    return taken
