"""The house rules that code can check: who imports whom, what importing costs, what is packaged."""

import ast
import importlib
import inspect
import subprocess
import sys
from pathlib import Path

import pytest

import emu

ROOT = Path(emu.__file__).parents[1]
"""Where the packages lie: the checkout, or site-packages."""
RANK = {"fxp": 0, "emu": 1, "generator": 2, "validation": 3, "bitwright": 4}
LAZY = ("numba", "hypothesis", "h5py", "yaml", "jinja2", "rich", "click", "hls4ml")


def modules():
    for package in RANK:
        yield from sorted((ROOT / package).rglob("*.py"))


def imported(tree):
    """Top-level packages, modules and names of every absolute import, lazy ones too."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, None
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            for alias in node.names:
                yield node.module, alias.name


def test_packages_import_only_to_their_right():
    """bitwright -> validation -> generator -> emu -> fxp, never back."""
    wrong = []
    for path in modules():
        own = path.relative_to(ROOT).parts[0]
        for module, _ in imported(ast.parse(path.read_text())):
            other = module.split(".")[0]
            if other in RANK and RANK[other] > RANK[own]:
                wrong.append(f"{path.relative_to(ROOT)}: {module}")
    assert wrong == []


def test_no_submodule_hides_a_public_function():
    """``emu.config`` must stay the function: no ``emu/config.py`` beside it."""
    wrong = []
    for package in RANK:
        module = importlib.import_module(package)
        names = {n for n in public_names(package) if not inspect.ismodule(getattr(module, n))}
        found = {
            path.stem
            for path in (ROOT / package).iterdir()
            if path.suffix == ".py" or path.is_dir()
        }
        wrong += [f"{package}.{name}" for name in names & found]
    assert wrong == []


def public_names(package):
    init = ROOT / package / "__init__.py"
    if not init.is_file():
        return set()
    for node in ast.parse(init.read_text()).body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "__all__":
            return set(ast.literal_eval(node.value))
    return set()


@pytest.mark.parametrize("package", sorted(RANK))
def test_importing_loads_no_heavy_library(package):
    """numba, hypothesis, h5py, yaml ... come at first use."""
    code = f"import sys, {package}; print([m for m in {LAZY!r} if m in sys.modules])"
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "[]"


def test_nothing_is_unpickled_or_executed():
    """No pickle.load, eval, exec, or unsafe yaml loader in the packages."""
    wrong = []
    for path in modules():
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call):
                continue
            called = ast.unparse(node.func)
            if called in (
                "eval",
                "exec",
                "pickle.load",
                "pickle.loads",
                "yaml.unsafe_load",
                "yaml.full_load",
            ):
                wrong.append(f"{path.relative_to(ROOT)}: {called}")
            if called in ("np.load", "numpy.load") and any(
                k.arg == "allow_pickle"
                and not (isinstance(k.value, ast.Constant) and k.value.value is False)
                for k in node.keywords
            ):
                wrong.append(f"{path.relative_to(ROOT)}: {called} with allow_pickle")
    assert wrong == []


def test_public_functions_have_docstrings():
    """Every name in a package's __all__ says what it does."""
    for package in RANK:
        module = __import__(package)
        for name in getattr(module, "__all__", ()):
            value = getattr(module, name)
            if callable(value):
                assert value.__doc__ and value.__doc__.strip(), f"{package}.{name}"


def test_a_foreign_fxp_is_recognised(tmp_path):
    """``fxp`` and ``emu`` are names on PyPI too: emu says whose fxp it found and what to do."""
    (tmp_path / "fxp").mkdir()
    (tmp_path / "fxp" / "__init__.py").write_text("__version__ = '9.9'\n")
    code = f"import sys; sys.path[:0] = [{str(tmp_path)!r}, {str(ROOT)!r}]; import emu"
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True
    )
    assert result.returncode != 0
    last = result.stderr.strip().splitlines()[-1]
    assert last.startswith("ImportError: fxp must be Bitwright's, not the one in "), last
    assert str(tmp_path) in last and "pip uninstall fxp" in last
