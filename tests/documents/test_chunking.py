"""Chunks: their size, their sections, and that every word of a chunk knows its place."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pytest

from kb.documents.chunking import chunk_pages
from kb.models import Chunk, Page, PageOutcome, SectionStart
from tests.documents.corpus import count_words

SENTENCE = "Nine words are what this plain sentence here has."


def page(text: str, number: int = 1, **more: object) -> Page:
    fields = {"width": 595.0, "height": 842.0, "boxes": np.zeros((len(text), 4), np.float32)}
    return Page(number=number, label=str(number), text=text, **fields | more)  # type: ignore[arg-type]


def chunks(*pages: Page, max_tokens: int = 20) -> list[Chunk]:
    return list(chunk_pages(pages, count_words, max_tokens=max_tokens))


def texts(*pages: Page, max_tokens: int = 20) -> list[str]:
    return [chunk.text for chunk in chunks(*pages, max_tokens=max_tokens)]


def placed_text(chunk: Chunk, pages: Sequence[Page]) -> str:
    """The chunk's text, read from the pages by its placements where it has some."""
    by_number = {page.number: page.text for page in pages}
    text = chunk.text
    for run in chunk.placements:
        there = by_number[run.page_number][run.page_start : run.page_start + run.end - run.start]
        text = text[: run.start] + there + text[run.end :]
    return text


def test_paragraphs_that_fit_share_a_chunk() -> None:
    assert texts(page(f"{SENTENCE}\n\n{SENTENCE}")) == [f"{SENTENCE}\n\n{SENTENCE}"]


def test_a_paragraph_that_does_not_fit_begins_the_next_chunk() -> None:
    assert texts(page("\n\n".join([SENTENCE] * 3))) == [f"{SENTENCE}\n\n{SENTENCE}", SENTENCE]


def test_a_paragraph_that_is_too_long_is_cut_between_sentences() -> None:
    assert texts(page(" ".join([SENTENCE] * 4))) == [f"{SENTENCE} {SENTENCE}"] * 2


def test_a_listing_that_is_too_long_is_cut_between_lines() -> None:
    lines = [f"x{n} = call(a, b, c);" for n in range(12)]
    found = texts(page("\n".join(lines)), max_tokens=24)
    assert [line for text in found for line in text.split("\n")] == lines


def test_no_chunk_is_larger_than_it_may_be() -> None:
    words = page(" ".join(f"w{n}" for n in range(500)) + f"\n\n{SENTENCE}" * 9)
    assert max(chunk.tokens for chunk in chunks(words, max_tokens=30)) <= 30


def test_a_chunk_knows_its_tokens() -> None:
    for chunk in chunks(page("\n\n".join([SENTENCE] * 7))):
        assert chunk.tokens == len(chunk.text.split())


def test_a_chunk_ends_where_a_section_begins() -> None:
    text = f"{SENTENCE}\n\nTitle\n\nShort."
    starts = (SectionStart(offset=text.index("Title"), heading_path=("Title",)),)
    found = chunks(page(text, sections=starts))
    assert [(chunk.text, chunk.heading_path) for chunk in found] == [
        (SENTENCE, ()),
        ("Title\n\nShort.", ("Title",)),
    ]


def test_a_page_without_sections_goes_on_in_the_last_one() -> None:
    starts = (SectionStart(offset=0, heading_path=("Title",)),)
    found = chunks(page("Title", sections=starts), page(SENTENCE, 2), max_tokens=9)
    assert [chunk.heading_path for chunk in found] == [("Title",), ("Title",)]


def test_a_heading_goes_with_what_it_introduces() -> None:
    long = " ".join([SENTENCE] * 5)
    found = texts(page(f"{long}\n\nA heading\n\n{SENTENCE}"), max_tokens=50)
    assert found == [long, f"A heading\n\n{SENTENCE}"]


def test_a_line_that_ends_in_a_colon_goes_with_what_it_introduces() -> None:
    long = " ".join([SENTENCE] * 5)
    found = texts(page(f"{long}\n\nFor example:\n\n{SENTENCE}"), max_tokens=50)
    assert found[1] == f"For example:\n\n{SENTENCE}"


def test_a_tiny_last_piece_takes_a_paragraph_from_the_chunk_before() -> None:
    forty = " ".join([SENTENCE] * 5)
    found = texts(page(f"{forty}\n\n{forty}\n\n{SENTENCE}"), max_tokens=90)
    assert found == [forty, f"{forty}\n\n{SENTENCE}"]


def test_a_sentence_over_a_page_break_is_joined_by_a_space() -> None:
    first = page("It goes on over", joint=" ")
    assert texts(first, page("the end of the page.", 2)) == ["It goes on over the end of the page."]


def test_a_word_over_a_page_break_is_whole_in_the_chunk() -> None:
    first = page("A word at the end of the pa\xad", joint="")
    found = chunks(first, page("per goes on.", 2))
    assert found[0].text == "A word at the end of the paper goes on."
    assert [(run.page_number, run.page_start) for run in found[0].placements] == [(1, 0), (2, 0)]


def test_placements_lead_to_the_same_words_on_the_pages() -> None:
    pages = [
        page(f"{SENTENCE}\n\n{SENTENCE} It goes", joint=" "),
        page(f"on here.\n\n{SENTENCE}\n\nA pa\xad", 2, joint=""),
        page(f"per.\n\n  x = 1\n  y = 2\n\n{SENTENCE}", 3),
    ]
    for chunk in chunks(*pages):
        assert placed_text(chunk, pages) == chunk.text


def test_a_skipped_page_gives_no_chunks() -> None:
    skipped = page(SENTENCE, outcome=PageOutcome.SKIPPED)
    assert texts(skipped, page("Short.", 2)) == ["Short."]


def test_a_skipped_page_parts_what_stands_around_it() -> None:
    first = page("It goes on", joint=" ")
    skipped = page(SENTENCE, 2, outcome=PageOutcome.SKIPPED)
    assert texts(first, skipped, page("here.", 3)) == ["It goes on\n\nhere."]


def test_chunks_are_numbered_in_order() -> None:
    found = chunks(*(page(SENTENCE, number) for number in range(1, 9)))
    assert [chunk.ordinal for chunk in found] == list(range(len(found)))


def test_chunks_come_while_pages_are_still_read() -> None:
    read: list[int] = []

    def pages() -> Iterator[Page]:
        for number in range(1, 2001):
            read.append(number)
            yield page(SENTENCE, number)

    next(chunk_pages(pages(), count_words, max_tokens=20))
    assert len(read) < 1000


def test_a_tokenizer_whose_counts_do_not_add_up_gives_no_larger_chunks() -> None:
    def count(texts: Sequence[str]) -> list[int]:
        # White space costs here, and only between blocks.
        return [len(text.split()) + 5 * text.count("\n\n") for text in texts]

    found = list(chunk_pages([page("\n\n".join([SENTENCE] * 20))], count, max_tokens=40))
    assert max(count([chunk.text for chunk in found])) <= 40


@pytest.mark.parametrize("separator", [" ", "\n", "\n\n"])
def test_every_word_of_a_long_text_is_in_one_chunk(separator: str) -> None:
    words = [f"word{n}." for n in range(6000)]
    found = texts(page(separator.join(words)), max_tokens=100)
    assert " ".join(found).split() == words
