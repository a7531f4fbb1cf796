"""Headers and footers: lines at a page's edge that its neighbours repeat, and page numbers.

Looks at rows of lines near the edge and at nothing in the body of a page.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain

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
_WORD = re.compile(r"\w+")
_ORNAMENTS = " -–—|·•[]()."

_Row = tuple[Line, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Edges:
    """The rows of a page from the top edge inward, and from the bottom edge inward."""

    top: Sequence[_Row]
    bottom: Sequence[_Row]
    height: float
    number: int
    #: How the page's number may be written.
    numbers: frozenset[str]
    #: At which heights the rows' lines stand, by what may be alike on other pages.
    patterns: dict[str, list[float]]


def edges(lines: Sequence[Line], *, height: float, number: int, label: str) -> Edges:
    """Find the rows that may be headers or footers."""
    ordered = sorted(lines, key=lambda line: line.top)
    top, bottom = _rows(ordered), _rows(ordered[::-1])
    numbers = frozenset({_squeezed(label), str(number)} - {""})
    found = Edges(top, bottom, height, number, numbers, {})
    for line in chain(*top, *bottom):
        for pattern in _patterns(line, found):
            found.patterns.setdefault(pattern, []).append(line.top)
    return found


class RunningLines:
    """Tells headers and footers from the body; remembers where they stand in this document."""

    def __init__(self) -> None:
        self._heights: set[int] = set()

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
        headers. `headings_here` begin on this page and are never dropped where they stand alone.
        """
        judge = _Judge(page, neighbours, self._heights, headings_before, headings_here)
        top = [row for row in page.top if row[0].bottom < _ZONE * page.height]
        bottom = [row for row in page.bottom if row[0].top > (1 - _ZONE) * page.height]
        running = judge.running(top, page.top) + judge.running(bottom, page.bottom)
        dropped = {id(line) for line in chain(*running)}
        body = [line for line in lines if id(line) not in dropped]
        heights = {round(row[0].top) for row in running}
        if not body and not heights <= self._heights:
            # Pages of one line each, as alike as headers are.
            return list(lines)
        self._heights |= heights
        return body


class _Judge:
    """Knows all that tells whether a row of one page is a header or footer."""

    def __init__(
        self,
        page: Edges,
        neighbours: Sequence[Edges],
        heights: set[int],
        headings_before: Iterable[str],
        headings_here: Iterable[str],
    ) -> None:
        self._page = page
        self._neighbours = neighbours
        self._heights = heights
        self._before = [_squeezed(title) for title in headings_before]
        self._here = [_squeezed(title) for title in headings_here]

    def running(self, rows: Sequence[_Row], side: Sequence[_Row]) -> list[_Row]:
        """The outermost of `rows` that are header or footer; `side` has those of the body, too."""
        running: list[_Row] = []
        for row in rows:
            if running and _room(running[-1], row) > _TOGETHER * row[0].height:
                break
            known = bool(running) or self._others_stand_here(row)
            if not self._is_running(row, rows, known):
                break
            running.append(row)
        return running if running and self._stands_apart(running[-1], side) else []

    def _is_running(self, row: _Row, rows: Sequence[_Row], known: bool) -> bool:
        text = _text(row)
        if text.strip(_ORNAMENTS) in self._page.numbers:
            return True
        if text in self._here and not known:
            return False
        if any(self._repeats(line) for line in row):
            return all(self._repeats(line) or self._is_title(line) for line in row)
        # Chapters of two pages repeat nothing; a long title fills two rows.
        wrapped = "".join(_text(two).removesuffix("-") for two in rows[:2])
        return known and any(
            title.endswith(written) for title in self._before for written in (text, wrapped)
        )

    def _repeats(self, line: Line) -> int:
        """How many neighbours have the line, or one that differs by the page's number only."""
        patterns = _patterns(line, self._page)
        return sum(
            any(
                abs(top - line.top) < _STRAY
                for pattern in patterns
                for top in other.patterns.get(pattern, ())
            )
            for other in self._neighbours
        )

    def _is_title(self, line: Line) -> bool:
        text = _squeezed(line.text)
        titles = self._before + self._here
        return text in self._page.numbers or any(title.endswith(text) for title in titles)

    def _others_stand_here(self, row: _Row) -> bool:
        return any(round(row[0].top) + stray in self._heights for stray in (-1, 0, 1))

    def _stands_apart(self, row: _Row, side: Sequence[_Row]) -> bool:
        """Whether room parts the row from the body, or so many pages repeat it that none need."""
        inner = side.index(row) + 1
        if inner >= len(side) or _room(row, side[inner]) > _APART * row[0].height:
            return True
        return any(self._repeats(line) > 2 for line in row)


def _rows(ordered: Sequence[Line]) -> list[_Row]:
    rows: list[list[Line]] = []
    for line in ordered:
        if rows and line.shares_row(rows[-1][0]):
            rows[-1].append(line)
        elif len(rows) == _ROWS:
            break
        else:
            rows.append([line])
    return [tuple(sorted(row, key=lambda line: line.left)) for row in rows]


def _room(row: _Row, other: _Row) -> float:
    return max(row[0].top, other[0].top) - min(row[0].bottom, other[0].bottom)


def _text(row: _Row) -> str:
    return _squeezed("".join(line.text for line in row))


def _patterns(line: Line, page: Edges) -> list[str]:
    """The line's text, and what it has in common with lines that bear another page's number."""
    if (bare := line.text.strip(_ORNAMENTS)).isdecimal():
        # An excerpt keeps the numbers of the whole, which is so many pages ahead.
        return [f"#{int(bare) - page.number}"]
    found = [_squeezed(line.text)]
    for word in _WORD.finditer(line.text):
        if word[0].casefold() in page.numbers:
            found.append(_squeezed(f"{line.text[: word.start()]}#{line.text[word.end() :]}"))
            break
    return found


def _squeezed(text: str) -> str:
    """Text as it compares: without white space, in one case."""
    return "".join(text.split()).casefold()
