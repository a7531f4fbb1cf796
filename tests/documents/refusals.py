"""Reads files that tests expect to be refused. Nothing is checked but that."""

from __future__ import annotations

from pathlib import Path

import pytest

from kb.documents.parsers import read_pages
from kb.errors import DocumentError

TEXTS = ["txt", "md", "csv", "html"]
#: Seconds; what grows with the square of the size takes minutes.
SOON = 10.0


def read(path: Path, content: bytes | str | None = None) -> str:
    if content is not None:
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return "\n".join(page.text for page in read_pages(path, path.name))


def refusal(path: Path, content: bytes | str | None = None) -> str:
    with pytest.raises(DocumentError) as caught:
        read(path, content)
    return str(caught.value)


def with_refusals(path: Path) -> None:
    """Read a file that may be refused, but for no other reason than its own."""
    try:
        read(path)
    except DocumentError as error:
        assert str(error).endswith((".", "upload that."))
