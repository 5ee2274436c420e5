"""Mutants do not rot, every kernel has some, and their runner tells a kill from a crash."""

from __future__ import annotations

import subprocess
import sys

from tests.mutants import MUTANTS, ROOT

NO_KERNEL = {
    "emu/ops/__init__.py": "the list of operators",
    "hls_lib/platform/ap_stream.hpp": "one alias",
}
"""What has no line to change, and why."""


def test_every_text_occurs_once_and_every_test_exists():
    """Else the mutant would be another one, or none."""
    texts = {path: (ROOT / path).read_text() for path in {mutant.path for mutant in MUTANTS}}
    gone = [
        f"{mutant.path}: {mutant.label}: {texts[mutant.path].count(mutant.old)} times"
        for mutant in MUTANTS
        if texts[mutant.path].count(mutant.old) != 1 or mutant.old == mutant.new
    ]
    assert not gone
    for test in {mutant.test for mutant in MUTANTS}:
        file, *names = test.partition("[")[0].split("::")
        source = (ROOT / file).read_text()
        assert all(f"def {name}(" in source or f"class {name}" in source for name in names), test
    labels = [mutant[:2] for mutant in MUTANTS]
    assert sorted(set(labels)) == sorted(labels)


def test_every_kernel_has_mutants():
    """Each module of operators and each header."""
    files = [*(ROOT / "emu" / "ops").glob("*.py"), *(ROOT / "hls_lib").rglob("*.hpp")]
    names = {str(path.relative_to(ROOT)) for path in files}
    assert names - {mutant.path for mutant in MUTANTS} == set(NO_KERNEL)


SUM = "def add(a, b):\n    return a + b\n"
TEST = "from fxp.sums import add\n\n\ndef test_two():\n    assert add(2, 2) == 4\n"
FATES = [
    ("a - b", TEST, "killed AssertionError: assert 0 == 4"),
    ("a * b", TEST, "SURVIVED"),
    ("a + c", TEST, "CRASHED NameError: name 'c' is not defined"),
    ("a +", TEST, "CRASHED no test ran"),
    (
        "a - b",
        TEST.replace("4", "5"),
        "CRASHED tests/test_sums.py::test_two fails without a mutant",
    ),
    ("a - b", TEST.replace("assert", "import pytest; pytest.skip('why');"), "CRASHED skipped: why"),
]
SCRIPT = """
import pathlib, sys
from tests import mutation
mutation.LIBRARIES = ("pytest",)
for folder, new in zip(map(pathlib.Path, sys.argv[1::2]), sys.argv[2::2]):
    change = ("it", "a + b", new)
    mutants = mutation.of("fxp/sums.py", "tests/test_sums.py", change)
    for _ in range(2):  # the second time from the record, where there is a fate
        ((_, fate),) = mutation.examine(folder, mutants, folder / "record")
        print("FATE", fate.word, fate.reason)
"""


def test_fates(tmp_path):
    """Killed by a comparison, not noticed, no longer a program, a test that proves nothing."""
    arguments = []
    for k, (new, test, _) in enumerate(FATES):
        root = tmp_path / str(k)
        for folder, name, text in (("fxp", "sums", SUM), ("tests", "test_sums", test)):
            (root / folder).mkdir(parents=True)
            (root / folder / "__init__.py").write_text("")
            (root / folder / f"{name}.py").write_text(text)
        (root / "pyproject.toml").write_text("")
        arguments += [root, new]
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, *arguments], cwd=ROOT, capture_output=True, text=True
    )
    found = [line[5:] for line in done.stdout.splitlines() if line.startswith("FATE")]
    assert len(found) == 2 * len(FATES), done.stderr
    assert found[::2] == found[1::2]
    for fate, (_, _, expected) in zip(found[::2], FATES, strict=True):
        assert fate.startswith(expected), fate
