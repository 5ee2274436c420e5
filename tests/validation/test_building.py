"""cosim: what it asks of the compiler, and how it tells a missing result from a wrong one."""

import os
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from validation import CheckFailedError, CouldNotRunError, cosim, stimuli
from validation.building import run_limited

from .conftest import needs_cpp

# Answers every tensor of the small network with the bytes of its input, cut to the right size.
ANSWER = """
import glob, shutil
for path in glob.glob(sys.argv[1] + '/*.bin'):
    shutil.copy(path, sys.argv[2])
print('samples', os.path.getsize(glob.glob(sys.argv[1] + '/*.bin')[0]) // 48)
"""


@pytest.fixture
def vectors(small, x):
    return stimuli(small, x, random=30)


def run(project, vectors, fake_headers, compiler, **options):
    return cosim(project, vectors, headers=fake_headers, compiler=compiler, **options)


@pytest.mark.cpp
@needs_cpp[1]
@needs_cpp[2]
def test_every_layer_of_the_compiled_firmware_is_the_emulators(small, project, vectors):
    """All tensors of the traced build; the outputs of the build without trace."""
    expected = small.trace(vectors.reals(small), raw=True)
    traced = cosim(project, vectors)
    assert list(traced.tensors) == list(small.values)
    for name, raw in traced.tensors.items():
        np.testing.assert_array_equal(raw, expected[name], err_msg=name)
    plain = cosim(project, vectors, trace=False)
    assert list(plain.tensors) == list(small.output_names)
    for name, raw in plain.tensors.items():
        np.testing.assert_array_equal(raw, expected[name])


def test_the_command(project, vectors, fake_headers, fake_compiler):
    """-DNDEBUG, vendor headers as system headers, trace by macro."""
    compiler = fake_compiler(run=ANSWER)
    found = run(project, vectors, fake_headers, compiler)
    assert found.command == (
        str(compiler),
        "-std=c++14",
        "-O2",
        "-DNDEBUG",
        "-DBITWRIGHT_TRACE",
        "-isystem",
        str(fake_headers),
        "-I",
        "firmware",
        "firmware/small.cpp",
        "small_cosim.cpp",
        "-o",
        "<program>",
    )
    found = run(project, vectors, fake_headers, compiler, trace=False)
    assert "-DBITWRIGHT_TRACE" not in found.command


def test_raw_integers_go_in_and_come_out(project, vectors, fake_headers, fake_compiler):
    """The harness is given the raw inputs; a tensor it does not write is absent, not zero."""
    found = run(project, vectors, fake_headers, fake_compiler(run=ANSWER))
    np.testing.assert_array_equal(found.tensors["x"], vectors.raw["x"])
    assert set(found.tensors) == {"x"}


@pytest.mark.parametrize(
    ("compile", "body", "message"),
    [
        (
            "sys.stderr.write('a.cpp:1: error: no\\na.cpp:1: note: hint\\n'); sys.exit(1)",
            "",
            r"^the firmware does not compile:\na.cpp:1: error: no$",
        ),
        ("", "os.abort()", r"^the firmware died of SIGABRT: "),
        (
            "",
            "sys.stderr.write('x.bin must hold 6 values a sample'); sys.exit(2)",
            r"^the firmware's harness ended with status 2: x.bin must hold 6 values a sample$",
        ),
        (
            "",
            "print('samples 3')",
            r"^the firmware's harness must report 'samples \d+', not 'samples 3'$",
        ),
        (
            "",
            ANSWER + "open(sys.argv[2] + '/x.bin', 'ab').write(b'12345678')",
            r"^x.bin must hold \d+ values, not \d+$",
        ),
    ],
)
def test_failures_of_the_firmware(
    project, vectors, fake_headers, fake_compiler, compile, body, message
):
    """Each is a CheckFailedError with its own message: something is wrong with the C++."""
    compiler = fake_compiler(compile=compile, run=body)
    with pytest.raises(CheckFailedError, match=message):
        run(project, vectors, fake_headers, compiler)


@pytest.mark.parametrize(
    ("compile", "body", "what"),
    [
        ("import time; time.sleep(60)", "", "compiling the firmware"),
        ("", "time.sleep(60)", "running the firmware"),
    ],
)
def test_time_limits(project, vectors, fake_headers, fake_compiler, compile, body, what):
    """A limit that passes is "could not run", with the way out."""
    compiler = fake_compiler(compile=compile, run=body)
    start = time.perf_counter()
    with pytest.raises(CouldNotRunError) as error:
        run(project, vectors, fake_headers, compiler, time_limit=0.5)
    assert str(error.value) == f"{what} took longer than 0.5 s: allow more with --time-limit"
    assert time.perf_counter() - start < 20


def running(pid):
    """Whether a process exists and is not waiting to be collected."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")
def test_a_limit_ends_the_children_too(tmp_path):
    """g++ starts cc1plus: the whole process group ends."""
    code = (
        "import subprocess, sys, time;"
        "p = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']);"
        f"open({str(tmp_path / 'pid')!r}, 'w').write(str(p.pid)); time.sleep(60)"
    )
    start = time.perf_counter()
    with pytest.raises(CouldNotRunError):
        run_limited([sys.executable, "-c", code], tmp_path, 2.0, "this")
    assert time.perf_counter() - start < 30
    pid = int((tmp_path / "pid").read_text())
    for _ in range(100):
        if not running(pid):
            break
        time.sleep(0.05)
    assert not running(pid)


def test_nothing_is_left_behind(
    project, vectors, fake_headers, fake_compiler, tmp_path, monkeypatch
):
    """Build folders go, whether the run succeeds or fails; the project stays as it was."""
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    before = sorted(p for p in project.path.rglob("*"))
    run(project, vectors, fake_headers, fake_compiler(run=ANSWER))
    with pytest.raises(CheckFailedError):
        run(project, vectors, fake_headers, fake_compiler(run="os.abort()"))
    assert os.listdir(scratch) == []
    assert sorted(p for p in project.path.rglob("*")) == before
