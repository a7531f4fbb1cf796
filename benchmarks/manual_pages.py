"""Parts and variants of a PDF for benchmarks."""

from __future__ import annotations

import ctypes
from pathlib import Path

import pypdfium2 as pdfium
import pypdfium2.raw as raw

WORDS = "A sentence that was not there before: the colour of the elephant is a matter of taste."


def part(manual: Path, target: Path, *, first: int, count: int) -> None:
    """Pages `first` (from 1) and the `count - 1` after it, without outline."""
    source, made = pdfium.PdfDocument(manual), pdfium.PdfDocument.new()
    made.import_pages(source, list(range(first - 1, min(first - 1 + count, len(source)))))
    made.save(target)
    made.close()
    source.close()


def with_changed_page(manual: Path, target: Path, *, page: int) -> None:
    """The same document, outline included, with a sentence added to one page."""
    pdf = pdfium.PdfDocument(manual)
    changed = pdf[min(page, len(pdf)) - 1]
    font = raw.FPDFText_LoadStandardFont(pdf.raw, b"Helvetica")
    written = raw.FPDFPageObj_CreateTextObj(pdf.raw, font, ctypes.c_float(10))
    letters = ctypes.create_string_buffer(WORDS.encode("utf-16-le") + b"\0\0")
    raw.FPDFText_SetText(written, ctypes.cast(letters, ctypes.POINTER(ctypes.c_ushort)))
    raw.FPDFPageObj_Transform(written, 1, 0, 0, 1, 80, 60)
    raw.FPDFPage_InsertObject(changed.raw, written)
    raw.FPDFPage_GenerateContent(changed.raw)
    changed.close()
    target.unlink(missing_ok=True)
    pdf.save(target)
    pdf.close()
