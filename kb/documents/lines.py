"""Characters of a page -> printed lines, each with its text and boxes.

A line ends where the print does: a table row gives one line for each cell that stands apart.
Refuses to know which lines belong together.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kb.documents.glyphs import Glyphs, codes_of, inked
from kb.models import Boxes

HYPHENS = "-\u2010"
_SUPERSCRIPTS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
_RIGHT_TO_LEFT = re.compile("[\\W\\d_]*[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]")
# Characters that are narrow unless the font has but one width.
_SLIM, _BROAD = "iljtfrI.,;:'!|()[]", "mwMW@%"
# In heights of a line: how far a superscript is raised, and how far turned text runs up or down.
_RAISED, _TURNED = 0.3, 3.0
_TABLE_SIZE = 0x2100


def _table(characters: str) -> NDArray[np.bool_]:
    table = np.zeros(_TABLE_SIZE, np.bool_)
    table[[ord(character) for character in characters]] = True
    return table


_TABLES = {characters: _table(characters) for characters in (_SLIM, _BROAD, HYPHENS)}
#: In heights of a letter: a wider gap within a line separates cells of a table.
CELL_GAP = 1.4
#: In heights of a letter: a wider gap within a line is a space.
SPACE_GAP = 0.15


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """A printed line, or the part of one that stands in one cell."""

    text: str
    boxes: Boxes
    left: float
    top: float
    right: float
    bottom: float
    #: Mean height of its characters: an arrow among them does not make it a heading.
    height: float
    #: Width of its characters where all have the same (code listings), else 0.
    pitch: float
    #: Where reading begins and ends: left and right edge, or for Hebrew and Arabic the same
    #: seen in a mirror, so that it always grows in reading direction.
    start: float
    end: float
    #: Left edges of the columns of the table that it stands in, except the first.
    columns: tuple[float, ...] = ()

    def shares_row(self, other: Line) -> bool:
        """Whether both stand beside one another."""
        common = min(self.bottom, other.bottom) - max(self.top, other.top)
        return common > 0.5 * min(self.bottom - self.top, other.bottom - other.top)


@dataclass(frozen=True, slots=True, eq=False)
class _Ink:
    """The visible characters of a page, as columns."""

    at: NDArray[np.intp]
    left: NDArray[np.float32]
    top: NDArray[np.float32]
    right: NDArray[np.float32]
    bottom: NDArray[np.float32]


def read_lines(glyphs: Glyphs) -> list[Line]:
    """Cut the page's characters into lines, in the producer's order."""
    codes = codes_of(glyphs.text)
    at = inked(glyphs.text)
    if not len(at):
        return []
    ink = _Ink(at, *(glyphs.boxes[at, side] for side in range(4)))
    ends, cell_ends = _ends(glyphs.text, codes, ink)
    pitches = _pitches(codes[at], ink, np.append(0, ends))
    pitch_of_ink = np.repeat(pitches, np.diff(np.append(np.append(0, ends), len(at))))
    # Columns of a code listing stay in their line; their distance becomes spaces.
    cell_ends = cell_ends[pitch_of_ink[cell_ends] == 0]
    starts = np.unique(np.concatenate(([0], ends, cell_ends)))
    return _lines(glyphs, ink, starts, pitch_of_ink[starts])


def _ends(
    text: str, codes: NDArray[np.uint32], ink: _Ink
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Which visible characters begin a line, and which begin another cell of one."""
    new_line = np.diff(np.cumsum(codes == 10)[ink.at]) > 0
    heights = ink.bottom - ink.top
    lower = np.minimum(heights[1:], heights[:-1])
    height = np.maximum(np.maximum(heights[1:], heights[:-1]), 0.1)
    common = np.minimum(ink.bottom[1:], ink.bottom[:-1]) - np.maximum(ink.top[1:], ink.top[:-1])
    level = common > 0.4 * lower
    onward = (ink.left[1:] - ink.right[:-1]) / height
    gap = np.maximum(onward, (ink.left[:-1] - ink.right[1:]) / height)
    # PDFium ends a line at a raised footnote mark, and does not end it at a hyphen.
    raised = level & (onward > -0.3) & (onward < 0.6)
    hyphen = _one_of(codes[ink.at[:-1]], HYPHENS)
    back = ink.left[1:] < ink.left[:-1] - height
    ends = (new_line & ~raised) | (~level & (hyphen | back))
    cells = ~ends & level & (gap > CELL_GAP)
    return np.flatnonzero(ends) + 1, np.flatnonzero(cells) + 1


def _one_of(codes: NDArray[np.uint32], characters: str) -> NDArray[np.bool_]:
    return _TABLES[characters][np.minimum(codes, _TABLE_SIZE - 1)]


def _pitches(codes: NDArray[np.uint32], ink: _Ink, starts: NDArray[np.intp]) -> NDArray[np.float32]:
    """For each line the width of its characters if it is set in a font that has but one, else 0."""
    # An arrow comes from another font.
    arrow = (codes >= 0x2190) & (codes < 0x2200)
    widths = np.where(arrow, np.float32(np.nan), ink.right - ink.left)
    narrow = np.fmin.reduceat(widths, starts)
    wide = np.fmax.reduceat(widths, starts)
    # PDFium widens the box of a letter that reaches beyond its advance, such as a bold m.
    even = wide < 1.12 * narrow
    slim, broad = _one_of(codes, _SLIM), _one_of(codes, _BROAD)
    # Figures, and words such as "good", are evenly wide in other fonts, too.
    kinds = [np.logical_or.reduceat(kind, starts) for kind in (slim, broad, ~(slim | broad))]
    proven = even & (np.sum(kinds, axis=0) > 1)
    known = np.unique(narrow[proven].round(1))
    also = even & np.isin(narrow.round(1), known)
    return np.where(proven | also, narrow, 0).astype(np.float32)


def _lines(
    glyphs: Glyphs, ink: _Ink, starts: NDArray[np.intp], pitches: NDArray[np.float32]
) -> list[Line]:
    ends = np.append(starts[1:], len(ink.at))
    lefts, rights = np.minimum.reduceat(ink.left, starts), np.maximum.reduceat(ink.right, starts)
    tops, bottoms = np.minimum.reduceat(ink.top, starts), np.maximum.reduceat(ink.bottom, starts)
    heights = ink.bottom - ink.top
    means = np.add.reduceat(heights, starts) / (ends - starts)
    raised = bottoms - np.minimum.reduceat(ink.bottom, starts) > _RAISED * means
    raised &= bottoms - tops < _TURNED * means
    spans = zip(ink.at[starts].tolist(), (ink.at[ends - 1] + 1).tolist(), strict=True)
    sides = (column.tolist() for column in (lefts, tops, rights, bottoms, means, pitches))
    lines = []
    for (first, last), uneven, *edges in zip(spans, raised.tolist(), *sides, strict=True):
        left, top, right, bottom, height, pitch = edges
        text, boxes = glyphs.text[first:last], glyphs.boxes[first:last]
        if pitch or "  " in text or "\n" in text:
            text, boxes = _spaced(text, boxes, pitch)
        if uneven:
            text = _superscripts(text, boxes)
        start, end = (-right, -left) if _RIGHT_TO_LEFT.match(text) else (left, right)
        lines.append(Line(text, boxes, left, top, right, bottom, height, pitch, start, end))
    return lines


def _spaced(text: str, boxes: Boxes, pitch: float) -> tuple[str, Boxes]:
    """Set the spaces anew by distance: as many as fit in a listing, one elsewhere."""
    if pitch and "\n" not in text and len(text) * pitch > boxes[-1, 2] - boxes[0, 0] - pitch / 2:
        return text, boxes
    parts: list[str] = []
    rows: list[int] = []
    last = -1
    for at, character in enumerate(text):
        if character.isspace():
            continue
        if last >= 0 and (spaces := _spaces_between(text, boxes, last, at, pitch)):
            parts.append(" " * spaces)
            rows.extend([-1 - last] * spaces)
        parts.append(character)
        rows.append(at)
        last = at
    placed = np.array(rows)
    gaps = placed < 0
    spaced = boxes[np.where(gaps, -1 - placed, placed)]
    spaced[gaps, 0] = spaced[gaps, 2]
    return "".join(parts), spaced


def _spaces_between(text: str, boxes: Boxes, last: int, at: int, pitch: float) -> int:
    gap = float(max(boxes[at, 0] - boxes[last, 2], boxes[last, 0] - boxes[at, 2]))
    if pitch:
        return max(round(gap / pitch), int(at - last > 1))
    between = text[last + 1 : at]
    if " " in between:
        return 1
    height = float(boxes[at, 3] - boxes[at, 1])
    return int("\n" in between and gap > SPACE_GAP * height)


def _superscripts(text: str, boxes: Boxes) -> str:
    """Write small raised figures as what they are, lest 2 to the 31st becomes 231."""
    heights = boxes[:, 3] - boxes[:, 1]
    usual, bottom = np.median(heights), np.median(boxes[:, 3])
    raised = (boxes[:, 3] < bottom - _RAISED * usual) & (heights < usual)
    return "".join(
        character.translate(_SUPERSCRIPTS) if up else character
        for character, up in zip(text, raised.tolist(), strict=True)
    )
