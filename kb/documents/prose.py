"""Headings, paragraphs, lists and tables -> the text of one page, with its sections.

What readers of marked-up formats write into; refuses to know those formats.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from kb.documents.encoding import cleaned
from kb.models import Page, SectionStart

_BETWEEN = "\n\n"


class Prose:
    """A page's text under way: blocks with a blank line between them."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._length = 0
        self._path: list[tuple[int, str]] = []
        self._sections: list[SectionStart] = []
        self._in_list = False

    def title(self, text: str) -> None:
        """Name the whole document; the name stands above the text, not in it."""
        if (text := " ".join(cleaned(text).split())) and not self._length:
            self._begin_section(0, text, offset=0)

    def heading(self, level: int, text: str) -> None:
        """Begin a section; 1 is the outermost level."""
        if text := " ".join(cleaned(text).split()):
            offset = self._append(text, _BETWEEN)
            self._begin_section(level, text, offset=offset)

    def paragraph(self, text: str) -> None:
        """Add a paragraph; its line breaks stay."""
        lines = (" ".join(line.split()) for line in cleaned(text).split("\n"))
        if text := "\n".join(line for line in lines if line):
            self._append(text, _BETWEEN)

    def item(self, text: str) -> None:
        """Add a list item, right below the one before."""
        if text := " ".join(cleaned(text).split()):
            self._append(f"- {text}", "\n" if self._in_list else _BETWEEN)
            self._in_list = True

    def listing(self, text: str) -> None:
        """Add text whose spaces and line breaks matter."""
        if (text := cleaned(text).strip("\n").rstrip()).strip():
            self._append(text, _BETWEEN)

    def table(self, rows: Iterable[Sequence[str]]) -> None:
        """Add a table, a line per row, tabs between the cells."""
        lines = (
            "\t".join(" ".join(cleaned(cell).split()) for cell in row).rstrip() for row in rows
        )
        if text := "\n".join(line for line in lines if line.strip()):
            self._append(text, _BETWEEN)

    def page(self) -> Page:
        """The page; its text is empty when nothing was added."""
        return Page(
            number=1,
            label="1",
            width=0.0,
            height=0.0,
            text="".join(self._parts),
            boxes=np.empty((0, 4), np.float32),
            sections=tuple(self._sections),
        )

    def _append(self, text: str, between: str) -> int:
        """Add the text; return the place at which it begins."""
        if self._length:
            self._parts.append(between)
            self._length += len(between)
        offset = self._length
        self._parts.append(text)
        self._length += len(text)
        self._in_list = False
        return offset

    def _begin_section(self, level: int, title: str, *, offset: int) -> None:
        while self._path and self._path[-1][0] >= level:
            self._path.pop()
        # A page's title is mostly its first heading too.
        if not (self._path and self._path[-1][1] == title):
            self._path.append((level, title))
        heading_path = tuple(title for _, title in self._path)
        if self._sections and self._sections[-1].offset == offset:
            self._sections.pop()
        self._sections.append(SectionStart(offset=offset, heading_path=heading_path))
