"""The command line: ``bitwright config | info | predict | generate | signoff | demo``.

Imports of numpy and of the packages happen inside the commands, so that --help is instant.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from emu import Graph

__all__ = ["main"]

_FILE = click.Path(path_type=Path)
_EXIT_CODES = """\b
Exit codes: 0 all agreed; 1 bits or files differ; 2 bad input or
configuration; 3 a required check could not run (no g++, no headers)."""


@click.group(
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=_EXIT_CODES,
)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=lambda context, option, wanted: _show_version(context, wanted),
    help="Show the version and exit.",
)
@click.option("--traceback", is_flag=True, help="Show where in the program an error arose.")
def cli(traceback: bool) -> None:
    """What bits will the FPGA give?

    Bitwright reads a trained Keras model and its hls4ml configuration, gives the bits of every
    layer, writes HLS C++ with the same bits, and signs off that they agree.

    \b
    A first walk:
      bitwright demo
      bitwright config model.keras -g name -o config.yml
      bitwright info config.yml
      bitwright predict config.yml x.npy -o y.npy
      bitwright generate config.yml -o firmware/
      bitwright signoff config.yml firmware/ x.npy -o report/
    """


@cli.command()
@click.argument("model", type=_FILE)
@click.option("-w", "--weights", type=_FILE, help="H5 file with the weights of a .json model.")
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
@click.option("-o", "--output", type=_FILE, help="YAML file to write; otherwise it is printed.")
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
    from .terminal import Failure, input_errors

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


@cli.command()
@click.argument("config", type=_FILE)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def info(config: Path, as_json: bool) -> None:
    """Show the layers, types and notes of the model that CONFIG names.

    \b
    Examples:
      bitwright info config.yml
      bitwright info config.yml --json
    """
    graph = _load(config)
    if as_json:
        _print_json(
            {
                "inputs": _values(graph, [value.name for value in graph.inputs]),
                "outputs": _values(graph, list(graph.output_names)),
                "layers": [
                    {"operator": node.op.function, "inputs": list(node.inputs)}
                    | _values(graph, [node.name])[0]
                    for node in graph.nodes
                ],
                "multiplications": graph.multiplications(),
                "notes": list(graph.notes),
                "config": graph.config,
            }
        )
        return
    click.echo(graph.summary())
    if graph.notes:
        click.echo("\nnotes:")
        for note in graph.notes:
            click.echo(f"  - {note}")


@cli.command()
@click.argument("config", type=_FILE)
@click.argument("x", metavar="X.npy", type=_FILE)
@click.option("-o", "--output", type=_FILE, help="File for the outputs: .npy (several: .npz).")
@click.option("--raw", is_flag=True, help="Integers as they are in the registers, not reals.")
@click.option("--json", "as_json", is_flag=True, help="Print all outputs as JSON.")
def predict(config: Path, x: Path, output: Path | None, raw: bool, as_json: bool) -> None:
    """Compute the outputs for the samples in X.npy, bit for bit.

    X.npy holds an array (samples, *input shape); a model with several inputs takes X.npz, one array
    by the name of each input.

    \b
    Examples:
      bitwright predict config.yml x.npy -o y.npy
      bitwright predict config.yml x.npy --raw --json
    """
    from .terminal import input_errors, working

    graph = _load(config)
    with input_errors(), working(as_json) as say:
        from .arrays import check_output, read_samples, write_outputs

        if output is not None:
            check_output(output, graph)
        samples = read_samples(x)
        say("emulating")
        found = graph.predict(samples, raw=raw)
        arrays = found if len(graph.output_names) > 1 else [found]
        outputs = dict(zip(graph.output_names, arrays, strict=True))
        if output is not None:
            write_outputs(output, outputs)
    if as_json:
        listed = _values(graph, list(outputs))
        for item, array in zip(listed, outputs.values(), strict=True):
            item["raw" if raw else "values"] = array.tolist()
        _print_json({"samples": len(arrays[0]), "outputs": listed})
        return
    for item, array in zip(_values(graph, list(outputs)), outputs.values(), strict=True):
        click.echo(f"{item['name']}: {len(array)} samples, shape {item['shape']}, {item['format']}")
        if output is None:
            for row in array[:3]:
                click.echo(f"  {' '.join(str(value) for value in row.reshape(-1)[:10].tolist())}")
    if output is not None:
        click.echo(f"wrote {output}", err=True)
    elif len(arrays[0]) > 3:
        click.echo("first three samples shown: -o writes all, --json prints all", err=True)


@cli.command()
@click.argument("config", type=_FILE)
@click.option("-o", "--output", type=_FILE, required=True, help="Folder for the project.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def generate(config: Path, output: Path, as_json: bool) -> None:
    """Write the HLS C++ project of CONFIG: firmware, testbench, vectors, build scripts.

    The back end is CONFIG's (Backend: Vitis or Vivado). An earlier project in the folder is
    replaced; a folder with anything else in it is refused.

    \b
    Example:
      bitwright generate config.yml -o firmware/
    """
    from .terminal import input_errors, working

    graph = _load(config)
    with input_errors(), working(as_json) as say:
        import generator

        say("writing the project")
        backend = str(graph.config.get("Backend", "Vitis")).lower()
        project = generator.generate(graph, output, backend=backend)
    files = sorted(project.manifest["files"])
    if as_json:
        _print_json({"project": project.name, "folder": str(project.path), "files": files})
        return
    click.echo(f"{project.path}: {len(files)} files, top function {project.name}")
    click.echo(f"next: bitwright signoff {config} {output} X.npy -o report/", err=True)


@cli.command(epilog=_EXIT_CODES)
@click.argument("config", type=_FILE)
@click.argument("directory", metavar="DIR", type=_FILE)
@click.argument("x", metavar="X.npy", type=_FILE)
@click.option("-o", "--output", type=_FILE, required=True, help="Folder for the report.")
@click.option("--random", default=1000, show_default=True, help="Random vectors beside yours.")
@click.option("--seed", default=0, show_default=True, help="Seed of the random vectors.")
@click.option("--headers", type=_FILE, help="Folder of AMD's ap_fixed headers.")
@click.option("--compiler", default="g++", show_default=True, help="C++ compiler.")
@click.option("--time-limit", default=900.0, show_default=True, help="Seconds for each tool run.")
@click.option("--vendor/--no-vendor", default=True, help="Use AMD's tools where installed.")
@click.option("--rtl", is_flag=True, help="Co-simulate the RTL too, where AMD's tools are.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
def signoff(
    config: Path,
    directory: Path,
    x: Path,
    output: Path,
    random: int,
    seed: int,
    headers: Path | None,
    compiler: str,
    time_limit: float,
    vendor: bool,
    rtl: bool,
    as_json: bool,
) -> None:
    """Compare the project in DIR with the emulator, every layer on every vector; write a report.

    The vectors are those of X.npy, the corners of the input formats, and random ones. The report
    folder holds report.html, report.json and junit.xml.

    \b
    Example:
      bitwright signoff config.yml firmware/ x.npy -o report/
    """
    from .terminal import Failure, console, input_errors, show_report, working

    graph = _load(config)
    with input_errors(), working(as_json) as say:
        import validation
        from validation.report import check_target

        from .arrays import read_samples

        check_target(output)
        if time_limit <= 0:
            raise Failure(f"time limit must be more than 0 s, not {time_limit:g}")
        report = validation.signoff(
            graph,
            directory,
            read_samples(x),
            random=random,
            seed=seed,
            headers=headers,
            compiler=compiler,
            time_limit=time_limit,
            vendor=vendor,
            rtl=rtl,
            sources=_sources(config, graph) | {"samples": x},
            progress=say,
        )
        report.write(output)
    if as_json:
        _print_json(report.to_dict())
    else:
        show_report(console(), report.to_dict())
        click.echo(f"report: {output / 'report.html'}")
    raise SystemExit(report.exit_code)


@cli.command(epilog=_EXIT_CODES)
@click.option("-o", "--output", type=_FILE, help="Keep the project and the report in this folder.")
@click.option("--headers", type=_FILE, help="Folder of AMD's ap_fixed headers.")
@click.option("--compiler", default="g++", show_default=True, help="C++ compiler.")
def demo(output: Path | None, headers: Path | None, compiler: str) -> None:
    """Go the whole way with a bundled network: file, bits, C++, comparison, sign-off.

    The network reads hand-written digits (scikit-learn's data); it was trained with Keras. Takes
    less than a minute. Without -o everything happens in a temporary folder.

    \b
    Example:
      bitwright demo -o digits-demo/
    """
    from .demonstration import demonstrate
    from .terminal import input_errors

    with input_errors():
        code = demonstrate(output, headers=headers, compiler=compiler)
    raise SystemExit(code)


# ---- shared ----------------------------------------------------------------------------------


def _show_version(context: click.Context, wanted: bool) -> None:
    if wanted:
        from importlib.metadata import PackageNotFoundError, version

        try:
            click.echo(f"bitwright {version('bitwright')}")
        except PackageNotFoundError:
            click.echo("bitwright, from a source tree")
        context.exit()


def _load(config: Path) -> Graph:
    from .terminal import input_errors

    with input_errors():
        import emu

        if not config.is_file():
            raise ValueError(f"configuration must be an existing file, not {str(config)!r}")
        return emu.load(config)


def _values(graph: Graph, names: list[str]) -> list[dict[str, Any]]:
    return [
        {"name": name, "shape": list(graph.values[name].shape), "format": str(graph.formats[name])}
        for name in names
    ]


def _sources(config: Path, graph: Graph) -> dict[str, Path]:
    """The configuration and the model files it names, where they lie."""
    found = {"configuration": config}
    for key, role in (("KerasModel", "model"), ("KerasJson", "model"), ("KerasH5", "weights")):
        text = graph.config.get(key)
        if text is not None:
            for path in (config.parent / text, config.parent / Path(text).name):
                if path.is_file():
                    found.setdefault(role, path)
    return found


def _print_json(document: Mapping[str, Any]) -> None:
    click.echo(json.dumps(document, indent=1, default=str))


def main(arguments: list[str] | None = None) -> None:
    """Run a command and exit with its code; user errors show a message, no traceback."""
    from .terminal import INTERRUPTED

    given = sys.argv[1:] if arguments is None else arguments
    try:
        code = cli.main(given, prog_name="bitwright", standalone_mode=False)
    except (KeyboardInterrupt, click.Abort):
        click.echo("interrupted: nothing was finished", err=True)
        sys.exit(INTERRUPTED)
    except click.ClickException as error:
        if "--traceback" in given and error.__cause__ is not None:
            raise error.__cause__ from None
        error.show()
        sys.exit(error.exit_code)
    except BrokenPipeError:
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115 (Python flushes it at exit)
        sys.exit(0)
    sys.exit(code if isinstance(code, int) else 0)


if __name__ == "__main__":
    main()
