"""Numbers in sentences, the same in the terminal and on the pages."""

from __future__ import annotations


def counted(number: int, noun: str) -> str:
    """1 document, 2 documents, 1,000 documents."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def binary_size(size_bytes: int) -> str:
    """A limit as Bedrock writes it: 50 MB for 52,428,800 bytes."""
    for unit, size in (("GB", 2**30), ("MB", 2**20)):
        if size_bytes >= size:
            return f"{round(size_bytes / size, 1):,g} {unit}"
    return counted(size_bytes, "byte")
