"""A chain's whole programme on MongoDB: nothing that comes every second costs more as it grows.

USHER_SCALE=5000 tries a million seats: so many showtimes of 200 seats; the figures are printed.
"""

import json
import os
import subprocess
import time

import pytest
from support import catalogue, cluster, process

SHOWTIMES = int(os.environ.get("USHER_SCALE", "300"))
HOLDS = min(SHOWTIMES, 1000)
UNLIMITED_MAX = 1000  # SecantusDB reads all that a list without a day matches, whatever its limit.
IDLE_S = 4
RECURRING = 2        # So often a query comes that is asked every second.
EXAMINED_MAX = 20    # Documents that such a query may look at: what is due, and no more.
PYTHON = process.REPOSITORY / "build" / "mongo-venv" / "bin" / "python"

# Records every command for a while, then has the server explain each query that came again.
PROFILE = """
import collections, json, sys, time, pymongo
uri, seconds = sys.argv[1], float(sys.argv[2])
database = pymongo.MongoClient(uri).get_default_database()
database.command("profile", 2)
time.sleep(seconds)
database.command("profile", 0)
seen = collections.defaultdict(list)
for entry in database["system.profile"].find():
    command = entry.get("command", {})
    if "find" in command and "system." not in command["find"]:
        shape = sorted(command.get("filter", {}))
        seen[command["find"], tuple(shape)].append(command)
told = []
for (collection, shape), commands in seen.items():
    command = {name: value for name, value in commands[-1].items()
               if name in ("find", "filter", "sort", "projection", "limit")}
    stats = database.command("explain", command, verbosity="executionStats")["executionStats"]
    told.append({"collection": collection, "filter": shape, "times": len(commands),
                 "examined": stats["totalDocsExamined"]})
print(json.dumps(told))
"""


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    database = cluster.Database(tmp_path_factory.mktemp("scale-database")).start()
    yield database
    database.stop()


@pytest.fixture(scope="module")
def house(tmp_path_factory, database):
    """One instance with a large programme, and how long that took."""
    content = catalogue.Catalogue()
    content.cinemas[0]["screens"].append(catalogue.screen("S200", 10, 20, 200))
    showtimes = [content.showtime(screen_id="S200", starts_in_s=86400.0 + 600 * number)
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


def timed(public, path):
    """The list, and how long it took, in text."""
    began_s = time.monotonic()
    answer = public.get(path).expect(200).json
    return answer, f"{(time.monotonic() - began_s) * 1000:.0f} ms"


def test_a_large_programme_is_listed_and_sold(house):
    public = house.api.public
    if SHOWTIMES <= UNLIMITED_MAX:
        first, first_took = timed(public, "/api/showtimes?limit=100")
        assert [item["id"] for item in first["items"]] == house.showtimes[:100]
        path = f"/api/showtimes?limit=100&cursor={first['next_cursor']}"
        second, second_took = timed(public, path)
        assert [item["id"] for item in second["items"]] == house.showtimes[100:200]
        print(f"a page of all in {first_took}, the next in {second_took}")
    day = public.get(f"/api/showtimes/{house.showtimes[0]}").expect(200).json["start_time"][:10]
    dated, day_took = timed(public, f"/api/showtimes?limit=100&date={day}&available=true")
    assert 0 < len(dated["items"]) <= 144
    customer = house.api.customer()
    began_s = time.monotonic()
    for showtime in house.showtimes[:HOLDS]:
        customer.hold(showtime, ["B1"]).expect(201)
    holds_s = time.monotonic() - began_s
    print(f"a day in {day_took}, a hold in each of {HOLDS} in {holds_s:.1f} s,"
          f" {house.rss_kb()} kB resident")
    house.kill()
    house.start()
    print(f"ready in {house.ready_after_s:.2f} s after a kill with {HOLDS} open showtimes")
    assert house.api.statuses(house.showtimes[0]) == {"B1": "held"}


@pytest.mark.skipif(not PYTHON.exists(), reason="needs pymongo; see tools/setup")
def test_no_query_that_comes_again_and_again_reads_the_catalogue(house):
    house.api.seats(house.showtimes[-1])  # A map that is watched.
    time.sleep(1)
    done = subprocess.run([str(PYTHON), "-c", PROFILE, house.settings["MONGO_URI"], str(IDLE_S)],
                          capture_output=True, text=True, timeout=60, check=False)
    if done.returncode != 0 and "profile" in done.stderr:
        pytest.skip("the server has no profiler, or not for us")
    assert done.returncode == 0, done.stderr
    told = [query for query in json.loads(done.stdout) if query["times"] >= RECURRING]
    for query in told:
        print(query)
    assert {query["collection"] for query in told} >= {"showtimes", "payments", "settings"}
    assert len(told) >= 5, "the sweep, the watch and the clerks ask every second"
    assert not [query for query in told if query["examined"] > EXAMINED_MAX]
