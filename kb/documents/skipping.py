"""Pages that name everything and answer nothing: contents lists and the index.

Skips a page only when it reads like one from top to bottom; a page that also holds text stays.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import pairwise

from kb.documents.lines import Line
from kb.models import SectionStart

CONTENTS_LIST = "contents list"
INDEX = "index"

_CONTENTS_TITLES = {"contents", "table of contents", "list of figures", "list of tables"}
_INDEX_TITLES = {"index", "subject index", "general index"}
# "2.1. Introduction ........ 7" and "2.1. Introduction . . . . 7".
_CONTENTS_LINE = re.compile(r"(?:\.\s?){4,}\s*(?:\d+|[ivxlcdm]+)$", re.IGNORECASE)
# The same without dots, below a heading that says what it is.
_PAGE_NUMBER = re.compile(r"(?:^|\s)(?:\d+|[ivxlcdm]+)$", re.IGNORECASE)
# "ALTER ROLE, 710, 1578", and what is left where such a line wraps.
_INDEX_LINE = re.compile(r",\s*\d+(?:[-–]\d+)?(?:,\s*\d+(?:[-–]\d+)?)*,?$|^\d+(?:,\s*\d+)*$")
# "configuration, (see also CREATE TABLE)" and the letters between the groups.
_INDEX_OTHER = re.compile(r"\(?see (?:also )?|^\w$")
# Of the lines of a page.
_MOSTLY = 0.6
_FEWEST_LINES = 4
# A line with so many spaces is part of a sentence.
_PROSE = 7
# Under an outline's own "Index" less proof is needed: entries above others have no page number.
_SOME = 0.3


def reason_to_skip(
    lines: Sequence[Line], sections: Sequence[SectionStart], heading_path: Sequence[str]
) -> str | None:
    """Why the page is no text, or None.

    `sections` begin on the page; `heading_path` is that of its first line.
    """
    texts = [line.text for line in lines]
    titles = {title.casefold() for title in heading_path}
    whole = all(section.offset == 0 for section in sections)
    contents = _share(texts, _is_contents_line)
    if contents > _MOSTLY and len(texts) >= _FEWEST_LINES and not _has_prose(texts):
        return CONTENTS_LIST
    plain = whole and titles & _CONTENTS_TITLES and not _has_prose(texts)
    if plain and _share(texts, _ends_in_number) > _SOME:
        return CONTENTS_LIST
    if whole and titles & _INDEX_TITLES and _share(texts, _is_index_line) > _SOME:
        return INDEX
    return None


def _has_prose(texts: Sequence[str]) -> bool:
    """Whether two lines of running text follow one another; one may be a long title, wrapped."""
    prose = [text.count(" ") >= _PROSE and not _is_contents_line(text) for text in texts]
    return any(both for both in pairwise(prose) if all(both))


def _is_contents_line(text: str) -> bool:
    return bool(_CONTENTS_LINE.search(text))


def _ends_in_number(text: str) -> bool:
    return bool(_PAGE_NUMBER.search(text))


def _is_index_line(text: str) -> bool:
    return bool(_INDEX_LINE.search(text) or _INDEX_OTHER.search(text))


def _share(texts: Sequence[str], matches: Callable[[str], bool]) -> float:
    return sum(map(matches, texts)) / len(texts) if texts else 0.0
