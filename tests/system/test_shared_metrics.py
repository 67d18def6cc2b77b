"""/metrics of an instance of several: what the store and the lock have counted."""

import re
import shutil

import pytest
from support import cluster, metrics, process, swarm

NAMED = re.compile(r"\busher_[a-z_]+\b")
FOLLOWERS = 20

pytestmark = pytest.mark.skipif(shutil.which("redis-server") is None, reason="needs redis-server")


@pytest.fixture
def redis(tmp_path):
    redis = cluster.Redis(tmp_path).start()
    yield redis
    redis.kill()


@pytest.fixture
def launch_cluster(tmp_path, database):
    made = []

    def launch_one(**settings):
        content, showtimes = process.pool(2)
        made.append(cluster.Cluster(tmp_path / "cluster", database, content, METRICS_PORT="0",
                                    **settings))
        return made[-1], showtimes

    yield launch_one
    for one in made:
        for usher in one.instances:
            usher.assert_well()
            usher.release()


def scrape(usher):
    return metrics.scrape(usher.operator())


def modes(page):
    return {mode for mode in ("off", "lock", "degraded")
            if page.value("usher_lock_mode", mode=mode) == 1}


def test_turns_round_trips_and_the_lock_are_counted(launch_cluster, redis):
    pair, (showtime, _) = launch_cluster(count=2, REDIS_URL=redis.url)
    here, there = pair[0], pair[1]
    before = scrape(here)
    assert modes(before) == {"lock"}
    here.api.customer("first").held(showtime, ["C3"])
    page = scrape(here)
    assert page.value("usher_store_commits_total") - before.value("usher_store_commits_total") == 1
    # Two looks for what the key may have made, the intent, the commit.
    trips = "usher_store_round_trips_total"
    assert page.value(trips) - before.value(trips) >= 4
    assert page.value("usher_lock_turns_total", lock="taken") == 1
    requests = [swarm.hold_bytes(here.api.token(f"late-{number}"), showtime, ["C3"])
                for number in range(FOLLOWERS)]
    answers, _ = swarm.fire(there.port, requests)
    assert {answer.status for answer in answers} == {409}
    # The first turn there may not know the map; the others know that there is nothing to write.
    page = scrape(there)
    assert page.value("usher_store_commits_total") == 0
    assert page.total("usher_lock_turns_total") <= 1


def test_a_redis_that_is_away_shows(launch_cluster, redis):
    lone, (showtime, _) = launch_cluster(count=1, REDIS_URL=redis.url, LOCK="required")
    customer = lone[0].api.customer("only")
    customer.held(showtime, ["C3"])
    redis.kill()
    # Who asks for what is taken needs no lock, and hears why.
    lone[0].api.customer("other").hold(showtime, ["C3"]).expect(409, "SEAT_HELD_BY_ANOTHER")
    customer.hold(showtime, ["C4"]).expect(409, "BOOKING_LOCK_FAILED")
    page = scrape(lone[0])
    assert modes(page) == {"degraded"}
    assert page.value("usher_lock_turns_total", lock="away") == 1
    assert page.value("usher_lock_refused_total") == 1
    assert page.value("usher_lock_errors_total") >= 1


def test_without_redis_the_mode_is_off_and_all_is_documented(launch_cluster):
    lone, (showtime, _) = launch_cluster(count=1)
    lone[0].api.customer("only").held(showtime, ["C3"])
    page = scrape(lone[0])
    assert modes(page) == {"off"}
    assert page.total("usher_lock_turns_total") == 0
    text = (process.REPOSITORY / "docs" / "monitoring.md").read_text()
    alone = set(NAMED.findall(text[text.index("| metric |"):text.index("What it costs")]))
    table = text[text.index("### Of several instances"):text.index("## Alerts")]
    rows = [row.split("|")[1:3] for row in table.splitlines() if row.startswith("| `")]
    listed = {name: kind.strip() for names, kind in rows for name in NAMED.findall(names)}
    shared = {name: kind for name, kind in page.kinds.items()
              if name.startswith("usher_") and name not in alone}
    assert listed == shared
