"""Where a passage of a chunk stands on paper: rectangles, line by line. Pure.

Also packs the boxes of a page's characters for the database: a 3,000-page manual has seven
million of them.
"""

from __future__ import annotations

import struct
import zlib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from kb.models import Boxes, PageMark, Placement, Rectangle, Span

# In heights of a line: over a wider gap, as between the cells of a table, a mark is not drawn.
_WIDEST_GAP = 1.4
# The same between the words of turned text, in heights of that.
_TURNED_GAP = 0.5
# Steps per point: finer than any screen shows.
_STEPS = 50.0
_HEADER = struct.Struct("<Ifff")
_LARGEST = 2**16 - 1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PageGeometry:
    """What marking needs to know of a page."""

    label: str
    boxes: Boxes


def marks(
    placements: Iterable[Placement], passage: Span, pages: Mapping[int, PageGeometry]
) -> tuple[PageMark, ...]:
    """The areas of the chunk's characters `passage`, page by page.

    `placements` are the chunk's; `pages` holds those that they name. Documents without geometry
    give no marks.
    """
    runs: dict[int, list[Boxes]] = defaultdict(list)
    for run in placements:
        start, end = max(run.start, passage.start), min(run.end, passage.end)
        if start < end:
            shift = run.page_start - run.start
            boxes = pages[run.page_number].boxes
            runs[run.page_number].append(boxes[start + shift : end + shift])
    return tuple(
        PageMark(page_number=number, page_label=pages[number].label, rectangles=rectangles)
        for number, found in runs.items()
        if (rectangles := line_rectangles(np.concatenate(found)))
    )


def rectangles_on_page(
    placements: Iterable[Placement], page_number: int, boxes: Boxes
) -> tuple[Rectangle, ...]:
    """The lines that the placements cover on one page, whose boxes are given; others are left."""
    here = [run for run in placements if run.page_number == page_number]
    passage = Span(start=0, end=max((run.end for run in here), default=0))
    found = marks(here, passage, {page_number: PageGeometry(label="", boxes=boxes)})
    return found[0].rectangles if found else ()


def line_rectangles(boxes: Boxes) -> tuple[Rectangle, ...]:
    """One rectangle for each line, and for each cell where a line has cells."""
    rectangles: list[list[float]] = []
    for box in boxes[boxes[:, 2] > boxes[:, 0]].tolist():
        if rectangles and _same_line(rectangles[-1], box):
            last = rectangles[-1]
            last[:] = [*map(min, last[:2], box[:2]), *map(max, last[2:], box[2:])]
        else:
            rectangles.append(box)
    return tuple(
        Rectangle(left=left, top=top, right=right, bottom=bottom)
        for left, top, right, bottom in rectangles
    )


def _same_line(line: list[float], box: list[float]) -> bool:
    """Whether the box goes on to the side, or down or up the page where text is turned."""
    height = min(line[3] - line[1], box[3] - box[1])
    if _common(line, box, 1) > 0.5 * height:
        return _gap(line, box, 0) < _WIDEST_GAP * height
    width = max(line[2] - line[0], box[2] - box[0])
    return _common(line, box, 0) > 0.9 * width and _gap(line, box, 1) < _TURNED_GAP * width


def _common(one: list[float], other: list[float], axis: int) -> float:
    return min(one[axis + 2], other[axis + 2]) - max(one[axis], other[axis])


def _gap(one: list[float], other: list[float], axis: int) -> float:
    return max(other[axis] - one[axis + 2], one[axis] - other[axis + 2])


def pack_boxes(boxes: Boxes) -> bytes:
    """The boxes in a tenth of the space, to a fiftieth of a point (less exact beyond 1,310)."""
    if not len(boxes):
        return b""
    left, top = float(boxes[:, 0].min()), float(boxes[:, 1].min())
    extent = max(float(boxes[:, 2].max()) - left, float(boxes[:, 3].max()) - top, 1.0)
    steps = min(_STEPS, _LARGEST / extent)
    origin = np.array([left, top, left, top])
    edges = np.rint((boxes - origin) * steps).astype(np.uint16)
    # A box mostly begins where the one before it ends, and is as high.
    deltas = np.empty((4, len(boxes)), np.uint16)
    deltas[0] = edges[:, 0] - np.append(np.uint16(0), edges[:-1, 2])
    deltas[1] = np.diff(edges[:, 1], prepend=np.uint16(0))
    deltas[2] = edges[:, 2] - edges[:, 0]
    deltas[3] = edges[:, 3] - edges[:, 1]
    planes = deltas.astype("<u2").view(np.uint8).reshape(4, -1, 2).transpose(0, 2, 1)
    return _HEADER.pack(len(boxes), left, top, steps) + zlib.compress(planes.tobytes(), 6)


def unpack_boxes(packed: bytes) -> Boxes:
    """The boxes that `pack_boxes` packed."""
    if not packed:
        return np.empty((0, 4), np.float32)
    count, left, top, steps = _HEADER.unpack_from(packed)
    planes = np.frombuffer(zlib.decompress(packed[_HEADER.size :]), np.uint8).reshape(4, 2, count)
    deltas = np.ascontiguousarray(planes.transpose(0, 2, 1)).view("<u2")[..., 0].astype(np.uint16)
    edges = np.empty((count, 4), np.uint16)
    # All sums are modulo 2^16, as the differences were.
    edges[:, 0] = np.cumsum(deltas[0] + np.append(np.uint16(0), deltas[2, :-1]), dtype=np.uint16)
    edges[:, 1] = np.cumsum(deltas[1], dtype=np.uint16)
    edges[:, 2] = edges[:, 0] + deltas[2]
    edges[:, 3] = edges[:, 1] + deltas[3]
    origin = np.array([left, top, left, top])
    boxes: Boxes = (edges / steps + origin).astype(np.float32)
    return boxes
