"""Blocks to flowables: what a heading, a table, a listing and a note look like.

It refuses to know about page templates and files.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from reportlab.lib.styles import ParagraphStyle
from reportlab.platypus import (
    BalancedColumns,
    CondPageBreak,
    Flowable,
    KeepTogether,
    Paragraph,
    Spacer,
    Table,
    XPreformatted,
)

from samples import guide_markdown as md
from samples import guide_typography as look
from samples.guide_typography import markup

#: A table of more rows may run over the end of a page.
ROWS_KEPT_TOGETHER = 9
#: Least height left on a page, in points, for a chapter, a section and the start of a long table.
CHAPTER_ROOM = 220.0
SECTION_ROOM = 90.0
TABLE_ROOM = 140.0
COLUMN_GAP = 22.0
LIST_END_SPACE = 9.0

Commands: TypeAlias = list[tuple[Any, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A heading as the outline and the contents list name it."""

    #: 0 is a chapter, 1 a section.
    level: int
    title: str
    #: Physical, 1-based.
    page: int

    @property
    def key(self) -> str:
        """The name of the place in the PDF; titles are unique because they are numbered."""
        return self.title


@dataclass(slots=True, kw_only=True)
class Record:
    """What is known only while pages are made."""

    entries: list[Entry] = field(default_factory=list)
    captions: dict[str, int] = field(default_factory=dict)

    def number(self, kind: str) -> int:
        """Count the captions of each kind."""
        self.captions[kind] = self.captions.get(kind, 0) + 1
        return self.captions[kind]


class HeadingText(Paragraph):  # type: ignore[misc]  # reportlab has no types
    """A heading that puts itself into the PDF's outline at the place where it is drawn."""

    def __init__(self, title: str, *, level: int, record: Record) -> None:
        style = look.SECTION if level else look.CHAPTER
        super().__init__(markup((md.Run(text=title),), style), style)
        self.title, self.level, self.record = title, level, record

    def draw(self) -> None:
        """Draw the heading, and remember where."""
        canvas = self.canv
        entry = Entry(level=self.level, title=self.title, page=canvas.getPageNumber())
        canvas.bookmarkHorizontal(entry.key, 0, self.height)
        canvas.addOutlineEntry(entry.title, entry.key, entry.level, closed=entry.level == 0)
        self.record.entries.append(entry)
        super().draw()


@dataclass(frozen=True, slots=True, kw_only=True)
class Chapter:
    """A chapter's blocks; the preface has no number, and its sections are not listed."""

    number: int | None
    blocks: tuple[md.Block, ...]
    #: Others begin where the last one ends.
    starts_page: bool = False

    def flowables(self, record: Record, width: float) -> Iterator[Flowable]:
        """Set the chapter in a column of `width` points."""
        mark = next((i for i, b in enumerate(self.blocks) if isinstance(b, md.ColumnsMark)), None)
        setter = _Setter(chapter=self, record=record, width=width, narrow=False)
        yield from setter.set(self.blocks[:mark])
        if mark is not None:
            column = (width - COLUMN_GAP) / 2
            narrow = _Setter(chapter=self, record=record, width=column, narrow=True)
            yield Spacer(1, 8)
            flowables = list(narrow.set(self.blocks[mark + 1 :]))
            yield BalancedColumns(
                flowables, nCols=2, innerPadding=COLUMN_GAP, leftPadding=0, rightPadding=0
            )


@dataclass(slots=True, kw_only=True)
class _Setter:
    """Sets one chapter's blocks, counting its sections."""

    chapter: Chapter
    record: Record
    width: float
    narrow: bool
    sections: int = 0

    def set(self, blocks: tuple[md.Block, ...]) -> Iterator[Flowable]:
        """Return the flowables of `blocks`; a caption goes with the block after it."""
        caption: Paragraph | None = None
        for block in blocks:
            if isinstance(block, md.Caption):
                caption = self._caption(block)
            elif isinstance(block, md.Table):
                yield from self._table(block, caption)
                caption = None
            elif isinstance(block, md.Listing):
                listing = [self._panel(XPreformatted(look.listing_markup(block.text), look.CODE))]
                yield KeepTogether([caption, *listing] if caption else listing)
                caption = None
            else:
                yield from self._text(block)

    def _text(self, block: md.Block) -> Iterator[Flowable]:
        match block:
            case md.Heading():
                yield from self._heading(block)
            case md.Paragraph():
                yield Paragraph(markup(block.runs, look.BODY), look.BODY)
            case md.Items():
                yield from self._items(block)
            case md.Note():
                yield self._panel(Paragraph(markup(block.runs, look.NOTE), look.NOTE))
            case _:
                raise md.GuideError(f"The guide can not set {block} here.")

    def _heading(self, block: md.Heading) -> Iterator[Flowable]:
        title, number = md.plain(block.runs), self.chapter.number
        if block.level == 1:
            title = f"{number}. {title}" if number else title
            yield CondPageBreak(CHAPTER_ROOM)
            yield HeadingText(title, level=0, record=self.record)
            return
        if not self.narrow:
            yield CondPageBreak(SECTION_ROOM)
        if number is None:
            yield Paragraph(markup(block.runs, look.SECTION), look.SECTION)
            return
        self.sections += 1
        heading = HeadingText(f"{number}.{self.sections}. {title}", level=1, record=self.record)
        heading.keepWithNext = True
        yield heading

    def _items(self, block: md.Items) -> Iterator[Flowable]:
        style: ParagraphStyle = look.NARROW_ITEM if self.narrow else look.ITEM
        for place, runs in enumerate(block.items, start=1):
            bullet = f"{place}." if block.numbered else "\N{BULLET}"
            item = Paragraph(markup(runs, style), style, bulletText=bullet)
            if place == len(block.items):
                item.spaceAfter = LIST_END_SPACE
            yield item

    def _caption(self, block: md.Caption) -> Paragraph:
        start = md.Run(text=f"{block.kind} {self.record.number(block.kind)}. ")
        return Paragraph(markup((start, *block.runs), look.CAPTION), look.CAPTION)

    def _table(self, block: md.Table, caption: Paragraph | None) -> Iterator[Flowable]:
        head, *body = block.rows
        cells = [[Paragraph(markup(c, look.HEADER_CELL), look.HEADER_CELL) for c in head]]
        cells += [[Paragraph(markup(c, look.CELL), look.CELL) for c in row] for row in body]
        widths = [self.width * part / sum(block.widths) for part in block.widths]
        table = Table(cells, colWidths=widths, repeatRows=1, style=_grid(), spaceAfter=11)
        parts = [caption, table] if caption else [table]
        if len(block.rows) <= ROWS_KEPT_TOGETHER:
            yield KeepTogether(parts)
        else:
            yield CondPageBreak(TABLE_ROOM)
            yield from parts

    def _panel(self, content: Flowable) -> Table:
        style: Commands = [
            ("BACKGROUND", (0, 0), (-1, -1), look.PANEL),
            ("LINEBEFORE", (0, 0), (0, -1), 2.4, look.ACCENT, "butt"),
            ("LEFTPADDING", (0, 0), (-1, -1), 11),
            ("RIGHTPADDING", (0, 0), (-1, -1), 9),
            ("TOPPADDING", (0, 0), (-1, -1), 6),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 7),
        ]
        return Table([[content]], colWidths=[self.width], style=style, spaceBefore=4, spaceAfter=9)


def _grid() -> Commands:
    return [
        ("BACKGROUND", (0, 0), (-1, 0), look.HEADER),
        ("LINEBELOW", (0, 0), (-1, -1), 0.5, look.RULE),
        ("LINEABOVE", (0, 0), (-1, 0), 0.9, look.ACCENT),
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LEFTPADDING", (0, 0), (-1, -1), 5),
        ("RIGHTPADDING", (0, 0), (-1, -1), 5),
        ("TOPPADDING", (0, 0), (-1, -1), 3.2),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 4.2),
    ]
