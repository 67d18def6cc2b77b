"""The office of a cinema chain: staff who run the programme through the API."""

import json
import sqlite3

from support import api as calls
from support import catalogue, shapes
from support.catalogue import CINEMA, MOVIE, PRICES

START = "2031-03-01T12:00:00.000Z"
LATER = "2031-03-01T15:00:00.000Z"
ENTRIES = {"movies": shapes.MOVIE, "cinemas": shapes.CINEMA, "showtimes": shapes.SHOWTIME}


def movie(title, **members):
    return {"title": title, "duration": 100, "genre": ["Drama"], "poster_url": "",
            "description": "A test.", "release_date": "2031-01-01", "status": "now_showing",
            **members}


def cinema(name, *screens, **members):
    screens = screens or (catalogue.screen("S1", 4, 6, 24), catalogue.screen("S2", 2, 3, 6))
    return {"name": name, "address": "1 Quay", "city": "Huế", "phone": "", "is_active": True,
            "timezone": "Asia/Ho_Chi_Minh", "screens": list(screens), **members}


def showtime(**members):
    return {"movie_id": MOVIE, "cinema_id": CINEMA, "screen_id": "S1", "start_time": START,
            "price": PRICES, **members}


def seeded():
    content = catalogue.Catalogue()
    content.showtime(starts_in_s=-7200, movie=1)
    return content


class Office:
    """A server, somebody of its staff, and who looks from outside."""

    def __init__(self, server):
        self.server = server
        self.api = server.api
        self.user = "staff-1"
        self.staff = calls.Client(server.port, self.api.token(self.user, role="staff"))
        self.starts = 0

    def create(self, kind, body):
        """Adds an entry that must be new, and gives it."""
        answer = self.staff.request("POST", f"/api/{kind}", body).expect(201)
        shapes.check(answer.json, ENTRIES[kind])
        assert answer.header("location") == f"/api/{kind}/{answer.json['id']}"
        assert answer.header("cache-control") == "no-store"
        assert self.get(kind, answer.json["id"]) == answer.json
        return answer.json

    def change(self, kind, identity, **members):
        return self.staff.request("PATCH", f"/api/{kind}/{identity}", members)

    def changed(self, kind, identity, **members):
        """Makes a change that must be possible, and gives the entry."""
        answer = self.change(kind, identity, **members).expect(200)
        shapes.check(answer.json, ENTRIES[kind])
        assert self.get(kind, identity) == answer.json
        return answer.json

    def get(self, kind, identity):
        return self.api.public.get(f"/api/{kind}/{identity}").expect(200).json

    def showtime(self, **members):
        """A showtime of the test's own."""
        self.starts += 1
        start = f"2031-04-{1 + self.starts // 24:02d}T{self.starts % 24:02d}:00:00.000Z"
        return self.create("showtimes", showtime(start_time=start, **members))["id"]

    def journal(self, subject=None):
        """The changes of the programme, oldest first."""
        with sqlite3.connect(f"file:{self.server.data / 'usher.db'}?mode=ro", uri=True) as file:
            rows = file.execute("SELECT actor, role, action, subject, detail FROM journal"
                                " WHERE substr(detail, 1, 1) = '{'"
                                " ORDER BY number").fetchall()
        entries = [(*row[:4], json.loads(row[4])) for row in rows]
        return [entry for entry in entries if subject in (None, entry[3])]


class Chain(Office):
    """The same over several instances: staff ask one, and every one shows it at once."""

    def __init__(self, cluster):
        super().__init__(cluster[0])
        self.instances = cluster.instances

    def get(self, kind, identity):
        entries = [usher.api.public.get(f"/api/{kind}/{identity}").expect(200).json
                   for usher in self.instances]
        assert all(entry == entries[0] for entry in entries), entries
        return entries[0]

    def journal(self, subject=None):
        entries, cursor = [], ""
        while cursor is not None:
            page = self.staff.get(f"/api/staff/journal?limit=100{cursor}").expect(200).json
            entries += page["items"]
            cursor = page["next_cursor"] and f"&cursor={page['next_cursor']}"
        rows = [(entry["actor"], entry["role"], entry["action"], entry["subject_id"],
                 json.loads(entry["detail"])) for entry in reversed(entries)
                if str(entry.get("detail")).startswith("{")]
        return [row for row in rows if subject in (None, row[3])]


def fields(answer):
    return {error["field"] for error in answer.json["errors"]}


def check_refusal(answer, path):
    shapes.check_problem(answer, 400, "VALIDATION_FAILED", path, errors=shapes.FIELD_ERRORS)
