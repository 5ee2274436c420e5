"""A random network on three sides: emulator, hls4ml's C simulation, our generated C++.

By hand, many of them: ``python -m tests.peer.differential RECORD FIRST LAST [GENERATION]`` adds a
line of JSON for every seed to the file RECORD and leaves out those that it holds;
``python -m tests.peer.differential RECORD`` prints the counts.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

import emu
import generator
from tests.generator import compiled
from tests.peer.networks import Network

AGREES = "agrees"
DIFFERS = "differs"
REFUSED = "the emulator refuses what hls4ml runs"
NO_CONVERT = "hls4ml does not convert"
NO_COMPILE = "hls4ml does not compile"
NO_RUN = "hls4ml dies, of an assert or a read outside an array"
UNDEFINED = "undefined in hls4ml"
HEADER = "a defect of AMD's simulation header, noted"
ENDED = {"convert": NO_CONVERT, "compile": NO_COMPILE, "run": NO_RUN}

CPP_FLAGS = ("-DBITWRIGHT_TRACE", "-ftrivial-auto-var-init=pattern", "-w")
VENDOR = "#include <ap_fixed.h>\n#include <ap_int.h>\n#include <hls_stream.h>\n"

ADDED = ("clone_", "repack_")
"""hls4ml's own layers on streams: copies, which the graph does not have."""


@dataclass(frozen=True)
class Outcome:
    """What a network showed; ``values``: compared with hls4ml, ``cpp``: emulator with our C++.

    cpp_failure: how our C++ differs or does not compile, nothing where it agrees.
    """

    seed: int
    generation: int
    peer: str
    detail: str = ""
    values: int = 0
    cpp: int = 0
    cpp_failure: str = ""
    kinds: tuple[str, ...] = ()
    grain: str = ""
    stream: bool = False
    seconds: float = 0.0


class Worker:
    """hls4ml, imported once, in a process of its own."""

    def __init__(self, keras: bool = False) -> None:
        script = Path(__file__).with_name("hls4ml_worker.py")
        command = [sys.executable, str(script), *(["keras"] if keras else [])]
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env={**os.environ, "MALLOC_PERTURB_": "165"},
        )
        if self.process.stdout.readline() != "ready\n":
            raise RuntimeError(f"hls4ml's process must start, not end: {command}")
        self.folder = tempfile.TemporaryDirectory(prefix="our-headers-")
        self.header = Path(self.folder.name) / "vendor.h"
        self.header.write_text(VENDOR)  # AMD's headers, parsed once for every project
        command = ["g++", "-O0", "-std=c++14", "-DNDEBUG", *CPP_FLAGS, "-x", "c++-header"]
        subprocess.run([*command, "-isystem", str(compiled.headers()), self.header], check=True)

    def begin(self, folder):
        self.process.stdin.write(f"{folder}\n")
        self.process.stdin.flush()

    def end(self):
        """``(stage, words)``; the stage is ``done`` or where it failed."""
        answer = self.process.stdout.readline()
        if not answer:
            raise RuntimeError("hls4ml's process must answer, not end")
        stage, _, words = answer.strip().partition(" ")
        return stage, words

    def close(self):
        self.process.stdin.close()
        self.process.wait(timeout=60)
        self.process.stdout.close()
        self.folder.cleanup()


def examine(network, folder, worker):
    """The outcome of a network whose files are in ``folder``."""
    start, folder = time.monotonic(), Path(folder)
    about = {
        "kinds": tuple(entry["class_name"] for entry in network.layers),
        "grain": network.grain,
        "stream": network.stream,
    }
    # A model of Keras 3 is a file only once hls4ml's process has saved it.
    graph, refusal = (None, "") if network.keras3 else _load(network, network.json)
    _whole_where_integer(network, graph)
    network.save(folder)
    worker.begin(folder)
    if network.keras3:
        stage, words = worker.end()
        graph, refusal = _load(network, folder / "model.keras")
        ours = _cpp(graph, network, folder, worker)
    else:
        ours = _cpp(graph, network, folder, worker)
        stage, words = worker.end()
    found = _peer(network, graph, refusal, stage, words, folder, worker)
    seconds = round(time.monotonic() - start, 1)
    return Outcome(network.seed, network.generation, **found, **ours, **about, seconds=seconds)


def _load(network, path):
    try:
        return emu.load(path, weights=network.h5, config=network.config), ""
    except (ValueError, FileNotFoundError) as error:
        return None, f"{type(error).__name__}: {error}"
    except Exception as error:
        return None, f"crash, {type(error).__name__}: {error}"


def _whole_where_integer(network, graph):
    """AMD's simulation turns -0.5 < x < 0 into 1 in an integer type; not compared.

    Without a graph, which a model of Keras 3 has only later: every input, where any type is one.
    """
    anywhere = "int<" in json.dumps(network.config)
    for k, x in enumerate(network.x):
        integer = anywhere if graph is None else graph.inputs[k].format.is_integer
        if integer:
            network.x[k] = np.where((x < 0) & (x > -0.5), 0, x)


def _x(network):
    x = dict(zip(network.inputs, network.x, strict=True))
    return x if len(x) > 1 else network.x[0]


def _trace(graph, network):
    return graph.trace(_x(network), raw=True)


def _predict(graph, network):
    """Outputs by hls4ml's key: they take other paths than those of a trace, which fuses nothing."""
    found = graph.predict(_x(network), raw=True)
    found = found if isinstance(found, list) else [found]
    return {f"output/{i}": raw for i, raw in enumerate(found)}


def _peer(network, graph, refusal, stage, words, folder, worker):
    """The emulator against hls4ml."""
    if stage != "done":
        return {"peer": ENDED[stage], "detail": f"{words[:300]} | ours: {refusal[:200]}"}
    if graph is None:
        worker.begin(f"{folder}?asserts")
        stage, words = worker.end()
        ended = REFUSED if stage == "done" else NO_RUN
        return {"peer": ended, "detail": f"{words} | ours: {refusal[:600]}"}
    theirs = dict(np.load(folder / "trace.npz"))
    mine = {f"trace/{name}": raw for name, raw in _trace(graph, network).items()}
    mine, count = mine | _predict(graph, network), 0
    by_place = {f"output/{i}": name for i, name in enumerate(graph.output_names)}
    for key, values in theirs.items():
        name = by_place.get(key) or key.removeprefix("trace/")
        if key not in mine:
            if name.startswith(ADDED):
                continue
            return {"peer": DIFFERS, "detail": f"the graph has no layer {name}"}
        differs = _differ(mine[key], values, graph.values[name].format)
        if differs.any():
            return _difference(network, graph, key, name, mine[key], theirs, folder, worker)
        count += values.size
    return {"peer": AGREES, "values": count}


def _differ(mine, values, form):
    """Where raw integers differ; a value off the format's grid differs."""
    mine = np.asarray(mine).reshape(len(mine), -1)
    return np.ldexp(values.reshape(len(mine), -1), form.frac) != mine


def _difference(network, graph, key, name, mine, theirs, folder, worker):
    """Whose fault the first difference is."""
    form, samples = graph.values[name].format, len(mine)
    differs = _differ(mine, theirs[key], form)
    at = tuple(int(i) for i in np.argwhere(differs)[0])
    raw = int(mine.reshape(samples, -1)[at])
    real = float(theirs[key].reshape(samples, -1)[at])
    detail = (
        f"{key} {form} at {at}: emulator {raw} = {raw * 2.0**-form.frac}, hls4ml {real};"
        f" {int(differs.sum())} of {differs.size} differ"
    )
    worker.begin(f"{folder}?zero")
    stage, words = worker.end()
    if stage != "done":
        return {"peer": DIFFERS, "detail": f"{detail}; again: {stage} {words}"}
    again = np.load(folder / "trace.npz")[key].reshape(samples, -1)
    loose = again != theirs[key].reshape(samples, -1)
    if not (differs & ~loose).any():
        return {"peer": UNDEFINED, "detail": detail}
    if any(f"{name}: AMD's C simulation" in note for note in graph.notes):
        return {"peer": HEADER, "detail": detail}
    known = {layer for met in graph.defects if met.name == "flatten_stream" for layer in met.layers}
    worker.begin(f"{folder}?bounds")
    if worker.end() == ("run", "died of SIGILL") and name in known:
        return {"peer": UNDEFINED, "detail": f"{detail}; hls4ml reads outside an array"}
    return {"peer": DIFFERS, "detail": detail}


def _cpp(graph, network, folder, worker):
    """Our generated C++ against the emulator: every layer."""
    if graph is None:
        return {}
    try:
        project = generator.generate(graph, folder / "firmware")
    except (ValueError, generator.ProjectError) as error:
        return {"cpp_failure": f"not generated: {error}"[:600]}
    expected = _trace(graph, network)
    (project.path / "whole.cpp").write_text(
        f'#include "firmware/{project.name}.cpp"\n#include "{project.name}_cosim.cpp"\n'
    )
    flags = [*CPP_FLAGS, "-include", str(worker.header)]
    names = list(graph.values)
    given = {value.name: expected[value.name] for value in graph.inputs}
    try:
        program = compiled.compiled(project.path, ["whole.cpp"], "traced", flags)
        found = compiled.run(project, program, given, names)
    except (AssertionError, subprocess.TimeoutExpired, FileNotFoundError) as error:
        return {"cpp_failure": f"does not run: {str(error)[:1500]}"}
    for name in names:
        differs = np.argwhere(found[name] != expected[name])
        if len(differs):
            at = tuple(int(i) for i in differs[0])
            words = f"{name} at {at}: C++ {found[name][at]}, emulator {expected[name][at]}"
            return {"cpp_failure": words}
    return {"cpp": sum(found[name].size for name in names)}


# ---- many of them, by hand --------------------------------------------------------------------


def read(record):
    """Outcomes of a file, by seed and generation."""
    path = Path(record)
    lines = path.read_text().splitlines() if path.is_file() else []
    found = {}
    for line in lines:
        with contextlib.suppress(json.JSONDecodeError):  # the line at which a run was ended
            item = json.loads(line)
            found[item["seed"], item["generation"]] = item
    return found


def add(record, outcome):
    """A line for an outcome."""
    with Path(record).open("a") as file:
        file.write(json.dumps(asdict(outcome)) + "\n")


def run(record, seeds, generation=2, folder=None):
    """Add an outcome for every seed that the record lacks."""
    known, worker = read(record), Worker(keras=generation == 3)
    try:
        for seed in seeds:
            if (seed, generation) in known:
                continue
            with tempfile.TemporaryDirectory(prefix="differential-") as scratch:
                network = Network(seed, Path(scratch), generation)
                outcome = examine(network, scratch, worker)
                if folder and (outcome.peer in (DIFFERS, REFUSED) or outcome.cpp_failure):
                    kept = Path(folder) / f"{generation}_{seed}"
                    shutil.copytree(scratch, kept, dirs_exist_ok=True)
            add(record, outcome)
            words = outcome.detail or outcome.cpp_failure
            print(seed, generation, outcome.seconds, outcome.peer, words[:200], flush=True)
    finally:
        worker.close()


def summary(record):
    """Counts by generation, style and outcome."""
    items = read(record).values()
    for generation in sorted({item["generation"] for item in items}):
        own = [item for item in items if item["generation"] == generation]
        print(f"Keras {generation}: {len(own)} networks")
        for words, count in Counter(item["peer"] for item in own).most_common():
            print(f"  {count:4} {words}: seeds {[i['seed'] for i in own if i['peer'] == words]}")
        agree = sum(item["cpp"] > 0 for item in own)
        failed = [item["seed"] for item in own if item["cpp_failure"]]
        print(f"  {agree:4} C++ = emulator; not: {failed}")
        print(f"  {sum(i['values'] for i in own)} values, {sum(i['cpp'] for i in own)} with C++")
        kinds = Counter(kind for item in own for kind in set(item["kinds"]))
        print(f"  {dict(sorted(kinds.items()))}")


if __name__ == "__main__":
    if len(sys.argv) == 2:
        summary(sys.argv[1])
    else:
        first, last, *more = map(int, sys.argv[2:5])
        folder = sys.argv[5] if len(sys.argv) > 5 else None
        run(sys.argv[1], range(first, last + 1), more[0] if more else 2, folder)
