"""What is embedded for a chunk, and its hash: the same text is never embedded twice."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import TypeVar

#: How many of the innermost headings are embedded in front of a chunk.
HEADINGS = 3

Item = TypeVar("Item")


def embedding_text(text: str, heading_path: Sequence[str], prefix: str) -> str:
    """The document's embedded metadata, the chunk's innermost headings, its own words."""
    headings = " > ".join(heading_path[-HEADINGS:])
    return prefix + "\n".join((headings, text)).strip()


def text_sha256(text: str) -> bytes:
    """32 bytes that tell one text from another."""
    return hashlib.sha256(text.encode()).digest()


def batched(items: Sequence[Item], size: int) -> Iterator[Sequence[Item]]:
    """Runs of at most `size` items."""
    for start in range(0, len(items), size):
        yield items[start : start + size]
