"""Excel workbooks, .xlsx and .xls -> pages, a sheet at a time.

Reads the values that Excel last computed; formulas are not computed and macros not opened.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import xlrd

from kb.documents.office import BREAKAGE, DAMAGED, open_package
from kb.documents.tables import Reckoning, Sheet
from kb.errors import DocumentError
from kb.models import Page, PageOutcome

#: Rows of a sheet, as in Excel; a file may name a row far below and be small.
MOST_ROWS = 2**20
_HIDDEN = "hidden sheet"
#: What broken .xls files make their reader raise, beside what packages do.
_XLS_BREAKAGE = (
    *(xlrd.XLRDError, xlrd.compdoc.CompDocError, struct.error, AssertionError),
    *(RecursionError, MemoryError, *BREAKAGE),
)


def read_xlsx(path: Path) -> Iterator[Page]:
    """Yield the pages of each sheet, row by row."""
    # Opened here, for openpyxl leaves a file open that it can not read.
    with open_package(path), path.open("rb") as file:
        workbook = openpyxl.load_workbook(file, read_only=True, data_only=True, keep_links=False)
        try:
            reckoning = Reckoning()
            pages = (
                page
                for sheet in workbook.worksheets
                for page in _sheet_pages(
                    Sheet(sheet.title, reckoning),
                    _xlsx_texts(sheet.iter_rows(values_only=True)),
                    hidden=sheet.sheet_state != "visible",
                )
            )
            yield from _with_text(pages)
        finally:
            workbook.close()


def read_xls(path: Path) -> Iterator[Page]:
    """Yield the pages of each sheet; one sheet at a time is in memory."""
    try:
        with xlrd.open_workbook(
            path, logfile=io.StringIO(), on_demand=True, ragged_rows=True
        ) as book:
            reckoning = Reckoning()
            yield from _with_text(
                page for at in range(book.nsheets) for page in _xls_pages(book, at, reckoning)
            )
    except _XLS_BREAKAGE as error:
        if "encrypted" in str(error):
            raise DocumentError(
                "It is protected by a password; open it in Excel, remove the password and upload "
                "it again."
            ) from error
        raise DocumentError(DAMAGED) from error


def _xls_pages(book: xlrd.Book, at: int, reckoning: Reckoning) -> Iterator[Page]:
    sheet = book.sheet_by_index(at)
    rows = (_xls_texts(sheet.row(row), book.datemode) for row in range(sheet.nrows))
    yield from _sheet_pages(Sheet(sheet.name, reckoning), rows, hidden=sheet.visibility != 0)
    book.unload_sheet(at)


def _sheet_pages(sheet: Sheet, rows: Iterable[Sequence[str]], *, hidden: bool) -> Iterator[Page]:
    if hidden:
        yield sheet.empty(_HIDDEN, PageOutcome.SKIPPED)
    else:
        yield from sheet.pages(rows)


def _with_text(pages: Iterable[Page]) -> Iterator[Page]:
    has_text = False
    for page in pages:
        has_text = has_text or page.outcome is PageOutcome.TEXT
        yield page
    if not has_text:
        raise DocumentError("Its sheets are empty or hidden; upload one with visible rows.")


def _xlsx_texts(rows: Iterable[Iterable[Any]]) -> Iterator[list[str]]:
    for number, row in enumerate(rows, start=1):
        if number > MOST_ROWS:
            raise DocumentError(f"A sheet has more than {MOST_ROWS:,} rows; split it.")
        yield [_text(value) for value in row]


def _text(value: Any) -> str:
    """A cell as a reader writes it: dates as ISO 8601, whole numbers without a point."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, float):
        return f"{value:.15g}"
    if isinstance(value, datetime):
        return str(value.date() if value.time() == time() else value)
    if isinstance(value, (date, time, timedelta)):
        return str(value)
    return str(value)


def _xls_texts(row: Iterable[xlrd.sheet.Cell], datemode: int) -> list[str]:
    return [_text(_xls_value(cell, datemode)) for cell in row]


def _xls_value(cell: xlrd.sheet.Cell, datemode: int) -> Any:
    if cell.ctype == xlrd.XL_CELL_DATE:
        # Before 1900-03-01 the old calendar is ambiguous, and a time of day has no date.
        return xlrd.xldate_as_datetime(cell.value, datemode) if cell.value >= 61 else cell.value
    if cell.ctype == xlrd.XL_CELL_BOOLEAN:
        return bool(cell.value)
    if cell.ctype == xlrd.XL_CELL_ERROR:
        return xlrd.error_text_from_code.get(cell.value, "")
    return cell.value if cell.value != "" else None
