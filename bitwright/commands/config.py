"""``bitwright config``: the starting configuration of a model file."""

from __future__ import annotations

import os
from pathlib import Path

import click

from .shared import FILE

__all__ = ["config"]


@click.command()
@click.argument("model", type=FILE)
@click.option("-w", "--weights", type=FILE, help="H5 file with the weights of a .json model.")
@click.option(
    "-g",
    "--granularity",
    type=click.Choice(["model", "type", "name"]),
    default="name",
    show_default=True,
    help="One entry for the model, for each layer class, or for each layer.",
)
@click.option("-p", "--precision", default="fixed<16,6>", show_default=True, help="Default type.")
@click.option("--max-precision", help="Widest type that 'auto' may choose, e.g. fixed<32,16>.")
@click.option("--reuse-factor", type=click.IntRange(min=1), default=1, show_default=True)
@click.option(
    "--backend", type=click.Choice(["Vitis", "Vivado"]), default="Vitis", show_default=True
)
@click.option("--project", default="myproject", show_default=True, help="ProjectName.")
@click.option("-o", "--output", type=FILE, help="YAML file to write; otherwise it is printed.")
@click.option("--force", is_flag=True, help="Overwrite an existing file.")
def config(
    model: Path,
    weights: Path | None,
    granularity: str,
    precision: str,
    max_precision: str | None,
    reuse_factor: int,
    backend: str,
    project: str,
    output: Path | None,
    force: bool,
) -> None:
    """Write the starting configuration of MODEL (.keras, .h5, or .json with -w).

    It holds every key one may set, at the value hls4ml's config_from_keras_model gives it. Types
    are 'auto' with -g name: that carries every bit to the next layer, so set some results.

    \b
    Examples:
      bitwright config model.keras -g name -o config.yml
      bitwright config model.json -w weights.h5 -p "fixed<12,4>"
    """
    from ..terminal import Failure, input_errors

    with input_errors():
        import yaml

        import emu

        hls = emu.config(
            model,
            granularity,
            precision,
            weights=weights,
            default_reuse_factor=reuse_factor,
            max_precision=max_precision,
            backend=backend,
        )
        base = output.parent if output else Path()
        named = (
            {"KerasModel": model} if weights is None else {"KerasJson": model, "KerasH5": weights}
        )
        document = {
            **{key: os.path.relpath(path, base) for key, path in named.items()},
            "OutputDir": f"{project}-firmware",
            "ProjectName": project,
            "Backend": backend,
            "IOType": "io_parallel",
            "HLSConfig": hls,
        }
        text = yaml.safe_dump(document, sort_keys=False)
        if output is None:
            click.echo(text, nl=False)
            return
        if output.exists() and not force:
            raise Failure(f"{output} exists: --force overwrites it, or name another with -o")
        output.write_text(text, encoding="utf-8")
    click.echo(f"wrote {output}; next: bitwright info {output}", err=True)
