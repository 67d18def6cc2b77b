"""`usher seed`: a catalogue is loaded whole, or not at all and told why."""

import copy
import json

import pytest
from support.catalogue import Catalogue


@pytest.fixture
def usher(launch):
    return launch(start=False)


def write(usher, content):
    path = usher.folder / "file.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def test_a_file_is_loaded_once(usher):
    content = Catalogue()
    content.showtime()
    counts = f"{len(content.movies)} movies, {len(content.cinemas)} cinemas, 1 showtimes"
    entries = len(content.movies) + len(content.cinemas) + 1
    assert usher.seed(content).stdout == f"loaded {counts} ({entries} new, 0 updated)\n"
    assert usher.seed(content).stdout == f"loaded {counts} (0 new, 0 updated)\n"
    content.movies[0]["description"] = "Mended."
    assert usher.seed(content).stdout == f"loaded {counts} (0 new, 1 updated)\n"


def test_all_mistakes_are_told_and_nothing_is_loaded(usher):
    content = Catalogue()
    showtime = content.showtime()
    bad = copy.deepcopy(content.as_json())
    bad["movies"][0]["duration"] = 0
    bad["showtimes"][0]["price"]["vip"] = 0
    done = usher.run("seed", write(usher, bad))
    assert done.returncode == 1 and done.stdout == ""
    assert done.stderr.splitlines()[1:] == [
        "movies[0].duration: must be an integer >= 1",
        "showtimes[0].price.vip: must be an integer >= 1",
    ]
    usher.start()
    usher.api.public.get(f"/api/showtimes/{showtime}").expect(404, "SHOWTIME_NOT_FOUND")
    usher.stop()
    assert usher.run("seed", write(usher, content.as_json())).returncode == 0


@pytest.mark.parametrize("text, code", [("", 1), ("[]", 1), ('{"movies": [', 1), (None, 2)])
def test_what_is_no_catalogue_is_refused(usher, text, code):
    path = usher.folder / "missing.json" if text is None else write(usher, text)
    done = usher.run("seed", path)
    assert done.returncode == code
    assert str(path) in done.stderr


def test_a_folder_that_a_server_has_is_refused(launch):
    content = Catalogue()
    content.showtime()
    usher = launch(content)
    done = usher.run("seed", usher.folder / "catalogue.json")
    assert done.returncode == 1
    assert done.stderr.startswith("usher: ")


def test_a_showtime_with_bookings_is_never_changed(launch):
    content = Catalogue()
    showtime = content.showtime()
    usher = launch(content)
    usher.api.customer().hold(showtime, ["C3"]).expect(201)
    usher.stop()
    usher.seed(content)
    changed = copy.deepcopy(content.as_json())
    changed["showtimes"][0]["price"]["vip"] += 1000
    done = usher.run("seed", write(usher, changed))
    assert done.returncode == 1
    assert f"showtimes[0]: showtime {showtime} has bookings" in done.stderr
    usher.start()
    prices = usher.api.public.get(f"/api/showtimes/{showtime}").json["price"]
    assert prices == content.showtimes[0]["price"]
