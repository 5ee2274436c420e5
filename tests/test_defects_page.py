"""docs/numerics.md has the tables that emu.defects gives, and they leave no listed item out."""

import importlib.util
from pathlib import Path

import pytest

from emu.defects import DEFECTS, ELSEWHERE

DOCS = Path(__file__).parents[1] / "docs"


@pytest.fixture
def script():
    spec = importlib.util.spec_from_file_location("defects_page", DOCS / "defects.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_tables_are_fresh(script):
    """Otherwise: python docs/defects.py."""
    assert script.TARGET.read_text(encoding="utf-8") == script.page()


def test_without_its_marks_nothing_is_written(script, monkeypatch, tmp_path):
    """The rest of the page is never lost."""
    monkeypatch.setattr(script, "TARGET", tmp_path / "numerics.md")
    script.TARGET.write_text("no marks\n")
    with pytest.raises(ValueError, match=r"^numerics.md must have the lines <!-- written"):
        script.page()


def test_no_item_is_left_out():
    """The 18 weak points of hls4ml, each a defect of the list or said to be none."""
    items = {defect.item for defect in DEFECTS.values()} | {item for item, _, _ in ELSEWHERE}
    assert {str(number) for number in range(1, 19)} <= items


def test_every_row_says_something():
    """What is not corrected has its reason; what is corrected needs none."""
    for defect in DEFECTS.values():
        assert defect.hls4ml and bool(defect.corrected) != bool(defect.reason), defect.name
