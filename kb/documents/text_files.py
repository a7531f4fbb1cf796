"""Text and Markdown files -> one page without geometry; Markdown headings begin sections."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from kb.documents.encoding import ONLY_WHITE_SPACE, cleaned, open_text
from kb.errors import DocumentError
from kb.models import Page, SectionStart

_LINE = re.compile(r"[^\n]*\n?")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_HEADING = re.compile(r" {0,3}(#{1,6})[ \t]+(.*?)(?:[ \t]+#+)?[ \t]*$")
_UNDERLINE = re.compile(r" {0,3}(=+|-{2,})[ \t]*$")
# Lines that an underline of dashes does not make a heading: lists, quotes, tables, listings.
_NO_TITLE = re.compile(r"\s*$|\s*[-*+>|#]|\s*\d+[.)]\s|(?: {4}|\t)")


def read_text(path: Path) -> Iterator[Page]:
    """Yield a text file's one page."""
    yield _page(_decoded(path), ())


def read_markdown(path: Path) -> Iterator[Page]:
    """Yield a Markdown file's one page, as it is written."""
    text = _decoded(path)
    yield _page(text, tuple(_sections(text)))


def _page(text: str, sections: tuple[SectionStart, ...]) -> Page:
    boxes = np.empty((0, 4), np.float32)
    return Page(
        number=1, label="1", width=0.0, height=0.0, text=text, boxes=boxes, sections=sections
    )


def _decoded(path: Path) -> str:
    with open_text(path) as file:
        text = cleaned(file.read())
    if not text.strip():
        raise DocumentError(ONLY_WHITE_SPACE)
    return text


def _sections(text: str) -> Iterator[SectionStart]:
    """The headings outside of fenced listings, with those above them."""
    path: list[tuple[int, str]] = []
    for offset, level, title in _headings(text):
        while path and path[-1][0] >= level:
            path.pop()
        path.append((level, title))
        yield SectionStart(offset=offset, heading_path=tuple(title for _, title in path))


def _headings(text: str) -> Iterator[tuple[int, int, str]]:
    fence = ""
    before, before_offset = "", 0
    for match in _LINE.finditer(text):
        line, offset = match.group().rstrip("\n"), match.start()
        if opened := _FENCE.match(line):
            if not fence:
                fence = opened[1]
            elif opened[1].startswith(fence) and not line.strip(" `~"):
                fence = ""
        elif not fence and (heading := _HEADING.match(line)) and heading[2]:
            yield offset, len(heading[1]), _plain(heading[2])
        elif not fence and (mark := _UNDERLINE.match(line)) and not _NO_TITLE.match(before):
            yield before_offset, 1 if mark[1][0] == "=" else 2, _plain(before)
        before, before_offset = ("" if fence else line), offset


def _plain(title: str) -> str:
    """A heading without the marks of emphasis and links."""
    title = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", title)
    return " ".join(re.sub(r"[*`]+|(?<!\w)_+|_+(?!\w)", "", title).split())
