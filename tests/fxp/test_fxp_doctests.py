"""Every example in a docstring of fxp does what it says."""

import doctest
import enum
import importlib
import pkgutil
import re

import pytest

import fxp
from fxp import strategies

MODULES = [name for _, name, _ in pkgutil.iter_modules(fxp.__path__, "fxp.")]


@pytest.mark.parametrize("name", ["fxp", *MODULES])
def test_examples(name):
    """The module's doctests pass."""
    names = {"FxArray": fxp.FxArray}
    assert doctest.testmod(importlib.import_module(name), extraglobs=names).failed == 0


def public(module):
    """The functions and classes of ``module.__all__``; errors say their fact in one line."""
    for name in module.__all__:
        thing = getattr(module, name)
        if callable(thing) and not (isinstance(thing, type) and issubclass(thing, Exception)):
            yield f"{module.__name__}.{name}", thing


@pytest.mark.parametrize("module", [fxp, fxp.growth, strategies], ids=lambda m: m.__name__)
def test_public_names_say_formula_errors_and_source(module):
    """Every public function and class: an example, its errors and its source, by itself or above."""
    for name, thing in public(module):
        text = thing.__doc__
        above = text + module.__doc__
        assert ">>> " in text, name
        assert isinstance(thing, enum.EnumMeta) or "raise" in above.lower(), name
        assert re.search(r"\bSources?: ", above), name
        if module is not strategies:
            assert "``" in text.splitlines()[0], name
