"""``bitwright info``: layers, types and notes."""

from __future__ import annotations

from pathlib import Path

import click

from .shared import FILE, described, load_graph, print_json

__all__ = ["info"]


@click.command()
@click.argument("config", type=FILE)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def info(config: Path, as_json: bool) -> None:
    """Show the layers, types and notes of the model that CONFIG names.

    \b
    Examples:
      bitwright info config.yml
      bitwright info config.yml --json
    """
    graph = load_graph(config)
    if as_json:
        print_json(
            {
                "inputs": described(graph, [value.name for value in graph.inputs]),
                "outputs": described(graph, list(graph.output_names)),
                "layers": [
                    {"operator": node.op.function, "inputs": list(node.inputs)}
                    | described(graph, [node.name])[0]
                    for node in graph.nodes
                ],
                "multiplications": graph.multiplications(),
                "notes": list(graph.notes),
                "defects": [defect.fields() for defect in graph.defects],
                "config": graph.config,
            }
        )
        return
    click.echo(graph.summary())
    if graph.notes:
        click.echo("\nnotes:")
        for note in graph.notes:
            click.echo(f"  - {note}")
