"""``python -m benchmarks``: measure the rows, write JSON and Markdown.

    python -m benchmarks --models MODELS --peers PEERS --json results.json --docs

Run it from the repository. MODELS holds KERAS_3layer.json and KERAS_3layer_weights.h5 and others of
the fastmachinelearning example-models; rows of trained models that are not there are drawn from a
seed where the table says so, or left out and said so. PEERS keeps hls4ml's compiled projects and
alkaid's logic: compiling takes minutes, only once. Exit code: 0, or 1 where bits differ
or a row failed.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
import traceback
from fnmatch import fnmatch
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--models", type=Path, help="folder of trained Keras models")
    parser.add_argument("--peers", type=Path, help="folder of compiled peers, kept between runs")
    parser.add_argument(
        "--rows", nargs="+", default=["*"], metavar="PATTERN", help="names or patterns of rows"
    )
    parser.add_argument("--list", action="store_true", help="print the names of the rows")
    parser.add_argument("--quick", action="store_true", help="a hundredth of the samples, once")
    parser.add_argument(
        "--no-build", action="store_true", help="leave out peers that are not compiled yet"
    )
    parser.add_argument("--json", type=Path, help="file for the results")
    parser.add_argument("--table", type=Path, help="file for the Markdown table")
    parser.add_argument(
        "--docs",
        type=Path,
        nargs="?",
        const=ROOT / "docs",
        metavar="FOLDER",
        help="write benchmarks.md and benchmarks.png into docs/",
    )
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> int:
    """Measure what the options choose."""
    options = _options(arguments)
    from . import growth, machine, report
    from .result import Context, NotMeasuredError, Result
    from .rows import QUICK, ROWS

    known = (*QUICK, *ROWS) if options.quick else ROWS
    chosen = [row for row in known if any(fnmatch(row.name, text) for text in options.rows)]
    if options.list:
        sys.stdout.write("".join(f"{row.name}\n" for row in chosen))
        return 0
    if not chosen:
        names = "\n  ".join(row.name for row in known)
        raise SystemExit(f"--rows must match rows, not {options.rows!r}:\n  {names}")
    found = machine.describe_machine()
    found["BLAS"] = {} if options.quick else machine.limits()
    results: list[Result] = []
    failed: list[str] = []
    with tempfile.TemporaryDirectory(prefix="bitwright-benchmarks-") as name:
        work = Path(name)
        peers = options.peers or work / "peers"
        peak = found["BLAS"].get("float32")
        context = Context(work, peers, options.models, options.quick, not options.no_build, peak)
        begun = time.perf_counter()
        for number, row in enumerate(chosen, 1):
            _say(f"[{number}/{len(chosen)}] {row.name} ...")
            start = time.perf_counter()
            result = Result(row.name)
            try:
                row.measure(context, result)
            except NotMeasuredError as error:
                result.missing = str(error)
            except Exception as error:  # the other rows are still worth their minutes
                traceback.print_exc()
                result.missing = f"failed: {type(error).__name__}: {error}"
                failed.append(row.name)
            if options.quick:
                result.target, result.met = "none: quick run", None
            result.details["seconds of this row"] = round(time.perf_counter() - start, 1)
            results.append(result)
            _say(f"    {_short(result)}  ({time.perf_counter() - begun:.0f} s)")
            if options.json:
                given = {key: str(value) for key, value in vars(options).items()}
                text = json.dumps(report.document(found, given, results), indent=1)
                options.json.write_text(text + "\n", encoding="utf-8")
    sys.stdout.write(report.table(results))
    if options.table:
        options.table.write_text(report.table(results), encoding="utf-8")
    if options.docs:
        figure = options.docs / "benchmarks.png"
        drawn = growth.plot(results, figure)
        command = "python -m benchmarks --models MODELS --peers PEERS --json results.json --docs"
        text = report.page(found, results, command=command, figure=figure.name if drawn else "")
        (options.docs / "benchmarks.md").write_text(text, encoding="utf-8")
    wrong = [result.row for result in results if result.equal is False]
    for row_name in wrong:
        _say(f"bits differ: {row_name}")
    for row_name in failed:
        _say(f"failed: {row_name}")
    return 1 if wrong or failed else 0


def _short(result: object) -> str:
    from .report import table
    from .result import Result

    assert isinstance(result, Result)
    return table([result]).splitlines()[-1]


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    raise SystemExit(main())
