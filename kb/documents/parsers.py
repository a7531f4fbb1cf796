"""Which reader reads which document: by the key's extension, checked against the content.

A new format is a reader (path -> pages) and a line in `_READERS`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path, PurePosixPath

from kb.documents import pdf
from kb.documents.reading import read_pdf, read_pdf_pages
from kb.documents.separated import read_csv
from kb.documents.sniffing import check_content
from kb.documents.text_files import read_markdown, read_text
from kb.documents.web import read_html
from kb.documents.word import read_docx
from kb.documents.workbooks import read_xls, read_xlsx
from kb.errors import UnsupportedFormat
from kb.models import Page

#: Formats as the user is told.
SUPPORTED = ("pdf", "txt", "md", "html", "docx", "csv", "xls", "xlsx")

_READERS: dict[str, Callable[[Path], Iterator[Page]]] = {
    "pdf": read_pdf,
    "txt": read_text,
    "md": read_markdown,
    "html": read_html,
    "docx": read_docx,
    "csv": read_csv,
    "xls": read_xls,
    "xlsx": read_xlsx,
}
#: Other extensions of the same formats.
_SAME = {"markdown": "md", "htm": "html"}
#: What else is asked for, and what it can be saved as.
_CONVERT = {
    **dict.fromkeys(("doc", "docm", "dot", "dotx", "odt", "rtf", "pages"), "docx or pdf"),
    **dict.fromkeys(("ppt", "pptx", "odp", "key"), "pdf"),
    **dict.fromkeys(("xlsm", "xlsb", "ods", "numbers"), "xlsx or csv"),
    **dict.fromkeys(("tsv", "tab"), "csv"),
    **dict.fromkeys(("json", "xml", "log", "rst", "tex"), "txt"),
    **dict.fromkeys(("xhtml", "mhtml", "epub"), "html or pdf"),
    **dict.fromkeys(
        ("png", "jpg", "jpeg", "gif", "tif", "tiff"), "pdf, with text recognition (OCR)"
    ),
}


def read_pages(path: Path, key: str) -> Iterator[Page]:
    """Yield the document's pages as they are read; `key` is its name in the bucket.

    Raises UnsupportedFormat at once, DocumentError when the content can not be read; that a PDF
    has no text at all is known, and raised, only after its last page.
    """
    kind = _kind(key)
    check_content(path, kind)
    return _READERS[kind](path)


def check_supported(key: str) -> None:
    """Raise UnsupportedFormat when no reader reads documents of this name."""
    _kind(key)


def read_some_pages(path: Path, key: str, first: int, last: int) -> Iterator[Page]:
    """Yield the pages numbered `first` to `last`, as far as there are any.

    Of a PDF only they and a few around them are read; of other formats all that stand before.
    Raises as `read_pages` does, but a PDF without any text gives empty pages.
    """
    kind = _kind(key)
    check_content(path, kind)
    if kind == "pdf":
        return read_pdf_pages(path, first, last)
    return islice(_READERS[kind](path), first - 1, last)


def has_page_images(key: str) -> bool:
    """Whether the document's pages can be drawn; never raises."""
    return PurePosixPath(key).suffix.lower() == ".pdf"


def page_count(path: Path, key: str) -> int:
    """Number of pages, without reading them; of sheets it is the least they can have."""
    return pdf.page_count(path) if _kind(key) == "pdf" else 1


def _kind(key: str) -> str:
    extension = PurePosixPath(key).suffix.lower().lstrip(".")
    kind = _SAME.get(extension, extension)
    if kind in _READERS:
        return kind
    what = f".{extension}" if extension else "A name without an extension"
    if other := _CONVERT.get(extension):
        raise UnsupportedFormat(f"{what} is not supported; save it as {other} and upload that.")
    raise UnsupportedFormat(f"{what} is not supported; supported: {', '.join(SUPPORTED)}.")
