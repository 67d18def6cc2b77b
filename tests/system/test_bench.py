"""The benchmarks work, and what they write by themselves is what the server would have written."""

import re
import shutil
import subprocess
import sys

import pytest
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


@pytest.mark.skipif(shutil.which("redis-server") is None, reason="needs redis-server")
def test_instances_are_measured_beside_the_embedded_mode():
    done = bench("cluster", "--seconds", "1", "--connections", "8", "--instances", "2", "--kinds",
                 "hot")
    assert done.returncode == 0, done.stdout + done.stderr
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in done.stdout.splitlines()
            if "house after another" in line]
    assert [row[1] for row in rows] == ["embedded", "1 instance", "2 instances", "2, by showtime"]
    assert [float(row[3].strip("*")) > 0 for row in rows] == [True] * 4
    assert rows[0][6] == "0.0", "the embedded mode asks no database"
    for row in rows[1:]:
        assert float(row[5]) >= 1 and float(row[6]) >= 3, "turns, and what they ask the database"
