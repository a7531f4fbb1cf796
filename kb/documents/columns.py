"""Reading order of pages whose two columns the producer wrote line by line, left and right in turn.

The producer's order is kept in every other case; a table of two columns is left alone, since its
cells do not fill their columns line after line.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from statistics import median

from kb.documents.lines import Line

# Fewer lines side by side are no columns of text.
_FEWEST_ROWS = 8
# Of a column's width: how much of it the usual line of running text fills.
_FILLED = 0.75
# Of all lines: how many may reach over the gutter (titles, figures).
_CROSSING = 0.25


def reading_order(lines: list[Line]) -> list[Line]:
    """The lines, column after column where the page has two that are interleaved."""
    beside = [(a, b) for a, b in pairwise(lines) if a.shares_row(b) and b.left > a.right]
    if len(beside) < _FEWEST_ROWS:
        return lines
    gutter = median((a.right + b.left) / 2 for a, b in beside)
    parted = [(a, b) for a, b in beside if a.right < gutter < b.left]
    crossing = [line for line in lines if line.left < gutter < line.right]
    if len(parted) < 0.8 * len(beside) or len(crossing) > _CROSSING * len(lines):
        return lines
    lefts, rights = [a for a, _ in parted], [b for _, b in parted]
    if not (_is_running_text(lefts) and _is_running_text(rights)):
        return lines
    return _column_after_column(lines, gutter)


def _is_running_text(lines: Sequence[Line]) -> bool:
    left, right = min(line.left for line in lines), max(line.right for line in lines)
    filled = median(line.right - line.left for line in lines) / max(right - left, 1.0)
    words = median(line.text.count(" ") + 1 for line in lines)
    flush = sum(line.left < left + 3 for line in lines)
    return filled > _FILLED and words > 3 and flush > 0.6 * len(lines)


def _column_after_column(lines: Sequence[Line], gutter: float) -> list[Line]:
    """Between lines that reach over the gutter the left lines, then the right ones."""
    ordered: list[Line] = []
    left: list[Line] = []
    right: list[Line] = []
    for line in lines:
        if line.left < gutter < line.right:
            ordered += [*left, *right, line]
            left, right = [], []
        else:
            (left if line.right <= gutter else right).append(line)
    return [*ordered, *left, *right]
