"""One small change at a time, in a copy of the tree: the test named beside it must notice.

A mutant is killed where one of those tests fails in a comparison - an assertion, an error that
should have come, a ``static_assert`` - and not where the changed program no longer runs or
compiles; and where the same test passes without the mutant. Libraries are imported once, each run
is a fork; of a test with many parameters those that differ most come first.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import json
import os
import re
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

PACKAGES = ("fxp", "emu", "generator", "hls_lib", "validation", "bitwright", "examples", "tests")
LIBRARIES = (
    "pytest",
    "numpy",
    "numba",
    "hypothesis",
    "hypothesis.extra.numpy",
    "jinja2",
    "h5py",
    "yaml",
)
KILLED, SURVIVED, CRASHED, PASSED = "killed", "SURVIVED", "CRASHED", "passed"
LIMIT_SECONDS = 900


class Mutant(NamedTuple):
    """``old``, which occurs once in ``path``, becomes ``new``; the test that must notice."""

    path: str
    label: str
    old: str
    new: str
    test: str


class Fate(NamedTuple):
    """What the tests said: a word, the first line of the reason, the test that failed."""

    word: str
    reason: str = ""
    test: str = ""


def of(path: str, test: str, *changes: Sequence[str]) -> list[Mutant]:
    """Mutants of one file: ``(label, old, new)``, or with a test of its own as fourth."""
    return [Mutant(path, *change[:3], (*change, test)[3]) for change in changes]


class _Seen:
    """A pytest plugin: spreads the tests, keeps the first failure and every skip."""

    def __init__(self) -> None:
        self.failure = self.skipped = self.test = ""
        self.kinds: list[str] = []
        self.passed = 0

    def pytest_collection_modifyitems(self, items: list[Any]) -> None:
        """One of each function first, then one from the middle of its parameters, and so on."""
        groups: dict[str, list[Any]] = {}
        for item in items:
            groups.setdefault(item.nodeid.partition("[")[0], []).append(item)
        rank = {}
        for group in groups.values():
            bits = len(group).bit_length()
            # The digits of a place in reverse: 0, 1/2, 1/4, 3/4, 1/8, ... of the way.
            spread = sorted(
                range(len(group)), key=lambda k, bits=bits: int(f"{k:0{bits}b}"[::-1], 2)
            )
            rank |= {group[k]: turn for turn, k in enumerate(spread)}
        items.sort(key=rank.__getitem__)

    def pytest_runtest_makereport(self, item: Any, call: Any) -> None:
        """Called after each phase of each test."""
        if call.excinfo is None:
            self.passed += call.when == "call"
        elif call.excinfo.typename == "Skipped":
            self.skipped = str(call.excinfo.value)
        elif not self.failure:
            error, self.test = call.excinfo.value, item.nodeid
            group = getattr(error, "exceptions", (error,))
            self.kinds = [type(each).__name__ for each in group]
            self.failure = "\n".join(str(each) for each in group) or self.kinds[0]

    def fate(self) -> Fate:
        """Judged by the kind of the exception, not by its words."""
        errors = re.findall(r"error: (.*)", self.failure)
        if errors:
            word = KILLED if "static assertion failed" in errors[0] else CRASHED
            return Fate(word, errors[0], self.test)
        reason = next((line for line in self.failure.splitlines() if line.strip()), "").strip()
        if self.failure:
            compares = all(kind in ("AssertionError", "Failed") for kind in self.kinds)
            word = KILLED if compares else CRASHED
            return Fate(word, f"{self.kinds[0]}: {reason}", self.test)
        if self.skipped:
            return Fate(CRASHED, f"skipped: {self.skipped}")
        return Fate(SURVIVED) if self.passed else Fate(CRASHED, "no test ran")


def _child(folder: Path, test: str, answer: Path) -> None:
    """Runs the test in this process, which ends with it."""
    import pytest

    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    os.setsid()
    os.chdir(folder)
    signal.alarm(LIMIT_SECONDS)
    with answer.with_suffix(".log").open("w") as log:
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
    for name in [name for name in sys.modules if name.partition(".")[0] in PACKAGES]:
        del sys.modules[name]
    sys.path.insert(0, str(folder))
    os.environ["BITWRIGHT_PORTIONS"] = "1"
    seen = _Seen()
    temporary = f"--basetemp={answer.with_suffix('.tmp')}"
    pytest.main(["-x", "-q", "-p", "no:cacheprovider", temporary, test], plugins=[seen])
    fate = seen.fate()
    strange = [
        name
        for name, module in list(sys.modules.items())
        if name in PACKAGES and str(folder) not in str(getattr(module, "__file__", ""))
    ]
    if strange:
        fate = Fate(CRASHED, f"imported from elsewhere: {strange}")
    answer.write_text(json.dumps(fate))
    os._exit(0)


def run(folder: Path, test: str) -> Fate:
    """The fate of what is in ``folder``."""
    answer = folder.parent / "answer.json"
    answer.unlink(missing_ok=True)
    process = os.fork()
    if process == 0:
        try:
            _child(folder, test, answer)
        finally:
            os._exit(1)
    try:
        _, status = os.waitpid(process, 0)
    finally:
        # What is left of a child that ran out of time, or of one whose parent is ended.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process, signal.SIGKILL)
    if not answer.is_file():
        return Fate(CRASHED, f"the tests ended with status {status}, by signal 14 out of time")
    return Fate(*json.loads(answer.read_text()))


@contextlib.contextmanager
def changed(folder: Path, mutant: Mutant) -> Iterator[None]:
    """The tree with the mutant; afterwards as before, time stamps and compiled files too."""
    path = folder / mutant.path
    text, stamp = path.read_text(), path.stat()
    compiled, saved = path.parent / "__pycache__", folder.parent / "saved"
    shutil.rmtree(saved, ignore_errors=True)
    if compiled.is_dir():
        shutil.copytree(compiled, saved)
    path.write_text(text.replace(mutant.old, mutant.new))
    try:
        yield
    finally:
        path.write_text(text)
        os.utime(path, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
        shutil.rmtree(compiled, ignore_errors=True)
        if saved.is_dir():
            shutil.copytree(saved, compiled)


class Record:
    """Fates of earlier runs: of the same change, of the same files, by the same test."""

    def __init__(self, root: Path, file: Path | None) -> None:
        self.root, self.file = root, file
        lines = file.read_text().splitlines() if file and file.is_file() else []
        self.known = {item["key"]: Fate(*item["fate"]) for item in map(json.loads, lines)}

    def key(self, *words: str, files: Sequence[str]) -> str:
        """A hash of the words and of the files' text."""
        digest = hashlib.sha256("\n".join(words).encode())
        for file in files:
            digest.update((self.root / file).read_bytes())
        return digest.hexdigest()[:20]

    def add(self, key: str, fate: Fate, **about: Any) -> None:
        """A line for a fate."""
        self.known[key] = fate
        if self.file:
            with self.file.open("a") as file:
                file.write(json.dumps({"key": key, "fate": fate, **about}) + "\n")


def examine(
    root: Path, mutants: Sequence[Mutant], file: Path | None = None
) -> list[tuple[Mutant, Fate]]:
    """Every mutant and its fate; those of the record ``file`` are not run again."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended"))
    for name in LIBRARIES:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    fates = {}
    with tempfile.TemporaryDirectory(prefix="mutants-") as scratch:
        folder = Path(scratch) / "tree"
        folder.mkdir()
        record = Record(folder, file)
        for name in PACKAGES:
            if (root / name).is_dir():
                leave = shutil.ignore_patterns("*.gch", "*.pyc")
                shutil.copytree(root / name, folder / name, ignore=leave)
        shutil.copy(root / "pyproject.toml", folder)
        for number, mutant in enumerate(sorted(mutants, key=lambda mutant: mutant.test), 1):
            start = time.monotonic()
            fates[mutant] = _fate(folder, mutant, record)
            print(
                f"{number:3}/{len(mutants)} {fates[mutant].word:8} {time.monotonic() - start:4.0f} s "
                f" {mutant.path}: {mutant.label}: {fates[mutant].reason[:70]}",
                flush=True,
            )
    return [(mutant, fates[mutant]) for mutant in mutants]


def _fate(folder: Path, mutant: Mutant, record: Record) -> Fate:
    count = (folder / mutant.path).read_text().count(mutant.old)
    if count != 1:
        return Fate(CRASHED, f"its text must occur once, not {count} times")
    source = mutant.test.partition("::")[0]
    key = record.key(*mutant, files=(mutant.path, source))
    if key in record.known:
        return record.known[key]
    start = time.monotonic()
    with changed(folder, mutant):
        found = run(folder, mutant.test)
    plain = record.key(found.test, files=(source, mutant.path))
    if found.word == KILLED and plain not in record.known:
        without = run(folder, found.test)
        if without.word != SURVIVED:
            return Fate(CRASHED, f"{found.test} fails without a mutant: {without.reason}")
        record.add(plain, Fate(PASSED))
    seconds = round(time.monotonic() - start, 1)
    record.add(key, found, path=mutant.path, label=mutant.label, seconds=seconds)
    return found
