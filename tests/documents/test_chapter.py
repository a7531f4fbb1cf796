"""The manual's chapter on monitoring: a real document, read, chunked and marked."""

from __future__ import annotations

from collections import Counter

import pytest

from kb.documents.chunking import chunk_pages
from kb.documents.parsers import page_count, read_pages
from kb.models import Chunk, Page, PageOutcome
from tests.documents.areas import marks_of, words_below
from tests.documents.corpus import CHAPTER, count_tokens, needs_chapter

pytestmark = needs_chapter

#: Headings that follow one another on pages 27 to 29.
STAT_IO = ("Chapter 28. Monitoring Database Activity", "28.2. The Cumulative Statistics System")


@pytest.fixture(scope="module")
def pages() -> list[Page]:
    return list(read_pages(CHAPTER, CHAPTER.name))


@pytest.fixture(scope="module")
def chunks(pages: list[Page]) -> list[Chunk]:
    return list(chunk_pages(pages, count_tokens))


def test_all_58_pages_have_text(pages: list[Page]) -> None:
    assert Counter(page.outcome for page in pages) == {PageOutcome.TEXT: 58}


def test_the_count_of_pages_is_that_of_the_pages_read(pages: list[Page]) -> None:
    assert page_count(CHAPTER, CHAPTER.name) == len(pages)


def test_labels_are_the_numbers_where_the_file_has_none(pages: list[Page]) -> None:
    assert [page.label for page in pages] == [str(page.number) for page in pages]


def test_all_41_headings_of_the_outline_are_found_where_they_stand(pages: list[Page]) -> None:
    found = [(page, section) for page in pages for section in page.sections]
    assert len(found) == 41
    for page, section in found:
        heading = page.text[section.offset :].split("\n\n")[0].replace("\n", " ")
        assert heading == section.heading_path[-1]


def test_pages_27_to_29_hold_the_section_on_pg_stat_io(chunks: list[Chunk]) -> None:
    about = [c for c in chunks if c.heading_path == (*STAT_IO, "28.2.13. pg_stat_io")]
    numbers = {run.page_number for chunk in about for run in chunk.placements}
    assert numbers == {27, 28, 29}


def test_an_identifier_that_the_print_breaks_is_whole(pages: list[Page]) -> None:
    assert "See pg_stat_activity for more information on backend_types." in pages[26].text


def test_a_hyphen_that_belongs_to_the_word_stays(pages: list[Page]) -> None:
    # Printed as "point-in-" and "time".
    assert "point-in-time recovery" in pages[2].text


def test_no_page_begins_with_the_running_header(pages: list[Page]) -> None:
    assert not any(page.text.startswith("Monitoring Database Activity") for page in pages)


def test_no_page_ends_with_its_number(pages: list[Page]) -> None:
    assert not any(page.text.endswith(f"\n{page.number + 793}") for page in pages)


def test_a_table_row_reads_as_its_name_and_what_it_means(pages: list[Page]) -> None:
    row = "failed_count bigint\nNumber of failed attempts for archiving WAL files"
    assert f"\n\n{row}\n\n" in pages[26].text


def test_a_listing_keeps_its_columns(pages: list[Page]) -> None:
    listing = "$ psql -c 'SHOW cluster_name'\n cluster_name\n--------------\n server1\n(1 row)"
    assert listing in pages[1].text


def test_every_box_stands_within_its_page(pages: list[Page]) -> None:
    for page in pages:
        assert page.boxes.min() >= 0
        assert page.boxes[:, 2].max() <= page.width
        assert page.boxes[:, 3].max() <= page.height


def test_no_chunk_has_more_than_300_tokens(chunks: list[Chunk]) -> None:
    assert max(count_tokens([chunk.text for chunk in chunks])) <= 300


def test_chunks_know_their_tokens(chunks: list[Chunk]) -> None:
    assert [chunk.tokens for chunk in chunks] == count_tokens([chunk.text for chunk in chunks])


def test_placements_reproduce_the_text_of_the_pages(chunks: list[Chunk], pages: list[Page]) -> None:
    for chunk in chunks:
        for run in chunk.placements:
            text = pages[run.page_number - 1].text
            stretch = text[run.page_start : run.page_start + run.end - run.start]
            assert stretch == chunk.text[run.start : run.end]


def test_only_white_space_of_a_chunk_has_no_place(chunks: list[Chunk]) -> None:
    for chunk in chunks:
        last = 0
        for run in chunk.placements:
            assert not chunk.text[last : run.start].strip()
            last = run.end
        assert last == len(chunk.text)


def test_every_character_of_the_pages_is_in_exactly_one_chunk(
    chunks: list[Chunk], pages: list[Page]
) -> None:
    times = [[0] * len(page.text) for page in pages]
    for run in (run for chunk in chunks for run in chunk.placements):
        for at in range(run.page_start, run.page_start + run.end - run.start):
            times[run.page_number - 1][at] += 1
    for page, counts in zip(pages, times, strict=True):
        for character, count in zip(page.text, counts, strict=True):
            # The hyphen of a word that the page break parts is none of its letters.
            assert count == 1 or character.isspace() or character == "\xad"


def test_no_chunk_crosses_a_section(chunks: list[Chunk], pages: list[Page]) -> None:
    starts = {(page.number, s.offset) for page in pages for s in page.sections}
    for chunk in chunks:
        inside = {
            (run.page_number, at)
            for run in chunk.placements
            for at in range(run.page_start, run.page_start + run.end - run.start)
        }
        first = chunk.placements[0]
        assert inside & starts <= {(first.page_number, first.page_start)}


@pytest.mark.parametrize(
    "words",
    [
        "Number of failed attempts for archiving WAL files",
        # Over a hyphen at a line end, twice.
        "target I/O object, and I/O context, showing cluster-wide I/O statistics.",
        "See pg_stat_activity for more information on backend_types.",
        # Over the end of page 2.
        "(To prevent ordinary users from hiding their activity from the administrator, only "
        "superusers are allowed to change these parameters with SET.)",
        # A listing with columns.
        "postgres  15551  0.0  0.1  57536  7132 pts/0    S    18:02   0:00",
    ],
)
def test_below_the_marks_stand_the_words_of_the_passage(
    words: str, chunks: list[Chunk], pages: list[Page]
) -> None:
    found = words_below(CHAPTER, marks_of(words, chunks, pages))
    assert found.replace("-", "") == "".join(words.split()).replace("-", "")


def test_a_passage_over_a_page_break_is_marked_on_both_pages(
    chunks: list[Chunk], pages: list[Page]
) -> None:
    found = marks_of("(To prevent ordinary users from hiding", chunks, pages)
    assert [mark.page_number for mark in found] == [2, 3]


def test_a_passage_of_three_lines_has_three_rectangles(
    chunks: list[Chunk], pages: list[Page]
) -> None:
    words = "The pg_stat_io view will contain one row for each combination of backend type, target"
    words += " I/O object, and I/O context, showing cluster-wide I/O statistics. Combinations which"
    (mark,) = marks_of(words + " do not make sense are omitted.", chunks, pages)
    assert len(mark.rectangles) == 3
