"""The server as a process: started in a folder of its own, watched, and ended by its id.

Every test judges the process too: it must not have died, and what it wrote to stderr must not
tell of a failed check or a sanitizer's finding.

Times are generous: they only end a test that hangs.
"""

import json
import os
import re
import secrets
import signal
import subprocess
import time
from pathlib import Path

from support import api, catalogue

REPOSITORY = Path(__file__).resolve().parents[3]
BINARY = Path(os.environ.get("USHER_BIN", REPOSITORY / "build" / "usher"))
SUPPRESSIONS = REPOSITORY / "tools" / "lsan.supp"
PROVIDERS = ("momo", "vnpay", "zalopay", "card")
GATEWAY = "https://gateway.example.com"
RETURN_HOST = "shop.example.com"
START_TIMEOUT_S = 30
STOP_TIMEOUT_S = 30
COMMAND_TIMEOUT_S = 120
TAIL_SIZE = 20000  # Of stderr, shown when a test fails.
RESTART_EXIT_CODE = 70

# What no run may print.
ALARMS = re.compile(r"CHECK\(|Sanitizer|runtime error:|stack smashing|\*\*\* .* \*\*\*")
# Variables of our own settings that a developer's shell may carry.
FOREIGN = re.compile(
    r"^(PORT|HOST|USHER_|JWT_|WEBHOOK_|PAYMENT_|RETURN_|DEFAULT_RETURN|HOLD_|MAX_HELD|LOG_"
    r"|MONGO_|REDIS_|METRICS_|RATE_|TRUSTED_|CORS_|LOCK$)"
)


class ServerDied(AssertionError):
    """The server ended by itself, or never became ready."""


def clean_environment(**settings):
    """This process's environment without any setting of usher, but for those given."""
    environment = {name: text for name, text in os.environ.items() if not FOREIGN.match(name)}
    # What a sanitized server may keep until its end.
    environment.setdefault("LSAN_OPTIONS", f"suppressions={SUPPRESSIONS}:print_suppressions=0")
    environment.update({name: text for name, text in settings.items() if text is not None})
    return environment


def run(*arguments, environment=None, timeout_s=COMMAND_TIMEOUT_S):
    """Runs a command of usher to its end."""
    return subprocess.run(
        [str(BINARY), *map(str, arguments)],
        env=clean_environment(**(environment or {})),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )


def _stands(thread):
    try:
        return "State:\tT" in (thread / "status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return True  # It has ended.


def stand_still(stopped):
    """Stops a process until SIGCONT, and waits until each of its threads stands."""
    stopped.send_signal(signal.SIGSTOP)
    threads = Path(f"/proc/{stopped.pid}/task")
    limit_s = time.monotonic() + STOP_TIMEOUT_S
    while not all(_stands(thread) for thread in threads.iterdir()):
        assert time.monotonic() < limit_s, "it does not stand still"
        time.sleep(0.001)


class Usher:
    """A server of the tests. `settings` replace the usual environment; None takes one away."""

    def __init__(self, folder, arguments=(), **settings):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.data = self.folder / "data"
        self.arguments = list(arguments)
        self.wrapper = []  # A command that becomes the server, such as prlimit.
        self.jwt_secret = secrets.token_hex(32)
        self.webhook_secrets = {name: secrets.token_hex(16) for name in PROVIDERS}
        self.settings = {
            "USHER_DATA": str(self.data),
            "PORT": "0",
            "JWT_SECRET": self.jwt_secret,
            "PAYMENT_GATEWAY_URL": GATEWAY,
            "DEFAULT_RETURN_URL": f"https://{RETURN_HOST}/paid",
            "RETURN_URL_HOSTS": RETURN_HOST,
            "METRICS_PORT": "off",
            "RATE_LIMIT": "off",
            **{f"WEBHOOK_SECRET_{name.upper()}": key for name, key in self.webhook_secrets.items()},
            **settings,
        }
        self.process = None
        self.port = None
        self.ready_after_s = None
        self.starts = 0
        self.expected_exit_codes = {0}
        self.audited = True  # The data must pass the audit when the test is over.

    @property
    def log_path(self):
        return self.folder / "stderr.log"

    def log(self):
        """Everything that the server has written to stderr."""
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def seed(self, content):
        """Loads a catalogue while no server runs."""
        path = self.folder / "catalogue.json"
        content.write(path)
        done = self.run("seed", path)
        assert done.returncode == 0, done.stderr + done.stdout
        return done

    def run(self, *arguments, **options):
        """Runs a command of usher with this server's settings."""
        return run(*arguments, environment=self.settings, **options)

    def audit(self):
        """The offline proof of the data's rules must find nothing."""
        done = self.run("audit")
        assert done.returncode == 0, f"audit: {done.stdout}{done.stderr}"
        return done

    def start(self):
        """Starts the server and waits until it can serve bookings."""
        assert self.process is None, "runs already"
        log_size = self.log_path.stat().st_size if self.log_path.exists() else 0
        began_s = time.monotonic()
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                [*self.wrapper, str(BINARY), "serve", *self.arguments],
                env=clean_environment(**self.settings),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.folder,
            )
        self.starts += 1
        self.port = self._wait_for_port(log_size)
        self._wait_until_ready()
        self.ready_after_s = time.monotonic() - began_s
        # A restart comes back to the same address, as an operator's would.
        self.settings["PORT"] = str(self.port)
        return self

    def _wait_for_port(self, log_size):
        limit_s = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < limit_s:
            found = re.search(r'\burl"?[:=]"http://[^"]*:(\d+)"', self.log()[log_size:])
            if found:
                return int(found.group(1))
            self._fail_if_dead()
            time.sleep(0.005)
        raise ServerDied("the server does not say that it serves:\n" + self.log())

    def _wait_until_ready(self):
        limit_s = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < limit_s:
            try:
                if api.Client(self.port).get("/health/ready").status == 200:
                    return
            except OSError:
                pass
            self._fail_if_dead()
            time.sleep(0.005)
        raise ServerDied("the server does not become ready:\n" + self.log())

    def _fail_if_dead(self):
        code = self.process.poll()
        if code is not None:
            self.process = None
            raise ServerDied(f"the server ended with {code}:\n" + self.log())

    def kill(self):
        """kill -9: nothing is flushed, nobody is told."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(STOP_TIMEOUT_S)
        # The driver's counters, if it was killed before main: the next process of this number
        # would complain about them.
        Path(f"/dev/shm/mongoc-{self.process.pid}").unlink(missing_ok=True)
        self.process = None

    def stop(self):
        """Asks the server to end, and gives its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.wait()

    def wait(self):
        """Waits for the server's own end, and gives its exit code."""
        try:
            code = self.process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self.kill()
            raise ServerDied("the server does not stop:\n" + self.log()) from None
        self.process = None
        return code

    def restart(self):
        """Ends the server in order and starts it anew on its data."""
        assert self.stop() == 0
        return self.start()

    def is_running(self):
        return self.process is not None and self.process.poll() is None

    def assert_well(self):
        """The server lives, if it should, and has not complained of itself."""
        alarm = ALARMS.search(self.log())
        assert alarm is None, f"stderr has {alarm.group(0)!r}:\n{self.log()[-TAIL_SIZE:]}"
        if self.process is not None:
            code = self.process.poll()
            assert code is None, f"the server died with {code}"

    def release(self):
        """Ends what still runs; fails if it did not end well, or left data that break a rule."""
        if self.process is not None:
            code = self.stop() if self.process.poll() is None else self.wait()
            assert code in self.expected_exit_codes, f"{code}:\n{self.log()[-TAIL_SIZE:]}"
        if self.audited and (self.data / "usher.db").exists():
            self.audit()

    @property
    def api(self):
        """The calls of the API, spoken to this server."""
        return api.Api(self)

    def events(self, name=None):
        """What the server has logged, as objects: every line must be one."""
        lines = [json.loads(line) for line in self.log().splitlines()]
        return [line for line in lines if name in (None, line["event"])]

    def operator(self):
        """A client of the operator's listener; needs METRICS_PORT="0"."""
        address = self.events("serving")[-1]["metrics"]
        return api.Operator(int(address.rsplit(":", 1)[1]))

    def rss_kb(self):
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+) kB", status).group(1))


def pool(count, **members):
    """A catalogue with `count` equal showtimes, and their ids."""
    content = catalogue.Catalogue()
    return content, content.add_showtimes(count, **members)
