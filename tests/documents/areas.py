"""Compares areas of a page. Nothing is checked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pypdfium2 as pdfium
from numpy.typing import NDArray

from kb.documents.marks import PageGeometry, marks
from kb.models import Chunk, Page, PageMark, Rectangle, Span

#: Pixels per point; the areas compared are a few points high.
_FINE = 10


def overlap(found: Sequence[Rectangle], true: Sequence[Rectangle]) -> float:
    """Intersection over union of two areas."""
    one, other = _painted(found), _painted(true)
    return float((one & other).sum() / (one | other).sum())


def _painted(rectangles: Iterable[Rectangle]) -> NDArray[np.bool_]:
    canvas = np.zeros((900 * _FINE, 900 * _FINE), np.bool_)
    for area in rectangles:
        edges = (area.top, area.bottom, area.left, area.right)
        top, bottom, left, right = (round(edge * _FINE) for edge in edges)
        canvas[top:bottom, left:right] = True
    return canvas


def marks_of(words: str, chunks: Iterable[Chunk], pages: Iterable[Page]) -> tuple[PageMark, ...]:
    """The marks of the first place where the words stand in a chunk."""
    geometry = {page.number: PageGeometry(label=page.label, boxes=page.boxes) for page in pages}
    chunk = next(chunk for chunk in chunks if words in chunk.text)
    start = chunk.text.index(words)
    return marks(chunk.placements, Span(start=start, end=start + len(words)), geometry)


def words_below(path: Path, found: Iterable[PageMark]) -> str:
    """What PDFium itself reads below the marks, without white space."""
    read = []
    pdf = pdfium.PdfDocument(path)
    for mark in found:
        page = pdf[mark.page_number - 1]
        text_page, height = page.get_textpage(), page.get_height()
        for area in mark.rectangles:
            # PDFium adds every letter that an area so much as touches.
            read.append(
                text_page.get_text_bounded(
                    area.left + 0.5,
                    height - area.bottom + 0.5,
                    area.right - 0.5,
                    height - area.top - 0.5,
                )
            )
        text_page.close()
        page.close()
    pdf.close()
    return "".join("".join(read).split())
