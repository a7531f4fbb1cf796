"""Lines of a page -> running text: words rejoined, paragraphs whole, rows and listings kept.

The joint between two lines is a space where the next word did not fit into the column, a line
break where it would have fitted, an empty line where the print leaves more room than between the
lines of a paragraph, and a tab between the cells of a table row. Knows one page at a time.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kb.documents.cells import begins_column, empty_cells, in_cells
from kb.documents.hyphens import Hyphen, Vocabulary
from kb.documents.layout import STRAY, PageLayout, Spacing, is_term
from kb.documents.lines import CELL_GAP, SPACE_GAP, Line
from kb.models import Boxes

PARAGRAPH, LINE, CELL, SPACE, NOTHING = "\n\n", "\n", "\t", " ", ""
#: The joint that takes the hyphen before it away.
SOFT_HYPHEN = "\xad"

_DOT_LEADER = "....."
# In heights of a line: the cells of a row are not higher, the columns of a page are.
_CELL = 14.0
# In characters: a listing is not indented deeper.
_DEEPEST_LISTING = 60


@dataclass(frozen=True, slots=True, eq=False)
class Composed:
    """A page's text, its boxes, and where each line begins in it."""

    text: str
    boxes: Boxes
    lines: Sequence[Line]
    offsets: Sequence[int]


class Composer:
    """Joins the lines of one page."""

    def __init__(self, lines: Sequence[Line], vocabulary: Vocabulary, spacing: Spacing) -> None:
        self._lines = in_cells(lines)
        self._vocabulary = vocabulary
        self._layout = PageLayout(self._lines, spacing)

    def compose(self) -> Composed:
        """The page's text, without white space around it."""
        writer = _Writer()
        indents = _indents(self._lines)
        block: list[Line] = []
        joint = LINE
        for at, line in enumerate(self._lines):
            if block:
                joint = self._joint(block, line)
                writer.joint(joint)
                if joint == PARAGRAPH:
                    block.clear()
            writer.line(line, indents[at] if joint in (LINE, PARAGRAPH) else 0)
            block.append(line)
        return writer.composed(self._lines)

    def joint_to_next_page(self, following: Line) -> str:
        """What stands between this page's last line and the first one of the next page."""
        return self._over(self._lines[-1], following) if self._lines else PARAGRAPH

    def _joint(self, block: Sequence[Line], following: Line) -> str:
        line = block[-1]
        if following.shares_row(line):
            return _beside(line, following)
        if following.top < line.top:
            up = line.bottom - following.top
            if up < _CELL * line.height and any(following.shares_row(other) for other in block):
                return CELL * (1 + empty_cells(line, following))
            return self._over(line, following)
        new_row = following.left < line.left - STRAY
        bottom = max(other.bottom for other in block) if new_row else line.bottom
        if self._layout.parts(following.top - bottom, line, following):
            return LINE if is_term(block, following) else PARAGRAPH
        if following.left > line.right or following.right < line.left:
            return LINE
        return self._below(block, following)

    def _below(self, block: Sequence[Line], following: Line) -> str:
        line = block[-1]
        if (joint := self._hyphen(line, following)) is not None:
            return joint
        if (line.pitch and following.pitch) or _DOT_LEADER in line.text:
            return LINE
        return _space_after(line) if self._layout.flows(block, following) else LINE

    def _over(self, line: Line, following: Line) -> str:
        """The joint across the end of a column or page."""
        if (joint := self._hyphen(line, following)) is not None:
            return joint
        if line.pitch and following.pitch:
            return LINE
        return _space_after(line) if self._layout.flows_over(line, following) else PARAGRAPH

    def _hyphen(self, line: Line, following: Line) -> str | None:
        match self._vocabulary.hyphen(line.text, following.text):
            case Hyphen.DROP:
                return SOFT_HYPHEN
            case Hyphen.KEEP:
                return NOTHING
            case Hyphen.NONE:
                return None


def _space_after(line: Line) -> str:
    """Lines of one paragraph are parted by a space, save in "ISO/IEC" and in addresses."""
    return NOTHING if re.search(r"[^\s/]/+$", line.text) else SPACE


def _beside(line: Line, following: Line) -> str:
    gap = max(following.left - line.right, line.left - following.right)
    height = max(line.height, following.height)
    if gap > CELL_GAP * height or begins_column(following):
        return CELL * (1 + empty_cells(line, following))
    return SPACE if gap > SPACE_GAP * height else NOTHING


def _indents(lines: Sequence[Line]) -> list[int]:
    """For each line of a listing, by how many characters it is indented."""
    indents = [0] * len(lines)
    at = 0
    while at < len(lines):
        end = at + 1
        while lines[at].pitch and end < len(lines) and lines[end].pitch:
            end += 1
        edge = min(line.left for line in lines[at:end])
        for index in range(at, end):
            pitch = lines[index].pitch
            if pitch and not lines[index].columns:
                indents[index] = min(round((lines[index].left - edge) / pitch), _DEEPEST_LISTING)
        at = end
    return indents


class _Writer:
    """Gathers text and boxes in step."""

    def __init__(self) -> None:
        self._texts: list[str] = []
        self._boxes: list[Boxes] = []
        self._offsets: list[int] = []
        self._length = 0

    def line(self, line: Line, indent: int) -> None:
        """Add a line's text, indented by so many spaces."""
        if indent:
            self._blank(SPACE * indent, [line.left, line.top, line.left, line.bottom])
        self._offsets.append(self._length)
        self._add(line.text, line.boxes)

    def joint(self, joint: str) -> None:
        """Add what stands between two lines, without width, or take the hyphen away."""
        if joint == SOFT_HYPHEN:
            self._texts[-1] = self._texts[-1][:-1]
            self._boxes[-1] = self._boxes[-1][:-1]
            self._length -= 1
        elif joint:
            _, top, right, bottom = self._boxes[-1][-1].tolist()
            self._blank(joint, [right, top, right, bottom])

    def composed(self, lines: Sequence[Line]) -> Composed:
        """All of it."""
        boxes = np.concatenate(self._boxes) if self._boxes else np.empty((0, 4), np.float32)
        return Composed("".join(self._texts), boxes, lines, self._offsets)

    def _blank(self, text: str, box: list[float]) -> None:
        self._add(text, np.array([box] * len(text), np.float32))

    def _add(self, text: str, boxes: Boxes) -> None:
        self._texts.append(text)
        self._boxes.append(boxes)
        self._length += len(text)
