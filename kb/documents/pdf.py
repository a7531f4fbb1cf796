"""Opens PDFs and sees what stands on each page: its lines, its size and its label.

PDFium is called from here, from `glyphs` and from `drawing`, always under one lock. Refuses to
know what the lines mean.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pypdfium2 as pdfium
import pypdfium2.raw as raw

from kb.documents.columns import reading_order
from kb.documents.glyphs import Extents, read_glyphs
from kb.documents.lines import Line, read_lines
from kb.documents.running_lines import Edges, edges
from kb.errors import DocumentError

#: PDFium is not thread-safe: every call into it, whichever document, holds this lock.
PDFIUM_LOCK = threading.RLock()

#: Why a page is empty of which PDFium can not make sense.
UNREADABLE = "page can not be read"

# A PDF may begin with other bytes, but its mark stands within the first kilobyte.
_MARK, _MARK_WITHIN = b"%PDF-", 1024


@contextmanager
def open_pdf(path: Path) -> Iterator[pdfium.PdfDocument]:
    """Open a PDF for as long as the context lasts; DocumentError says why it can not be."""
    with path.open("rb") as file:
        beginning = file.read(_MARK_WITHIN)
    if not beginning:
        raise DocumentError("The file is empty (0 bytes); upload it again.")
    if _MARK not in beginning:
        raise DocumentError("It is not a PDF, whatever its name says; upload the PDF itself.")
    with PDFIUM_LOCK:
        try:
            pdf = pdfium.PdfDocument(path)
        except pdfium.PdfiumError as error:
            raise DocumentError(_why(error)) from error
    try:
        yield pdf
    finally:
        with PDFIUM_LOCK:
            pdf.close()


def page_count(path: Path) -> int:
    """Number of pages, without reading them."""
    with open_pdf(path) as pdf, PDFIUM_LOCK:
        return len(pdf)


def _why(error: pdfium.PdfiumError) -> str:
    if error.err_code == raw.FPDF_ERR_PASSWORD:
        return "The PDF is protected by a password; remove the protection and upload it again."
    if error.err_code == raw.FPDF_ERR_SECURITY:
        return "The PDF is encrypted in an unknown way; remove the protection and upload it again."
    return "The PDF is damaged and can not be opened; repair or export it again and upload that."


@dataclass(slots=True, eq=False)
class SeenPage:
    """A page as it came out of PDFium."""

    index: int
    label: str
    width: float
    height: float
    #: Height of its upper edge in PDF space; None where the page is turned.
    top: float | None
    lines: list[Line]
    #: Why there are no lines.
    reason: str | None
    edges: Edges = field(init=False)

    def __post_init__(self) -> None:
        number = self.index + 1
        self.edges = edges(self.lines, height=self.height, number=number, label=self.label)


def see_page(pdf: pdfium.PdfDocument, index: int, extents: Extents) -> SeenPage:
    """Read one page; call it under the lock. A broken page is an empty one with a reason."""
    label = pdf.get_page_label(index).strip() or str(index + 1)
    try:
        page = pdf[index]
    except pdfium.PdfiumError:
        return SeenPage(index, label, 0.0, 0.0, None, [], UNREADABLE)
    try:
        width, height = page.get_size()
        top = None if page.get_rotation() else page.get_bbox()[3]
        lines = reading_order(read_lines(read_glyphs(page, extents)))
        marked = raw.FPDFPage_CountObjects(page) > 0
        reason = None if lines else "no text on the page" if marked else "blank page"
        return SeenPage(index, label, width, height, top, lines, reason)
    except pdfium.PdfiumError:
        return SeenPage(index, label, 0.0, 0.0, None, [], UNREADABLE)
    finally:
        page.close()
