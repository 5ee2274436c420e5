"""Reports: the verdict follows from the levels; the folder appears whole or not at all."""

import json
import os
import re
import xml.etree.ElementTree as ET

import pytest

from validation import Level, Report
from validation.report import LEVELS

EQUAL = {
    "status": "equal",
    "headline": "",
    "problems": [],
    "listed": 3,
    "manifest_sha256": "0" * 64,
    "not_listed_outside_the_build": [],
    "sha256": {"firmware/n.cpp": "1" * 64},
}
DIFFER = EQUAL | {
    "status": "differ",
    "headline": "files differ, no vector shows it",
    "problems": ["firmware/n.cpp: changed since it was generated"],
}


def layer(name, verdict="agrees", agrees=True, counts=True, distinct=40):
    return {
        "layer": name,
        "operator": "dense",
        "format": "ap_fixed<16,6>",
        "shape": [4],
        "values": {"user": 40},
        "differing": {"user": 0},
        "distinct": distinct,
        "user_distinct": distinct,
        "needed": 10,
        "agrees": agrees,
        "counts": counts,
        "verdict": verdict,
    }


def report(statuses, files=EQUAL, layers=(), first=None, name="net"):
    levels = tuple(
        Level(level, status, "" if status == "passed" else f"why {level}")
        for level, status in zip(LEVELS, statuses, strict=True)
    )
    body = {
        "created": "2026-01-01T00:00:00+00:00",
        "project": {"name": name, "folder": "firmware"},
        "model": {
            "graph_sha256": "2" * 64,
            "configuration_sha256": "3" * 64,
            "sources": {},
            "libm": "glibc 2.36",
            "tables": {},
            "multiplications": 16,
        },
        "vectors": {
            "samples": 10,
            "groups": [{"name": "user", "samples": 10}],
            "seed": 0,
            "sha256": "4" * 64,
            "notes": [],
        },
        "layers": list(layers),
        "compared": 40,
        "differing": 0,
        "first_divergence": first,
        "files": files,
        "tools": {"python": "3.11"},
        "timing": {},
        "notes": ["a <note> & more"],
        "not_checked": ["rtl"],
    }
    return Report(levels, body)


P, F, N = "passed", "failed", "not run"


@pytest.mark.parametrize(
    ("statuses", "files", "ok", "code", "title"),
    [
        ((P, P, N, N), EQUAL, True, 0, "net: signed off at level csim-g++"),
        ((P, P, P, N), EQUAL, True, 0, "net: signed off at level csim-vendor"),
        ((P, P, N, P), EQUAL, True, 0, "net: signed off at level rtl-cosim"),
        ((P, N, N, N), EQUAL, False, 3, "net: not signed off: csim-g++ did not run"),
        ((P, N, P, P), EQUAL, False, 3, "net: not signed off: csim-g++ did not run"),
        ((P, F, N, N), EQUAL, False, 1, "net: not signed off: csim-g++ failed"),
        ((P, P, F, N), EQUAL, False, 1, "net: not signed off: csim-vendor failed"),
        ((P, P, P, F), EQUAL, False, 1, "net: not signed off: rtl-cosim failed"),
        ((F, P, N, N), EQUAL, False, 1, "net: not signed off: emulator failed"),
        ((P, P, N, N), DIFFER, False, 1, "net: not signed off: files differ, no vector shows it"),
        ((P, F, N, N), DIFFER, False, 1, "net: not signed off: csim-g++ failed, and files differ"),
    ],
)
def test_verdict(statuses, files, ok, code, title):
    """ok needs csim-g++ and no failure; the title states the highest level reached."""
    found = report(statuses, files)
    assert (found.ok, found.exit_code, found.title) == (ok, code, title)
    data = found.to_dict()
    assert (data["ok"], data["exit_code"], data["title"]) == (ok, code, title)


@pytest.mark.parametrize(
    ("statuses", "highest"),
    [((P, P, N, N), "csim-g++"), ((P, F, P, P), "emulator"), ((F, P, P, P), None)],
)
def test_the_highest_level_has_no_failure_below(statuses, highest):
    """A level above a failed one does not count."""
    assert report(statuses).highest == highest


def test_the_title_counts_layers_that_are_no_evidence():
    """Signed off on the others, and it says on how many not."""
    layers = [layer("fc1"), layer("fc2", "agrees, not counted", counts=False), layer("fc3")]
    assert report((P, P, N, N), layers=layers).title == (
        "net: signed off at level csim-g++; 1 of 3 layers took too few values to count"
    )


def test_three_files_are_written(tmp_path):
    """report.json is to_dict(); the HTML refers to nothing outside; nothing else stays."""
    found = report((P, P, N, N), layers=[layer("fc1"), layer("<fc2>")])
    folder = found.write(tmp_path / "deep" / "report")
    assert sorted(os.listdir(folder)) == ["junit.xml", "report.html", "report.json"]
    assert json.loads((folder / "report.json").read_text()) == found.to_dict()
    assert os.listdir(folder.parent) == ["report"]
    html = (folder / "report.html").read_text()
    assert not re.search(r"(?:src|href)\s*=|https?://|@import|url\(", html)
    assert "prefers-color-scheme: dark" in html
    assert "&lt;fc2&gt;" in html and "a &lt;note&gt; &amp; more" in html
    assert "net: signed off at level csim-g++" in html


def test_the_page_shows_each_kind_of_trouble(tmp_path):
    """Failure texts, the first divergence, files, layers that do not count."""
    first = {
        "layer": "fc1",
        "operator": "dense",
        "sample": 7,
        "group": "user",
        "index": [2],
        "format": "ap_fixed<16,6>",
        "emulator": {"raw": 5, "hex": "0x0005", "real": "0.0048828125"},
        "cpp": {"raw": 4, "hex": "0x0004", "real": "0.00390625"},
        "text": "first divergence",
    }
    layers = [
        layer("fc1", "1 of 40 values differ", agrees=False, counts=False),
        layer("fc2", "agrees, not counted: 1 distinct value, needs 10", counts=False, distinct=1),
    ]
    found = report((P, F, N, N), DIFFER, layers, first)
    html = (found.write(tmp_path / "r") / "report.html").read_text()
    for text in (
        "not signed off",
        "First divergence",
        "0.0048828125",
        "files differ, no vector shows it",
        "firmware/n.cpp: changed since it was generated",
        "1 of 40 values differ",
        "needs 10",
        "why csim-vendor",
    ):
        assert text in html, text
    assert (
        "None compared" in (report((P, N, N, N)).write(tmp_path / "s") / "report.html").read_text()
    )


def test_junit_counts_failures_and_skips(tmp_path):
    """A case per level, per layer and for the files; not counted is skipped, never passed."""
    layers = [
        layer("fc1", "1 of 40 values differ", agrees=False, counts=False),
        layer("fc2", "agrees, not counted: 1 distinct value, needs 10", counts=False),
        layer("fc3"),
    ]
    found = report((P, F, N, N), DIFFER, layers, name="n\x01et")
    root = ET.parse(found.write(tmp_path / "r") / "junit.xml").getroot()
    (suite,) = root
    assert (suite.get("tests"), suite.get("failures"), suite.get("skipped")) == ("8", "3", "3")
    cases = {case.get("name"): [child.tag for child in case] for case in suite}
    assert cases == {
        "emulator": [],
        "csim-g++": ["failure"],
        "csim-vendor": ["skipped"],
        "rtl-cosim": ["skipped"],
        "fc1": ["failure"],
        "fc2": ["skipped"],
        "fc3": [],
        "manifest": ["failure"],
    }


def test_an_earlier_report_is_replaced_and_other_folders_are_not(tmp_path):
    """The message names the way out."""
    report((P, N, N, N)).write(tmp_path / "r")
    report((P, P, N, N)).write(tmp_path / "r")
    assert json.loads((tmp_path / "r" / "report.json").read_text())["ok"]
    assert os.listdir(tmp_path) == ["r"]
    (tmp_path / "r" / "mine.txt").write_text("x")
    for folder in (tmp_path / "r", tmp_path / "r" / "mine.txt"):
        with pytest.raises(ValueError) as error:
            report((P, P, N, N)).write(folder)
        assert str(error.value) == (
            "report folder must be new, empty, or an earlier report,"
            f" not {str(folder)!r}: name another with -o"
        )
    assert (tmp_path / "r" / "mine.txt").read_text() == "x"
    (tmp_path / "empty").mkdir()
    assert report((P, P, N, N)).write(tmp_path / "empty").is_dir()


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, OSError("disk full")])
def test_interrupted_while_writing_it_leaves_nothing(tmp_path, monkeypatch, interruption):
    """Neither the folder nor a half-written sibling; an earlier report stays whole."""
    found = report((P, P, N, N))

    def stop(self):
        raise interruption

    with monkeypatch.context() as patch:
        patch.setattr(Report, "_junit", stop)
        with pytest.raises((KeyboardInterrupt, OSError)):
            found.write(tmp_path / "r")
    assert os.listdir(tmp_path) == []
    found.write(tmp_path / "r")
    with monkeypatch.context() as patch:
        patch.setattr(Report, "_html", stop)
        with pytest.raises((KeyboardInterrupt, OSError)):
            found.write(tmp_path / "r")
    assert os.listdir(tmp_path) == ["r"] and len(os.listdir(tmp_path / "r")) == 3


def test_a_failed_rename_puts_the_earlier_report_back(tmp_path, monkeypatch):
    """The old folder steps aside and returns."""
    found = report((P, P, N, N))
    found.write(tmp_path / "r")
    rename = type(tmp_path).rename

    def fail(self, target):
        if ".unfinished-" in self.name:
            raise OSError("no")
        return rename(self, target)

    with monkeypatch.context() as patch:
        patch.setattr(type(tmp_path), "rename", fail)
        with pytest.raises(OSError, match=r"^no$"):
            found.write(tmp_path / "r")
    assert os.listdir(tmp_path) == ["r"] and len(os.listdir(tmp_path / "r")) == 3
