"""A page of a PDF as an image on which every chunk is an outlined, tinted and numbered area.

Neighbours differ in colour, also for the colour-blind; where chunks overlap, the stripes of both
show. Knows rectangles, not chunks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from kb.documents.drawing import render_page, to_png
from kb.documents.shapes import shape
from kb.models import Rectangle

Colour = tuple[int, int, int]
Mask = NDArray[np.bool_]
Box = tuple[slice, slice]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ink:
    """The colours of one area."""

    #: As Streamlit calls the badge that goes with it.
    name: str
    line: Colour
    #: By which the page's own colours are multiplied: black letters stay black.
    tint: Colour


#: By number, in turn. The paper is white in the dark, too, so that one set does.
INKS = (
    Ink(name="blue", line=(11, 107, 116), tint=(214, 239, 242)),
    Ink(name="orange", line=(176, 84, 0), tint=(255, 231, 200)),
    Ink(name="violet", line=(112, 72, 190), tint=(232, 222, 251)),
)
# In points.
_LINE, _CHOSEN_LINE, _STRIPE = 0.9, 2.2, 4.0
_NUMBER_HEIGHT, _NUMBER_ROOM = 12.0, 2.0
_EDGE = 205
# In points: what is left of a margin, so that a number of four digits fits.
_TRIM_ROOM = 38.0
# In points: what stands so close to the left of an area is in its column.
_NEAR = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ChunkArea:
    """What a chunk covers on one page."""

    #: As people count: from 1.
    number: int
    #: Line by line, in the order of the text.
    rectangles: tuple[Rectangle, ...]
    #: Drawn with a thicker line.
    chosen: bool = False
    #: Whether the chunk has begun on a page before.
    goes_on: bool = False


def ink(number: int) -> Ink:
    """The colours of the area with this number."""
    return INKS[number % len(INKS)]


def draw_chunks(
    path: Path,
    page_number: int,
    areas: Sequence[ChunkArea],
    *,
    scale: float = 1.6,
    trimmed: bool = False,
) -> bytes:
    """Return the page as PNG, `scale` pixels per point, with the areas drawn.

    `trimmed` cuts the empty margins off, but for the room that the numbers take.
    """
    pixels, scale = render_page(path, page_number, scale)
    drawing = _Drawing(pixels, scale)
    shapes = [(area, shape(area.rectangles)) for area in areas]
    for area, bands in shapes:
        drawing.tint(area, bands)
    # The chosen one last, so that its line lies on top.
    for area, bands in sorted(shapes, key=lambda item: item[0].chosen):
        drawing.outline(area, bands)
    image = drawing.numbered(shapes)
    return to_png(_framed(image[drawing.inner_part()]) if trimmed else image)


@dataclass(slots=True)
class _Drawing:
    """A page's pixels while areas are drawn on them."""

    pixels: NDArray[np.uint8]
    scale: float
    paper: NDArray[np.uint8] = field(init=False)
    covered: Mask = field(init=False)

    def __post_init__(self) -> None:
        self.paper = self.pixels.copy()
        self.covered = np.zeros(self.pixels.shape[:2], np.bool_)

    def tint(self, area: ChunkArea, bands: Sequence[Rectangle]) -> None:
        """Colour the area; where another one lies already, every second stripe of it."""
        box, mask = self._mask(bands)
        down, across = np.ogrid[: mask.shape[0], : mask.shape[1]]
        stripes = (down + across) // max(round(_STRIPE * self.scale), 1) % 2 == 0
        coloured = mask & (~self.covered[box] | stripes)
        tint = np.array(ink(area.number).tint, np.uint16)
        self.pixels[box][coloured] = self.paper[box][coloured].astype(np.uint16) * tint // 255
        self.covered[box] |= mask

    def outline(self, area: ChunkArea, bands: Sequence[Rectangle]) -> None:
        """Draw the line around the area, inside its edge."""
        box, mask = self._mask(bands)
        inner = mask
        width = _CHOSEN_LINE if area.chosen else _LINE
        for _ in range(max(round(width * self.scale), 1)):
            inner = _eroded(inner)
        self.pixels[box][mask & ~inner] = ink(area.number).line

    def numbered(
        self, shapes: Sequence[tuple[ChunkArea, Sequence[Rectangle]]]
    ) -> NDArray[np.uint8]:
        """The pixels with each area's number beside its first line."""
        image = Image.fromarray(self.pixels)
        draw = ImageDraw.Draw(image)
        taken: list[tuple[float, float, float, float]] = []
        everything = [band for _, bands in shapes for band in bands]
        for area, bands in shapes:
            if bands:
                corner = (_margin(bands, everything) * self.scale, bands[0].top * self.scale)
                _write_number(draw, area, corner, taken, self.scale)
        return np.asarray(image)

    def inner_part(self) -> Box:
        """The part of the page that is not empty, with room for numbers around it."""
        inked = np.any(self.paper < 255, axis=2)
        room = round(_TRIM_ROOM * self.scale)
        down, across = (np.flatnonzero(np.any(inked, axis=axis)) for axis in (1, 0))
        if not len(down):
            return slice(None), slice(None)
        return (
            slice(max(int(down[0]) - room // 2, 0), int(down[-1]) + room // 2),
            slice(max(int(across[0]) - room, 0), int(across[-1]) + room),
        )

    def _mask(self, bands: Sequence[Rectangle]) -> tuple[Box, Mask]:
        """The part of the page around the bands, and which of its pixels they cover."""
        size = self.pixels.shape
        boxes = [
            (
                slice(*(_pixel(edge, self.scale, size[0]) for edge in (band.top, band.bottom))),
                slice(*(_pixel(edge, self.scale, size[1]) for edge in (band.left, band.right))),
            )
            for band in bands
        ]
        mask = np.zeros(size[:2], np.bool_)
        for box in boxes:
            mask[box] = True
        whole = _around([down for down, _ in boxes]), _around([across for _, across in boxes])
        return whole, mask[whole]


def _margin(bands: Sequence[Rectangle], everything: Sequence[Rectangle]) -> float:
    """Left edge of the column in which the area begins, so that no number hides a word."""
    first = bands[0]
    if len(bands) > 1:
        return min(band.left for band in bands[:2])
    return min(
        band.left
        for band in everything
        if band.top < first.bottom and first.top < band.bottom and band.right > first.left - _NEAR
    )


def _write_number(
    draw: ImageDraw.ImageDraw,
    area: ChunkArea,
    corner: tuple[float, float],
    taken: list[tuple[float, float, float, float]],
    scale: float,
) -> None:
    """Write the area's number to the left of a corner, below the numbers that stand there."""
    font = ImageFont.load_default(size=_NUMBER_HEIGHT * scale)
    text = f"…{area.number}" if area.goes_on else str(area.number)
    room = _NUMBER_ROOM * scale
    width, height = draw.textlength(text, font) + 2 * room, _NUMBER_HEIGHT * scale + room
    left, top = max(corner[0] - width - room, 0.0), max(corner[1], 0.0)
    # Two chunks may begin in one line.
    while any(_overlap((left, top, left + width, top + height), other) for other in taken):
        top += height + 1
    box = (left, top, left + width, top + height)
    taken.append(box)
    draw.rounded_rectangle(box, radius=room, fill=ink(area.number).line)
    middle = (left + width / 2, top + height / 2)
    draw.text(middle, text, fill=(255, 255, 255), font=font, anchor="mm")


def _around(slices: Sequence[slice]) -> slice:
    return slice(
        min((s.start for s in slices), default=0), max((s.stop for s in slices), default=0)
    )


def _framed(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The image with a thin grey edge: white paper on a white screen has none."""
    image = image.copy()
    image[[0, -1]] = image[:, [0, -1]] = _EDGE
    return image


def _eroded(mask: Mask) -> Mask:
    padded = np.pad(mask, 1)
    inner: Mask = mask & padded[:-2, 1:-1] & padded[2:, 1:-1] & padded[1:-1, :-2] & padded[1:-1, 2:]
    return inner


def _overlap(
    one: tuple[float, float, float, float], other: tuple[float, float, float, float]
) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _pixel(value: float, scale: float, most: int) -> int:
    return min(max(round(value * scale), 0), most)
