"""A chain's whole programme on MongoDB: neither a list nor what comes every second costs more as it
grows.

USHER_SCALE=5000 tries a million seats: so many showtimes of 200 seats; the figures are printed.
"""

import base64
import json
import os
import subprocess
import time

import pytest
from support import catalogue, process

SHOWTIMES = int(os.environ.get("USHER_SCALE", "300"))
PAST = SHOWTIMES // 3  # So many have begun.
HOLDS = min(PAST, 1000)
STEP_S = 3 * 3600      # From one to the next: eight a day.
PAGE = 20
LISTED_MAX = 200       # Documents that a list may look at: its page, and some days.
QUESTIONS_MAX = 40     # So many to find where the programme begins, on a thread's first list.
IDLE_S = 4
RECURRING = 2        # So often a query comes that is asked every second.
EXAMINED_MAX = 20    # Documents that such a query may look at: what is due, and no more.
PYTHON = process.REPOSITORY / "build" / "mongo-venv" / "bin" / "python"

# Records commands, and has the server say of a query what it looks at.
TOOLS = """
import collections, datetime, json, sys, time, urllib.request, pymongo
database = pymongo.MongoClient(sys.argv[1]).get_default_database()
def record(work):
    database.command("profile", 2)
    work()
    database.command("profile", 0)
    commands = [entry.get("command", {}) for entry in database["system.profile"].find()]
    database["system.profile"].drop()
    return [command for command in commands if "system." not in command.get("find", "system.")]
def examined(command, *without):
    command = {name: value for name, value in command.items() if name not in without and
               name in ("find", "filter", "sort", "projection", "limit")}
    stats = database.command("explain", command, verbosity="executionStats")["executionStats"]
    return stats["totalDocsExamined"]
"""

# Each query that came again, when what has ended is completed.
IDLE = TOOLS + """
until = time.monotonic() + 240
ended = {"status": "scheduled", "end_time": {"$lt": datetime.datetime.now(datetime.timezone.utc)}}
while time.monotonic() < until and database.showtimes.count_documents(ended):
    time.sleep(1)
seen = collections.defaultdict(list)
for command in record(lambda: time.sleep(float(sys.argv[2]))):
    seen[command["find"], tuple(sorted(command.get("filter", {})))].append(command)
print(json.dumps([{"collection": collection, "filter": shape, "times": len(commands),
                   "examined": examined(commands[-1])}
                  for (collection, shape), commands in seen.items()]))
"""

# All that a list asked of the showtimes: what a server looks at that stops at no limit.
LISTS = TOOLS + """
told = {}
for address in sys.argv[2:]:
    commands = [command for command in record(lambda: urllib.request.urlopen(address).read())
                if command["find"] == "showtimes" and "start_time" in command.get("sort", {})]
    told[address] = {"questions": len(commands), "examined": sum(examined(command, "limit") for command in commands)}
print(json.dumps(told))
"""


def ask(script, *arguments):
    """What a script tells of the database; skips if there is no profiler."""
    done = subprocess.run([str(PYTHON), "-c", script, *map(str, arguments)],
                          capture_output=True, text=True, timeout=300, check=False)
    if done.returncode != 0 and "profile" in done.stderr:
        pytest.skip("the server has no profiler, or not for us")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def house(tmp_path_factory, database):
    """One instance with a large programme, and how long that took."""
    content = catalogue.Catalogue()
    content.cinemas[0]["screens"].append(catalogue.screen("S200", 10, 20, 200))
    showtimes = [content.showtime(screen_id="S200", starts_in_s=STEP_S * (number - PAST + 0.5))
                 for number in range(SHOWTIMES)]
    usher = process.Usher(tmp_path_factory.mktemp("scale"), MONGO_URI=database.uri())
    began_s = time.monotonic()
    usher.seed(content)
    seed_s = time.monotonic() - began_s
    began_s = time.monotonic()
    assert "(0 new, 0 updated)" in usher.seed(content).stdout
    again_s = time.monotonic() - began_s
    usher.start()
    print(f"{SHOWTIMES} showtimes, {200 * SHOWTIMES} seats: seeded in {seed_s:.2f} s, again in"
          f" {again_s:.2f} s, ready in {usher.ready_after_s:.2f} s, {usher.rss_kb()} kB resident")
    usher.showtimes = showtimes
    yield usher
    usher.assert_well()
    usher.release()


MOVIE = f"movie_id={catalogue.MOVIE}"
CINEMA = f"cinema_id={catalogue.CINEMA}"
OWNERS = ["", f"&{MOVIE}", f"&{CINEMA}", f"&{MOVIE}&{CINEMA}"]


def behind(showtime):
    return f"&cursor={base64.urlsafe_b64encode(bytes.fromhex(showtime)).decode()}"


def listed(public, path):
    """The ids of a list and its cursor; prints how long it took."""
    began_s = time.monotonic()
    answer = public.get(f"/api/showtimes?{path}").expect(200).json
    print(f"{path}: {len(answer['items'])} in {(time.monotonic() - began_s) * 1000:.0f} ms")
    return [item["id"] for item in answer["items"]], answer["next_cursor"]


@pytest.mark.parametrize("owner", OWNERS)
def test_a_large_programme_is_listed(house, owner):
    public = house.api.public
    for available, expected in (("", house.showtimes), ("&available=true", house.showtimes[PAST:])):
        path = f"limit=100{owner}{available}"
        first, cursor = listed(public, path)
        assert first == expected[:100]
        assert listed(public, f"{path}&cursor={cursor}")[0] == expected[100:200]
        assert listed(public, f"{path}{behind(expected[-3])}") == (expected[-2:], None)
        assert listed(public, f"{path}{behind(expected[-1])}") == ([], None)


def test_a_day_of_a_large_programme_is_listed(house):
    public = house.api.public
    for place in (PAST // 2, PAST + 8):
        showtime = house.showtimes[place]
        day = public.get(f"/api/showtimes/{showtime}").expect(200).json["start_time"][:10]
        for owner in OWNERS:
            ids, cursor = listed(public, f"limit=100{owner}&date={day}")
            assert 8 - 1 <= len(ids) <= 8 + 1
            assert cursor is None


@pytest.mark.skipif(not PYTHON.exists(), reason="needs pymongo; see tools/setup")
def test_no_list_reads_more_than_its_page_and_some_days(house):
    address = f"http://127.0.0.1:{house.port}/api/showtimes?limit={PAGE}"
    queries = [owner + more for owner in OWNERS
               for more in ("", "&available=true", behind(house.showtimes[PAST]), behind(house.showtimes[-2]))]
    told = ask(LISTS, house.settings["MONGO_URI"], *(f"{address}{query}" for query in queries))
    for query, cost in told.items():
        print(query, cost)
    assert len(told) == len(queries)
    assert all(cost["questions"] >= 1 for cost in told.values())
    assert not {query: cost for query, cost in told.items() if cost["questions"] > QUESTIONS_MAX}
    assert not {query: cost for query, cost in told.items() if cost["examined"] > LISTED_MAX}


def test_a_large_programme_is_sold(house):
    customer = house.api.customer()
    began_s = time.monotonic()
    for showtime in house.showtimes[PAST:PAST + HOLDS]:
        customer.hold(showtime, ["B1"]).expect(201)
    holds_s = time.monotonic() - began_s
    print(f"a hold in each of {HOLDS} in {holds_s:.1f} s, {house.rss_kb()} kB resident")
    house.kill()
    house.start()
    print(f"ready in {house.ready_after_s:.2f} s after a kill with {HOLDS} open showtimes")
    assert house.api.statuses(house.showtimes[PAST]) == {"B1": "held"}


@pytest.mark.skipif(not PYTHON.exists(), reason="needs pymongo; see tools/setup")
def test_no_query_that_comes_again_and_again_reads_the_catalogue(house):
    house.api.seats(house.showtimes[-1])  # A map that is watched.
    time.sleep(1)
    told = [query for query in ask(IDLE, house.settings["MONGO_URI"], IDLE_S)
            if query["times"] >= RECURRING]
    for query in told:
        print(query)
    assert {query["collection"] for query in told} >= {"showtimes", "payments", "settings"}
    assert len(told) >= 5, "the sweep, the watch and the clerks ask every second"
    assert not [query for query in told if query["examined"] > EXAMINED_MAX]
