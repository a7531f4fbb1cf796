"""Cuts a chunk into the units an extract is made of: sentences, table rows, list items, code.

Units are spans of the chunk's text, so that what is quoted can be found again. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from kb.models import Span

#: A sentence ends before a space and a capital, a digit, a quote (also a curly one) or a bracket.
SENTENCE_END = re.compile(r"(?<=[.!?])[\"')\]\u2019\u201d]*\s+(?=[A-Z0-9\"'(\[\u2018\u201c])")
#: Abbreviations after which a sentence goes on.
ABBREVIATION = re.compile(r"(?:\b(?:e\.g|i\.e|etc|cf|vs|approx|no|Fig|Sect|Chap)\.|\b[A-Z]\.)$")
BLOCK = re.compile(r"\S(?:.*?\S)??(?=\s*\n\s*\n|\s*\Z)", re.DOTALL)
#: A row or item up to this many characters is quoted whole.
MAX_CHARACTERS = 420
#: Sentences of a paragraph up to this many characters lean on one another.
PARAGRAPH_CHARACTERS = 300
#: Shorter units are headings and fragments; they answer nothing.
MIN_CHARACTERS = 25


def units(text: str) -> list[Span]:
    """The quotable spans of a chunk's text, in order; they never overlap."""
    return [span for span in sentences(text) if span.end - span.start >= MIN_CHARACTERS]


def sentences(text: str) -> list[Span]:
    """All spans that a text is made of, short ones too: sentences, rows, items, code."""
    return [
        span
        for block in BLOCK.finditer(text)
        for span in _block_units(text, block.start(), block.end())
    ]


def short_paragraph(text: str, unit: Span) -> Span:
    """The paragraph that a unit stands in, or the unit itself where that is long."""
    for block in BLOCK.finditer(text):
        if block.start() <= unit.start and unit.end <= block.end():
            whole = Span(start=block.start(), end=block.end())
            return whole if whole.end - whole.start <= PARAGRAPH_CHARACTERS else unit
    return unit


def _block_units(text: str, start: int, end: int) -> Iterator[Span]:
    # A block with line breaks of its own is a table row, a list or code: one thing if it is short.
    if "\n" in text[start:end] and end - start <= MAX_CHARACTERS:
        yield Span(start=start, end=end)
        return
    for line in re.finditer(r"[^\n]+", text[start:end]):
        yield from _sentences(text, start + line.start(), start + line.end())


def _sentences(text: str, start: int, end: int) -> Iterator[Span]:
    begin = start
    for match in SENTENCE_END.finditer(text, start, end):
        stop = match.start() + len(match.group().rstrip())
        if ABBREVIATION.search(text[begin:stop]):
            continue
        yield Span(start=begin, end=stop)
        begin = match.end()
    if begin < end:
        yield Span(start=begin, end=end)
