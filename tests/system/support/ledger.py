"""The load client's ledger: what was asked and what was answered, on disk before it is believed.

JSON lines. Before a request leaves: `seq, t_call, sent_ms, op, user, role, key, showtime,
booking_id, payment_id, block_id, repeats, request`, with `t_ret` and `status` null. After its
answer: the same with `t_ret, heard_ms, status, body_hash, version, replayed, answer`. Every line
is flushed to the disk, as a careful client would do. `repeats` is the seq of the operation whose
key was sent once more. A listener's line is of op `heard`: what a seat map was said to be.

Units: t_call and t_ret are seconds of the client's monotonic clock, for the order of things;
sent_ms and heard_ms are of the day's clock, to be compared with the ends of holds.
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
