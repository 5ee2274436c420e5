"""hls_lib and what is generated compile without a warning, in C++14 and in C++17."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from generator import Schedule, generate
from tests.generator import compiled, sweep, test_drawn

pytestmark = pytest.mark.cpp

LIBRARY = Path(__file__).resolve().parents[2] / "hls_lib"
HEADERS = sorted(str(path.relative_to(LIBRARY)) for path in LIBRARY.rglob("*.hpp"))
COMMAND = ("g++", "-fsyntax-only", "-DNDEBUG", "-DBITWRIGHT_TRACE", *compiled.STRICT)


@pytest.fixture(autouse=True)
def _compiler():
    compiled.require()


def check(folder, *arguments):
    """Parsed, templates instantiated, nothing to warn of."""
    done = subprocess.run(
        [*COMMAND, "-isystem", str(compiled.headers()), *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=900,
    )
    assert done.returncode == 0, done.stderr[:4000]


@pytest.mark.parametrize("standard", ["-std=c++14", "-std=c++17"])
def test_all_headers_together(standard, tmp_path):
    """In both orders: none needs another before it that it does not include."""
    assert len(HEADERS) > 25
    sources = []
    for k, names in enumerate((HEADERS, HEADERS[::-1])):
        sources.append(f"all{k}.cpp")
        (tmp_path / sources[-1]).write_text("".join(f'#include "{name}"\n' for name in names))
    check(tmp_path, standard, "-I", LIBRARY, *sources)


def test_each_header_alone(tmp_path):
    """What it uses it includes."""
    for k, name in enumerate(HEADERS):
        (tmp_path / f"alone{k}.cpp").write_text(f'#include "{name}"\n')
    sources = [f"alone{k}.cpp" for k in range(len(HEADERS))]
    check(tmp_path, compiled.STANDARD, "-O0", *compiled.parsed_headers(), "-I", LIBRARY, *sources)


COMMUTES = {
    "ap_fixed<8, 4>": "true",
    "ap_ufixed<8, 4, AP_RND>": "true",
    "ap_int<8>": "true",
    "ap_fixed<8, 4, AP_TRN, AP_SAT>": "false",
    "ap_ufixed<8, 4, AP_TRN, AP_SAT_ZERO>": "false",
    "ap_fixed<8, 4, AP_TRN, AP_WRAP, 1>": "false",
}
"""Types of an accumulator, and whether its sums may be taken in any order."""


def test_which_sums_commute(tmp_path):
    """Those that wrap whole; dense.hpp refuses another order of any other type."""
    lines = [
        f'static_assert(bw::sums_commute<{type}>::value == {value}, "{type}");\n'
        for type, value in COMMUTES.items()
    ]
    (tmp_path / "commute.cpp").write_text('#include "dense.hpp"\n' + "".join(lines))
    check(tmp_path, compiled.STANDARD, "-I", LIBRARY, "commute.cpp")


def test_a_streaming_project_in_cpp17(tmp_path):
    """Every operator between streams; in C++14 test_drawn.py compiles it, and runs it."""
    cases = test_drawn.cases(1)
    schedule = Schedule({f"y{k}": case.schedule for k, case in enumerate(cases)}, "io_stream")
    project = generate(sweep.graph_of(cases), tmp_path / "project", schedule=schedule)
    sources = [f"firmware/{project.name}.cpp", f"{project.name}_cosim.cpp"]
    check(project.path, "-std=c++17", "-I", "firmware", *sources)
