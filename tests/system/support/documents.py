"""The documents of a shared database, read and broken by hand.

pymongo lives in an environment of its own beside the MongoDB server, so a small program there does
what it is told, line by line. Values go as MongoDB's extended JSON: {"$oid": "..."}.
"""

import json
import subprocess

import pytest
from support import process

PYTHON = process.REPOSITORY / "build" / "mongo-venv" / "bin" / "python"

PROGRAM = """
import hashlib, sys
import pymongo
from bson import json_util
database = pymongo.MongoClient(sys.argv[1]).get_default_database()
kept = {}

def keep():
    for name in database.list_collection_names():
        kept[name] = list(database[name].find())

def restore():
    for name, documents in kept.items():
        database[name].delete_many({})
        if documents:
            database[name].insert_many(documents)

def dump():
    return {name: sorted(json_util.dumps(one) for one in database[name].find())
            for name in sorted(database.list_collection_names())}

calls = {
    "update": lambda name, one, change: database[name].update_one(one, change).modified_count,
    "delete": lambda name, one: database[name].delete_one(one).deleted_count,
    "insert": lambda name, one: database[name].insert_one(one) and 1,
    "find": lambda name, one: list(database[name].find(one)),
    "keep": keep, "restore": restore, "dump": dump,
}
for line in sys.stdin:
    call, *arguments = json_util.loads(line)
    print(json_util.dumps(calls[call](*arguments)), flush=True)
"""


class Documents:
    """A connection to one database; use it in a `with`."""

    def __init__(self, uri):
        if not PYTHON.exists():
            pytest.skip("needs pymongo; see tools/setup")
        self.process = subprocess.Popen([str(PYTHON), "-c", PROGRAM, uri], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait(20)
        self.process.stdout.close()

    def _ask(self, *call):
        self.process.stdin.write(json.dumps(call) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def update(self, collection, one, change):
        assert self._ask("update", collection, one, change) == 1, f"{collection} has no {one}"

    def delete(self, collection, one):
        assert self._ask("delete", collection, one) == 1, f"{collection} has no {one}"

    def insert(self, collection, one):
        assert self._ask("insert", collection, one) == 1

    def find(self, collection, one):
        return self._ask("find", collection, one)

    def keep(self):
        """Remembers all documents; `restore` puts them back."""
        self._ask("keep")

    def restore(self):
        self._ask("restore")

    def dump(self):
        """Everything there is, to be compared."""
        return self._ask("dump")
