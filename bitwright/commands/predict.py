"""``bitwright predict``: the outputs of a file of samples, however large."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .shared import FILE, described, load_graph, print_json

if TYPE_CHECKING:
    from emu import Graph

__all__ = ["predict"]

_SHOWN = 3
_WORK = 20_000_000_000
"""Multiply-adds of a batch at most: a second or so, after which an interrupt is obeyed."""


@click.command()
@click.argument("config", type=FILE)
@click.argument("x", metavar="X.npy", type=FILE)
@click.option("-o", "--output", type=FILE, help="File for the outputs: .npy, .npz or .dat.")
@click.option("--raw", is_flag=True, help="Integers as they are in the registers, not reals.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON; without -o all outputs in it.")
@click.option(
    "--memory",
    type=click.IntRange(min=1),
    default=256,
    show_default=True,
    metavar="MB",
    help="Bound of the samples, outputs and intermediate results held at a time.",
)
def predict(
    config: Path, x: Path, output: Path | None, raw: bool, as_json: bool, memory: int
) -> None:
    """Compute the outputs for the samples in X.npy, bit for bit.

    X.npy holds an array (samples, *input shape). X.npz holds one array by the name of each input.
    X.dat is hls4ml's text: a sample a line, all inputs in model order, read as float64 (hls4ml's
    own testbench rounds them to float32 first).

    The files may be larger than the memory: samples are read, computed and written in batches, as
    large as --memory allows beside the program and the model themselves. The output appears under
    its name when it is complete; an error or Ctrl-C leaves nothing. Several outputs go to .npz by
    name or to .dat, a line a sample. Only --json without -o holds all outputs at once.

    \b
    Examples:
      bitwright predict config.yml x.npy -o y.npy
      bitwright predict config.yml x.npy --raw --json
      bitwright predict config.yml tb_data/tb_input_features.dat -o y.dat
    """
    from ..terminal import input_errors, progress

    graph = load_graph(config)
    with input_errors(), ExitStack() as stack:
        from emu.streaming import predict_batches

        from ..reading import open_samples
        from ..writing import open_output

        samples = stack.enter_context(open_samples(x, graph))
        files = [stack.enter_context(open_output(output, graph, raw=raw))] if output else []
        if not output:
            # What is printed: everything in JSON, the first samples for people.
            kept = _Kept(None if as_json else _SHOWN)
            files.append(kept)
        advance = stack.enter_context(progress("emulating", quiet=as_json))
        allowed = memory * 1_000_000
        batches = samples.batches(_batch(graph, x, allowed // 2))
        count = 0
        for found in predict_batches(graph, batches, raw=raw, memory=allowed // 4):
            arrays = found if len(graph.output_names) > 1 else [found]
            outputs = dict(zip(graph.output_names, arrays, strict=True))
            for file in files:
                file.write(outputs)
            count += len(arrays[0])
            advance(samples.share(), count)
    listed = described(graph, list(graph.output_names))
    if as_json:
        for item in listed:
            if output:
                item["file"] = str(output)
            else:
                item["raw" if raw else "values"] = kept.rows[item["name"]]
        print_json({"samples": count, "outputs": listed})
        return
    for item in listed:
        click.echo(f"{item['name']}: {count} samples, shape {item['shape']}, {item['format']}")
        if not output:
            for row in kept.rows[item["name"]]:
                click.echo(f"  {' '.join(map(str, _flat(row)[:10]))}")
    if output:
        click.echo(f"wrote {output}", err=True)
    elif count > _SHOWN:
        click.echo("first three samples shown: -o writes all, --json prints all", err=True)


class _Kept:
    """The first samples of each output, or all of them, as lists."""

    def __init__(self, most: int | None) -> None:
        self.most = most
        self.rows: dict[str, list[Any]] = {}

    def write(self, outputs: Mapping[str, Any]) -> None:
        """Add a batch."""
        for name, array in outputs.items():
            rows = self.rows.setdefault(name, [])
            room = len(array) if self.most is None else self.most - len(rows)
            rows += array[:room].tolist()


def _flat(row: Any) -> list[Any]:
    return [item for part in row for item in _flat(part)] if isinstance(row, list) else [row]


def _batch(graph: Graph, x: Path, allowed: int) -> int:
    """Samples of a batch: those whose inputs and outputs take ``allowed`` bytes."""
    read = 80 if x.suffix.lower() == ".dat" else 16  # a number as text too; as it is and as float64
    inputs = sum(value.size for value in graph.inputs)
    outputs = sum(value.size * (16 if value.format.width <= 62 else 80) for value in graph.outputs)
    by_work = _WORK // max(1, graph.multiplications())
    return max(1, min(allowed // (read * inputs + outputs), by_work))
