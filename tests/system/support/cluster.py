"""Several instances of usher on one MongoDB server, which is started here and ended by its id.

The server is the one of tests/support/with_mongo: MONGO_URI, mongod, or SecantusDB.
"""

import concurrent.futures
import contextlib
import functools
import importlib.machinery
import importlib.util
import os
import secrets
import signal
import socket
import subprocess

import pytest

from support import process

INSTANCES = 3
# Options for tests that wait for a database to go and to come back: customers are given longer.
HASTE = "serverSelectionTimeoutMS=300&socketTimeoutMS=1000&heartbeatFrequencyMS=500"


def _starter():
    path = str(process.REPOSITORY / "tests" / "support" / "with_mongo")
    loader = importlib.machinery.SourceFileLoader("with_mongo", path)
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("with_mongo", loader))
    loader.exec_module(module)
    return module


def free_port():
    return _starter().free_port()


def wait_until_ready(server, port):
    """Waits until somebody listens there."""
    _starter().wait_until_ready(server, port)


class Database:
    """A MongoDB server with a folder of its own; with MONGO_URI a database of its own there."""

    def __init__(self, folder, replica_set=False):
        self.folder = folder
        self.process = None
        self.starter = _starter()
        self.replica_set = replica_set  # Of one member, and always our own.
        self.given = None if replica_set else os.environ.get("MONGO_URI")
        self.port = None if self.given else self.starter.free_port()

    def uri(self):
        """The address of a database that nobody else has."""
        name = f"usher_test_{secrets.token_hex(4)}"
        if self.given:
            address, _, options = self.given.partition("?")
            scheme, _, rest = address.partition("://")
            return f"{scheme}://{rest.split('/')[0]}/{name}?{options}"
        return f"mongodb://127.0.0.1:{self.port}/{name}"

    def start(self):
        if self.given:
            return self
        data = self.folder / "mongo"
        data.mkdir(parents=True, exist_ok=True)
        command = self.starter.server_command(self.port, str(data), self.replica_set)
        assert command is not None, "there is no MongoDB server: run tools/setup"
        with open(self.folder / "mongo.log", "ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log)
        self.starter.wait_until_ready(self.process, self.port)
        return self

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.process = None

    def stop(self):
        if self.process is not None:
            self.kill()


class Redis:
    """A Redis server that keeps nothing."""

    def __init__(self, folder):
        self.folder = folder
        self.process = None
        self.port = free_port()

    @property
    def url(self):
        return f"redis://127.0.0.1:{self.port}"

    def start(self):
        with open(self.folder / "redis.log", "ab") as log:
            self.process = subprocess.Popen(
                ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", "",
                 "--appendonly", "no", "--dir", str(self.folder)], stdout=log, stderr=log)
        wait_until_ready(self.process, self.port)
        return self

    def say(self, *words):
        """A command; its answer as Redis wrote it."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as connection:
            connection.sendall(" ".join(words).encode() + b"\r\n")
            return connection.recv(1 << 16).decode()

    def kill(self):
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None


def at_once(works):
    """Does what waits for others beside each other; the first failure is the caller's."""
    with concurrent.futures.ThreadPoolExecutor(len(works)) as pool:
        for done in [pool.submit(work) for work in works]:
            done.result()


def _release(usher):
    """Ends an instance, and fails for the first thing that was not well."""
    failures = []
    for judge in (usher.assert_well, usher.release, usher.assert_well):
        try:
            judge()
        except AssertionError as failure:
            failures.append(failure)
    if failures:
        raise failures[0]


def release(instances):
    """Ends and judges them. Each waits half a second and more for its driver's threads."""
    if instances:
        at_once([functools.partial(_release, usher) for usher in instances])


@contextlib.contextmanager
def whole(folder, content, **options):
    """A database that a test may kill, Redis, and instances; all are ended, however it goes."""
    database = Database(folder)
    if database.given:
        pytest.skip("a given database is not ours to kill")
    with contextlib.ExitStack() as ending:
        ending.callback(database.stop)
        database.start()
        redis = Redis(folder)
        ending.callback(redis.kill)
        made = Cluster(folder, database, content, redis=redis.start(), **options)
        ending.callback(made.end)
        yield made


class Cluster:
    """Instances that share their secrets, so that each takes the others' tokens and webhooks.

    `own` gives settings to one of them: own(number, the cluster)."""

    def __init__(self, folder, database, content=None, count=INSTANCES, own=None, redis=None,
                 options="", **settings):
        self.database = database
        self.redis = redis
        self.uri = database.uri()
        self.instances = []
        if redis is not None:
            settings.setdefault("REDIS_URL", redis.url)
        first = process.Usher(folder / "usher-0", MONGO_URI=self.uri + options, USHER_WRITERS="2",
                              USHER_LOOPS="2", **settings)
        common = first.settings
        if content is not None:
            first.seed(content)
        for number in range(count):
            usher = first if number == 0 else process.Usher(folder / f"usher-{number}")
            if number > 0:
                usher.settings = {**common, "PORT": "0", "USHER_DATA": str(usher.data)}
                usher.jwt_secret = first.jwt_secret
                usher.webhook_secrets = first.webhook_secrets
            if own is not None:
                usher.settings = {**usher.settings, **own(number, self)}
            self.instances.append(usher)
        try:
            at_once([usher.start for usher in self.instances])
        except BaseException:
            for one in self.instances:
                if one.process is not None:
                    one.kill()
            raise

    def __getitem__(self, number):
        return self.instances[number]

    def end(self):
        """Ends what runs, and fails for what was not well."""
        release(self.instances)

    def customers(self, user):
        """The same user at each of the instances."""
        return [usher.api.customer(user) for usher in self.instances]
