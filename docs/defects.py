"""Write the tables of hls4ml's defects into docs/numerics.md, from emu.defects.

Run: python docs/defects.py
"""

from __future__ import annotations

from pathlib import Path

from emu.defects import table

TARGET = Path(__file__).parent / "numerics.md"
BEGIN = "<!-- written by docs/defects.py -->\n"
END = "<!-- end of what docs/defects.py writes -->\n"


def page() -> str:
    """The text of docs/numerics.md with fresh tables; ValueError where its two marks are not."""
    before, found, rest = TARGET.read_text(encoding="utf-8").partition(BEGIN)
    _, ended, after = rest.partition(END)
    if not (found and ended):
        raise ValueError(f"{TARGET.name} must have the lines {BEGIN.strip()} and {END.strip()}")
    return f"{before}{BEGIN}\n{table()}\n{END}{after}"


if __name__ == "__main__":
    TARGET.write_text(page(), encoding="utf-8")
