"""What is known of a document before its bytes are read: its name, its type and its size."""

from __future__ import annotations

import unicodedata

from kb.documents.metadata import is_metadata_key
from kb.documents.parsers import check_supported
from kb.errors import ObjectStoreError, TooLarge
from kb.wording import binary_size

#: S3's own limit on keys.
MAX_KEY_BYTES = 1024


def check_key(key: str, *, max_bytes: int = MAX_KEY_BYTES) -> None:
    """Refuse names that not every bucket could keep, be it a folder. Raises ObjectStoreError."""
    # Names starting with a dot are the folder's own, and `..` would leave it.
    if not key or any(part == "" or part.startswith(".") for part in key.split("/")):
        raise ObjectStoreError(f"{key!r} is not a usable document name; rename the file.")
    if not all(map(_is_allowed, key)):
        raise ObjectStoreError(
            f"{key!r} has characters that are not allowed in a document name; rename the file."
        )
    if len(key.encode()) > max_bytes:
        raise too_long(key)


def too_long(key: str) -> ObjectStoreError:
    """The refusal of a name, to be raised."""
    return ObjectStoreError(f"The name '{key[:40]}…' is too long; shorten it.")


def _is_allowed(char: str) -> bool:
    # Every kind of space is allowed: file names of screenshots hold narrow ones.
    return char != "\\" and (char.isprintable() or unicodedata.category(char) == "Zs")


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
