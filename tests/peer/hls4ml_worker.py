"""hls4ml's C simulation of one network after the other: ``python hls4ml_worker.py [keras]``.

Reads folders from standard input, one a line, and answers each with a line: ``done``, or where it
ended, ``convert``, ``compile`` or ``run``, and why. FOLDER holds config.json, x.npz and, for a model
of Keras 3, layers.json and weights.npz; trace.npz (output/<i>, trace/<layer>) is written there. Each
network runs in a process forked from this one, which has hls4ml imported: asserts and signals end
only that.

FOLDER may end in ``?zero``: variables without a value are 0 then, instead of a pattern that no
computation gives. Values that differ between the two are undefined in hls4ml. Or in ``?bounds``:
a read outside an array ends the run. Or in ``?asserts``: hls4ml's own asserts do so too.
"""

import ctypes
import faulthandler
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import traceback
from pathlib import Path

import numpy as np

TIME_LIMIT = 1500
MEMORY = 3 << 30


class Failed(Exception):
    """The stage that failed, and the words of the tool."""


VENDOR = "#include <ap_fixed.h>\n#include <ap_int.h>\n#include <hls_stream.h>\n"
FLAGS = ("-O0", "-std=c++23", "-fPIC", "-w", '-DWEIGHTS_DIR="weights"')
BOUNDS = ("-fsanitize=bounds-strict", "-fsanitize-undefined-trap-on-error")
VARIANTS = {
    "pattern": ("-DNDEBUG", "-ftrivial-auto-var-init=pattern"),
    "zero": ("-DNDEBUG", "-ftrivial-auto-var-init=zero"),
    "bounds": ("-DNDEBUG", "-ftrivial-auto-var-init=pattern", *BOUNDS),
    "asserts": ("-ftrivial-auto-var-init=pattern", *BOUNDS),
}
"""Without NDEBUG AMD's headers abort on casts that drop every bit of the source, too."""


def gcc(*arguments, where, variant="pattern"):
    """g++ without optimisation."""
    done = subprocess.run(
        ["g++", *FLAGS, *VARIANTS[variant], *arguments],
        cwd=where,
        capture_output=True,
        text=True,
        timeout=TIME_LIMIT,
    )
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if "error:" in line]
        raise Failed("compile", lines[0] if lines else done.stderr[-300:])


def precompiled(folder):
    """AMD's headers, parsed once for every project."""
    import hls4ml

    header = Path(folder) / "vendor.h"
    header.write_text(VENDOR)
    types = Path(hls4ml.__file__).parent / "templates" / "vivado" / "ap_types"
    gcc(f"-I{types}", "-x", "c++-header", str(header), where=folder)
    return header


def compiled(model, project, variant, header):
    """The library, of one translation unit."""
    name = model.config.get_project_name()
    whole = f'#include "firmware/{name}.cpp"\n#include "{name}_bridge.cpp"\n'
    (project / "whole.cpp").write_text(whole)
    places = ["-include", str(header), "-Ifirmware/ap_types"]
    gcc(*places, "-shared", "whole.cpp", "-o", f"{name}.so", where=project, variant=variant)
    return ctypes.cdll.LoadLibrary(str(project / f"{name}.so"))


def convert(folder, config):
    if (folder / "layers.json").is_file():
        import hls4ml
        from simulate import keras3_model

        return hls4ml.converters.convert_from_keras_model(
            keras3_model(folder),
            output_dir=config["OutputDir"],
            project_name=config["ProjectName"],
            backend=config["Backend"],
            io_type=config["IOType"],
            hls_config=config["HLSConfig"],
            allow_v2_fallback=True,
            allow_da_fallback=False,
        )
    from hls4ml.converters import keras_v2_to_hls

    return keras_v2_to_hls(config)


def trace(folder, variant, header):
    """Outputs and every layer."""
    config = json.loads((folder / "config.json").read_text())
    try:
        model = convert(folder, config)
        for layer in model.get_layers():
            # A layer with two results, a clone, would be counted as two and written as none.
            layer.set_attr("trace", len(layer.get_variables()) == 1)
        model.config.trace_output = True
        model.write()
    except Exception as error:
        traceback.print_exc()
        raise Failed("convert", f"{type(error).__name__}: {error}") from error
    model._top_function_lib = compiled(model, Path(config["OutputDir"]), variant, header)
    model.compile = lambda: None  # it is
    with np.load(folder / "x.npz") as file:
        x = [np.ascontiguousarray(file[name], dtype=np.float64) for name in file.files]
    y, layers = model.trace(x[0] if len(x) == 1 else x)
    outputs = y if isinstance(y, (list, tuple)) else [y]
    found = {f"trace/{name}": np.asarray(v, dtype=np.float64) for name, v in layers.items()}
    found |= {f"output/{i}": np.asarray(v, dtype=np.float64) for i, v in enumerate(outputs)}
    np.savez(folder / "trace.npz", **found)


def child(folder, variant, header, answer):
    """Never returns."""
    log = os.open(folder / "hls4ml.log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(log, 1)
    os.dup2(log, 2)
    faulthandler.enable()
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY * 4, MEMORY * 4))
    resource.setrlimit(resource.RLIMIT_CPU, (TIME_LIMIT, TIME_LIMIT))
    words = "done"
    try:
        trace(folder, variant, header)
    except Failed as error:
        words = " ".join(error.args)
    except BaseException as error:
        traceback.print_exc()
        words = f"run {type(error).__name__}: {error}"
    os.write(answer, words.replace("\n", " ").encode()[:1500])
    os._exit(0)


def main():
    import hls4ml  # noqa: F401

    if "keras" in sys.argv:
        os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
        import keras  # noqa: F401
    with tempfile.TemporaryDirectory(prefix="hls4ml-headers-") as scratch:
        serve(precompiled(scratch))


def serve(header):
    print("ready", flush=True)
    for line in sys.stdin:
        folder, _, variant = line.strip().partition("?")
        receive, send = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(receive)
            child(Path(folder), variant or "pattern", header, send)
        os.close(send)
        with os.fdopen(receive) as pipe:
            words = pipe.read()
        _, status = os.waitpid(pid, 0)
        if not words:
            number = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
            words = f"run died of {signal.Signals(number).name if number else status}"
        print(words, flush=True)


if __name__ == "__main__":
    main()
