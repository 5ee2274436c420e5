"""``python -m bitwright``."""

from .cli import main

main()
