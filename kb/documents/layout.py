"""How a page is set: how far its columns reach, how much room its lines keep, what may belong
together. Judges by places, sizes and first characters; refuses to know words.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np

from kb.documents.lines import Line

_SENTENCE_END = tuple(".!?:;")
_FULL_STOP = tuple(".!?")
_BULLET = re.compile(r"[•‣◦▪■●○*·–—-]\s+\S")
_NUMBERED = re.compile(r"\(?(?:\d{1,3}|[a-zA-Z]|[ivx]{1,4})[.)]\s+\S")
# In points: how far the left edges of a paragraph's lines may stray.
STRAY = 4.0
# In heights of a line: the deepest indent of a first line or of the lines after a bullet.
_INDENT = 5.0
# In heights of a line: the least width of a space.
_SPACE = 0.2
# In heights of a line: room beyond the usual that parts paragraphs.
_EXTRA_ROOM = 0.35
# Pairs of lines that make a page's room between lines worth remembering.
_EVIDENCE = 3
# In widths of a column: how early a line within a sentence may end.
_EARLY = 0.15


class Spacing:
    """The room between the lines of a paragraph and of a listing, in heights of a line.

    One for each document: a page of single lines does not show it.
    """

    def __init__(self) -> None:
        self._known: dict[bool, float] = {}

    def learn(self, *, listing: bool, rooms: Sequence[float]) -> float:
        """The usual room, given what two lines of one paragraph keep on this page."""
        if len(rooms) >= _EVIDENCE:
            self._known[listing] = sorted(rooms)[len(rooms) // 2]
        return self._known.get(listing, min(rooms, default=0.0))


class PageLayout:
    """Answers about the lines of one page."""

    def __init__(self, lines: Sequence[Line], spacing: Spacing) -> None:
        self._lines = lines
        self._ends: dict[int, list[float]] = defaultdict(list)
        for line in lines:
            self._ends[round(line.start)].append(line.end)
        self._columns: dict[tuple[int, int], tuple[float, float]] = {}
        self._page_end = max((line.end for line in lines), default=0.0)
        self._room = {
            listing: spacing.learn(listing=listing, rooms=self._rooms(listing))
            for listing in (False, True)
        }

    def parts(self, room: float, line: Line, following: Line) -> bool:
        """Whether so much room between two lines parts paragraphs."""
        usual = self._room[_is_listing(line, following)]
        return room > (usual + _EXTRA_ROOM) * _lower(line, following)

    def flows(self, block: Sequence[Line], following: Line) -> bool:
        """Whether `following` goes on in the paragraph of the block's last line."""
        line = block[-1]
        if not alike(line, following) or not _aligned(block, following):
            return False
        if _begins_item(block, following):
            return False
        end, second = self._column(line, following)
        end = self._wall(line, end)
        ended = line.text.endswith(_FULL_STOP)
        lower = following.text[0].islower()
        if ended and lower and line.end < end - STRAY / 2:
            # An example, a name or a row, for a sentence seldom begins like this.
            return False
        # Typesetters that weigh whole paragraphs end a line early for the sake of the next.
        early = _EARLY * (end - line.start) if lower and not ended else 0.0
        if _fits(line, following, end - early):
            return False
        only_one = second < end - 2 * line.height
        return not only_one or not _fits(line, following, self._page_end) or early > 0

    def flows_over(self, line: Line, following: Line) -> bool:
        """The same across the end of a column or page, where place and room say little."""
        if line.text.endswith(_SENTENCE_END) and not following.text[0].islower():
            return False
        if not alike(line, following) or is_bulleted(following):
            return False
        return not _fits(line, following, self._column(line, line)[0])

    def _column(self, line: Line, following: Line) -> tuple[float, float]:
        """How far the furthest and the second furthest line of two lines' column reach."""
        key = round(line.start), round(following.start)
        if key not in self._columns:
            near = {start + stray for start in key for stray in (-1, 0, 1)}
            ends = sorted(end for start in near for end in self._ends.get(start, ()))
            self._columns[key] = ends[-1], ends[-2] if len(ends) > 1 else ends[-1] - 1000
        return self._columns[key]

    def _wall(self, line: Line, end: float) -> float:
        """Where the cell of a line ends: the next cell of its row may be nearer than `end`."""
        return min(
            (
                other.start
                for other in self._lines
                if line.end < other.start < end and other.shares_row(line)
            ),
            default=end,
        )

    def _rooms(self, listing: bool) -> list[float]:
        """The room between pairs of lines that look like one paragraph or listing."""
        rooms = []
        for line, following in self._stacked(listing):
            room = (following.top - line.bottom) / _lower(line, following)
            if -0.5 < room < 2.5 and (
                listing or not _fits(line, following, self._column(line, line)[0])
            ):
                rooms.append(room)
        return rooms

    def _stacked(self, listing: bool) -> Iterator[tuple[Line, Line]]:
        for line, following in pairwise(self._lines):
            flush = listing or abs(line.start - following.start) < 1
            over = following.left < line.right and following.right > line.left
            if flush and over and _is_listing(line, following) is listing:
                yield line, following


def is_bulleted(line: Line) -> bool:
    """Whether the line begins a list item."""
    return bool(_BULLET.match(line.text))


def alike(line: Line, following: Line) -> bool:
    """Whether both are set in about the same size."""
    return 0.75 < line.height / max(following.height, 0.1) < 1.33


def _is_listing(line: Line, following: Line) -> bool:
    return bool(line.pitch and following.pitch)


def _lower(line: Line, following: Line) -> float:
    return max(min(line.height, following.height), 0.1)


def _begins_item(block: Sequence[Line], following: Line) -> bool:
    """Whether a list item begins; a number does so only below the number of another item."""
    if is_bulleted(following):
        return True
    first = block[0]
    below = abs(first.start - following.start) < STRAY and _NUMBERED.match(first.text)
    return bool(below and _NUMBERED.match(following.text))


def _aligned(block: Sequence[Line], following: Line) -> bool:
    """Whether the left edges allow both to be lines of one paragraph."""
    line = block[-1]
    shift = following.start - line.start
    if abs(shift) < STRAY:
        return True
    deepest = _INDENT * line.height
    if shift < 0:
        # The second line of a paragraph whose first line is indented.
        first = len(block) == 1 or block[-2].start < line.start - STRAY
        return first and shift > -deepest
    if (is_bulleted(line) or _NUMBERED.match(line.text)) and shift < deepest:
        return True
    # The second line of a cell that stands close to the one before it.
    starts = line.boxes[1:, 0][np.array([c == " " for c in line.text[:-1]], bool)]
    return bool(np.any(np.abs(starts - following.left) < 0.7))


def _fits(line: Line, following: Line, end: float) -> bool:
    """Whether the first word of `following` would have had room after `line`."""
    letters = len(following.text.split(" ", 1)[0])
    first, final = following.boxes[0].tolist(), following.boxes[letters - 1].tolist()
    width = max(final[2], first[2]) - min(first[0], final[0])
    return line.end + _SPACE * line.height + width < end + 0.5
