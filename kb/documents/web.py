"""HTML -> one page of text; headings begin sections, scripts and styles are dropped.

Elements are taken as they come, without a tree. Loads nothing: links, pictures and frames are not
followed, only a picture's alternative text is read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from lxml import etree

from kb.documents.encoding import ONLY_WHITE_SPACE, open_text
from kb.documents.prose import Prose
from kb.errors import DocumentError
from kb.models import Page

#: Elements within one another; pages that people made have less than 200.
DEEPEST = 1_000
_BLOCK_CHARACTERS = 1 << 16
_DROPPED = frozenset("script style template noscript iframe object embed svg canvas".split())
_TAG = re.compile(r"<[a-zA-Z/!]")
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_CELLS = ("td", "th")
_INLINE = frozenset(
    "a abbr acronym b bdi bdo big button cite code data del dfn em font i ins kbd label mark meter"
    " nobr output progress q ruby s samp small span strike strong sub sup time tt u var wbr".split()
)


def read_html(path: Path) -> Iterator[Page]:
    """Yield the file's one page."""
    target = _Reading()
    parser = etree.HTMLParser(target=target, encoding="utf-8", huge_tree=True)
    has_text = has_tags = False
    with open_text(path) as file:
        while text := file.read(_BLOCK_CHARACTERS):
            has_text = has_text or not text.isspace()
            has_tags = has_tags or bool(_TAG.search(text))
            parser.feed(text.replace("\0", "").encode())
    if has_text and not has_tags:
        raise DocumentError("It has no HTML tags, whatever its name says; rename it to .txt.")
    page: Page | None = parser.close() if has_text else None
    if not page or not page.text:
        raise DocumentError(ONLY_WHITE_SPACE)
    yield page


class _Reading:
    """Takes the parser's events and writes the prose."""

    def __init__(self) -> None:
        self._prose = Prose()
        self._depth = 0
        # The outermost dropped element that is open, by its depth.
        self._dropped_at: int | None = None
        self._words: list[str] = []
        self._element = ""
        self._listing = False
        # Whether the next text is the first of a list item.
        self._item = False
        self._cells: list[str] | None = None
        self._in_cell = False
        self._rows: list[list[str]] = []

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        self._depth += 1
        if self._depth > DEEPEST:
            raise DocumentError(f"Its elements nest more than {DEEPEST:,} deep; simplify the page.")
        if self._dropped_at is None and tag in _DROPPED:
            self._dropped_at = self._depth
        if self._dropped_at is not None or tag in _INLINE:
            return
        if tag == "br":
            self._words.append("\n")
        elif tag == "img":
            self._words.append(f" {attributes.get('alt', '')} ")
        elif tag == "tr":
            self._end_cells()
            self._cells = []
        elif tag in _CELLS:
            self._end_cell()
            self._in_cell = True
        else:
            self._start_block(tag)

    def end(self, tag: str) -> None:
        self._depth -= 1
        if self._dropped_at is not None:
            if self._depth < self._dropped_at:
                self._dropped_at = None
            return
        if tag in _CELLS:
            self._end_cell()
        elif tag == "tr":
            self._end_cells()
        elif tag not in _INLINE and tag not in ("br", "img"):
            self._end_block()
            if tag == "table":
                self._end_table()

    def data(self, text: str) -> None:
        if self._dropped_at is None:
            self._words.append(text if self._listing else _one_line(text))

    def close(self) -> Page:
        self._end_cell()
        self._end_block()
        self._end_table()
        return self._prose.page()

    def _start_block(self, tag: str) -> None:
        """End what was open before; a heading or table in a cell shows a table made for looks."""
        if tag in _HEADINGS or tag == "table":
            self._in_cell = False
            self._end_table(as_paragraphs=True)
        self._end_block()
        self._element = tag
        self._listing = tag == "pre"
        self._item = tag == "li" or (self._item and tag in ("p", "div"))

    def _end_block(self) -> None:
        text = "".join(self._words)
        if self._in_cell:
            self._words.append(" ")
        elif text.strip():
            self._words.clear()
            self._end_table()
            self._write(text)
        else:
            self._words.clear()
        if not self._in_cell:
            self._element, self._listing = "", False

    def _write(self, text: str) -> None:
        if self._element in _HEADINGS:
            self._prose.heading(_HEADINGS[self._element], text)
        elif self._element == "title":
            self._prose.title(text)
        elif self._listing:
            self._prose.listing(text)
        elif self._item:
            self._prose.item(text)
            self._item = False
        else:
            self._prose.paragraph(text)

    def _end_cell(self) -> None:
        if self._in_cell and self._cells is not None:
            self._cells.append("".join(self._words))
            self._words.clear()
        self._in_cell = False

    def _end_cells(self) -> None:
        self._end_cell()
        if self._cells:
            self._rows.append(self._cells)
        self._cells = None

    def _end_table(self, *, as_paragraphs: bool = False) -> None:
        self._end_cells()
        rows, self._rows = self._rows, []
        if as_paragraphs:
            for row in rows:
                for cell in row:
                    self._prose.paragraph(cell)
        elif rows:
            self._prose.table(rows)


def _one_line(text: str) -> str:
    """White space as HTML shows it."""
    words = " ".join(text.split())
    if not words:
        return " "
    return f"{' ' * text[0].isspace()}{words}{' ' * text[-1].isspace()}"
