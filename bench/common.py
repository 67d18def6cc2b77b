"""What the benchmarks share: a store to sell from, servers under test, and wrk as their client."""
import json
import os
import pathlib
import re
import secrets
import socket
import subprocess
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent
USHER = pathlib.Path(os.environ.get("USHER_BIN", ROOT / "build" / "usher"))
TICKS = os.sysconf("SC_CLK_TCK")
START_TIMEOUT_S = 60


class Programme:
    """Houses for one kind of sale, for the other, and a last one; a hold takes two seats."""

    def __init__(self, sale, spread, rows, cols):
        self.sale, self.spread, self.rows, self.cols = sale, spread, rows, cols
        self.showtimes = sale + spread + 1
        self.holds = {"fresh": sale * rows * cols // 2, "spread": spread * rows * cols // 2}

    def arguments(self):
        """As bench/requests.lua wants to know it."""
        return [str(number) for number in (self.sale, self.spread, self.rows * self.cols, self.cols)]


LARGE = Programme(sale=1600, spread=400, rows=50, cols=50)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def catalogue(programme):
    layout = {"rows": programme.rows, "cols": programme.cols, "unavailable": []}
    return {
        "movies": [{"id": f"{1:024x}", "title": "Bench", "duration": 120, "genre": ["Drama"],
                    "poster_url": "", "description": "", "release_date": "2024-01-01",
                    "status": "now_showing"}],
        "cinemas": [{"id": f"{2:024x}", "name": "Bench", "address": "", "city": "Bench",
                     "phone": "", "is_active": True,
                     "screens": [{"screen_id": "S1", "name": "One", "type": "standard",
                                  "total_seats": programme.rows * programme.cols, "seat_layout": layout}]}],
        "showtimes": [{"id": f"{index + 1:024x}", "movie_index": 0, "cinema_index": 0,
                       "screen_id": "S1", "starts_in": f"+{1 + index % 300}d 19:30",
                       "price": {"standard": 100000, "vip": 150000, "couple": 250000}}
                      for index in range(programme.showtimes)],
    }


def with_children(pid):
    children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [pid] + [int(child) for child in children.split()]


def cpu_seconds(pids):
    total = 0
    for pid in pids:
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        total += int(fields[11]) + int(fields[12])
    return total / TICKS


class Server:
    """A process under test, the time until it was ready, and the CPU that it and its children
    have used."""

    def __init__(self, command, port, environment=None):
        self.port = port
        began = time.monotonic()
        self.process = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL)
        while not self.is_ready():
            if time.monotonic() - began > START_TIMEOUT_S or self.process.poll() is not None:
                raise SystemExit(f"{command[0]} did not start")
            time.sleep(0.002)
        self.ready_after_s = time.monotonic() - began

    def is_ready(self):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/health/ready") as answer:
                return answer.status < 300
        except (OSError, urllib.error.HTTPError):
            return False

    def pids(self):
        return with_children(self.process.pid)

    def cpu_seconds(self):
        return cpu_seconds(self.pids())

    def rss_mb(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+) kB", status)[1]) / 1024

    def stop(self):
        self.process.terminate()
        self.process.wait(60)


class Store:
    """A folder with the bench's catalogue, and tokens of a hundred users in a file; `settings` may
    say that the store is elsewhere."""

    def __init__(self, folder, programme, **settings):
        folder.mkdir(exist_ok=True)
        self.folder, self.programme = folder, programme
        self.path = folder / "data" / "usher.db"
        self.environment = {**os.environ, "USHER_DATA": str(folder / "data"),
                            "JWT_SECRET": secrets.token_hex(32), "MAX_HELD_SEATS": "1000000",
                            "RATE_LIMIT": "off", "LOG_LEVEL": "error", "METRICS_PORT": "off",
                            **settings}
        seed = folder / "catalogue.json"
        seed.write_text(json.dumps(catalogue(programme)))
        self.run("seed", seed)
        tokens = [self.run("token", "--user", f"user{index}", "--ttl", "1d").strip()
                  for index in range(100)]
        self.token = tokens[0]
        self.tokens_path = folder / "tokens"
        self.tokens_path.write_text("\n".join(tokens) + "\n")

    def run(self, *arguments):
        """What a command of usher prints."""
        return subprocess.run([USHER, *arguments], env=self.environment, check=True,
                              stdout=subprocess.PIPE, text=True).stdout

    def serve(self):
        port = free_port()
        return Server([USHER, "serve"], port, dict(self.environment, PORT=str(port)))


def wrk(server, arguments, connections, seconds, script=()):
    before, began = server.cpu_seconds(), time.monotonic()
    output = subprocess.run(
        ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s", "--latency", *arguments, *script],
        check=True, capture_output=True, text=True).stdout
    used, took = server.cpu_seconds() - before, time.monotonic() - began
    requests = int(re.search(r"(\d+) requests in", output)[1])
    refused = re.search(r"Non-2xx or 3xx responses: (\d+)", output)
    errors = re.search(r"Socket errors: (.*)", output)
    latency = {name: re.search(rf"^\s+{name}%\s+(\S+)", output, re.MULTILINE)[1] for name in ("50", "99")}
    return {"per_second": float(re.search(r"Requests/sec:\s+([\d.]+)", output)[1]),
            "cpu_us": used * 1e6 / max(requests, 1), "cores": used / took, "requests": requests,
            "refused": int(refused[1]) if refused else 0, "errors": errors[1] if errors else "",
            "p50": latency["50"], "p99": latency["99"]}


def scripted(server, kind, store, number, options, *more):
    """Requests of bench/requests.lua, the first of them with this number."""
    return wrk(server, ["-s", str(ROOT / "bench" / "requests.lua"),
                        f"http://127.0.0.1:{server.port}"],
               options.connections, options.seconds,
               ["--", kind, str(store.tokens_path), str(number), *store.programme.arguments(),
                *more])
