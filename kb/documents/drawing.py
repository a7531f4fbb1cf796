"""A page of a PDF as an image, with passages marked as by a highlighter pen."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pypdfium2 as pdfium
from numpy.typing import NDArray
from PIL import Image

from kb.documents.pdf import PDFIUM_LOCK, open_pdf
from kb.errors import DocumentError, ResourceNotFound
from kb.models import Rectangle

#: Yellow, by which the page's own colours are multiplied: black letters stay black.
HIGHLIGHT = (255, 229, 77)
# Pixels on the longer side: a poster drawn to scale would take gigabytes.
_MOST_PIXELS = 5_000
# Brightness from which on a pixel is paper; points that stay around the ink; a grey edge.
_PAPER, _ROOM, _EDGE = 245, 12.0, 205
# Packing harder takes three times as long and saves a tenth.
_PNG_LEVEL = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnPage:
    """A page as an image."""

    png: bytes
    #: How far down the image the first mark is, 0 to 1.
    mark: float


def draw_page(
    path: Path, page_number: int, marks: Sequence[Rectangle], *, scale: float = 1.6
) -> bytes:
    """Return the page as PNG, `scale` pixels per point, with the rectangles marked."""
    pixels, scale = render_page(path, page_number, scale)
    return to_png(_marked(pixels, marks, scale))


def draw_trimmed(
    pixels: NDArray[np.uint8], marks: Sequence[Rectangle], *, scale: float
) -> DrawnPage:
    """A rendered page, marked, without its empty margins: the letters come out larger."""
    is_ink: NDArray[np.bool_] = np.any(pixels < _PAPER, axis=2)
    down, across = (_extent(np.any(is_ink, axis=axis), scale) for axis in (1, 0))
    image = _marked(pixels, marks, scale)[down, across]
    # White paper on a white screen has no edge.
    image[[0, -1]] = image[:, [0, -1]] = _EDGE
    first = min((mark.top for mark in marks), default=0.0) * scale - (down.start or 0)
    return DrawnPage(png=to_png(image), mark=min(max(first / len(image), 0.0), 1.0))


def from_png(png: bytes) -> NDArray[np.uint8]:
    """The pixels of a page that was drawn before."""
    return np.array(Image.open(io.BytesIO(png)).convert("RGB"))


def _extent(is_ink: Any, scale: float) -> slice:
    places, room = np.flatnonzero(is_ink), round(_ROOM * scale)
    if not len(places):
        return slice(None)
    return slice(max(int(places[0]) - room, 0), int(places[-1]) + room)


def _marked(
    pixels: NDArray[np.uint8], marks: Sequence[Rectangle], scale: float
) -> NDArray[np.uint8]:
    marked = np.zeros(pixels.shape[:2], np.bool_)
    for mark in marks:
        top, bottom = _pixels(mark.top, mark.bottom, scale)
        left, right = _pixels(mark.left, mark.right, scale)
        marked[top:bottom, left:right] = True
    # One step for all of them, so that marks that overlap are not darker.
    pixels[marked] = pixels[marked].astype(np.uint16) * np.array(HIGHLIGHT, np.uint16) // 255
    return pixels


def to_png(pixels: NDArray[np.uint8]) -> bytes:
    """An image, shape (height, width, 3), as PNG."""
    png = io.BytesIO()
    Image.fromarray(pixels).save(png, "png", compress_level=_PNG_LEVEL)
    return png.getvalue()


def render_page(path: Path, page_number: int, scale: float) -> tuple[NDArray[np.uint8], float]:
    """The page's pixels, and how many of them a point really has: posters are drawn smaller."""
    with open_pdf(path) as pdf, PDFIUM_LOCK:
        if not 1 <= page_number <= len(pdf):
            raise ResourceNotFound(f"The document has no page {page_number}; it has {len(pdf)}.")
        try:
            page = pdf[page_number - 1]
        except pdfium.PdfiumError as error:
            raise DocumentError(f"Page {page_number} can not be drawn: it is damaged.") from error
        try:
            scale = min(scale, _MOST_PIXELS / max(page.get_size()))
            bitmap = page.render(scale=scale, rev_byteorder=True)
            pixels = np.array(bitmap.to_numpy()[:, :, :3])
            bitmap.close()
        finally:
            page.close()
    return pixels, scale


def _pixels(low: float, high: float, scale: float) -> tuple[int, int]:
    return max(round(low * scale), 0), max(round(high * scale), 0)
