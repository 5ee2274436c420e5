"""``bitwright generate``: the HLS C++ project."""

from __future__ import annotations

from pathlib import Path

import click

from .shared import FILE, load_graph, print_json

__all__ = ["generate"]


@click.command()
@click.argument("config", type=FILE)
@click.option("-o", "--output", type=FILE, required=True, help="Folder for the project.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def generate(config: Path, output: Path, as_json: bool) -> None:
    """Write the HLS C++ project of CONFIG: firmware, testbench, vectors, build scripts.

    The back end is CONFIG's (Backend: Vitis or Vivado). An earlier project in the folder is
    replaced; a folder with anything else in it is refused.

    \b
    Example:
      bitwright generate config.yml -o firmware/
    """
    from ..terminal import input_errors, working

    graph = load_graph(config)
    with input_errors(), working(as_json) as say:
        import generator

        say("writing the project")
        backend = str(graph.config.get("Backend", "Vitis")).lower()
        project = generator.generate(graph, output, backend=backend)
    files = sorted(project.manifest["files"])
    if as_json:
        print_json({"project": project.name, "folder": str(project.path), "files": files})
        return
    click.echo(f"{project.path}: {len(files)} files, top function {project.name}")
    click.echo(f"next: bitwright signoff {config} {output} X.npy -o report/", err=True)
