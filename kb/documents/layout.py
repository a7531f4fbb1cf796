"""How a page is set: how far its columns reach, how much room its lines keep, what may belong
together. Judges by places, sizes and first characters; refuses to know words.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise

from kb.documents.lines import Line

_SENTENCE_END = tuple(".!?:;")
_FULL_STOP = tuple(".!?")
_BULLET = re.compile(r"[•‣◦▪■●○*·–—-]\s+\S")
_NUMBERED = re.compile(r"\(?(?:\d{1,3}|[a-zA-Z]|[ivx]{1,4})[.)]\s+\S")
# In points: how far the left edges of a paragraph's lines may stray.
STRAY = 4.0
# In heights of a line: the deepest indent of a first line or of the lines after a bullet.
_INDENT = 5.0
# In heights of a line: the most room between a term and its definition.
_TERM_ROOM = 2.0
# In heights of a line: the least width of a space.
_SPACE = 0.2
# In heights of a line: room beyond the usual that parts paragraphs.
_EXTRA_ROOM = 0.35
# In heights of a line: the least room between two cells that stand close.
_CLOSE_GAP = 0.4
# In heights of a line: the least room between a cell's text and the next cell.
_PADDING = 0.4
# In widths of a cell: a line shorter than this, next word included, ends on purpose.
_CELL_FILLED = 0.6
# How many lines before and after one the cells of its row are looked for.
_ROW = 8
# In heights of a line: more room than between the lines of most paragraphs.
_WIDE_ROOM = 0.6
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

    def learn(
        self, *, listing: bool, flowing: Sequence[float], everywhere: Sequence[float]
    ) -> float:
        """The usual room, given that between all pairs of lines on a page and those that flow."""
        if len(flowing) >= _EVIDENCE:
            self._known[listing] = sorted(flowing)[len(flowing) // 2]
        return self._known.get(listing, min([*everywhere, _WIDE_ROOM]))


class PageLayout:
    """Answers about the lines of one page."""

    def __init__(self, lines: Sequence[Line], spacing: Spacing) -> None:
        self._lines = lines
        self._places = {id(line): at for at, line in enumerate(lines)}
        self._ends: dict[int, list[float]] = defaultdict(list)
        for line in lines:
            self._ends[round(line.start)].append(line.end)
        self._columns: dict[int, tuple[float, float]] = {}
        self._page_end = max((line.end for line in lines), default=0.0)
        self._room: dict[bool, float] = {}
        for listing in (False, True):
            rooms = self._rooms(listing)
            flowing = [room for room, flows in rooms if flows]
            everywhere = [room for room, _ in rooms]
            self._room[listing] = spacing.learn(
                listing=listing, flowing=flowing, everywhere=everywhere
            )

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
        ended = line.text.endswith(_FULL_STOP)
        wall = self._wall(block)
        if wall is not None:
            # Cells may be centred, so that a line ends well before its cell does.
            filled = 1.0 if ended else _CELL_FILLED
            if not _fits(line, following, line.start + filled * (wall - line.start)):
                return True
        end, second = self._column(following)
        end = min(max(end, line.end), math.inf if wall is None else wall)
        lower = following.text[0].islower()
        if ended and lower and line.end < end - STRAY / 2:
            # An example, a name or a row, for a sentence seldom begins like this.
            return False
        goes_on = lower and not ended
        # Typesetters that weigh whole paragraphs end a line early for the sake of the next.
        if _fits(line, following, end - (_EARLY * (end - line.start) if goes_on else 0.0)):
            return False
        sure = second > end - 2 * line.height
        return sure or goes_on or not _fits(line, following, self._page_end)

    def flows_over(self, line: Line, following: Line) -> bool:
        """The same across the end of a column or page, where place and room say little."""
        if line.text.endswith(_SENTENCE_END) and not following.text[0].islower():
            return False
        if not alike(line, following) or is_bulleted(following):
            return False
        return not _fits(line, following, self._column(line)[0])

    def _column(self, line: Line) -> tuple[float, float]:
        """How far the furthest and the second furthest line of a line's column reach."""
        key = round(line.start)
        if key not in self._columns:
            ends = sorted(end for near in (-1, 0, 1) for end in self._ends.get(key + near, ()))
            self._columns[key] = ends[-1], ends[-2] if len(ends) > 1 else -math.inf
        return self._columns[key]

    def _wall(self, block: Sequence[Line]) -> float | None:
        """Where the cell of the block's last line ends, if there is another one to the right."""
        line = block[-1]
        edges = [edge for edge in line.columns if edge > line.end]
        if not edges:
            at = self._places[id(line)]
            near = self._lines[max(at - _ROW, 0) : at + _ROW]
            edges = [o.start for o in near if o.start > line.end and o.shares_row(line)]
        return min(edges) - _PADDING * line.height if edges else None

    def _rooms(self, listing: bool) -> list[tuple[float, bool]]:
        """The room between pairs of lines, and whether they look like one paragraph or listing."""
        rooms = []
        for line, following in self._stacked(listing):
            room = (following.top - line.bottom) / _lower(line, following)
            if -0.5 < room < 2.5:
                flows = listing or not _fits(line, following, self._column(line)[0])
                rooms.append((room, flows))
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


def is_term(block: Sequence[Line], following: Line) -> bool:
    """Whether the block is a term, or several, and `following` begins its definition below."""
    line = block[-1]
    indent = following.start - line.start
    if not alike(line, following) or not STRAY < indent < _INDENT * line.height:
        return False
    if is_bulleted(line) or is_bulleted(following) or following.pitch:
        return False
    close = following.top - line.bottom < _TERM_ROOM * line.height
    flush = all(abs(other.start - line.start) < 1 for other in block)
    return close and flush and not line.text.endswith(_SENTENCE_END)


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
    apart = 1.5 * line.pitch or _CLOSE_GAP * line.height
    for space in re.finditer(" +", line.text):
        left, right = line.boxes[space.end(), 0], line.boxes[space.start() - 1, 2]
        if abs(left - following.left) < 0.7 and left - right > apart:
            return True
    return False


def _fits(line: Line, following: Line, end: float) -> bool:
    """Whether the first word of `following` would have had room after `line`."""
    letters = len(following.text.split(" ", 1)[0])
    first, final = following.boxes[0].tolist(), following.boxes[letters - 1].tolist()
    width = max(final[2], first[2]) - min(first[0], final[0])
    return bool(line.end + _SPACE * line.height + width < end + 0.5)
