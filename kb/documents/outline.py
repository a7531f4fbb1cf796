"""A PDF's outline: which sections begin on which page, and where in the page's text.

Many producers point every entry at the top of its page, so a heading is looked up by its title
first; the place that the entry names comes second, the page's beginning last.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

import pypdfium2 as pdfium
import pypdfium2.raw as raw

from kb.documents.composing import Composed
from kb.models import SectionStart

# Some producers write a no-break space as a euro sign: "28.1.€Standard Unix Tools".
_FALSE_EURO = re.compile(r"(?<=\w|\.)€(?=\w)")
_NUMBERING = re.compile(
    r"^(?:(?:Chapter|Part|Appendix|Section)\s+)?[A-Z\d][A-Z\d.]*[.:)]?\s+", re.I
)
# In heights of the page's usual letters: a heading is larger.
_LARGER = 1.1
# A title wraps over no more lines than this.
_MOST_LINES = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class OutlineEntry:
    """A heading of the outline, with those above it."""

    #: From the outermost heading to this one.
    heading_path: tuple[str, ...]
    #: Height above the origin of PDF space, where the entry says so.
    y: float | None

    @property
    def title(self) -> str:
        """The heading itself."""
        return self.heading_path[-1]


class Outline:
    """The sections of a document, by page."""

    def __init__(self, entries: Sequence[tuple[int, OutlineEntry]]) -> None:
        """Take each entry with the 0-based index of its page, in the outline's order."""
        self._on_page: dict[int, list[OutlineEntry]] = defaultdict(list)
        for index, entry in entries:
            self._on_page[index].append(entry)

    def on_page(self, index: int) -> Sequence[OutlineEntry]:
        """The sections that begin on a page."""
        return self._on_page.get(index, ())

    def path_before(self, index: int) -> tuple[str, ...]:
        """The headings of the section that goes on at the top of a page."""
        before = max((other for other in self._on_page if other < index), default=None)
        return () if before is None else self._on_page[before][-1].heading_path


def read_outline(pdf: pdfium.PdfDocument) -> Outline:
    """Read the outline; call it under the PDFium lock."""
    entries: list[tuple[int, OutlineEntry]] = []
    path: list[str] = []
    for bookmark in pdf.get_toc():
        title = clean_title(bookmark.get_title())
        del path[bookmark.level :]
        path.append(title)
        destination = bookmark.get_dest()
        index = destination.get_index() if destination else None
        if title and index is not None:
            titles = tuple(heading for heading in path if heading)
            entries.append((index, OutlineEntry(heading_path=titles, y=_height(destination))))
    return Outline(entries)


def clean_title(title: str) -> str:
    """A title with plain single spaces."""
    title = _FALSE_EURO.sub(" ", title.replace("\0", ""))
    return " ".join(unicodedata.normalize("NFKC", title).split())


def place_sections(
    composed: Composed, entries: Sequence[OutlineEntry], page_top: float | None
) -> list[SectionStart]:
    """Find where the sections begin in the page's text, in the order of the text.

    `page_top` is the height of the page's upper edge in PDF space; None where the page is turned,
    so that heights say nothing.
    """
    if not entries:
        return []
    headings = _Headings(composed, page_top)
    starts: dict[int, SectionStart] = {}
    for entry in entries:
        offset = headings.find(entry)
        # Of several at one place the innermost counts: it is the last.
        starts[offset] = SectionStart(offset=offset, heading_path=entry.heading_path)
    return [starts[offset] for offset in sorted(starts)]


class _Headings:
    """Finds titles among the lines of one page, each below the one found before."""

    def __init__(self, composed: Composed, page_top: float | None) -> None:
        self._page_top = page_top
        self._lines = composed.lines
        self._offsets = composed.offsets
        self._texts = [_squeezed(line.text) for line in composed.lines]
        sizes = [line.height for line in composed.lines]
        self._usual = median(sizes) if sizes else 0.0
        self._next = 0

    def find(self, entry: OutlineEntry) -> int:
        """Offset of the entry's heading in the text."""
        at = self._by_title(entry.title)
        if at is None:
            at = self._by_place(entry.y)
        else:
            self._next = at + 1
        return self._offsets[at] if at < len(self._offsets) else 0

    def _by_title(self, title: str) -> int | None:
        found: list[int] = []
        for wanted in map(_squeezed, (title, _NUMBERING.sub("", title))):
            found = [at for at in range(self._next, len(self._texts)) if self._reads(at, wanted)]
            if found:
                break
        large = [at for at in found if self._lines[at].height > _LARGER * self._usual]
        return next(iter(large or found), None)

    def _reads(self, at: int, title: str) -> bool:
        """Whether the lines from this one on read exactly as the title."""
        read = ""
        for text in self._texts[at : at + _MOST_LINES]:
            read += text
            if read == title:
                return True
            if not title.startswith(read):
                return False
        return False

    def _by_place(self, y: float | None) -> int:
        if y is None or self._page_top is None:
            return self._next
        below = (at for at, line in enumerate(self._lines) if line.bottom > self._page_top - y)
        return max(next(below, 0), self._next)


def _squeezed(text: str) -> str:
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", text)).casefold()


def _height(destination: pdfium.PdfDest) -> float | None:
    mode, place = destination.get_view()
    if mode == raw.PDFDEST_VIEW_XYZ and len(place) > 1:
        return float(place[1])
    if mode in (raw.PDFDEST_VIEW_FITH, raw.PDFDEST_VIEW_FITBH) and place:
        return float(place[0])
    return None
