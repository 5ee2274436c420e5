"""Mutants of ``validation`` and ``bitwright``, each of which the tests must kill. Run by hand:

    python tests/validation/mutants.py

Copies the tree, applies one change at a time, runs the tests that need no compiler.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
TESTS = [
    "tests/validation",
    "tests/test_cli.py",
    "-k",
    "not TestCompiled",
    "-m",
    "not cpp and not peer",
]
V = "validation/"

MUTANTS = [
    ("one-hot rows never reach the last place", V + "vectors.py", "total - 1, min(total", "total - 2, min(total"),
    ("minus one becomes two", V + "vectors.py", "(low, high, 0, 1, -1)", "(low, high, 0, 1, 2)"),
    ("random rows ignore the seed", V + "vectors.py", "default_rng(seed)", "default_rng(0)"),
    ("wide values keep their low bits", V + "vectors.py", "abs(int(value)) >> spare << spare", "abs(int(value))"),
    ("a missing layer agrees", V + "comparison.py", "return not self.problem and not any", "return not any"),
    ("the last divergence is first", V + "comparison.py", "places[0])", "places[-1])"),
    ("first divergence of the last layer", V + "comparison.py", "if first is None and have", "if have"),
    ("nine values suffice", V + "comparison.py", "_ENOUGH = 10", "_ENOUGH = 1"),
    ("narrow formats need ten", V + "comparison.py", "return min(1 << min(graph", "return max(1 << min(graph"),
    ("disagreement counts", V + "comparison.py", "return self.agrees and self.distinct", "return self.distinct"),
    ("no NDEBUG", V + "building.py", '"-O2", "-DNDEBUG"', '"-O2"'),
    ("headers are no system headers", V + "building.py", '"-isystem"', '"-I"'),
    ("the harness need not report samples", V + "building.py", "not in out.splitlines()", "in []"),
    ("only the child is killed", V + "building.py", "os.killpg(process.pid, signal.SIGKILL)", "process.kill()"),
    ("cut tensors are accepted", V + "building.py", "if raw.size != int(np.prod(shape)):", "if False:"),
    ("the wheel before Vitis", V + "tools.py", "for path, source in _candidates():", "for path, source in reversed(list(_candidates())):"),
    ("header names are not hashed", V + "tools.py", 'f"{name}\\n{hashlib', 'f"{hashlib'),
    ("changed files pass", V + "files.py", "if found != listed[name])", "if False)"),
    ("missing files pass", V + "files.py", "if name not in present)", "if False)"),
    ("added headers pass", V + "files.py", '("firmware", "tb_data")', "()"),
    ("another graph passes", V + "files.py", 'if manifest.get("graph_sha256") == own:', "if True:"),
    ("files do not matter", V + "report.py", "return self.files_differ or any", "return any"),
    ("csim-g++ is not required", V + "report.py", 'return not self.failed and self.level(REQUIRED_LEVEL).status == "passed"', "return not self.failed"),
    ("not run is agreed", V + "report.py", "return 0 if self.ok else 3", "return 0"),
    ("levels above a failure count", V + "report.py", "                break\n", "                pass\n"),
    ("unfinished folders stay", V + "report.py", "            shutil.rmtree(unfinished, ignore_errors=True)\n            raise", "            raise"),
    ("any folder is replaced", V + "report.py", "    raise ValueError(\n        f\"report folder", "    return\n    raise ValueError(\n        f\"report folder"),
    ("not counted is passed in JUnit", V + "report.py", 'elif not layer["counts"]:', "elif False:"),
    ("no escaping in the page", V + "report.py", "autoescape=True", "autoescape=False"),
    ("an unfinished csim passes", V + "toolchains.py", 'if re.search(r"CSim done with 0 errors", part):', "if True:"),
    ("the first csim counts", V + "toolchains.py", 'log.rfind("CSIM start")', 'log.find("CSIM start")'),
    ("any cosim verdict passes", V + "toolchains.py", 'set(verdicts) == {"PASS"}', '"PASS" in verdicts'),
    ("a cosim without verdict passes", V + "toolchains.py", 'return "failed", "the co-simulation did not', 'return "passed", "the co-simulation did not'),
    ("a nonzero status passes", V + "toolchains.py", 'if status == "passed" and code:', "if False:"),
    ("vendor tools run in the project", V + "toolchains.py", "shutil.copytree(project.path, copy)", "copy.symlink_to(project.path)"),
    ("samples alone are not run", V + "evidence.py", "if not np.array_equal(raw[0], expected[name][row]):", "if False:"),
    ("ranges are not checked", V + "evidence.py", "if raw.size and not (", "if False and not ("),
    ("failures of the firmware are not run", V + "evidence.py", 'Level(name, "failed", str(error))', 'Level(name, "not run", str(error))'),
    ("differences pass", V + "evidence.py", "    if not comparison.agrees:\n", "    if False:\n"),
    ("bad input is 1", "bitwright/terminal.py", "AGREED, DIFFER, BAD_INPUT, COULD_NOT_RUN, INTERRUPTED = 0, 1, 2", "AGREED, DIFFER, BAD_INPUT, COULD_NOT_RUN, INTERRUPTED = 0, 1, 1"),
    ("an interruption is 1", "bitwright/terminal.py", "= 0, 1, 2, 3, 130", "= 0, 1, 2, 3, 1"),
    ("signoff ends with 0", "bitwright/cli.py", "raise SystemExit(report.exit_code)", "raise SystemExit(0)"),
    ("existing configurations are overwritten", "bitwright/cli.py", "if output.exists() and not force:", "if False:"),
    ("raw is ignored", "bitwright/cli.py", "graph.predict(samples, raw=raw)", "graph.predict(samples)"),
    ("paths as typed", "bitwright/cli.py", "os.path.relpath(path, base)", "str(path)"),
    ("arguments are checked last", "bitwright/cli.py", "        check_target(output)\n        if", "        if"),
]  # fmt: skip


def outcome(folder: Path) -> int:
    """pytest's exit code: 0 passed, 1 failed, others: the tests could not run."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *TESTS],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=600,
        env=os.environ | {"PYTHONPATH": str(folder)},
    )
    return done.returncode


def main(*only: str) -> int:
    survivors = []
    with tempfile.TemporaryDirectory() as scratch:
        tree = Path(scratch) / "tree"
        shutil.copytree(ROOT, tree, ignore=shutil.ignore_patterns(".git", ".venv", "build"))
        if outcome(tree) != 0:
            sys.stdout.write("the tests must pass before anything is changed\n")
            return 2
        for name, file, old, new in MUTANTS:
            if only and not any(word in name for word in only):
                continue
            path = tree / file
            text = path.read_text()
            if text.count(old) < 1:
                sys.stdout.write(f"NOT FOUND  {name}\n")
                survivors.append(name)
                continue
            path.write_text(text.replace(old, new, 1))
            dead = outcome(tree) == 1
            path.write_text(text)
            sys.stdout.write(f"{'killed   ' if dead else 'SURVIVED '}  {name}\n")
            sys.stdout.flush()
            if not dead:
                survivors.append(name)
    sys.stdout.write(f"{len(survivors)} survivors\n")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
