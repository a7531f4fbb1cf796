"""Numbers in sentences, the same in the terminal and on the pages."""

from __future__ import annotations


def counted(number: int, noun: str) -> str:
    """1 document, 2 documents, 1,000 documents."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def dollars(amount: float) -> str:
    """$1.2345, and what is too little to be shown so."""
    return "less than $0.0001" if 0 < amount < 0.0001 else f"${amount:,.4f}"
