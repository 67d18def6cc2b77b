"""The command line: what each command takes, says of itself, and refuses."""

import resource
import subprocess

import pytest
from support import process

USAGE_EXIT_CODE = 2
COMMANDS = ("serve", "seed", "token", "backup", "audit", "version")


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_says_what_it_does_and_takes(command):
    done = process.run(command, "--help")
    assert done.returncode == 0 and not done.stderr
    assert done.stdout.startswith(f"usher {command}")
    assert len(done.stdout.splitlines()) > 2


@pytest.mark.parametrize("arguments,told", [
    (("audit", "--demo"), "--demo"),
    (("version", "--port", "1"), "--port"),
    (("seed", "file.json", "--user", "me"), "--user"),
    (("serve", "--ttl", "1h"), "--ttl"),
    (("version", "extra"), "extra"),
    (("--version", "extra"), "extra"),
    (("audit", "one"), "one"),
    (("backup",), "which file"),
    (("dance",), "dance"),
])
def test_what_a_command_does_not_take_is_refused(tmp_path, arguments, told):
    done = process.run(*arguments, environment={"USHER_DATA": str(tmp_path)})
    assert done.returncode == USAGE_EXIT_CODE
    assert told in done.stderr
    assert not list(tmp_path.iterdir()), "nothing was made"


@pytest.mark.parametrize("name", ["MONGO_URI", "REDIS_URL", "LOCK"])
@pytest.mark.parametrize("command", [("serve",), ("audit",), ("backup", "copy.db"),
                                     ("seed", "file.json"), ("token", "--user", "me")])
def test_no_command_takes_its_own_file_for_a_shared_store(tmp_path, command, name):
    environment = {"USHER_DATA": str(tmp_path), "JWT_SECRET": "ab" * 32, name: "x"}
    done = process.run(*command, environment=environment)
    assert done.returncode == USAGE_EXIT_CODE
    assert name in done.stderr
    assert not list(tmp_path.iterdir()), "nothing was made"


def test_a_host_that_is_no_address_is_told_before_all_else(tmp_path):
    environment = {"USHER_DATA": str(tmp_path), "HOST": "nonsense"}
    done = process.run("serve", "--dev", environment=environment)
    assert done.returncode == USAGE_EXIT_CODE
    assert "HOST: must be an IPv4 or IPv6 address" in done.stderr


def test_settings_that_nobody_reads_are_named(launch):
    server = launch(RATE_LIMIT_USER_WRITE="5:5/s", MOMO_PARTNER_CODE="x", RATE_LIMIT_WEBHOOKS="9:9/s",
                    TRUSTED_PROXIES="127.0.0.1, 0.0.0.0/0")
    named = {line["name"] for line in server.events("setting_unknown")}
    assert {"RATE_LIMIT_USER_WRITE", "MOMO_PARTNER_CODE"} <= named
    assert not named & {"RATE_LIMIT_WEBHOOKS", "TRUSTED_PROXIES", "USHER_DATA", "METRICS_PORT"}
    assert len(server.events("everybody_is_a_proxy")) == 1


def test_a_backup_over_the_limit_of_a_files_size_ends_with_its_reason(launch):
    server = launch(process.pool(2)[0])
    target = server.folder / "copy.db"
    size = (server.data / "usher.db").stat().st_size
    limit = (size // 2, size // 2)
    done = subprocess.run([str(process.BINARY), "backup", str(target)], text=True,
                          env=process.clean_environment(**server.settings), capture_output=True,
                          preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, limit),
                          timeout=process.COMMAND_TIMEOUT_S, check=False)
    assert done.returncode == 1, done
    assert str(target) in done.stderr
    assert not list(server.folder.glob("copy.db*")), "nothing is left of it"
