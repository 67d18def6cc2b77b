"""What the kernel says of the connections of a server's port."""

import time

WAIT_S = 10
ESTABLISHED, CLOSE_WAIT = "01", "08"


def _rows(port, state):
    with open("/proc/net/tcp", encoding="ascii") as file:
        rows = [line.split() for line in file.readlines()[1:]]
    return [row for row in rows if row[1].endswith(f":{port:04X}") and row[3] == state]


def unread(port):
    """How many connections hold bytes that the server has not read."""
    return sum(not row[4].endswith(":00000000") for row in _rows(port, ESTABLISHED))


def wait_until_closed(port):
    """Until the server has closed every connection that its client has closed; it counts them in
    the same breath."""
    limit_s = time.monotonic() + WAIT_S
    while _rows(port, CLOSE_WAIT):
        assert time.monotonic() < limit_s, "the server keeps connections that are closed"
        time.sleep(0.01)
    time.sleep(0.05)
