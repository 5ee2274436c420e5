"""Show that the tests notice a wrong operator: every mutant of the emulator and of the C++.

    python -m tests.mutants [--record FILE] [WORD ...]

A WORD picks the mutants whose path, label or test holds it. With a record a run that was ended goes
on where it was. Exit code 1 where a mutant is not killed. The lists lie beside the tests.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from pathlib import Path

from tests import (
    garnet_mutants,
    layer_mutants,
    mutation,
    numerics_mutants,
    quantized_mutants,
    symbolic_mutants,
)
from tests.emu import mutants as engine_mutants
from tests.generator import mutants as firmware_mutants

ROOT = Path(__file__).resolve().parents[1]
MUTANTS = (
    *engine_mutants.MUTANTS,
    *layer_mutants.MUTANTS,
    *symbolic_mutants.MUTANTS,
    *garnet_mutants.MUTANTS,
    *numerics_mutants.MUTANTS,
    *quantized_mutants.MUTANTS,
    *firmware_mutants.MUTANTS,
)


def main(arguments: list[str]) -> int:
    """The number of mutants that live, as an exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, usage="%(prog)s [--record FILE] [WORD ...]"
    )
    parser.add_argument("--record", type=Path)
    parser.add_argument("words", nargs="*")
    given = parser.parse_args(arguments)
    chosen = [
        mutant
        for mutant in MUTANTS
        if not given.words
        or any(word in text for word in given.words for text in mutant[:2] + mutant[4:])
    ]
    fates = mutation.examine(ROOT, chosen, given.record)
    counts = Counter(fate.word for _, fate in fates)
    print(", ".join(f"{count} {word}" for word, count in sorted(counts.items())))
    return 0 if chosen and set(counts) == {mutation.KILLED} else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
