"""The area of some lines of text as an editor shows a selection. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from kb.models import Rectangle

# In points.
_PADDING = 1.5
# In heights of a line: over more room than this, as over a figure, an area does not go on.
_ROOM = 4.0
# In heights of a line: cells of one row may begin so far above the end of the one before.
_ROW = 10.0


def shape(rectangles: Sequence[Rectangle]) -> list[Rectangle]:
    """The area of some lines as an editor shows a selection: bands without gaps, lines filled."""
    return [band for block in _blocks(rectangles) for band in _bands(block)]


def _blocks(rectangles: Sequence[Rectangle]) -> Iterator[list[Rectangle]]:
    """The lines that stand together: of one column, with no figure between."""
    block: list[Rectangle] = []
    for line in rectangles:
        if block and not _belongs(block, line):
            yield block
            block = []
        block.append(line)
    if block:
        yield block


def _belongs(block: Sequence[Rectangle], line: Rectangle) -> bool:
    height = max(line.bottom - line.top, 1.0)
    top, bottom = min(r.top for r in block), max(r.bottom for r in block)
    if line.top - bottom > _ROOM * height or bottom - line.bottom > _ROW * height:
        return False
    return line.bottom > top


def _bands(block: Sequence[Rectangle]) -> list[Rectangle]:
    rows: list[Rectangle] = []
    for line in sorted(block, key=lambda r: (r.top + r.bottom, r.left)):
        if rows and line.top < (rows[-1].top + rows[-1].bottom) / 2:
            rows[-1] = _around(rows[-1], line)
        else:
            rows.append(line)
    left, right = min(row.left for row in rows), max(row.right for row in rows)
    last = len(rows) - 1
    return [
        Rectangle(
            left=(row.left if at == 0 else left) - _PADDING,
            top=row.top - _PADDING if at == 0 else _between(rows[at - 1], row),
            right=(row.right if at == last else right) + _PADDING,
            bottom=row.bottom + _PADDING if at == last else _between(row, rows[at + 1]),
        )
        for at, row in enumerate(rows)
    ]


def _around(one: Rectangle, other: Rectangle) -> Rectangle:
    return Rectangle(
        left=min(one.left, other.left),
        top=min(one.top, other.top),
        right=max(one.right, other.right),
        bottom=max(one.bottom, other.bottom),
    )


def _between(row: Rectangle, following: Rectangle) -> float:
    return (row.bottom + following.top) / 2
