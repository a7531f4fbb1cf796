"""What is known of a document before its bytes are read: its type and its size."""

from __future__ import annotations

from kb.documents.metadata import is_metadata_key
from kb.documents.parsers import check_supported
from kb.errors import TooLarge
from kb.wording import binary_size


def check_upload(key: str, size_bytes: int, *, max_bytes: int) -> None:
    """Refuse what no ingestion job could read; metadata files belong to documents.

    Raises UnsupportedFormat and TooLarge.
    """
    if not is_metadata_key(key):
        check_supported(key)
    check_size(key, size_bytes, max_bytes=max_bytes)


def check_size(key: str, size_bytes: int, *, max_bytes: int) -> None:
    """Refuse more than `max_bytes`; the size so far is enough. Raises TooLarge."""
    if size_bytes > max_bytes:
        raise TooLarge(
            f"'{key}' is larger than {binary_size(max_bytes)}, the largest document; "
            "split it or raise KB_MAX_DOCUMENT_BYTES."
        )
