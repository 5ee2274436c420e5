"""The command line: ``bitwright config | info | predict | generate | signoff | demo``.

Imports of numpy and of the packages happen inside the commands, so that --help is instant.
"""

from __future__ import annotations

import os
import sys

import click

from .commands.config import config
from .commands.demo import demo
from .commands.generate import generate
from .commands.info import info
from .commands.predict import predict
from .commands.shared import EXIT_CODES
from .commands.signoff import signoff

__all__ = ["main"]


@click.group(
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=EXIT_CODES,
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


for _command in (config, info, predict, generate, signoff, demo):
    cli.add_command(_command)


def _show_version(context: click.Context, wanted: bool) -> None:
    if wanted:
        from importlib.metadata import PackageNotFoundError, version

        try:
            click.echo(f"bitwright {version('bitwright')}")
        except PackageNotFoundError:
            click.echo("bitwright, from a source tree")
        context.exit()


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
