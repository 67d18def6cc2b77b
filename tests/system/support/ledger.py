"""The load client's ledger: what was asked and what was answered, on disk before it is believed.

JSON lines. Before a request leaves: `seq, t_call, op, key, user, booking_id, showtime, request`,
with `t_ret` and `status` null. After its answer: the same with `t_ret, status, booking_id,
body_hash, version, replayed, answer`. Every line is flushed to the disk, as a careful client would do.

Units: t_call and t_ret are seconds of the client's monotonic clock.
"""

import hashlib
import json
import os


def body_hash(body):
    return hashlib.sha256(body).hexdigest()


class Ledger:
    """Appends; one writer."""

    def __init__(self, path):
        self.file = open(path, "ab", buffering=0)

    def append(self, entry):
        self.file.write(json.dumps(entry).encode() + b"\n")
        os.fdatasync(self.file.fileno())


class Reader:
    """Reads what was appended since the last time."""

    def __init__(self, path):
        self.path = path
        self.offset = 0

    def read(self):
        """The new operations in the order of their calls, each in its last known state."""
        operations = {}
        with open(self.path, "rb") as file:
            file.seek(self.offset)
            for line in file:
                if not line.endswith(b"\n"):  # It is being written.
                    break
                entry = json.loads(line)
                operations[entry["seq"]] = entry
                self.offset += len(line)
        return [operations[seq] for seq in sorted(operations)]
