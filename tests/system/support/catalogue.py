"""Catalogue files for the tests: two movies, two cinemas, three screens, many showtimes.

Ids are given, so that a test knows them before the server has answered anything.
Screen S1 has 10 rows of 12 with two places missing: row A has couple seats in A2 to A10, rows
I and J are vip, the rest is standard. Screen S2 has one row of two vip seats. Screen BIG is
the largest layout there is.
"""

import datetime
import json

PRICES = {"standard": 100000, "vip": 150000, "couple": 250000}
MOVIE = "a" * 23 + "1"
OTHER_MOVIE = "a" * 23 + "2"
CINEMA = "c" * 23 + "1"
OTHER_CINEMA = "c" * 23 + "2"
NOBODY = "f" * 24  # Well formed, and nothing has it.

S1_ROWS, S1_COLS, S1_UNAVAILABLE = 10, 12, ["E6", "E7"]
S1_SEATS = [
    f"{row}{col}"
    for row in "ABCDEFGHIJ"
    for col in range(1, S1_COLS + 1)
    if f"{row}{col}" not in S1_UNAVAILABLE
]


def moment(at):
    """A datetime as the contract writes it."""
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"


def parse_moment(text):
    """The seconds since 1970 of a moment of the contract; fails if it is written otherwise."""
    at = datetime.datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ")
    assert len(text) == len("2024-01-15T10:30:00.000Z"), text
    return at.replace(tzinfo=datetime.timezone.utc).timestamp()


def now():
    return datetime.datetime.now(datetime.timezone.utc)


def seat_type(seat):
    """The type of a seat of screen S1."""
    row, col = seat[0], int(seat[1:])
    if row in "IJ":
        return "vip"
    return "couple" if row == "A" and col % 2 == 0 and col != S1_COLS else "standard"


def price_of(seats):
    return sum(PRICES[seat_type(seat)] for seat in seats)


def showtime_id(number):
    return f"5{number:023x}"


def screen(screen_id, rows, cols, total, **layout):
    return {
        "screen_id": screen_id,
        "name": f"Screen {screen_id}",
        "type": "standard",
        "total_seats": total,
        "seat_layout": {"rows": rows, "cols": cols, "unavailable": [], **layout},
    }


class Catalogue:
    """A file that grows by `showtime` until it is written."""

    def __init__(self):
        self.movies = [
            {
                "id": MOVIE,
                "title": "Mắt Biếc",
                "duration": 117,
                "genre": ["Drama", "Romance"],
                "poster_url": "https://images.example.com/mat-biec.jpg",
                "description": "A village, a summer, a song.",
                "release_date": "2019-12-20",
                "status": "now_showing",
            },
            {
                "id": OTHER_MOVIE,
                "title": "The Long Night",
                "duration": 1,
                "genre": ["Thriller"],
                "poster_url": "",
                "description": "",
                "release_date": "2024-01-15",
                "status": "coming_soon",
            },
        ]
        screens = [
            screen("S1", S1_ROWS, S1_COLS, len(S1_SEATS), unavailable=S1_UNAVAILABLE,
                   aisles_after=[4, 8], accessible=["H1", "H12"]),
            screen("S2", 1, 2, 2),
            screen("BIG", 50, 50, 2500),
        ]
        self.cinemas = [
            {
                "id": CINEMA,
                "name": "Rạp Sao Mai",
                "address": "1 Lê Lợi",
                "city": "Hà Nội",
                "phone": "024 0000 0000",
                "is_active": True,
                "screens": screens,
            },
            {
                "id": OTHER_CINEMA,
                "name": "Lakeside",
                "address": "2 Shore Road",
                "city": "Zürich",
                "phone": "",
                "is_active": True,
                "timezone": "Europe/Zurich",
                "screens": [screen("S1", S1_ROWS, S1_COLS, len(S1_SEATS),
                                   unavailable=S1_UNAVAILABLE)],
            },
        ]
        self.showtimes = []

    def showtime(self, starts_in_s=86400.0, screen_id="S1", movie=0, cinema=0, **members):
        """Adds a showtime and gives its id. Movie 1 lasts a minute."""
        identity = showtime_id(len(self.showtimes) + 1)
        starts_at = now() + datetime.timedelta(seconds=starts_in_s)
        self.showtimes.append(
            {
                "id": identity,
                "movie_index": movie,
                "cinema_index": cinema,
                "screen_id": screen_id,
                "start_time": moment(starts_at),
                "price": PRICES,
                **members,
            }
        )
        return identity

    def add_showtimes(self, count, **members):
        return [self.showtime(**members) for _ in range(count)]

    def as_json(self):
        return {"movies": self.movies, "cinemas": self.cinemas, "showtimes": self.showtimes}

    def write(self, path):
        with open(path, "w", encoding="utf-8") as file:
            json.dump(self.as_json(), file)
        return path
