"""Which reader reads which document: by the key's extension, checked against the content.

A new format is a reader (path -> pages) and a line in `_READERS`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath

from kb.documents import pdf
from kb.documents.reading import read_pdf
from kb.documents.text_files import read_markdown, read_text
from kb.errors import UnsupportedFormat
from kb.models import Page

#: Formats as the user is told.
SUPPORTED = ("pdf", "txt", "md")

_READERS: dict[str, Callable[[Path], Iterator[Page]]] = {
    "pdf": read_pdf,
    "txt": read_text,
    "md": read_markdown,
    "markdown": read_markdown,
}


def read_pages(path: Path, key: str) -> Iterator[Page]:
    """Yield the document's pages as they are read; `key` is its name in the bucket.

    Raises UnsupportedFormat at once, DocumentError when the content can not be read; that a PDF
    has no text at all is known, and raised, only after its last page.
    """
    return _READERS[_kind(key)](path)


def page_count(path: Path, key: str) -> int:
    """Number of pages, without reading them; text has one."""
    return pdf.page_count(path) if _kind(key) == "pdf" else 1


def _kind(key: str) -> str:
    kind = PurePosixPath(key).suffix.lower().lstrip(".")
    if kind not in _READERS:
        what = f".{kind}" if kind else "A name without an extension"
        raise UnsupportedFormat(f"{what} is not supported yet; supported: {', '.join(SUPPORTED)}.")
    return kind
