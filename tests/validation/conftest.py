"""A small network, its generated project, and a stand-in for g++ that misbehaves on request."""

import importlib.util
import shutil
import stat
import sys
from pathlib import Path

import numpy as np
import pytest

import emu
import generator
from tests.emu import models

needs_cpp = [
    pytest.mark.cpp,
    pytest.mark.skipif(shutil.which("g++") is None, reason="needs g++: install a C++ compiler"),
    pytest.mark.skipif(
        importlib.util.find_spec("hls4ml") is None,
        reason="needs AMD's headers: pip install 'bitwright[cosim]'",
    ),
]

CONFIG = {
    "ProjectName": "small",
    "Backend": "Vitis",
    "IOType": "io_parallel",
    "HLSConfig": {
        "Model": {"Precision": "fixed<12,5,RND,SAT>", "ReuseFactor": 1, "Strategy": "Latency"},
        "LayerName": {"fc1_relu": {"Precision": {"result": "fixed<9,4,RND,SAT>"}}},
    },
}


@pytest.fixture(scope="session")
def small(tmp_path_factory):
    """A graph of six inputs, two dense layers and a relu."""
    json_path, h5_path = models.mlp(tmp_path_factory.mktemp("small"), (6, 5, 4))
    return emu.load(json_path, weights=h5_path, config=CONFIG)


@pytest.fixture
def project(small, tmp_path):
    """Its firmware, fresh for each test."""
    return generator.generate(small, tmp_path / "firmware")


@pytest.fixture
def x():
    """Samples of the small network."""
    return np.random.default_rng(3).normal(0, 1, (50, 6))


_FAKE = """#!{python}
import os, sys
if "--version" in sys.argv:
    print("fake g++ 1.0")
    sys.exit(0)
{compile}
out = sys.argv[sys.argv.index("-o") + 1]
with open(out, "w") as file:
    file.write('''#!{python}
import os, sys, time
{run}
''')
os.chmod(out, 0o755)
"""


@pytest.fixture
def fake_compiler(tmp_path):
    """``fake_compiler(compile=..., run=...)``: a compiler of those Python lines, and its path."""

    def make(*, compile="", run=""):
        path = tmp_path / "fake-g++"
        path.write_text(_FAKE.format(python=sys.executable, compile=compile, run=run))
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        return path

    return make


@pytest.fixture
def fake_headers(tmp_path):
    """A folder that looks like AMD's headers."""
    folder = tmp_path / "headers"
    folder.mkdir()
    for name in ("ap_fixed.h", "ap_int.h"):
        Path(folder / name).write_text("// stand-in\n")
    return folder
