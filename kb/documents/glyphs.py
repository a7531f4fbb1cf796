"""The characters of one PDF page with their boxes, straight from PDFium and put in order.

Knows PDFium's text interface and its oddities; refuses to know what a line or a word is.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from dataclasses import dataclass
from itertools import repeat
from typing import TypeAlias

import numpy as np
import pypdfium2 as pdfium
import pypdfium2.raw as raw
from numpy.typing import NDArray

from kb.models import Boxes

# Millions of calls for one manual: a prototype that takes plain addresses and keeps the
# interpreter lock costs half of what pypdfium2's checked one does.
_address = ctypes.c_void_p
_LooseBox = ctypes.PYFUNCTYPE(ctypes.c_int, _address, ctypes.c_int, _address)
_loose_box = _LooseBox(ctypes.cast(raw.FPDFText_GetLooseCharBox, _address).value or 0)

#: One character for one: odd spaces, and the marks that PDFium and typesetters use for hyphens.
_REPLACED = (
    dict.fromkeys("\t\x0b\x0c\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006", " ")
    | dict.fromkeys("\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000", " ")
    # PDFium's marks of a hyphen at a line end, and the soft hyphen that fonts call a hyphen.
    | dict.fromkeys("\x02\ufffe\xad", "-")
    # The bullet of the Symbol font.
    | {"\uf0b7": "•"}
)
_DROPPED = frozenset(
    [chr(code) for code in (*range(32), *range(127, 160), 0x200B, 0x2060, 0xFEFF, 0xFFFF)]
) - {"\n", "\r"}


@dataclass(frozen=True, slots=True, eq=False)
class Glyphs:
    """A page's characters in the producer's order; PDFium's guesses at line ends are in it."""

    text: str
    boxes: Boxes


#: Of a font, told apart by its height: which parts of it ascenders and descenders leave free.
Extents: TypeAlias = dict[int, tuple[float, float]]


def read_glyphs(page: pdfium.PdfPage, extents: Extents) -> Glyphs:
    """Read the characters of a page; call it under the PDFium lock.

    `extents` is a memory that the pages of one document share.
    """
    text_page = page.get_textpage()
    try:
        count = raw.FPDFText_CountChars(text_page)
        if count <= 0:
            return Glyphs("", np.empty((0, 4), np.float32))
        text = _replaced(_characters(text_page, count))
        ink = inked(text)
        boxes = _with_spaces(displayed(_loose_boxes(text_page, ink), page), ink, len(text))
        trim_to_letters(text, boxes, extents, lambda at: displayed(_tight(text_page, at), page)[0])
    finally:
        text_page.close()
    return _without_dropped(text, boxes)


def _characters(text_page: pdfium.PdfTextPage, count: int) -> str:
    buffer = (ctypes.c_ushort * (count + 1))()
    raw.FPDFText_GetText(text_page, 0, count, buffer)
    text = bytes(buffer)[: 2 * count].decode("utf-16-le", errors="replace")
    if len(text) == count and "\0" not in text:
        return text
    # PDFium left characters out of the run of text, so positions no longer agree.
    codes = (raw.FPDFText_GetUnicode(text_page, index) for index in range(count))
    return "".join(chr(code) if not 0xD800 <= code < 0xE000 else "\ufffd" for code in codes)


def _replaced(text: str) -> str:
    for character in set(text) & _REPLACED.keys():
        text = text.replace(character, _REPLACED[character])
    return text


def inked(text: str) -> NDArray[np.intp]:
    """Places of the characters that are seen on paper."""
    return np.flatnonzero(codes_of(text) > ord(" "))


def codes_of(text: str) -> NDArray[np.uint32]:
    """The characters as numbers."""
    return np.frombuffer(text.encode("utf-32-le", "replace"), "<u4")


def _loose_boxes(text_page: pdfium.PdfTextPage, ink: NDArray[np.intp]) -> NDArray[np.float32]:
    """Boxes as wide as the advance and as high as the font: lines get even edges."""
    boxes = np.zeros((len(ink), 4), np.float32)
    handle = ctypes.cast(text_page.raw, _address).value
    start = boxes.ctypes.data
    addresses = range(start, start + boxes.nbytes, 16)
    for _ in map(_loose_box, repeat(handle), ink.tolist(), addresses):
        pass
    return boxes


def _with_spaces(boxes: Boxes, ink: NDArray[np.intp], count: int) -> Boxes:
    """Boxes of all characters; a space has no width and stands where the one before it ends."""
    if not len(ink):
        return np.zeros((count, 4), np.float32)
    before = np.searchsorted(ink, np.arange(count), side="right") - 1
    spread = boxes[np.maximum(before, 0)]
    spaces = np.ones(count, np.bool_)
    spaces[ink] = False
    spread[spaces, 0] = spread[spaces, 2]
    return spread


def _tight(text_page: pdfium.PdfTextPage, index: int) -> NDArray[np.float32]:
    left, bottom, right, top = text_page.get_charbox(index)
    return np.array([[left, top, right, bottom]], np.float32)


def trim_to_letters(
    text: str, boxes: Boxes, extents: Extents, ink: Callable[[int], NDArray[np.float32]]
) -> None:
    """Lower the boxes to the span from ascender to descender, one measure for each font height.

    PDFium's fonts are up to a fifth higher than their letters; marks that high look sloppy.
    """
    top, bottom = boxes[:, 1], boxes[:, 3]
    beside = (np.abs(np.diff(top)) < 0.01) & (np.abs(np.diff(bottom)) < 0.01)
    # Turned text runs down the page; its characters do not share top and bottom.
    level = np.append(beside, False) | np.append(False, beside)
    heights = np.rint((bottom - top) * 10).astype(int)
    for height in set(heights[level].tolist()) - {0}:
        here = heights == height
        if height not in extents and not _measure(text, boxes, here & level, extents, height, ink):
            continue
        above, below = extents[height]
        full = height / 10
        boxes[here, 1] += above * full
        boxes[here, 3] -= below * full


def _measure(
    text: str,
    boxes: Boxes,
    here: NDArray[np.bool_],
    extents: Extents,
    height: int,
    ink: Callable[[int], NDArray[np.float32]],
) -> bool:
    """Measure a font's ascender and descender where the page has such letters."""
    places = np.flatnonzero(here).tolist()
    tall = next((at for at in places if text[at] in "bdhkl"), None)
    deep = next((at for at in places if text[at] in "gpqy"), None)
    if tall is None or deep is None:
        return False
    spans = np.array([boxes[tall], boxes[deep]])[:, (1, 3)]
    letters = np.array([ink(tall), ink(deep)])[:, (1, 3)]
    full = height / 10
    above, below = (letters[:, 0] - spans[:, 0]).min(), (spans[:, 1] - letters[:, 1]).min()
    extents[height] = (float(np.clip(above / full, 0, 0.3)), float(np.clip(below / full, 0, 0.3)))
    return True


def displayed(boxes: NDArray[np.float32], page: pdfium.PdfPage) -> Boxes:
    """Turn left, top, right, bottom of PDF space into those of the page as it is displayed."""
    x0, y0, x1, y1 = page.get_bbox()
    rotation = page.get_rotation()
    if not rotation:
        return boxes * np.array([1, -1, 1, -1], np.float32) + np.array(
            [-x0, y1, -x0, y1], np.float32
        )
    xs, ys = boxes[:, (0, 2)], boxes[:, (1, 3)]
    match rotation:
        case 90:
            across, down = ys - y0, xs - x0
        case 180:
            across, down = x1 - xs, ys - y0
        case _:
            across, down = y1 - ys, x1 - xs
    sides = (across.min(1), down.min(1), across.max(1), down.max(1))
    return np.stack(sides, axis=1).astype(np.float32, copy=False)


def _without_dropped(text: str, boxes: Boxes) -> Glyphs:
    if drop := set(text) & _DROPPED:
        keep = np.array([character not in drop for character in text])
        text, boxes = "".join(c for c in text if c not in drop), boxes[keep]
    return Glyphs(text, boxes)
