"""Figures of one run: noted as they come, printed as a Markdown table in the end."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Sequence


class Figures:
    """Rows of `what | value`; each is also printed at once, for long runs."""

    def __init__(self) -> None:
        self._rows: list[tuple[str, str]] = []

    def note(self, what: str, value: str) -> None:
        """Add a row."""
        self._rows.append((what, value))
        print(f"{what:<62} {value}", flush=True)

    def spread(self, what: str, times_ms: Sequence[float]) -> None:
        """The median, the 99th percentile and the longest of some times."""
        self.note(f"{what}: p50, p99, longest", f"{spread(times_ms)} ms")

    def load(self, when: str) -> None:
        """How busy the machine is: figures of a busy one are upper bounds."""
        self.note(f"load {when} ({os.cpu_count()} cores)", f"{os.getloadavg()[0]:.1f}")

    def markdown(self) -> str:
        """All rows, to be pasted."""
        return "\n".join(
            ["| what | value |", "| --- | --- |", *(f"| {a} | {b} |" for a, b in self._rows)]
        )


def spread(times_ms: Sequence[float]) -> str:
    """`p50, p99, longest`."""
    return f"{statistics.median(times_ms):.1f}, {share(times_ms, 0.99):.1f}, {max(times_ms):.1f}"


def share(values: Sequence[float], part: float) -> float:
    """The value below which this part of them lies."""
    return sorted(values)[min(len(values) - 1, int(len(values) * part))]


def timed_ms(work: Callable[[], object]) -> float:
    """Milliseconds that `work` takes."""
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1e3
