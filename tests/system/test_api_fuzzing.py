"""The API under generated requests: schemathesis reads /openapi.json of the running server and
sends what it allows and what it does not, one by one and in chains along its links; and a machine
of hold, pay, cancel and wait against a model of a few lines.

USHER_SEED chooses other requests, API_EXAMPLES more of them for each operation.
"""

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import hypothesis
import pytest
from hypothesis.stateful import run_state_machine_as_test
from support import process, signing
from support.machine import Machine

CHECKS = Path(__file__).parent / "support" / "api_checks.py"
SEED = int(os.environ.get("USHER_SEED", "1"))
EXAMPLES = int(os.environ.get("API_EXAMPLES", "10"))
TIME_MAX_S = 600  # Of a run that hangs; a usual one takes half a minute.
REQUESTS_MIN = 1500
MACHINES = int(os.environ.get("API_MACHINES", "12"))  # Each waits for a few seconds.
# A stream does not end, and metrics have a listener of their own.
LEFT_OUT = ("listenToSeatMap", "getMetrics")
CONFIGURATION = f"""
hooks = "{CHECKS}"
[checks.negative_data_rejection]
enabled = false
[checks.positive_data_acceptance]
enabled = false
"""


@pytest.fixture
def demo(launch):
    """A server with the demo's payment pages too, and six showtimes that stay on sale."""
    content, showtimes = process.pool(6)
    unset = {f"WEBHOOK_SECRET_{name.upper()}": None for name in process.PROVIDERS}
    server = launch(content, ["--demo"], PAYMENT_GATEWAY_URL=None, MAX_HELD_SEATS="100000",
                    **unset)
    return server, showtimes


def run_schemathesis(server, showtimes, role, folder):
    """Its whole report, and how many requests were sent."""
    (folder / "schemathesis.toml").write_text(CONFIGURATION)
    token = signing.token(server.jwt_secret, "an", role=role)
    left_out = [option for name in LEFT_OUT for option in ("--exclude-operation-id", name)]
    done = subprocess.run(
        [Path(sys.executable).parent / "schemathesis", "run",
         f"http://127.0.0.1:{server.port}/openapi.json", "--seed", str(SEED),
         "--max-examples", str(EXAMPLES), "--header", f"Authorization: Bearer {token}",
         "--continue-on-failure", "--no-shrink", "--warnings", "off", *left_out],
        cwd=folder, capture_output=True, text=True, timeout=TIME_MAX_S, check=False,
        env={**os.environ, "USHER_SEED": str(SEED), "USHER_SHOWTIMES": ",".join(showtimes),
             "NO_COLOR": "1"})
    report = f"SEED={SEED}, as {role}\n{done.stdout}{done.stderr}"
    assert done.returncode == 0, report
    words = done.stdout.split()
    return report, int(words[words.index("generated,") - 1])


def rows(server, query):
    with sqlite3.connect(f"file:{server.data / 'usher.db'}?mode=ro", uri=True) as database:
        return dict(database.execute(query).fetchall())


@pytest.mark.parametrize("role", ["user", "staff"])
def test_generated_requests_get_documented_answers(demo, tmp_path, role):
    server, showtimes = demo
    report, sent = run_schemathesis(server, showtimes, role, tmp_path)
    print(report)
    assert sent >= REQUESTS_MIN
    # The requests came behind the checks of their form.
    assert sum(rows(server, "SELECT status, count(*) FROM booking GROUP BY 1").values()) >= 3
    assert sum(rows(server, "SELECT method, count(*) FROM payment GROUP BY 1").values()) >= 1
    if role == "staff":
        done = rows(server, "SELECT action, count(*) FROM journal GROUP BY 1")
        assert {"block.create", "movie.create"} <= set(done)


class MachineHouse:
    def __init__(self, server, showtimes):
        self.api = server.api
        self.showtimes = iter(showtimes)

    def showtime(self):
        return next(self.showtimes)


def test_holds_payments_and_cancels_in_any_order_go_as_the_model_says(launch):
    print(f"SEED={SEED}")
    content, showtimes = process.pool(10 * MACHINES)
    server = launch(content, HOLD_SECONDS="3", PAYMENT_SECONDS="4", RATE_LIMIT="off")
    Machine.house, Machine.steps = MachineHouse(server, showtimes), {}
    # Found as it stands, not made smaller: every try waits for holds to lapse.
    settings = hypothesis.settings(
        max_examples=MACHINES, stateful_step_count=40, deadline=None, database=None,
        phases=[hypothesis.Phase.generate], report_multiple_bugs=False, print_blob=False,
        suppress_health_check=list(hypothesis.HealthCheck))
    run_state_machine_as_test(hypothesis.seed(SEED)(Machine), settings=settings)
    print(Machine.steps)
    for what in ("held", "cancelled", "expired", "pending kept", "cancelled back"):
        assert Machine.steps.get(what, 0) >= 1, f"never saw {what}: {Machine.steps}"
