"""What people see: errors with exit codes, progress, tables. Only results go to stdout."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from rich.console import Console

__all__ = [
    "AGREED",
    "BAD_INPUT",
    "COULD_NOT_RUN",
    "DIFFER",
    "INTERRUPTED",
    "Failure",
    "console",
    "input_errors",
    "progress",
    "show_report",
    "working",
]

_PLAIN_WIDTH = 160

AGREED, DIFFER, BAD_INPUT, COULD_NOT_RUN, INTERRUPTED = 0, 1, 2, 3, 130


class Failure(click.ClickException):
    """A message for the user and the exit code that goes with it."""

    def __init__(self, message: str, exit_code: int = BAD_INPUT) -> None:
        super().__init__(message)
        self.exit_code = exit_code


@contextmanager
def input_errors() -> Iterator[None]:
    """Turn what the packages raise on bad input or missing tools into a Failure."""
    from validation import CouldNotRunError

    try:
        yield
    except CouldNotRunError as error:
        raise Failure(str(error), COULD_NOT_RUN) from error
    except (ValueError, OSError) as error:
        raise Failure(str(error) or type(error).__name__) from error


def console(*, stderr: bool = False) -> Console:
    """A rich console; plain text, in wide lines, where the stream is no terminal."""
    from rich.console import Console

    screen = Console(stderr=stderr, highlight=False, soft_wrap=True)
    if not screen.is_terminal:
        screen.width = _PLAIN_WIDTH
    return screen


@contextmanager
def working(quiet: bool = False) -> Iterator[Callable[[str], None]]:
    """``say(step)`` names the running step on stderr: a spinner on a terminal, else a line."""
    screen = console(stderr=True)
    if quiet:
        yield lambda text: None
    elif screen.is_terminal:
        with screen.status("") as status:
            yield lambda text: status.update(f"{text} ...")
    else:
        yield lambda text: screen.print(f"{text} ...", markup=False)


@contextmanager
def progress(title: str, *, quiet: bool = False) -> Iterator[Callable[[float, int], None]]:
    """``advance(share, samples)`` moves a bar on stderr; one line where that is no terminal."""
    screen = console(stderr=True)
    if quiet or not screen.is_terminal:
        if not quiet:
            screen.print(f"{title} ...", markup=False)
        yield lambda share, samples: None
        return
    from rich.progress import (
        BarColumn,
        Progress,
        TaskProgressColumn,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn(title),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[samples]:,} samples"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=screen, transient=True) as bars:
        task = bars.add_task(title, total=1.0, samples=0)
        yield lambda share, samples: bars.update(task, completed=share, samples=samples)


_COLOURS = {"passed": "green", "failed": "red", "not run": "yellow"}


def show_report(screen: Console, report: Mapping[str, Any]) -> None:
    """Levels, layers, first divergence and files of ``Report.to_dict()``."""
    from rich.markup import escape
    from rich.table import Table

    layers = Table(box=None, pad_edge=False, header_style="dim")
    layers.add_column("layer", overflow="fold")
    layers.add_column("format", overflow="fold")
    layers.add_column("values", justify="right")
    layers.add_column("distinct", justify="right")
    layers.add_column("C++ = emulator", overflow="fold")
    for layer in report["layers"]:
        colour = "red" if not layer["agrees"] else ("green" if layer["counts"] else "yellow")
        layers.add_row(
            escape(layer["layer"]),
            escape(layer["format"]),
            f"{sum(layer['values'].values()):,}",
            f"{layer['distinct']:,}",
            f"[{colour}]{escape(layer['verdict'])}[/]",
        )
    if report["layers"]:
        screen.print(layers)
        groups = ", ".join(f"{g['samples']} {g['name']}" for g in report["vectors"]["groups"])
        screen.print(f"[dim]vectors: {groups} (seed {report['vectors']['seed']})[/]\n")
    for level in report["levels"]:
        colour = _COLOURS[level["status"]]
        reason = f"  {escape(level['reason'])}" if level["reason"] else ""
        screen.print(f"[{colour}]{level['status']:8}[/] {level['name']:12}{reason}")
    if report["files"]["status"] != "equal":
        screen.print(f"[red]{report['files']['headline']}[/]")
        for problem in report["files"]["problems"]:
            screen.print(f"  {escape(problem)}")
    colour = {AGREED: "green", DIFFER: "red"}.get(report["exit_code"], "yellow")
    screen.print(f"[bold {colour}]{escape(report['title'])}[/]")
