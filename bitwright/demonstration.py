"""``bitwright demo``: the bundled digits network from its file to a signed-off project."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import as_file, files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .terminal import console, show_report, working

if TYPE_CHECKING:
    from rich.console import Console

    from emu import Graph
    from generator import Project

__all__ = ["demonstrate"]

_SPEED_SAMPLES = 20_000


def demonstrate(output: Path | None, *, headers: Path | None, compiler: str) -> int:
    """Run every step in ``output`` or a temporary folder; returns the sign-off's exit code."""
    import numpy as np

    import emu
    import generator
    import validation
    from validation.report import check_target

    screen = console()
    with as_file(files("bitwright") / "data" / "digits") as data, _folder(output) as folder:
        check_target(folder / "report")
        x, digits = np.load(data / "x.npy"), np.load(data / "y.npy")
        with working() as say:
            say("reading the model")
            graph = emu.load(data / "config.yml")
        _step(screen, "Model", f"{_work(graph)}, from {data / 'digits.keras'}")
        screen.print(graph.summary(), markup=False, style="dim")

        right = graph.reference(x).argmax(1) == digits
        _step(screen, "Float", f"{_share(right)} right, in float64 (graph.reference)")
        right = graph.predict(x).argmax(1) == digits
        _step(screen, "Fixed", f"{_share(right)} right, in the bits of config.yml (graph.predict)")

        project = generator.generate(graph, folder / "firmware")
        count = len(project.manifest["files"])
        _step(screen, "C++", f"{count} files in {_shown(project.path, output)}")

        with working() as say:
            report = validation.signoff(
                graph,
                project,
                x,
                headers=headers,
                compiler=compiler,
                sources={
                    "model": data / "digits.keras",
                    "configuration": data / "config.yml",
                    "samples": data / "x.npy",
                },
                progress=say,
            )
            report.write(folder / "report")
        _step(screen, "Sign-off", "C++ compiled with AMD's ap_fixed headers, compared bit by bit")
        show_report(screen, report.to_dict())
        if report.ok:
            with working() as say:
                say("measuring the speed of both")
                speed = _speed(graph, project, headers=headers, compiler=compiler)
            _step(screen, "Speed", speed)
        if output is not None:
            screen.print(f"report: {folder / 'report' / 'report.html'}", markup=False)
        else:
            screen.print("bitwright demo -o FOLDER keeps the project and the report", style="dim")
        return report.exit_code


@contextmanager
def _folder(output: Path | None) -> Iterator[Path]:
    if output is None:
        with tempfile.TemporaryDirectory(prefix="bitwright-demo-") as folder:
            yield Path(folder)
    else:
        output.mkdir(parents=True, exist_ok=True)
        yield output


def _step(screen: Console, name: str, text: str) -> None:
    screen.print(f"[bold]{name:9}[/]", end="")
    screen.print(text, markup=False)


def _work(graph: Graph) -> str:
    shapes = [graph.values[node.name].size for node in graph.nodes if node.op.header == "dense"]
    sizes = " -> ".join(map(str, [graph.inputs[0].size, *shapes]))
    return f"{sizes}, {graph.multiplications()} multiply-adds a sample"


def _share(right: Any) -> str:
    return f"{right.mean():.2%} ({int(right.sum())} of {right.size} held-back digits)"


def _shown(path: Path, output: Path | None) -> str:
    return str(path) if output is not None else "a temporary folder"


def _speed(graph: Graph, project: Project, *, headers: Path | None, compiler: str) -> str:
    """Samples a second of both, on the same random vectors; the C++ reads and writes files."""
    import validation

    vectors = validation.stimuli(graph, corners=False, random=_SPEED_SAMPLES, seed=1)
    reals = vectors.reals(graph)
    graph.predict(reals, raw=True)
    start = time.perf_counter()
    graph.predict(reals, raw=True)
    emulator = vectors.samples / (time.perf_counter() - start)
    run = validation.cosim(project, vectors, trace=False, headers=headers, compiler=compiler)
    compiled = vectors.samples / run.run_seconds
    return (
        f"emulator {emulator:,.0f} samples/s, compiled C++ {compiled:,.0f} samples/s"
        f" after {run.compile_seconds:.1f} s of compiling ({_SPEED_SAMPLES:,} samples)"
    )
