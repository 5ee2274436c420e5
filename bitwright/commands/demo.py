"""``bitwright demo``: the whole way with the bundled network."""

from __future__ import annotations

from pathlib import Path

import click

from .shared import EXIT_CODES, FILE

__all__ = ["demo"]


@click.command(epilog=EXIT_CODES)
@click.option("-o", "--output", type=FILE, help="Keep the project and the report in this folder.")
@click.option("--headers", type=FILE, help="Folder of AMD's ap_fixed headers.")
@click.option("--compiler", default="g++", show_default=True, help="C++ compiler.")
def demo(output: Path | None, headers: Path | None, compiler: str) -> None:
    """Go the whole way with a bundled network: file, bits, C++, comparison, sign-off.

    The network reads hand-written digits (scikit-learn's data); it was trained with Keras. Takes
    less than a minute. Without -o everything happens in a temporary folder.

    \b
    Example:
      bitwright demo -o digits-demo/
    """
    from ..demonstration import demonstrate
    from ..terminal import input_errors

    with input_errors():
        code = demonstrate(output, headers=headers, compiler=compiler)
    raise SystemExit(code)
