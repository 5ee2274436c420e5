"""``bitwright signoff``: project and emulator compared, with a report."""

from __future__ import annotations

from pathlib import Path

import click

from .shared import EXIT_CODES, FILE, load_graph, print_json, sources

__all__ = ["signoff"]


@click.command(epilog=EXIT_CODES)
@click.argument("config", type=FILE)
@click.argument("directory", metavar="DIR", type=FILE)
@click.argument("x", metavar="X.npy", type=FILE)
@click.option("-o", "--output", type=FILE, required=True, help="Folder for the report.")
@click.option("--random", default=1000, show_default=True, help="Random vectors beside yours.")
@click.option("--seed", default=0, show_default=True, help="Seed of the random vectors.")
@click.option("--headers", type=FILE, help="Folder of AMD's ap_fixed headers.")
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
    from ..terminal import Failure, console, input_errors, show_report, working

    graph = load_graph(config)
    with input_errors(), working(as_json) as say:
        import validation
        from validation.report import check_target

        from ..reading import read_samples

        check_target(output)
        if time_limit <= 0:
            raise Failure(f"time limit must be more than 0 s, not {time_limit:g}")
        report = validation.signoff(
            graph,
            directory,
            read_samples(x, graph),
            random=random,
            seed=seed,
            headers=headers,
            compiler=compiler,
            time_limit=time_limit,
            vendor=vendor,
            rtl=rtl,
            sources=sources(config, graph) | {"samples": x},
            progress=say,
        )
        report.write(output)
    if as_json:
        print_json(report.to_dict())
    else:
        show_report(console(), report.to_dict())
        click.echo(f"report: {output / 'report.html'}")
    raise SystemExit(report.exit_code)
