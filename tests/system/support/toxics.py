"""Networks that fail: toxiproxy between an instance and its database or Redis.

A toxic works on the bytes of one direction: `upstream` is what the instance says, `downstream`
what it hears. With the toxic `timeout` the bytes vanish, so that a request is carried out and its
answer never comes, or never arrives at all; connections stay half open until it is lifted.
"""

import contextlib
import http.client
import json
import subprocess
import time

from support import cluster, process

BINARY = process.REPOSITORY / "build" / "toxiproxy"
STARTED_WITHIN_S = 20


class Proxy:
    """One way from an instance to a service."""

    def __init__(self, toxiproxy, name, port):
        self.toxiproxy = toxiproxy
        self.name = name
        self.port = port

    def cut(self):
        """All connections end, and nobody gets another one."""
        self.toxiproxy.ask("POST", f"/proxies/{self.name}", {"enabled": False})

    def mend(self):
        """What was cut or poisoned works again."""
        self.toxiproxy.ask("POST", f"/proxies/{self.name}", {"enabled": True})
        for toxic in self.toxiproxy.ask("GET", f"/proxies/{self.name}/toxics"):
            self.toxiproxy.ask("DELETE", f"/proxies/{self.name}/toxics/{toxic['name']}")

    def poison(self, kind, stream, **attributes):
        self.toxiproxy.ask("POST", f"/proxies/{self.name}/toxics",
                           {"type": kind, "stream": stream, "attributes": attributes})

    def lose_answers(self):
        """What the instance says arrives; what it would hear does not."""
        self.poison("timeout", "downstream", timeout=0)

    def lose_requests(self):
        self.poison("timeout", "upstream", timeout=0)

    def lose_all(self):
        """Connections stand, and nothing passes."""
        self.lose_requests()
        self.lose_answers()

    def delay(self, latency_ms, jitter_ms=0):
        self.poison("latency", "downstream", latency=latency_ms, jitter=jitter_ms)

    def delay_requests(self, latency_ms):
        self.poison("latency", "upstream", latency=latency_ms)

    def reset(self):
        """Connections are reset by the peer, those that are new too."""
        self.poison("reset_peer", "downstream", timeout=0)

    @contextlib.contextmanager
    def being(self, fault, *arguments):
        """`with proxy.being(Proxy.delay, 100):` and all is well again afterwards."""
        fault(self, *arguments)
        try:
            yield self
        finally:
            self.mend()


class Toxiproxy:
    """The process with all proxies of a test."""

    def __init__(self, folder):
        assert BINARY.exists(), "there is no toxiproxy: run tools/setup"
        self.port = cluster.free_port()
        with open(folder / "toxiproxy.log", "ab") as log:
            self.process = subprocess.Popen(
                [str(BINARY), "-host", "127.0.0.1", "-port", str(self.port)], stdout=log,
                stderr=log, stdin=subprocess.DEVNULL)
        limit_s = time.monotonic() + STARTED_WITHIN_S
        while True:
            try:
                self.ask("GET", "/version")
                return
            except OSError:
                assert self.process.poll() is None and time.monotonic() < limit_s
                time.sleep(0.02)

    def ask(self, method, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request(method, path, None if body is None else json.dumps(body))
            answer = connection.getresponse()
            text = answer.read()
        finally:
            connection.close()
        assert answer.status < 300, f"{method} {path}: {answer.status} {text!r}"
        return json.loads(text) if text.startswith((b"{", b"[")) else None

    def proxy(self, name, service_port):
        port = cluster.free_port()
        self.ask("POST", "/proxies", {"name": name, "listen": f"127.0.0.1:{port}",
                                      "upstream": f"127.0.0.1:{service_port}", "enabled": True})
        return Proxy(self, name, port)

    def stop(self):
        self.process.terminate()
        self.process.wait(STARTED_WITHIN_S)


@contextlib.contextmanager
def cluster_behind_proxies(folder, content, **options):
    """A cluster of which each instance has ways of its own: to_mongo[number], to_redis[number]."""
    to_mongo, to_redis = [], []

    def own(number, made):
        to_mongo.append(toxiproxy.proxy(f"mongo-{number}", made.database.port))
        to_redis.append(toxiproxy.proxy(f"redis-{number}", made.redis.port))
        uri = made.uri.replace(f":{made.database.port}/", f":{to_mongo[number].port}/")
        return {"MONGO_URI": uri, "REDIS_URL": f"redis://127.0.0.1:{to_redis[number].port}"}

    toxiproxy = Toxiproxy(folder)
    try:
        with cluster.whole(folder, content, own=own, **options) as made:
            made.to_mongo, made.to_redis = to_mongo, to_redis
            yield made
            for proxy in (*to_mongo, *to_redis):
                proxy.mend()
    finally:
        toxiproxy.stop()
