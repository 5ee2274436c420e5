"""docs/operators.md is what docs/operators.py writes, and leaves no layer without a word."""

import doctest
import importlib.util
import re
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[1] / "docs"


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("operators_page", DOCS / "operators.py")
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


def test_the_page_is_fresh(script):
    """Otherwise: python docs/operators.py."""
    assert script.TARGET.read_text(encoding="utf-8") == script.page()


def test_the_example_runs(script):
    """As it stands on the page."""
    found = doctest.testfile(str(script.TARGET), module_relative=False)
    assert found.attempted > 10 and found.failed == 0


def test_no_row_is_empty(script):
    """Every layer has an operator, or the reason for the gap; so has every comparison."""
    lines = [line for line in script.page().splitlines() if re.match(r"\| [A-Z]", line)]
    assert len(lines) == len(script.ROWS)
    for line in lines:
        layer, operator, parallel, stream, oracle, peer, remark = (
            cell.strip() for cell in line.strip("|").split("|")
        )
        assert operator or remark, layer
        if operator:
            assert all((parallel, stream, oracle, peer)) or remark, layer


def test_a_layer_in_no_row_is_an_error(script, monkeypatch):
    """A new operator or lowering needs a row."""
    monkeypatch.setattr(script, "ROWS", tuple(r for r in script.ROWS if r.layer != "Dot"))
    with pytest.raises(ValueError, match=r"^ROWS must have Dot$"):
        script.page()


def test_a_row_that_emu_does_not_lower_is_an_error(script, monkeypatch):
    """The table never promises more than there is."""
    monkeypatch.delitem(script.LOWERINGS, "Dot")
    with pytest.raises(ValueError, match=r"^Dot must be lowered by emu, but Dot is not$"):
        script.page()
