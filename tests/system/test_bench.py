"""The benchmarks work, and what they write by themselves is what the server would have written."""

import re
import subprocess
import sys

from support import process


def bench(name, *arguments):
    environment = process.clean_environment(USHER_BIN=str(process.BINARY),
                                            PYTHONDONTWRITEBYTECODE="1")
    return subprocess.run(
        [sys.executable, str(process.REPOSITORY / "bench" / name), *arguments],
        env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120,
        check=False)


def test_every_request_of_the_bench_is_measured_and_answered_as_expected():
    done = bench("run", "--seconds", "1", "--rounds", "1", "--connections", "16")
    assert done.returncode == 0, done.stdout + done.stderr
    rows = [line for line in done.stdout.splitlines() if line.endswith("** |")]
    assert len(rows) == 8 and all(float(row.split("**")[1]) > 0 for row in rows)


def test_a_grown_store_passes_its_audit_and_sells():
    done = bench("grow", "--millions", "0.01", "--seconds", "1", "--rounds", "1", "--audit")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "10000 bookings, 16000 claimed seats, 8000 payments" in done.stdout
    assert "every rule holds" in done.stdout
    assert re.search(r"holds from the grown store to those from the empty one: \d", done.stdout)
