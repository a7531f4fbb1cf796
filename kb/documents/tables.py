"""Rows of cells -> pages on which every row names its columns, so that it can be read alone.

Knows nothing of files. A long sheet becomes several pages, so that no more than one is in memory.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice, zip_longest

import numpy as np

from kb.documents.encoding import cleaned
from kb.errors import DocumentError
from kb.models import Page, PageOutcome, SectionStart

#: Rows on a page.
PAGE_ROWS = 1_000
#: Cells of a file, also empty ones, and characters of its pages: each row repeats the names.
MOST_CELLS, MOST_CHARACTERS = 20_000_000, 200_000_000
#: A name of a column is cut here, as it stands in every row.
LONGEST_NAME = 100
# Rows in which the names of the columns are looked for, below a sheet's title and notes.
_TOP_ROWS = 20


@dataclass(slots=True)
class Reckoning:
    """How much of a file was read; a file that is too large is refused while it is read."""

    pages: int = 0
    cells: int = 0
    characters: int = 0

    def count_row(self, row: Sequence[str]) -> None:
        """Refuse more cells than a file may have; a row counts as a cell."""
        self.cells += 1 + len(row)
        if self.cells > MOST_CELLS:
            raise DocumentError(f"It has more than {MOST_CELLS:,} cells; split it and upload that.")

    def count_page(self, text: str) -> int:
        """Refuse more characters than a file may have; return the page's number."""
        self.pages += 1
        self.characters += len(text)
        if self.characters > MOST_CHARACTERS:
            raise DocumentError(
                f"With its column names in every row it has more than {MOST_CHARACTERS:,} "
                "characters; split it or shorten the names."
            )
        return self.pages


@dataclass(slots=True)
class Sheet:
    """One table of a file; the file's sheets share the reckoning."""

    #: Empty when the file has but one table.
    name: str
    reckoning: Reckoning = field(default_factory=Reckoning)

    def pages(self, rows: Iterable[Sequence[str]]) -> Iterator[Page]:
        """Yield the sheet's pages, at least one; an empty one says why."""
        paragraphs = self._paragraphs(rows)
        batch = list(islice(paragraphs, PAGE_ROWS))
        if not batch:
            yield self.empty("the sheet is empty")
        first = True
        while batch:
            following = list(islice(paragraphs, PAGE_ROWS))
            whole = first and not following
            yield self._page([text for _, text in batch], self._label(batch, whole))
            batch, first = following, False

    def empty(self, reason: str, outcome: PageOutcome = PageOutcome.EMPTY) -> Page:
        """A page without text."""
        return self._page([], self.name or "1", outcome=outcome, reason=reason)

    def _label(self, batch: Sequence[tuple[int, str]], whole: bool) -> str:
        if whole and self.name:
            return self.name
        rows = f"rows {batch[0][0]:,}-{batch[-1][0]:,}"
        return f"{self.name}, {rows}" if self.name else rows

    def _page(
        self,
        paragraphs: Sequence[str],
        label: str,
        *,
        outcome: PageOutcome = PageOutcome.TEXT,
        reason: str | None = None,
    ) -> Page:
        text = "\n\n".join(paragraphs)
        section = SectionStart(offset=0, heading_path=(self.name,))
        return Page(
            number=self.reckoning.count_page(text),
            label=label,
            width=0.0,
            height=0.0,
            text=text,
            boxes=np.empty((0, 4), np.float32),
            sections=(section,) if self.name else (),
            outcome=outcome,
            outcome_reason=reason,
        )

    def _paragraphs(self, rows: Iterable[Sequence[str]]) -> Iterator[tuple[int, str]]:
        """Each filled row as a paragraph, with its number as a spreadsheet shows it."""
        numbered = self._filled(rows)
        top = list(islice(numbered, _TOP_ROWS))
        at = _names_at(top)
        names: Sequence[str] = ()
        if at is not None:
            names = [name[:LONGEST_NAME] for name in top[at][1]]
        for number, row in top[: at or 0]:
            yield number, " ".join(cell for cell in row if cell)
        below = top if at is None else top[at + 1 :]
        if at is not None and not below:
            yield top[at][0], ", ".join(name for name in names if name)
        for number, row in chain(below, numbered):
            yield number, row_text(names, row)

    def _filled(self, rows: Iterable[Sequence[str]]) -> Iterator[tuple[int, list[str]]]:
        for number, row in enumerate(rows, start=1):
            self.reckoning.count_row(row)
            cells = [_one_line(cell) if cell else "" for cell in row]
            if any(cells):
                yield number, cells


def row_text(names: Sequence[str], row: Sequence[str]) -> str:
    """A line for each filled cell, after its column's name."""
    return "\n".join(
        f"{name or f'Column {at}'}: {cell}"
        for at, (name, cell) in enumerate(zip_longest(names, row, fillvalue=""), start=1)
        if cell
    )


def _names_at(top: Sequence[tuple[int, list[str]]]) -> int | None:
    """Which row names the columns: the first that is not alone in a line above a wider table.

    None when that row is all numbers, as in a table that begins with its data.
    """
    widths = [sum(map(bool, row)) for _, row in top]
    if not widths:
        return None
    at = next((at for at, width in enumerate(widths) if width > 1), 0) if max(widths) > 1 else 0
    if all(_is_number(cell) for cell in top[at][1] if cell):
        return None
    return at


def _one_line(cell: str) -> str:
    # Most cells are plain, and cleaning takes ten times as long as asking.
    plain = cell.isascii() and cell.isprintable()
    return " ".join((cell if plain else cleaned(cell)).split())


def _is_number(cell: str) -> bool:
    try:
        float(cell.replace(",", "."))
    except ValueError:
        return False
    return True
