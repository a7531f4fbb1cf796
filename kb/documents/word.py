"""Word documents (.docx) -> one page of text; heading styles begin sections.

Elements are taken as they come, without a tree: a converter that builds one takes 5 s and 45 MB
for each megabyte of XML. Left out, as in print preview: deleted and hidden text, comments, and
what repeats on every page. Macros are parts that nothing here opens.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Protocol
from zipfile import ZipFile

from lxml import etree

from kb.documents.encoding import ONLY_WHITE_SPACE
from kb.documents.office import DAMAGED, open_package
from kb.documents.prose import Prose
from kb.documents.word_styles import Style, read_styles
from kb.errors import DocumentError
from kb.models import Page

_BLOCK_BYTES = 1 << 16
# Old text of a tracked move, and the second copy of a drawing's text.
_LEFT_OUT = frozenset(["moveFrom", "Fallback", "instrText", "delText"])
_OFF = ("0", "false", "off", "none")
_BREAKS = {"tab": " ", "br": "\n", "cr": "\n", "noBreakHyphen": "-", "ptab": " "}


class Target(Protocol):
    """Takes the events of an XML parser."""

    def start(self, tag: str, attributes: Mapping[str, str]) -> None: ...
    def end(self, tag: str) -> None: ...
    def data(self, text: str) -> None: ...
    def close(self) -> None: ...


def read_docx(path: Path) -> Iterator[Page]:
    """Yield the document's one page; notes stand at its end."""
    prose = Prose()
    with open_package(path) as package:
        main = _main_part(package)
        folder = posixpath.dirname(main)
        styles = read_styles(package, f"{folder}/styles.xml")
        names = set(package.namelist())
        _parse(package, main, _Reading(prose, styles))
        for notes in (f"{folder}/footnotes.xml", f"{folder}/endnotes.xml"):
            if notes in names:
                _parse(package, notes, _Reading(prose, styles))
    page = prose.page()
    if not page.text:
        raise DocumentError(ONLY_WHITE_SPACE)
    yield page


def _main_part(package: ZipFile) -> str:
    """The part that the package names as its document; not every program calls it the same."""
    for relation in etree.fromstring(package.read("_rels/.rels")):
        if relation.get("Type", "").endswith("/officeDocument"):
            return str(posixpath.normpath(relation.get("Target", "").lstrip("/")))
    raise DocumentError(DAMAGED)


def _parse(package: ZipFile, name: str, target: Target) -> None:
    parser = etree.XMLParser(target=target, resolve_entities=False, no_network=True)
    with package.open(name) as part:
        while block := part.read(_BLOCK_BYTES):
            parser.feed(block)
    parser.close()


class _Reading:
    """Takes the parser's events and writes the prose."""

    def __init__(self, prose: Prose, styles: Mapping[str, Style]) -> None:
        self._prose = prose
        self._styles = styles
        self._left_out = 0
        # Paragraphs that are open: text boxes stand within one.
        self._words: list[list[str]] = []
        self._style = Style()
        self._in_run = self._hidden = self._in_text = False
        # Rows of the outermost table, the cells of its open row, and the open cell's paragraphs.
        self._tables = 0
        self._rows: list[list[str]] = []
        self._cell: list[str] = []

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        name = tag.rpartition("}")[2]
        self._left_out += name in _LEFT_OUT
        if name == "p":
            self._words.append([])
            self._style = Style()
        elif name == "r":
            self._in_run, self._hidden = True, False
        elif name == "t":
            self._in_text = True
        elif name in _BREAKS and self._in_run:
            self._add(_BREAKS[name])
        elif name == "tbl":
            self._tables += 1
        elif name == "tr" and self._tables == 1:
            self._rows.append([])
        else:
            self._property(name, _value(attributes))

    def end(self, tag: str) -> None:
        name = tag.rpartition("}")[2]
        self._left_out -= name in _LEFT_OUT
        if name == "p" and self._words:
            self._end_paragraph("".join(self._words.pop()))
        elif name == "r":
            self._in_run = False
        elif name == "t":
            self._in_text = False
        elif name == "tc" and self._tables == 1 and self._rows:
            self._rows[-1].append(" ".join(self._cell))
            self._cell.clear()
        elif name == "tbl":
            self._tables -= 1
            if not self._tables:
                self._prose.table(self._rows)
                self._rows.clear()

    def data(self, text: str) -> None:
        if self._in_text:
            self._add(text)

    def close(self) -> None:
        """Nothing is left to do: every element was closed."""

    def _add(self, text: str) -> None:
        if self._words and not self._hidden and not self._left_out:
            self._words[-1].append(text)

    def _property(self, name: str, value: str) -> None:
        if name == "vanish" and self._in_run:
            self._hidden = value not in _OFF
        elif name == "pStyle":
            self._style = self._styles.get(value, Style())
        elif name == "numId":
            self._style = self._style.as_item(value != "0")
        elif name == "outlineLvl":
            self._style = self._style.at_outline_level(value)

    def _end_paragraph(self, text: str) -> None:
        if self._tables:
            self._cell.append(text)
        elif self._style.heading is not None:
            self._prose.heading(self._style.heading, text)
        elif self._style.item:
            self._prose.item(text)
        else:
            self._prose.paragraph(text)


def _value(attributes: Mapping[str, str]) -> str:
    return next((v for k, v in attributes.items() if k.endswith("}val")), "")
