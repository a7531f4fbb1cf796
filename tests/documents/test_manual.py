"""The whole manual: 2,994 pages. Takes a minute, so it is part of `make test-long`."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from kb.documents.chunking import chunk_pages
from kb.documents.marks import pack_boxes
from kb.documents.parsers import read_pages
from kb.models import Chunk, Page, PageOutcome
from tests.documents.corpus import MANUAL, count_tokens, needs_manual

pytestmark = [needs_manual, pytest.mark.long]

CONTENTS = {*range(3, 32), *range(2965, 2995)}


@dataclass(slots=True)
class Reading:
    """What is kept of the pages while they pass."""

    chunks: list[Chunk] = field(default_factory=list)
    labels: dict[int, str] = field(default_factory=dict)
    texts: dict[int, str] = field(default_factory=dict)
    skipped: set[int] = field(default_factory=set)
    highest: dict[int, float] = field(default_factory=dict)
    headings: list[tuple[str, str]] = field(default_factory=list)
    box_bytes: int = 0

    def watch(self, pages: Iterator[Page]) -> Iterator[Page]:
        for page in pages:
            self.labels[page.number], self.texts[page.number] = page.label, page.text
            if page.outcome is PageOutcome.SKIPPED:
                self.skipped.add(page.number)
            if len(page.boxes):
                self.highest[page.number] = float(page.boxes[:, 1].min())
            for section in page.sections:
                title = section.heading_path[-1]
                self.headings.append((title, page.text[section.offset :][: 2 * len(title) + 20]))
            self.box_bytes += len(pack_boxes(page.boxes))
            yield page


@pytest.fixture(scope="module")
def reading() -> Reading:
    found = Reading()
    found.chunks = list(chunk_pages(found.watch(read_pages(MANUAL, MANUAL.name)), count_tokens))
    return found


def test_labels_are_those_printed(reading: Reading) -> None:
    assert [reading.labels[number] for number in (34, 39, 858)] == ["xxxiv", "1", "820"]


def test_contents_lists_and_index_are_skipped(reading: Reading) -> None:
    assert reading.skipped >= CONTENTS


def test_what_else_is_skipped_has_dots_that_lead_to_page_numbers(reading: Reading) -> None:
    for number in reading.skipped - CONTENTS:
        assert "......" in reading.texts[number]


def test_no_more_than_a_twentieth_of_the_manual_is_skipped(reading: Reading) -> None:
    assert len(reading.skipped) < 2994 / 20


def test_all_3911_headings_are_found_where_they_stand(reading: Reading) -> None:
    assert len(reading.headings) == 3911
    for title, text in reading.headings:
        assert _letters(text).startswith(_letters(title))


def test_no_page_keeps_its_running_header(reading: Reading) -> None:
    # The header's letters reach down to 47 or, on two lines, 59 points; the body begins at 69.
    assert [number for number, top in reading.highest.items() if top < 60] == []


def test_no_chunk_has_more_than_300_tokens(reading: Reading) -> None:
    assert max(chunk.tokens for chunk in reading.chunks) <= 300


def test_few_chunks_are_tiny_though_their_section_has_more(reading: Reading) -> None:
    pairs = itertools.pairwise(reading.chunks)
    tiny = [b for a, b in pairs if a.heading_path == b.heading_path and b.tokens < 40]
    assert len(tiny) < len(reading.chunks) / 100


def test_boxes_of_all_characters_take_less_than_10_megabytes(reading: Reading) -> None:
    assert reading.box_bytes < 10_000_000


@pytest.mark.parametrize(
    ("number", "words"),
    [
        # Identifiers and options that the print breaks.
        (858, "See pg_stat_activity for more information"),
        (640, "a file postgresql.auto.conf, which"),
        (2900, "similar to the examples in contrib/tablefunc/tablefunc--1.0.sql."),
        # Figures above the line.
        (190, "more than 2³¹ identifiers"),
        (200, "RFC 3339¹ as well as"),
        # Rows of tables, with empty cells.
        (2620, "DEREF\t\treserved\treserved"),
        (184, "integer\t4 bytes\ttypical choice for integer\t-2147483648 to +2147483647"),
        (200, "ISO\tISO 8601, SQL standard\t1997-12-17 07:37:16-08"),
        # Listings.
        (400, " Foo   | GT    |  10\n Foo   | Tour  |  20\n"),
        (1936, "    ANALYZE [ boolean ]\n    VERBOSE [ boolean ]\n"),
    ],
)
def test_hard_places_read_well(reading: Reading, number: int, words: str) -> None:
    assert words in reading.texts[number]


def _letters(text: str) -> str:
    return "".join(character for character in text if character.isalnum()).casefold()
