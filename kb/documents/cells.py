"""Cells of tables: parts lines at the edges of a table's columns and counts empty cells.

Knows only where lines begin and end; a table's ruled lines are not looked at.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

from kb.documents.lines import Line

# In heights of a line: the least room between two cells that stand close.
_CLOSE_GAP = 0.4
# In points: how far the left edges of a column's cells may stray.
_STRAY = 0.8
# In points: how far a line must reach over a column's edge to be none of its cells.
_CROSSING = 3.0


def in_cells(lines: Sequence[Line]) -> list[Line]:
    """The same lines, those of tables parted into cells that know their columns."""
    rows = [False, *(_following_cell(line, other) for line, other in pairwise(lines)), False]
    if not any(rows):
        return list(lines)
    celled: list[Line] = []
    for first, last in _tables(lines, rows):
        edges = Counter(round(lines[at].left * 2) for at in range(first, last) if rows[at])
        columns = tuple(sorted(edge / 2 for edge, cells in edges.items() if cells > 1))
        first_cells = {lines[at - 1].left for at in range(first + 1, last) if rows[at]}
        for at in range(first, last):
            # Words of mere prose begin at such an edge by chance; those of a listing stand apart.
            tabular = rows[at] or rows[at + 1] or "  " in lines[at].text
            if columns and tabular:
                celled.extend(_parts(lines[at], columns))
            elif any(abs(lines[at].left - edge) < _STRAY for edge in (*columns, *first_cells)):
                celled.append(replace(lines[at], columns=columns))
            else:
                celled.append(lines[at])
    return celled


def empty_cells(line: Line, following: Line) -> int:
    """How many columns begin between two cells of a row without a word."""
    columns = following.columns
    first = bisect_right(columns, line.right)
    return max(bisect_left(columns, following.left - _STRAY) - first, 0)


def begins_column(line: Line) -> bool:
    """Whether a column of its table begins where the line does."""
    return any(abs(line.left - edge) < _STRAY for edge in line.columns)


def _following_cell(line: Line, following: Line) -> bool:
    """Whether a table row goes on to the right of `line`."""
    beside = following.left > line.right and following.top < line.bottom
    return beside and (following.shares_row(line) or following.top < line.top)


def _tables(lines: Sequence[Line], rows: Sequence[bool]) -> Iterator[tuple[int, int]]:
    """Cut the lines where one that crosses the columns so far ends the table."""
    first = 0
    edges: list[float] = []
    for at, line in enumerate(lines):
        if rows[at]:
            edges.append(line.left)
        elif (
            not rows[at + 1]
            and "  " not in line.text
            and any(line.left + _CROSSING < edge < line.right - _CROSSING for edge in edges)
        ):
            yield first, at
            first, edges = at, []
    yield first, len(lines)


def _parts(line: Line, columns: tuple[float, ...]) -> Iterator[Line]:
    start = 0
    for space in re.finditer(" +", line.text):
        last, at = space.span()
        left, right = float(line.boxes[at, 0]), float(line.boxes[last - 1, 2])
        near = bisect_left(columns, left - _STRAY)
        wide = left - right > (1.5 * line.pitch or _CLOSE_GAP * line.height)
        if wide and near < len(columns) and columns[near] < left + _STRAY:
            yield _part(line, start, last, columns)
            start = at
    yield _part(line, start, len(line.text), columns)


def _part(line: Line, start: int, end: int, columns: tuple[float, ...]) -> Line:
    if start == 0 and end == len(line.text):
        return replace(line, columns=columns)
    boxes = line.boxes[start:end]
    left, right = float(boxes[:, 0].min()), float(boxes[:, 2].max())
    text = line.text[start:end]
    return replace(
        line, text=text, boxes=boxes, left=left, right=right, start=left, end=right, columns=columns
    )
