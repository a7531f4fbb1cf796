"""CSV files -> pages, read row by row."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from kb.documents.encoding import ONLY_WHITE_SPACE, open_text
from kb.documents.tables import Sheet
from kb.errors import DocumentError
from kb.models import Page, PageOutcome

#: Characters of one cell; a quotation mark that is never closed would take in the whole file.
LONGEST_CELL = csv.field_size_limit()
_SEPARATORS = ",;\t|"
_SAMPLE_ROWS, _SAMPLE_CHARACTERS = 20, 1 << 16


def read_csv(path: Path) -> Iterator[Page]:
    """Yield the file's pages; the first row names the columns."""
    has_text = False
    with open_text(path) as file:
        sample = file.read(_SAMPLE_CHARACTERS)
        separator = _separator(sample)
    with open_text(path) as file:
        reader = csv.reader(file, delimiter=separator, strict=False)
        try:
            for page in Sheet("").pages(reader):
                has_text = has_text or page.outcome is PageOutcome.TEXT
                yield page
        except csv.Error as error:
            raise DocumentError(_why(reader.line_num, error)) from error
    if not has_text:
        raise DocumentError(ONLY_WHITE_SPACE)


def _why(line: int, error: csv.Error) -> str:
    if "field limit" in str(error):
        return (
            f"A cell that ends at line {line:,} has more than {LONGEST_CELL:,} characters, mostly "
            "because a quotation mark before it is never closed; mend it."
        )
    return f"Line {line:,} is not CSV ({error}); mend it and upload the file again."


def _separator(sample: str) -> str:
    """The one that parts the sample's rows into the most columns, equally many in each."""
    return max(_SEPARATORS, key=lambda separator: _columns(sample, separator))


def _columns(sample: str, separator: str) -> float:
    try:
        rows = list(islice(csv.reader(sample.splitlines(), delimiter=separator), _SAMPLE_ROWS))
    except csv.Error:
        return 0.0
    widths = [len(row) for row in rows if row]
    if not widths:
        return 0.0
    usual = max(set(widths), key=widths.count)
    return (usual - 1) * widths.count(usual) / len(widths)
