"""Numbers in sentences, the same in the terminal and on the pages."""

from __future__ import annotations


def counted(number: int, noun: str) -> str:
    """1 document, 2 documents, 1,000 documents."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
