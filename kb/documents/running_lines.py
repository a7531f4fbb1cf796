"""Headers and footers: lines at a page's edge that its neighbours repeat, and page numbers.

Looks at rows of lines near the edge and at nothing in the body of a page.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from kb.documents.lines import Line

#: How many pages to either side are asked for the same line; two, as left and right pages differ.
NEIGHBOURS = 2
# Of the page's height: how deep headers and footers reach.
_ZONE = 0.15
_ROWS = 4
# In points: how far the same header may stray between pages.
_STRAY = 3.0
# In heights of a line: the room that parts a header from the body, at least.
_APART = 0.6
# In heights of a line: the room between the lines of one header, at most.
_TOGETHER = 0.6
_DIGITS = re.compile(r"\d+")
_ORNAMENTS = " -–—|·•[]()."


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """Lines that stand side by side at the edge of a page."""

    lines: tuple[Line, ...]
    #: The text without spaces, and the same with every number replaced.
    text: str
    pattern: str
    top: float
    bottom: float
    size: float


@dataclass(frozen=True, slots=True, eq=False)
class Edges:
    """The rows of a page from the top edge inward, and from the bottom edge inward."""

    top: tuple[Row, ...]
    bottom: tuple[Row, ...]
    height: float
    #: How the page's number may be written.
    numbers: frozenset[str]


def edges(lines: Sequence[Line], *, height: float, number: int, label: str) -> Edges:
    """Find the rows that may be headers or footers."""
    ordered = sorted(lines, key=lambda line: line.top)
    return Edges(
        tuple(_rows(ordered)),
        tuple(_rows(ordered[::-1])),
        height,
        frozenset({squeezed(label), str(number)} - {""}),
    )


def squeezed(text: str) -> str:
    """Text as it compares: without white space, in one case."""
    return "".join(text.split()).casefold()


class RunningLines:
    """Tells headers and footers from the body; remembers where they stand in this document."""

    def __init__(self) -> None:
        self._heights: dict[bool, set[int]] = {True: set(), False: set()}

    def body(
        self,
        lines: Sequence[Line],
        page: Edges,
        neighbours: Sequence[Edges],
        *,
        headings_before: Iterable[str],
        headings_here: Iterable[str],
    ) -> list[Line]:
        """The page's lines without its headers and footers.

        `headings_before` are the sections that go on from the page before: books repeat them in
        headers. `headings_here` begin on this page and are never dropped.
        """
        before = [squeezed(title) for title in headings_before]
        here = {squeezed(title) for title in headings_here}
        dropped: set[int] = set()
        for at_top in (True, False):
            for row in self._running(page, neighbours, before, here, at_top=at_top):
                dropped.update(id(line) for line in row.lines)
        return [line for line in lines if id(line) not in dropped]

    def _running(
        self,
        page: Edges,
        neighbours: Sequence[Edges],
        before: Sequence[str],
        here: set[str],
        *,
        at_top: bool,
    ) -> list[Row]:
        rows = [row for row in _side(page, at_top) if _in_zone(row, page.height, at_top)]
        running: list[Row] = []
        for row in rows:
            if running and _room(running[-1], row) > _TOGETHER * row.size:
                break
            repeated = sum(_repeats(row, other, at_top) for other in neighbours)
            known = bool(running) or self._stands_where_others_did(row, at_top)
            if row.text in here and not known:
                break
            number = row.text.strip(_ORNAMENTS) in page.numbers
            title = known and any(title.endswith(row.text) for title in before)
            if not (repeated or number or title or (known and self._headline(rows, before))):
                break
            running.append(row)
        if not running or not _stands_apart(running[-1], _side(page, at_top), page, neighbours):
            return []
        for row in running:
            self._heights[at_top].add(round(row.top))
        return running

    def _stands_where_others_did(self, row: Row, at_top: bool) -> bool:
        known = self._heights[at_top]
        return any(round(row.top) + stray in known for stray in (-1, 0, 1))

    def _headline(self, rows: Sequence[Row], before: Sequence[str]) -> bool:
        """Whether the first two rows together are a long title, wrapped."""
        both = "".join(row.text for row in rows[:2])
        return any(title.endswith(both) for title in before)


def _rows(ordered: Sequence[Line]) -> list[Row]:
    rows: list[list[Line]] = []
    for line in ordered:
        if rows and line.shares_row(rows[-1][0]):
            rows[-1].append(line)
        elif len(rows) == _ROWS:
            break
        else:
            rows.append([line])
    return [_row(lines) for lines in rows]


def _row(lines: Sequence[Line]) -> Row:
    lines = sorted(lines, key=lambda line: line.left)
    text = squeezed("".join(line.text for line in lines))
    return Row(
        tuple(lines),
        text,
        _DIGITS.sub("#", text),
        min(line.top for line in lines),
        max(line.bottom for line in lines),
        max(line.height for line in lines),
    )


def _side(page: Edges, at_top: bool) -> tuple[Row, ...]:
    return page.top if at_top else page.bottom


def _in_zone(row: Row, height: float, at_top: bool) -> bool:
    return row.bottom < _ZONE * height if at_top else row.top > (1 - _ZONE) * height


def _repeats(row: Row, other: Edges, at_top: bool) -> bool:
    return any(
        theirs.pattern == row.pattern and abs(theirs.top - row.top) < _STRAY
        for theirs in _side(other, at_top)
    )


def _room(row: Row, other: Row) -> float:
    return max(row.top, other.top) - min(row.bottom, other.bottom)


def _stands_apart(row: Row, side: Sequence[Row], page: Edges, neighbours: Sequence[Edges]) -> bool:
    """Whether room parts the row from the body, or so many pages repeat it that none is needed."""
    inner = side.index(row) + 1
    if inner >= len(side) or _room(row, side[inner]) > _APART * row.size:
        return True
    return sum(_repeats(row, other, side is page.top) for other in neighbours) > 2
