"""What holds for the chunks of every strategy: their places, their sizes, and the preview."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kb.documents.chunking import chunk_pages
from kb.documents.chunking_configuration import to_setting
from kb.documents.parsers import read_pages
from kb.documents.strategies import chunk, has_page_numbers, preview
from kb.models import PageOutcome
from kb.models.chunking import (
    ChunkingStrategy,
    DefaultChunking,
    NoChunking,
    SemanticChunking,
    largest_chunk,
)
from tests.documents.chunked import (
    FIXED,
    HIERARCHICAL,
    SEMANTIC,
    chunks,
    embed_by_words,
    guide,
    numbered,
    page,
)
from tests.documents.corpus import count_tokens, count_words

ALL: list[ChunkingStrategy] = [
    *(DefaultChunking(max_tokens=40), FIXED, HIERARCHICAL, SEMANTIC, NoChunking()),
]


@pytest.mark.parametrize("strategy", ALL, ids=to_setting)
def test_every_character_of_a_chunk_stands_where_it_says(strategy: ChunkingStrategy) -> None:
    pages = guide()
    texts = {page.number: page.text for page in pages}
    for made in chunk(pages, strategy, count_tokens, embed_by_words):
        for text, runs in [(made.text, made.placements)] + (
            [(made.parent.text, made.parent.placements)] if made.parent else []
        ):
            for run in runs:
                there = texts[run.page_number][run.page_start :][: run.end - run.start]
                assert text[run.start : run.end] == there


@pytest.mark.parametrize("strategy", ALL, ids=to_setting)
def test_no_word_of_a_document_is_lost(strategy: ChunkingStrategy) -> None:
    pages = guide()
    places = set()
    for made in chunk(pages, strategy, count_tokens, embed_by_words):
        for run in made.placements:
            at = range(run.page_start, run.page_start + run.end - run.start)
            places |= {(run.page_number, n) for n in at}
    lost = [
        (page.number, n)
        for page in pages
        if page.outcome is PageOutcome.TEXT
        for n, letter in enumerate(page.text)
        if letter.isalnum() and (page.number, n) not in places
    ]
    assert lost == []


@pytest.mark.parametrize("strategy", ALL[:4], ids=to_setting)
def test_no_chunk_is_larger_than_its_strategy_allows(strategy: ChunkingStrategy) -> None:
    limit = largest_chunk(strategy)
    assert limit is not None
    made = list(chunk(guide(), strategy, count_tokens, embed_by_words))
    assert len(made) > 10 and max(count_tokens([found.text for found in made])) <= limit


@pytest.mark.parametrize("strategy", ALL, ids=to_setting)
def test_the_tokens_of_a_chunk_are_those_of_its_text(strategy: ChunkingStrategy) -> None:
    made = list(chunk(guide(), strategy, count_tokens, embed_by_words))
    assert [found.tokens for found in made] == count_tokens([found.text for found in made])


@pytest.mark.parametrize("strategy", ALL, ids=to_setting)
def test_chunks_are_numbered_from_0(strategy: ChunkingStrategy) -> None:
    made = chunks([page(1, numbered(200))], strategy)
    assert [found.ordinal for found in made] == list(range(len(made)))


@pytest.mark.parametrize("strategy", ALL, ids=to_setting)
def test_pages_without_text_give_no_chunks(strategy: ChunkingStrategy) -> None:
    skipped = page(2, "contents", outcome=PageOutcome.SKIPPED)
    assert chunks([page(1, "", outcome=PageOutcome.EMPTY), skipped], strategy) == []


@pytest.mark.parametrize(
    "strategy",
    [s for s in ALL if not isinstance(s, (NoChunking, SemanticChunking))],
    ids=to_setting,
)
def test_the_first_chunks_come_before_the_last_pages_are_read(strategy: ChunkingStrategy) -> None:
    read = []

    def pages() -> Any:
        for number in range(1, 2_000):
            read.append(number)
            yield page(number, numbered(40))

    next(iter(chunk(pages(), strategy, count_words)))
    assert len(read) < 500


def test_the_default_is_what_it_was() -> None:
    pages = guide()
    made = list(chunk(pages, DefaultChunking(), count_tokens))
    assert made == list(chunk_pages(pages, count_tokens, max_tokens=300))


def test_none_has_no_page_numbers() -> None:
    assert [has_page_numbers(strategy) for strategy in ALL] == [True, True, True, True, False]


def test_a_preview_tells_how_many_chunks_and_how_large() -> None:
    shown = preview([page(1, numbered(51))], FIXED, count_words)
    assert (shown.chunks, shown.min_tokens, shown.median_tokens, shown.max_tokens) == (4, 6, 20, 20)


def test_a_preview_shows_the_boundaries_on_a_page() -> None:
    pages = [page(1, numbered(30)), page(2, numbered(30))]
    shown = preview(pages, FIXED, count_words)
    found = [(at.ordinal, pages[1].text[at.start : at.end]) for at in shown.on_page(2)]
    assert found[-1] == (3, numbered(15, 15))


def test_a_preview_of_nothing_is_all_zero() -> None:
    shown = preview([], FIXED, count_words)
    assert (shown.chunks, shown.min_tokens, shown.total_tokens, shown.boundaries) == (0, 0, 0, ())


def test_a_table_s_rows_are_chunked_by_every_strategy(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("name,city\n" + "".join(f"Person {n},Bern\n" for n in range(30)))
    for strategy in ALL:
        made = chunks(list(read_pages(path, path.name)), strategy)
        assert "Person 29" in made[-1].text
