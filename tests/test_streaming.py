"""Files larger than memory: the same bits, bounded memory, whole outputs or none."""

import json
import re
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest
import yaml

import emu
from bitwright import cli
from bitwright.reading import read_samples
from emu.streaming import predict_batches
from tests.emu import models

ROOT = Path(__file__).parents[1]
SAMPLES = 5003
"""A prime: the last batch is never full."""


@pytest.fixture
def run(capsys):
    """``run(*arguments)`` -> (exit code, stdout, stderr)."""

    def call(*arguments):
        with pytest.raises(SystemExit) as end:
            cli.main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return end.value.code, captured.out, captured.err

    return call


@pytest.fixture(scope="module")
def net(tmp_path_factory):
    """Folder, graph and samples of a network with one input and one output."""
    folder = tmp_path_factory.mktemp("net")
    models.mlp(folder, (6, 5, 4))
    return folder, _graph(folder, "fixed<12,5,RND,SAT>"), _samples((SAMPLES, 6))


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    """Two inputs of different shape, three outputs, one of them two-dimensional."""
    folder = tmp_path_factory.mktemp("pair")
    layers = [
        models.layer("InputLayer", "a", batch_input_shape=[None, 3], dtype="float32"),
        models.layer("InputLayer", "b", batch_input_shape=[None, 4], dtype="float32"),
        models.layer("Activation", "ya", ["a"], activation="relu"),
        models.layer("Activation", "yb", ["b"], activation="tanh"),
        models.layer("Reshape", "yc", ["b"], target_shape=[2, 2]),
    ]
    architecture = models.functional(layers, ["a", "b"], ["ya", "yb", "yc"])
    models.write(folder, architecture, {})
    x = {"a": _samples((SAMPLES, 3)), "b": _samples((SAMPLES, 4))}
    return folder, _graph(folder, "fixed<12,5>"), x


def _graph(folder, precision):
    document = {"KerasJson": "model.json", "KerasH5": "model.h5", "IOType": "io_parallel"}
    document["HLSConfig"] = {"Model": {"Precision": precision, "ReuseFactor": 1}}
    (folder / "config.yml").write_text(yaml.safe_dump(document))
    return emu.load(folder / "config.yml")


def _samples(shape):
    x = np.random.default_rng(7).normal(0, 3, shape)
    x[0] = 1 / 3
    return x


def _write_dat(path, *arrays):
    rows = np.concatenate([a.reshape(len(a), -1) for a in arrays], axis=1).tolist()
    path.write_text("".join(" ".join(map(repr, row)) + " \n" for row in rows))


@pytest.fixture
def small_batches(monkeypatch):
    """Batches of 1000 samples, counted."""
    from bitwright.commands import predict

    module = sys.modules["bitwright.commands.predict"]
    assert predict is not None
    monkeypatch.setattr(module, "_batch", lambda graph, x, allowed: 1000)
    sizes = []

    def counted(graph, batches, **options):
        for found in predict_batches(graph, batches, **options):
            sizes.append(len(found[0] if isinstance(found, list) else found))
            yield found

    monkeypatch.setattr("emu.streaming.predict_batches", counted)
    return sizes


def _left(folder, *known):
    """Names in a folder beside the known ones, hidden ones too."""
    return sorted({entry.name for entry in folder.iterdir()} - set(known))


# ---- the same bits ---------------------------------------------------------------------------


def test_batches_give_the_bits_of_the_whole(net):
    """However they are cut; computed when asked for."""
    _, graph, x = net
    whole = graph.predict(x, raw=True)
    for size in (1, 7, 5002, 5003, 6000):
        stop = 50 * size  # enough of the small ones
        batches = (x[k : k + size] for k in range(0, min(stop, len(x)), size))
        found = np.concatenate(list(predict_batches(graph, batches, raw=True)))
        np.testing.assert_array_equal(found, whole[:stop])
    asked = []

    def batches():
        for k in range(3):
            asked.append(k)
            yield x[:10]

    results = predict_batches(graph, batches())
    assert asked == []
    np.testing.assert_array_equal(next(results), graph.predict(x[:10]))
    assert asked == [0]


def test_graph_predicts_iterators_and_memory_maps(net, tmp_path):
    """``graph.predict`` of batches is a generator of results; a mapped file is an array."""
    _, graph, x = net
    found = graph.predict(iter([x[:10], x[10:2000], x[2000:]]), raw=True)
    assert not isinstance(found, np.ndarray)
    whole = graph.predict(x, raw=True)
    np.testing.assert_array_equal(np.concatenate(list(found)), whole)
    np.save(tmp_path / "x.npy", x)
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    np.testing.assert_array_equal(graph.predict(mapped, raw=True), whole)


def test_batches_name_the_one_at_fault(net):
    """Its number, from 0."""
    _, graph, x = net
    bad = x[:4].copy()
    bad[2, 1] = np.nan
    results = predict_batches(graph, [x[:4], bad])
    next(results)
    with pytest.raises(
        ValueError, match=r"^batch 1: input x must be finite, not nan at index \(2, 1\)$"
    ):
        next(results)
    with pytest.raises(
        TypeError, match=r"^batch 0 must be an array, a list or a dict of arrays, not list_iterator"
    ):
        next(predict_batches(graph, [iter([x])]))


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("kind", ["npy", "npz", "packed", "dat"])
def test_one_input_by_file(run, net, tmp_path, small_batches, kind, order):
    """Every form of file, in six batches, reals and raw integers."""
    folder, graph, x = net
    x_file = tmp_path / f"x.{kind if kind != 'packed' else 'npz'}"
    if kind == "npy":
        np.save(x_file, np.asarray(x, order=order))
    elif kind == "dat":
        _write_dat(x_file, x)
    else:
        save = np.savez if kind == "npz" else np.savez_compressed
        save(x_file, x=np.asarray(x, order=order))
    for suffix in ("npy", "npz", "dat"):
        y_file = tmp_path / f"y.{suffix}"
        code, out, err = run("predict", folder / "config.yml", x_file, "-o", y_file)
        assert code == 0, err
        assert out == f"fc2_relu: {SAMPLES} samples, shape [4], {graph.formats['fc2_relu']}\n"
        np.testing.assert_array_equal(_read(y_file, "fc2_relu"), graph.predict(x))
        run("predict", folder / "config.yml", x_file, "-o", y_file, "--raw")
        np.testing.assert_array_equal(_read(y_file, "fc2_relu"), graph.predict(x, raw=True))
    assert small_batches == [1000, 1000, 1000, 1000, 1000, 3] * 6
    assert _left(tmp_path, x_file.name) == ["y.dat", "y.npy", "y.npz"]


def _read(path, name):
    if path.suffix == ".dat":
        return np.loadtxt(path, ndmin=2)
    found = np.load(path)
    return found if path.suffix == ".npy" else found[name]


@pytest.mark.parametrize("suffix", ["npz", "dat"])
def test_several_inputs_and_outputs_by_file(run, pair, tmp_path, small_batches, suffix):
    """By name, or on one line in model order; whatever the order in the file."""
    folder, graph, x = pair
    x_file, y_file = tmp_path / f"x.{suffix}", tmp_path / f"y.{suffix}"
    if suffix == "npz":
        np.savez(x_file, b=x["b"].astype(np.float32), a=x["a"])
        x = {"a": x["a"], "b": x["b"].astype(np.float32)}
    else:
        _write_dat(x_file, x["a"], x["b"])
    code, out, err = run("predict", folder / "config.yml", x_file, "-o", y_file)
    assert code == 0, err
    assert len(out.splitlines()) == 3 and len(small_batches) == 6
    expected = dict(zip(graph.output_names, graph.predict(x), strict=True))
    if suffix == "npz":
        with np.load(y_file) as found:
            assert found.files == list(graph.output_names)
            for name, array in expected.items():
                np.testing.assert_array_equal(found[name], array)
    else:
        rows = [array.reshape(SAMPLES, -1) for array in expected.values()]
        np.testing.assert_array_equal(np.loadtxt(y_file), np.concatenate(rows, axis=1))
    assert _left(tmp_path, x_file.name) == [y_file.name]


@pytest.mark.parametrize(
    "dtype", [np.float32, np.float16, np.int8, np.uint16, np.int64, bool, ">f8", ">i4"]
)
def test_input_types(run, net, tmp_path, dtype):
    """Every real type, either byte order."""
    folder, graph, x = net
    x = (3 * x[:100]).astype(dtype)
    np.save(tmp_path / "x.npy", x)
    run("predict", folder / "config.yml", tmp_path / "x.npy", "-o", tmp_path / "y.npy")
    np.testing.assert_array_equal(np.load(tmp_path / "y.npy"), graph.predict(x))


def test_no_samples_give_no_outputs(run, net, tmp_path):
    """An array of none is whole; an empty text file is not."""
    folder, _, _ = net
    np.save(tmp_path / "x.npy", np.zeros((0, 6)))
    code, _, err = run(
        "predict", folder / "config.yml", tmp_path / "x.npy", "-o", tmp_path / "y.npy"
    )
    assert code == 0, err
    assert np.load(tmp_path / "y.npy").shape == (0, 4)


def test_json_names_the_file_or_holds_the_values(run, net, tmp_path):
    """With -o nothing is held."""
    folder, graph, x = net
    np.save(tmp_path / "x.npy", x[:5])
    arguments = "predict", folder / "config.yml", tmp_path / "x.npy", "--json"
    code, out, _ = run(*arguments, "-o", tmp_path / "y.npy")
    (item,) = json.loads(out)["outputs"]
    assert (code, item["file"]) == (0, str(tmp_path / "y.npy")) and "values" not in item
    (item,) = json.loads(run(*arguments)[1])["outputs"]
    np.testing.assert_array_equal(item["values"], graph.predict(x[:5]))


def test_raw_integers_above_64_bits_go_into_text(run, tmp_path):
    """A .npy cannot hold them without pickling."""
    layers = [
        models.layer("InputLayer", "x", batch_input_shape=[None, 2], dtype="float32"),
        models.layer("Activation", "y", ["x"], activation="relu"),
    ]
    models.write(tmp_path, models.functional(layers, ["x"], ["y"]), {})
    graph = _graph(tmp_path, "fixed<80,10>")
    x = np.array([[1 / 3, -2.5], [100.25, 0.0]])
    np.save(tmp_path / "x.npy", x)
    arguments = "predict", tmp_path / "config.yml", tmp_path / "x.npy", "--raw", "-o"
    code, _, err = run(*arguments, tmp_path / "y.npy")
    assert code == 2 and err == (
        "Error: raw values of y must fit 64 bits in .npy, not ap_fixed<80,10>:"
        " write a .dat file, or values without --raw\n"
    )
    assert run(*arguments, tmp_path / "y.dat")[0] == 0
    found = [
        [int(word) for word in line.split()]
        for line in (tmp_path / "y.dat").read_text().splitlines()
    ]
    assert found == graph.predict(x, raw=True).tolist()
    assert found[0][0] > 2**62 and found[0][1] == 0


def test_read_samples_gives_all_at_once(net, pair, tmp_path):
    """What sign-off takes."""
    _, graph, x = net
    np.save(tmp_path / "x.npy", x)
    np.testing.assert_array_equal(read_samples(tmp_path / "x.npy", graph), x)
    _, graph, x = pair
    _write_dat(tmp_path / "x.dat", x["a"], x["b"])
    found = read_samples(tmp_path / "x.dat", graph)
    for name in x:
        np.testing.assert_array_equal(found[name], x[name])


# ---- bad input -------------------------------------------------------------------------------


def _cut(name, keep):
    def make(folder, x):
        np.save(folder / "whole.npy", x)
        (folder / name).write_bytes((folder / "whole.npy").read_bytes()[:keep])
        (folder / "whole.npy").unlink()

    return make


def _npy(change):
    def make(folder, x):
        np.save(folder / "x.npy", change(x))

    return make


def _longer(folder, x):
    np.save(folder / "x.npy", x)
    with (folder / "x.npy").open("ab") as file:
        file.write(b"\0" * 8)


def _dat(change):
    def make(folder, x):
        _write_dat(folder / "x.dat", x)
        lines = (folder / "x.dat").read_text().splitlines(keepends=True)
        (folder / "x.dat").write_text("".join(change(lines)))

    return make


def _replaced(row, line):
    return lambda lines: [*lines[:row], line, *lines[row + 1 :]]


def _broken_member(folder, x):
    """One byte of the array differs from what was summed."""
    np.savez(folder / "x.npz", x=x)
    data = bytearray((folder / "x.npz").read_bytes())
    data[len(data) // 2] ^= 1
    (folder / "x.npz").write_bytes(data)


def _broken_packed(folder, x):
    """The first block is of a kind that deflate does not have."""
    np.savez_compressed(folder / "x.npz", x=x)
    data = bytearray((folder / "x.npz").read_bytes())
    name, extra = data[26], data[28]
    data[30 + name + extra] = 0xFF
    (folder / "x.npz").write_bytes(data)


def _member(change):
    """A zip that is whole, of an .npy that is not."""

    def make(folder, x):
        np.save(folder / "whole.npy", x)
        data = (folder / "whole.npy").read_bytes()
        (folder / "whole.npy").unlink()
        with zipfile.ZipFile(folder / "x.npz", "w") as file:
            file.writestr("x.npy", change(data))

    return make


def _set(value, index=(4321, 2)):
    def change(x):
        x = x.copy()
        x[index] = value
        return x

    return change


def _large_integer(x):
    whole = np.zeros(x.shape, dtype=np.int64)
    whole[4001, 3] = -(2**53) - 1
    return whole


BAD = {
    "cut file": (
        _cut("x.npy", -8),
        r"whole \.npy file: .*x\.npy: its header names 240144 bytes of \(5003, 6\) values, 240136 are there",
    ),
    "cut header": (_cut("x.npy", 60), r"whole \.npy file: .*x\.npy: EOF: reading array header"),
    "longer file": (
        _longer,
        r"its header names 240144 bytes of \(5003, 6\) values, 240152 are there",
    ),
    "complex": (
        _npy(lambda x: x + 1j),
        r"input x must be real numbers of at most float64, not complex128: .*x\.npy",
    ),
    "wrong shape": (
        _npy(lambda x: x[:, :5]),
        r"input x must have shape \(N, 6\), not \(5003, 5\): .*x\.npy",
    ),
    "NaN": (_npy(_set(np.nan)), r"input x must be finite, not nan at index \(4321, 2\): .*x\.npy"),
    "infinity": (_npy(_set(-np.inf)), r"input x must be finite, not -inf at index \(4321, 2\)"),
    "NaN, Fortran": (
        _npy(lambda x: np.asfortranarray(_set(np.nan)(x))),
        r"not nan at index \(4321, 2\)",
    ),
    "large integer": (
        _npy(_large_integer),
        r"input x must be exact in float64, not -9007199254740993 at index \(4001, 3\)",
    ),
    "wrong sum": (_broken_member, r"whole \.npz file: .*x\.npz: Bad CRC-32 for file 'x\.npy'"),
    "broken packing": (_broken_packed, r"whole \.npz file: .*x\.npz: "),
    "short member": (
        _member(lambda data: data[:-8]),
        r"whole \.npz file: .*x\.npz: it ends inside input x",
    ),
    "longer member": (
        _member(lambda data: data + bytes(8)),
        r"whole \.npz file: .*x\.npz: more follows the \(5003, 6\) values its header names",
    ),
    "other name": (
        lambda folder, x: np.savez(folder / "x.npz", y=x),
        r"x must have the inputs \['x'\], not \['y'\]: .*x\.npz",
    ),
    "ragged text": (
        _dat(_replaced(4321, "1 2 3 4 5\n")),
        r"x\.dat line 4322 must hold 6 numbers, not 5",
    ),
    "two wrongs": (
        _dat(lambda lines: [*lines[:9], "1 2 3 4 5\n", "1 2 3 4 5 6 7\n", *lines[11:]]),
        r"x\.dat line 10 must hold 6 numbers, not 5",
    ),
    "blank line": (_dat(_replaced(4321, "\n")), r"x\.dat line 4322 must hold 6 numbers, not 0"),
    "word": (
        _dat(_replaced(4321, "1 2 three 4 5 6\n")),
        r"x\.dat line 4322: item 3 must be a number, not 'three'",
    ),
    "commas": (_dat(_replaced(0, "1,2,3,4,5,6\n")), r"x\.dat line 1 must hold 6 numbers, not 1"),
    "underscore": (
        _dat(_replaced(0, "1 2 3 4 5 1_0\n")),
        r"x\.dat line 1: item 6 must be a number, not '1_0'",
    ),
    "NaN in text": (
        _dat(_replaced(4321, "1 2 3 nan 5 6\n")),
        r"x\.dat line 4322: item 4 must be finite, not 'nan'",
    ),
    "overflow in text": (
        _dat(_replaced(4321, "1 2 3 4 5 1e999\n")),
        r"x\.dat line 4322: item 6 must be finite, not '1e999'",
    ),
    "cut text": (
        _dat(lambda lines: [*lines[:-1], lines[-1][:-2]]),
        r"x\.dat line 5003 must end with a newline, or the file may be cut off",
    ),
    "no lines": (
        _dat(lambda lines: ["1" * 10_000]),
        r"x\.dat line 1 must be 6 numbers, not 448 characters or more",
    ),
    "empty text": (_dat(lambda lines: []), r"whole \.dat file: .*x\.dat: it is empty"),
    "other form": (
        lambda folder, x: (folder / "x.csv").write_text("1\n"),
        r"samples must be a \.npy, \.npz, \.dat file, not 'x\.csv'",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_named_and_leaves_nothing(run, net, tmp_path, small_batches, case):
    """Exit code 2, file and place in the message, no output, not even a part."""
    folder, _, x = net
    make, message = BAD[case]
    make(tmp_path, x)
    (name,) = _left(tmp_path)
    for suffix in ("npy", "npz", "dat"):
        code, out, err = run(
            "predict", folder / "config.yml", tmp_path / name, "-o", tmp_path / f"y.{suffix}"
        )
        assert (code, out) == (2, ""), err
        last = err.splitlines()[-1]
        assert last.startswith("Error: ") and re.search(message, last), err
        assert _left(tmp_path) == [name]


def test_inputs_of_different_lengths(run, pair, tmp_path):
    """Before anything is computed."""
    folder, _, x = pair
    np.savez(tmp_path / "x.npz", a=x["a"], b=x["b"][:-1])
    code, _, err = run("predict", folder / "config.yml", tmp_path / "x.npz")
    assert code == 2 and "inputs must have one number of samples, not {'a': 5003, 'b': 5002}" in err
    np.save(tmp_path / "x.npy", x["a"])
    code, _, err = run("predict", folder / "config.yml", tmp_path / "x.npy")
    assert (
        code == 2
        and "samples of several inputs must be a .npz file with an array named as each of ['a', 'b'], not 'x.npy'"
        in err
    )


def test_an_earlier_output_stays_until_the_new_one_is_whole(run, net, tmp_path):
    """Also where the input is bad at its end; and a file may be replaced by its own outputs."""
    folder, graph, x = net
    (tmp_path / "y.npy").write_bytes(b"earlier")
    np.save(tmp_path / "x.npy", _set(np.nan, (5002, 5))(x))
    assert (
        run("predict", folder / "config.yml", tmp_path / "x.npy", "-o", tmp_path / "y.npy")[0] == 2
    )
    assert (tmp_path / "y.npy").read_bytes() == b"earlier"
    np.save(tmp_path / "x.npy", x)
    assert (
        run("predict", folder / "config.yml", tmp_path / "x.npy", "-o", tmp_path / "x.npy")[0] == 0
    )
    np.testing.assert_array_equal(np.load(tmp_path / "x.npy"), graph.predict(x))


def test_output_folder_must_be_there(run, net, tmp_path):
    """Said before the samples are computed."""
    folder, _, x = net
    np.save(tmp_path / "x.npy", x)
    code, _, err = run(
        "predict", folder / "config.yml", tmp_path / "x.npy", "-o", tmp_path / "no" / "y.npy"
    )
    assert code == 2
    assert (
        err.splitlines()[-1]
        == f"Error: output must lie in an existing folder, not '{tmp_path / 'no'}'"
    )


# ---- memory and interrupts -------------------------------------------------------------------


@pytest.fixture(scope="module")
def wide(tmp_path_factory):
    """A network with few multiply-adds for its many inputs: a large file is read quickly."""
    folder = tmp_path_factory.mktemp("wide")
    models.mlp(folder, (512, 2))
    _graph(folder, "fixed<8,4>")
    return folder


def _large(path, samples):
    """``samples`` x 512 float32 values without holding them: a file of zeros but for its end."""
    with path.open("wb") as file:
        header = {"descr": "<f4", "fortran_order": False, "shape": (samples, 512)}
        np.lib.format.write_array_header_1_0(file, header)
        file.truncate(file.tell() + samples * 512 * 4)


_PEAK = """
import sys
from bitwright import cli
try:
    cli.main(sys.argv[1:])
except SystemExit as end:
    assert not end.code, end.code
for line in open("/proc/self/status"):
    if line.startswith("VmHWM:"):
        print(int(line.split()[1]))
"""


def _peak(*arguments):
    """Peak resident KiB of a command in a process of its own."""
    command = [sys.executable, "-c", _PEAK, *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return int(done.stdout.splitlines()[-1])


@pytest.mark.skipif(not Path("/proc/self/status").is_file(), reason="needs Linux's /proc")
def test_peak_memory_does_not_grow_with_the_file(wide, tmp_path):
    """16 MB and 205 MB of samples, 16 MB at a time; without the limit the test would see it."""
    peaks = []
    for samples in (8_000, 100_000):
        _large(tmp_path / "x.npy", samples)
        arguments = "predict", wide / "config.yml", tmp_path / "x.npy", "-o", tmp_path / "y.npy"
        peaks.append(_peak(*arguments, "--memory", 16))
        assert np.load(tmp_path / "y.npy", mmap_mode="r").shape == (samples, 2)
    assert peaks[1] - peaks[0] < 20 * 1024, peaks
    unbounded = _peak(*arguments, "--memory", 2000)
    assert unbounded - peaks[1] > 150 * 1024, "the limit bounds nothing: too small a file"


def test_interrupt_leaves_nothing(wide, tmp_path):
    """SIGINT while the output is half written: exit code 130, no file, no part."""
    _large(tmp_path / "x.npy", 1_000_000)
    command = [
        sys.executable,
        "-m",
        "bitwright",
        "predict",
        wide / "config.yml",
        tmp_path / "x.npy",
    ]
    command += ["-o", tmp_path / "y.npy", "--memory", "8"]
    with subprocess.Popen(
        list(map(str, command)), cwd=ROOT, stderr=subprocess.PIPE, text=True
    ) as child:
        end = time.monotonic() + 240
        while not any(part.stat().st_size > 1000 for part in tmp_path.glob(".y.npy.*.part")):
            assert child.poll() is None and time.monotonic() < end, "no part was seen"
            time.sleep(0.01)
        child.send_signal(signal.SIGINT)
        _, err = child.communicate(timeout=120)
    assert child.returncode == 130
    assert err.splitlines()[-1] == "interrupted: nothing was finished"
    assert _left(tmp_path) == ["x.npy"]
