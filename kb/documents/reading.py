"""PDF -> pages of text with geometry, one after another.

Keeps a window of a few pages, never the document: headers show by what the pages around repeat,
hyphens by words that stand elsewhere. Calls PDFium only by way of `pdf` and `outline`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pypdfium2 as pdfium

from kb.documents.composing import PARAGRAPH, SOFT_HYPHEN, Composed, Composer
from kb.documents.glyphs import Extents
from kb.documents.hyphens import Vocabulary
from kb.documents.layout import Spacing
from kb.documents.lines import Line
from kb.documents.outline import place_sections, read_outline
from kb.documents.pdf import PDFIUM_LOCK, UNREADABLE, SeenPage, open_pdf, see_page
from kb.documents.running_lines import NEIGHBOURS, RunningLines
from kb.documents.skipping import reason_to_skip
from kb.errors import DocumentError
from kb.models import Page, PageOutcome

#: Pages read ahead, for the words they teach: with eight, 19 of the manual's 6,208 line-end
#: hyphens are judged otherwise than with the whole document known.
_AHEAD = 8


def read_pdf(path: Path) -> Iterator[Page]:
    """Yield the pages; DocumentError when the file can not be read or has no text at all."""
    with open_pdf(path) as pdf:
        reading = _Reading(pdf)
        yield from reading.read(range(reading.count))
    if not reading.has_text:
        raise DocumentError(
            "It has no text layer, so it is probably a scan; run text recognition (OCR) on it "
            "and upload the result."
        )


def read_pdf_pages(path: Path, first: int, last: int) -> Iterator[Page]:
    """Yield the pages numbered `first` to `last` and read no others but a few around them.

    They are those of `read_pdf`, save what only pages far away tell, as how a rare word is
    written that a line's end hyphenates.
    """
    with open_pdf(path) as pdf:
        reading = _Reading(pdf, max(first - 1 - _AHEAD, 0))
        end = min(last + _AHEAD, reading.count)
        for page in reading.read(range(reading.start, end)):
            if page.number > last:
                return
            if page.number >= first:
                yield page


class _Reading:
    """Turns what was seen into pages, as soon as enough of the pages around is known."""

    def __init__(self, pdf: pdfium.PdfDocument, start: int = 0) -> None:
        """`start` is the index of the first page that will be read."""
        self._pdf = pdf
        with PDFIUM_LOCK:
            self._outline = read_outline(pdf)
            self.count = len(pdf)
        self.start = start
        self.has_text = False
        self._vocabulary = Vocabulary()
        self._spacing = Spacing()
        self._running_lines = RunningLines()
        self._window: deque[SeenPage] = deque()
        self._next = start
        self._heading_path = self._outline.path_before(start)
        # The last page, until the first line of the one after it is known.
        self._held: tuple[Page, Composer] | None = None

    def read(self, indices: range) -> Iterator[Page]:
        """Yield these pages; they begin with `start`."""
        extents: Extents = {}
        for index in indices:
            with PDFIUM_LOCK:
                seen = see_page(self._pdf, index, extents)
            yield from self._add(seen)
        yield from self._finish()

    def _add(self, seen: SeenPage) -> Iterator[Page]:
        """Take the next page; yield the one that is ready now, if any."""
        self.has_text = self.has_text or bool(seen.lines)
        self._vocabulary.learn(line.text for line in seen.lines)
        self._window.append(seen)
        if seen.index - self._next >= _AHEAD:
            yield from self._advance()

    def _finish(self) -> Iterator[Page]:
        """Yield the rest."""
        while self._window and self._next <= self._window[-1].index:
            yield from self._advance()
        if self._held:
            yield self._held[0]

    def _advance(self) -> Iterator[Page]:
        seen = next(page for page in self._window if page.index == self._next)
        body = self._body(seen)
        composer = Composer(body, self._vocabulary, self._spacing)
        page = self._page(seen, composer.compose())
        if self._held:
            yield _joined(*self._held, page, body)
        self._held = page, composer
        self._next += 1
        while self._window and self._window[0].index < self._next - NEIGHBOURS:
            self._window.popleft()

    def _body(self, seen: SeenPage) -> list[Line]:
        near = range(seen.index - NEIGHBOURS, seen.index + NEIGHBOURS + 1)
        return self._running_lines.body(
            seen.lines,
            seen.edges,
            [page.edges for page in self._window if page is not seen and page.index in near],
            headings_before=self._heading_path,
            headings_here=[entry.title for entry in self._outline.on_page(seen.index)],
        )

    def _page(self, seen: SeenPage, composed: Composed) -> Page:
        sections = place_sections(composed, self._outline.on_page(seen.index), seen.top)
        at_top = self._heading_path
        if sections:
            at_top = sections[0].heading_path if sections[0].offset == 0 else at_top
            self._heading_path = sections[-1].heading_path
        outcome, reason = PageOutcome.TEXT, None
        if seen.reason == UNREADABLE:
            outcome, reason = PageOutcome.FAILED, UNREADABLE
        elif not composed.text:
            outcome, reason = PageOutcome.EMPTY, seen.reason or "nothing but header and footer"
        elif reason := reason_to_skip(composed.lines, sections, at_top):
            outcome = PageOutcome.SKIPPED
        return Page(
            number=seen.index + 1,
            label=seen.label,
            width=seen.width,
            height=seen.height,
            text=composed.text,
            boxes=composed.boxes,
            sections=tuple(sections),
            outcome=outcome,
            outcome_reason=reason,
        )


def _joined(page: Page, composer: Composer, following: Page, lines: list[Line]) -> Page:
    """The page with what stands between it and the following one."""
    new_section = bool(following.sections) and following.sections[0].offset == 0
    both = page.outcome is PageOutcome.TEXT and following.outcome is PageOutcome.TEXT
    if new_section or not both:
        return page
    joint = composer.joint_to_next_page(lines[0])
    if joint == SOFT_HYPHEN:
        return replace(page, text=page.text[:-1] + SOFT_HYPHEN, joint="")
    return page if joint == PARAGRAPH else replace(page, joint=joint)
