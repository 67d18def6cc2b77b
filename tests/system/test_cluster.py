"""tools/cluster: one command starts a cluster that serves, and leaves nothing behind."""

import http.client
import http.server
import importlib.machinery
import importlib.util
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import threading
import time

import pytest
from support import api, conformance, metrics, process

START_WITHIN_S = 120
STOP_WITHIN_S = 60
INSTANCES = 3


class Tool:
    """tools/cluster while it runs, and what it has said."""

    def __init__(self, folder, *arguments):
        self.folder = folder
        environment = process.clean_environment(
            USHER_BIN=str(process.BINARY), TMPDIR=str(folder), RATE_LIMIT="off",
            MONGO_URI=os.environ.get("MONGO_URI"))
        self.log_path = folder / "said.log"
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen(
                [str(process.REPOSITORY / "tools" / "cluster"), *arguments], env=environment,
                stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
                start_new_session=True)

    def said(self):
        return self.log_path.read_text(errors="replace")

    def wait_for(self, pattern, within_s=START_WITHIN_S):
        until_s = time.monotonic() + within_s
        while (found := re.search(pattern, self.said())) is None:
            assert self.process.poll() is None, f"it ended:\n{self.said()}"
            assert time.monotonic() < until_s, f"it does not say {pattern!r}:\n{self.said()}"
            time.sleep(0.05)
        return found

    def pids(self):
        return {name: int(pid)
                for name, pid in re.findall(r"^  (\S+)  pid (\d+)", self.said(), re.MULTILINE)}

    def end(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        return self.process.wait(STOP_WITHIN_S)


@pytest.fixture
def launch_tool(tmp_path):
    made = []

    def launch_one(*arguments):
        made.append(Tool(tmp_path, *arguments))
        return made[-1]

    yield launch_one
    for tool in made:
        if tool.process.poll() is None:
            tool.process.kill()
            tool.process.wait()


def is_alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def git_status():
    return subprocess.run(["git", "status", "--porcelain"], cwd=process.REPOSITORY, check=True,
                          capture_output=True, text=True).stdout


def tool_is_back(port):
    until = time.monotonic() + 20
    while True:
        try:
            return api.Client(port).get("/health/ready").expect(200)
        except OSError:
            assert time.monotonic() < until, "nginx is not back"
            time.sleep(0.1)


def test_one_command_starts_a_cluster_that_survives_its_parts_and_leaves_nothing(
        launch_tool, monkeypatch):
    # nginx adds headers of its own.
    monkeypatch.setattr(conformance, "check", lambda *_: None)
    before = git_status()
    tool = launch_tool()
    port = int(tool.wait_for(r"ready at http://127\.0\.0\.1:(\d+)")[1])
    text = tool.wait_for(r"(?s)What to try:.*kill -9 \d+\n")[0]
    showtime = re.search(r'"showtime_id":"([0-9a-f]{24})"', text)[1]
    customer = api.Customer(port, "me", re.search(r"Bearer ([^']+)'", text)[1])
    pids = tool.pids()
    usher = [name for name in pids if name.startswith("usher-")]
    assert len(usher) == INSTANCES and {"redis", "nginx"} <= pids.keys()

    booking = customer.held(showtime, ["C3"])
    served = {customer.booking(booking).expect(200).header("x-served-by") for _ in range(60)}
    assert len(served) == INSTANCES, "nginx sends requests to all of them"
    maps = {customer.get(f"/api/showtimes/{showtime}/seats").expect(200).header("x-served-by")
            for _ in range(20)}
    assert len(maps) == 1, "and those of one showtime to the same"
    for address in re.findall(r"^  usher-\d .*?http://127\.0\.0\.1:(\d+)", tool.said(),
                              re.MULTILINE):
        answer = api.Client(int(address)).get(f"/api/showtimes/{showtime}/seats").expect(200)
        assert answer.json["seats"]["C3"]["status"] == "held"

    page = metrics.scrape(api.Operator(int(re.search(r"usher-1 .*metrics http://[^:]+:(\d+)",
                                                     tool.said())[1])))
    assert page.value("usher_lock_mode", mode="lock") == 1
    os.kill(pids["nginx"], signal.SIGKILL)  # Its workers have the port still.
    os.kill(pids["usher-2"], signal.SIGKILL)
    tool.wait_for(r"usher-2 \(pid \d+\) ended of SIGKILL; the others go on")
    nginx = int(tool.wait_for(r"nginx is started again as pid (\d+)")[1])
    tool_is_back(port)
    assert customer.booking(booking).expect(200).json["status"] == "pending"
    again = int(tool.wait_for(r"usher-2 is started again as pid (\d+)")[1])
    assert customer.held(showtime, ["C5"])

    assert tool.end(signal.SIGINT) == 0, tool.said()
    assert "everything is stopped" in tool.said()
    for pid in [*pids.values(), nginx, again]:
        assert not is_alive(pid), tool.said()
    assert [path.name for path in tool.folder.iterdir()] == ["said.log"]
    assert git_status() == before


def test_the_end_can_come_before_the_beginning(launch_tool):
    tool = launch_tool()
    tool.wait_for(r"setup: ")
    assert tool.end() == 0, tool.said()
    assert [path.name for path in tool.folder.iterdir()] == ["said.log"]


def test_its_parts_end_with_it_even_if_it_is_killed(launch_tool):
    tool = launch_tool("--instances", "1")
    tool.wait_for(r"ready at ")
    pids = tool.pids()
    assert len(pids) >= 3
    tool.end(signal.SIGKILL)
    until_s = time.monotonic() + STOP_WITHIN_S
    while any(is_alive(pid) for pid in pids.values()):
        assert time.monotonic() < until_s, "something is left"
        time.sleep(0.1)


@pytest.fixture(scope="module")
def tool():
    """tools/cluster as a module."""
    path = str(process.REPOSITORY / "tools" / "cluster")
    loader = importlib.machinery.SourceFileLoader("cluster_tool", path)
    spec = importlib.util.spec_from_loader("cluster_tool", loader)
    module = importlib.util.module_from_spec(spec)
    before, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    loader.exec_module(module)
    sys.dont_write_bytecode = before
    return module


def test_what_does_not_stay_is_the_end_of_all_and_its_log_is_shown(
        tool, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(tool, "AGAIN_AFTER_S", 0)
    cluster = tool.Cluster(tmp_path, process.BINARY, 1)
    cluster.add("weak", ["sh", "-c", "echo too weak; exit 3"], lambda: True)
    with pytest.raises(tool.Failed, match="(?s)weak does not stay.*too weak"):
        cluster.look_after()
    said = capsys.readouterr().out
    assert said.count("ended with exit code 3; the others go on") == tool.DEATHS_MAX
    assert said.count("weak is started again") == tool.DEATHS_MAX - 1
    cluster.stop()


def documented(language):
    """The example of docs/cluster.md in this language."""
    text = (process.REPOSITORY / "docs" / "cluster.md").read_text()
    return re.search(rf"```{language}\n(.*?)```", text, re.DOTALL)[1]


def test_the_documented_nginx_does_what_the_tested_one_does(tool):
    tested = {" ".join(line.split()) for line in
              tool.nginx_config(pathlib.Path("x"), 1, [2, 3, 4]).splitlines()}
    own = re.compile(r"listen|server_name|ssl_|server \d")  # Of the machine.
    lines = {" ".join(line.partition("#")[0].split()) for line in documented("nginx").splitlines()}
    assert {line for line in lines if not own.match(line)} - tested == set()
    assert len(lines) > 25


@pytest.mark.skipif(shutil.which("haproxy") is None, reason="needs haproxy")
def test_the_documented_haproxy_sends_a_showtime_to_one_instance(tmp_path, tool):
    """By the path, or by the header; what names none to all of them."""
    instances = [Named(name) for name in ("one", "two", "three")]
    port = tool.free_port()
    text = re.sub(r"bind .*", f"bind 127.0.0.1:{port}", documented("haproxy"))
    for instance in instances:
        text = re.sub(rf"(server {instance.name} +)\S+", rf"\g<1>127.0.0.1:{instance.port}", text)
    path = tmp_path / "haproxy.cfg"
    path.write_text(text)
    haproxy = subprocess.Popen(["haproxy", "-db", "-f", str(path)])
    try:
        until_s = time.monotonic() + STOP_WITHIN_S
        while not tool.serves(port):
            assert haproxy.poll() is None and time.monotonic() < until_s
            time.sleep(0.05)

        def asks(target, headers=()):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
            connection.request("GET", target, headers=dict(headers))
            return connection.getresponse().read()

        ids = [f"{number:024x}" for number in range(1, 40)]
        by_path = [asks(f"/api/showtimes/{showtime}/seats") for showtime in ids]
        assert by_path == [asks(f"/api/showtimes/{showtime}") for showtime in ids]
        hinted = [asks("/api/bookings/hold", {"X-Showtime-Id": showtime}) for showtime in ids]
        assert hinted == by_path and len(set(by_path)) == len(instances)
        assert len({asks("/api/bookings") for _ in ids}) == len(instances)
    finally:
        haproxy.terminate()
        haproxy.wait()
        for instance in instances:
            instance.stop()


class Named:
    """A server that answers with its name."""

    def __init__(self, name):
        self.name = name

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200)
                self.send_header("Content-Length", str(len(name)))
                self.end_headers()
                self.wfile.write(name.encode())

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


def test_wrong_arguments_are_named():
    done = subprocess.run([str(process.REPOSITORY / "tools" / "cluster"), "--instances", "0"],
                          capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 2 and "--instances" in done.stderr
    done = subprocess.run([str(process.REPOSITORY / "tools" / "cluster"), "--help"],
                          capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0 and "--port PORT" in done.stdout


def test_a_killed_process_leaves_no_shared_memory_behind(tmp_path):
    """The driver of the database makes a file there whatever the mode is."""
    usher = process.Usher(tmp_path / "usher").start()
    pid = usher.process.pid
    usher.kill()
    assert not [name for name in os.listdir("/dev/shm") if name.endswith(f"-{pid}")]
