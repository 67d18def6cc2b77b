"""Fixtures of the system tests: a server in a folder of its own, judged at the end.

`USHER_BIN` names the program (default build/usher).
"""

import os
import random
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
pytest.register_assert_rewrite("support")

from support import cluster, conformance, process  # noqa: E402  (needs the path above)

POOL_SIZE = 150  # Showtimes of a module's server; a test takes one or two.

running = []  # Servers whose stderr a failing test shows.


def pytest_addoption(parser):
    parser.addoption("--seconds", type=float, default=0,
                     help="let the kill loop go on for so long")


def pytest_configure(config):
    config.addinivalue_line("markers", "sanitize: also run against the sanitized server")
    config.addinivalue_line("markers", "races: also run against the server under ThreadSanitizer")


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    report = outcome.get_result()
    if report.failed:
        for server in running:
            report.sections.append((f"stderr of {server.folder}", server.log()[-process.TAIL_SIZE :]))


def end(servers):
    """Ends servers and fails for the first that was not well."""
    failures = []
    for server in servers:
        for judge in (server.assert_well, server.release, server.assert_well):
            try:
                judge()
            except AssertionError as failure:
                failures.append(failure)
        running.remove(server)
    if failures:
        raise failures[0]


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    """A MongoDB server of the module's own."""
    database = cluster.Database(tmp_path_factory.mktemp("database")).start()
    yield database
    database.stop()


@pytest.fixture(autouse=True)
def conforms():
    """Every answer of the test was as the API's document says, also those of its threads."""
    conformance.take_failures()
    yield
    failures = conformance.take_failures()
    assert not failures, f"{len(failures)} answers, the first: {failures[0]}"


def launcher(folder):
    """Gives a function that makes servers below `folder`, and ends them afterwards."""
    made = []

    def launch_one(content=None, arguments=(), name="usher", start=True, **settings):
        server = process.Usher(folder / name, arguments, **settings)
        made.append(server)
        running.append(server)
        if content is not None:
            server.seed(content)
        return server.start() if start else server

    yield launch_one
    end(made)


@pytest.fixture
def launch(tmp_path):
    """Starts servers of the test's own: launch(catalogue, HOLD_SECONDS="1")."""
    yield from launcher(tmp_path)


@pytest.fixture(scope="module")
def launch_for_module(tmp_path_factory):
    """The same, for a server that all tests of a module use."""
    yield from launcher(tmp_path_factory.mktemp("module"))


class House:
    """A server that the tests of a module share; each takes showtimes that nobody else uses."""

    def __init__(self, server, showtimes):
        self.server = server
        self.showtimes = iter(showtimes)
        self.api = server.api

    def showtime(self):
        return next(self.showtimes)


@pytest.fixture(scope="module")
def shared_house(launch_for_module):
    content, showtimes = process.pool(POOL_SIZE)
    return House(launch_for_module(content, name="house"), showtimes)


@pytest.fixture
def house(shared_house):
    """The module's server; every test leaves it well."""
    shared_house.server.assert_well()
    yield shared_house
    shared_house.server.assert_well()


@pytest.fixture
def api(house):
    return house.api


@pytest.fixture
def showtime(house):
    """A showtime of the test's own."""
    return house.showtime()


@pytest.fixture
def customer(api):
    """A user of the test's own."""
    return api.customer()


@pytest.fixture
def staff(api):
    """A user of the cinema, of the test's own."""
    return api.staff()


@pytest.fixture
def chance():
    """Random numbers whose seed is printed: USHER_SEED runs them again."""
    seed = int(os.environ.get("USHER_SEED", random.SystemRandom().randrange(2**32)))
    print(f"SEED={seed}")
    return random.Random(seed)
