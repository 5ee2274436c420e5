"""Every example in a docstring of fxp does what it says."""

import doctest
import importlib
import pkgutil

import pytest

import fxp

MODULES = [name for _, name, _ in pkgutil.iter_modules(fxp.__path__, "fxp.")]


@pytest.mark.parametrize("name", ["fxp", *MODULES])
def test_examples(name):
    """The module's doctests pass."""
    names = {"FxArray": fxp.FxArray}
    assert doctest.testmod(importlib.import_module(name), extraglobs=names).failed == 0


def test_public_names_have_examples():
    """Every public function and class shows what it does."""
    for name in fxp.__all__:
        thing = getattr(fxp, name)
        if callable(thing) and not issubclass(thing if isinstance(thing, type) else int, Exception):
            documented = name in ("Overflow", "Rounding") or ">>>" in thing.__doc__
            assert documented, name
