"""Pages: title, contents list, running heads, page labels, and the PDF around them.

It refuses to know where the chapters come from and what stands in them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import IO, Any, TypeAlias

from reportlab.lib.pagesizes import A4
from reportlab.platypus import (
    BaseDocTemplate,
    Flowable,
    Frame,
    HRFlowable,
    NextPageTemplate,
    PageBreak,
    PageTemplate,
    Paragraph,
    Spacer,
)

from samples import guide_typography as look
from samples.guide_flowables import Chapter, Entry, HeadingText, Record

WIDTH, HEIGHT = A4
LEFT = 66.0
TOP = 82.0
BOTTOM = 64.0
MEASURE = WIDTH - 2 * LEFT
#: Title page, contents and preface; arabic numbers begin after them.
FRONT_MATTER = ("i", "ii", "iii")

Canvas: TypeAlias = Any  # reportlab has no types


@dataclass(frozen=True, slots=True, kw_only=True)
class TitlePage:
    """What the first page says."""

    title: str
    subtitle: str
    edition: str
    imprint: str


class ContentsLine(Flowable):  # type: ignore[misc]  # reportlab has no types
    """A line of the contents list: title, dots, page number, and a link to the place."""

    def __init__(self, entry: Entry) -> None:
        super().__init__()
        self.entry = entry
        self.is_chapter = entry.level == 0

    def wrap(self, width: float, _height: float) -> tuple[float, float]:
        """Take the whole width, and more air above a chapter."""
        self.width = width
        self.height = 16.5 if self.is_chapter else 11.4
        return self.width, self.height

    def draw(self) -> None:
        """Draw the line and lay the link over it."""
        canvas, title, label = self.canv, self.entry.title, page_label(self.entry.page)
        font, size, indent = (
            ("Helvetica-Bold", 9.4, 0) if self.is_chapter else ("Times-Roman", 9.8, 16)
        )
        canvas.setFont(font, size)
        canvas.setFillColor(look.ACCENT if self.is_chapter else look.INK)
        canvas.drawString(indent, 3, title)
        canvas.drawRightString(self.width, 3, label)
        canvas.setStrokeColor(look.RULE)
        canvas.setLineWidth(0.8)
        canvas.setDash(0.8, 2.8)
        dots_start = indent + canvas.stringWidth(title, font, size) + 6
        canvas.line(dots_start, 4, self.width - canvas.stringWidth(label, font, size) - 6, 4)
        canvas.linkRect("", self.entry.key, (0, 0, self.width, self.height), relative=1)


def page_label(page: int) -> str:
    """Return what is printed on a physical page."""
    after = page - len(FRONT_MATTER)
    return str(after) if after > 0 else FRONT_MATTER[page - 1]


def write(
    output: IO[bytes], title_page: TitlePage, chapters: Sequence[Chapter], contents: Sequence[Entry]
) -> tuple[Entry, ...]:
    """Write the PDF and return its headings with the pages that they came to stand on."""
    record = Record()
    document = BaseDocTemplate(
        output,
        pagesize=A4,
        title=f"{title_page.title} {title_page.subtitle}",
        author="The authors of the knowledge-base workbench",
        subject="A sample document under the Apache License 2.0",
        creator="samples.build_field_guide",
        lang="en",
        # No dates and no random identifiers: the same text gives the same bytes.
        invariant=1,
    )
    frame = Frame(LEFT, BOTTOM, MEASURE, HEIGHT - TOP - BOTTOM, 0, 0, 0, 0, id="text")
    running_title = f"{title_page.title} {title_page.subtitle}"
    document.addPageTemplates(
        [
            PageTemplate("title", [frame], onPage=_begin_document),
            PageTemplate("page", [frame], onPageEnd=partial(_running_heads, running_title, record)),
        ]
    )
    document.build(list(_story(title_page, chapters, contents, record)))
    return tuple(record.entries)


def _story(
    title_page: TitlePage, chapters: Sequence[Chapter], contents: Sequence[Entry], record: Record
) -> Iterator[Flowable]:
    yield from _title(title_page)
    yield NextPageTemplate("page")
    yield PageBreak()
    yield HeadingText("Contents", level=0, record=record)
    yield from (ContentsLine(entry) for entry in contents if entry.title != "Contents")
    for chapter in chapters:
        if chapter.starts_page:
            yield PageBreak()
        yield from chapter.flowables(record, MEASURE)


def _title(title_page: TitlePage) -> Iterator[Flowable]:
    yield Spacer(1, 128)
    yield HRFlowable(
        width=54, thickness=4, color=look.ACCENT, hAlign="LEFT", lineCap="butt", spaceAfter=22
    )
    yield Paragraph(title_page.title, look.TITLE)
    yield Paragraph(title_page.subtitle, look.TITLE)
    yield Spacer(1, 14)
    yield Paragraph(title_page.edition, look.SUBTITLE)
    yield Spacer(1, 300)
    yield HRFlowable(width="100%", thickness=0.6, color=look.RULE, spaceAfter=10)
    yield Paragraph(title_page.imprint, look.IMPRINT)


def _begin_document(canvas: Canvas, _document: object) -> None:
    canvas.showOutline()
    canvas.addPageLabel(0, style="ROMAN_LOWER", start=1)
    canvas.addPageLabel(len(FRONT_MATTER), style="ARABIC", start=1)


def _running_heads(title: str, record: Record, canvas: Canvas, _document: object) -> None:
    chapter = next(entry.title for entry in reversed(record.entries) if entry.level == 0)
    canvas.saveState()
    canvas.setFont("Helvetica", 8)
    canvas.setFillColor(look.GREY)
    canvas.drawString(LEFT, HEIGHT - 50, title)
    canvas.drawRightString(WIDTH - LEFT, HEIGHT - 50, chapter)
    canvas.setStrokeColor(look.RULE)
    canvas.setLineWidth(0.6)
    canvas.line(LEFT, HEIGHT - 57, WIDTH - LEFT, HEIGHT - 57)
    canvas.drawCentredString(WIDTH / 2, 36, page_label(canvas.getPageNumber()))
    canvas.restoreState()
