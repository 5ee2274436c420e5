"""The benchmark's lines, in order; a network of ``networks.NETWORKS`` is measured by one line."""

from __future__ import annotations

from emu.run import MEMORY

from .fresh import FirstBitsRow, ImportRow, MemoryRow
from .growth import BatchGrowthRow, SizeGrowthRow
from .networks import JET
from .result import Row
from .throughput import AlkaidRow, BlasRow, HlsRow, TrialRow

__all__ = ["QUICK", "ROWS"]

ROWS: tuple[Row, ...] = (
    HlsRow("jet MLP", "fixed<16,6>", 400, 400_000, 4_000, "trial"),
    HlsRow("jet MLP", "auto", 600, 400_000, 4_000, "sgemm"),
    HlsRow("jet MLP", "fixed<16,6,RND,SAT>", 300, 400_000, 3_000, "trial"),
    HlsRow("16-200x5-5 MLP", "fixed<16,6>", 300, 20_000, 200, "trial"),
    HlsRow("jet CNN", "fixed<16,6>", 40, 4_000, 500),
    HlsRow("Conv1D", "fixed<16,6>", 40, 1_000, 100),
    HlsRow("LSTM", "fixed<16,6>", 40, 5_000, 300),
    HlsRow("GRU", "fixed<16,6>", 40, 5_000, 300),
    HlsRow("residual CNN", "fixed<16,6>", 40, 1_000, 100),
    TrialRow("jet MLP", "fixed<16,6>", 0.9, 400_000),
    AlkaidRow(JET, 5, 400_000),
    BlasRow(256, 0.7, 32_768),
    BlasRow(1024, 0.7, 8_192),
    FirstBitsRow("jet MLP", cold=True, most_seconds=6),
    FirstBitsRow("jet MLP", cold=False, most_seconds=1),
    FirstBitsRow("Conv1D", cold=True, most_seconds=15, peer=False),
    FirstBitsRow("Conv1D", cold=False, most_seconds=2, peer=False),
    ImportRow(most_seconds=0.2),
    BatchGrowthRow((100, 316, 1_000, 3_162, 10_000, 31_623, 100_000, 316_228, 1_000_000)),
    SizeGrowthRow((1_000, 10_000, 100_000, 1_000_000, 10_000_000)),
    MemoryRow("jet MLP", (10_000, 100_000, 1_000_000), most_bytes=MEMORY),
    MemoryRow("jet CNN", (1_000, 10_000), most_bytes=MEMORY),
)

QUICK: tuple[Row, ...] = (
    TrialRow("tiny MLP", "fixed<16,6>", 0, 50_000),
    HlsRow("tiny MLP", "fixed<16,6>", 0, 50_000, 5_000, "trial"),
)
"""Rows that ``--quick`` has beside the others: small enough to show that the command works."""
