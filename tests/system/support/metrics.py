"""Reads Prometheus' text format, strictly: what a collector would choke on fails here.

Judged as `promtool check metrics` would, and by promtool itself where there is one.
"""

import re
import shutil
import subprocess

NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"(,|$)')
SAMPLE = re.compile(r"([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? ([0-9.]+)$")
KINDS = {"counter", "gauge", "histogram"}
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def read_labels(text):
    labels, at = {}, 0
    while at < len(text):
        found = LABEL.match(text, at)
        assert found, f"labels: {text!r}"
        assert found.group(1) not in labels, f"a label twice: {text!r}"
        labels[found.group(1)] = found.group(2)
        at = found.end()
    return labels


def family_of(name, kinds):
    """The described metric that a sample belongs to."""
    for suffix in ("_bucket", "_sum", "_count"):
        base = name.removesuffix(suffix)
        if base != name and kinds.get(base) == "histogram":
            return base
    return name


class Page:
    """A scrape: `kinds` by metric, `samples` by (name, labels)."""

    def __init__(self, text):
        self.kinds, self.helps, self.samples = {}, {}, {}
        assert text.endswith("\n")
        last = None
        for line in text[:-1].split("\n"):
            if line.startswith("# HELP "):
                _, _, last, said = line.split(" ", 3)
                assert last not in self.helps, f"{last} is described twice"
                assert NAME.fullmatch(last) and said
                self.helps[last] = said
            elif line.startswith("# TYPE "):
                _, _, name, kind = line.split(" ", 3)
                assert name == last and name not in self.kinds and kind in KINDS, line
                self.kinds[name] = kind
            else:
                found = SAMPLE.match(line)
                assert found, f"no sample: {line!r}"
                name, labels, value = found.groups()
                family = family_of(name, self.kinds)
                assert family == last, f"{name} stands under {last}"
                key = (name, tuple(sorted(read_labels(labels or "").items())))
                assert key not in self.samples, f"twice: {line!r}"
                self.samples[key] = float(value)
        self._judge()

    def _judge(self):
        assert self.kinds.keys() == self.helps.keys()
        for name, kind in self.kinds.items():
            assert name.endswith("_total") == (kind == "counter"), name
        for family, kind in self.kinds.items():
            if kind == "histogram":
                self._judge_histogram(family)

    def _judge_histogram(self, family):
        series = {}
        for (name, labels), value in self.samples.items():
            if name == family + "_bucket":
                labels = dict(labels)
                bound = float(labels.pop("le"))
                series.setdefault(tuple(sorted(labels.items())), []).append((bound, value))
        for labels, buckets in series.items():
            assert buckets == sorted(buckets), f"{family}{labels}: {buckets}"
            counts = [count for _, count in buckets]
            assert counts == sorted(counts) and buckets[-1][0] == float("inf")
            assert self.samples[family + "_count", labels] == counts[-1]
            assert (family + "_sum", labels) in self.samples

    def value(self, name, **labels):
        """One sample's value; 0 where a series has not begun."""
        assert family_of(name, self.kinds) in self.kinds, f"there is no {name}"
        return self.samples.get((name, tuple(sorted(labels.items()))), 0.0)

    def total(self, name, **labels):
        """The sum of all series that have these labels."""
        return sum(value for (found, given), value in self.samples.items()
                   if found == name and labels.items() <= dict(given).items())


def scrape(client):
    """The page of a client of the operator's listener."""
    answer = client.get("/metrics").expect(200)
    assert answer.header("content-type") == CONTENT_TYPE
    return Page(answer.body.decode())


def check_with_promtool(arguments, text=""):
    """Where promtool is installed, it must have no complaint."""
    if shutil.which("promtool") is None:
        return
    done = subprocess.run(["promtool", *map(str, arguments)], input=text, capture_output=True,
                          text=True, check=False, timeout=60)
    assert done.returncode == 0 and not done.stderr, done.stdout + done.stderr
