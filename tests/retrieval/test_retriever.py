"""Bedrock's bounds on a question, and what reaches the store."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from kb.adapters.minilm import MiniLm
from kb.adapters.pgvector_store import PgvectorStore
from kb.errors import ValidationError
from kb.models import (
    Comparison,
    Condition,
    Exchange,
    Filter,
    Retrieval,
    RetrievalConfiguration,
    RetrievalResult,
    SearchType,
)
from kb.retrieval.retriever import MAX_QUERY_CHARACTERS, retrieve
from tests.made_up import result

EMBEDDER = MiniLm()


class Listener(PgvectorStore):
    """A VectorStore that remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[object, ...]] = []

    def retrieve(
        self,
        query_embedding: NDArray[np.float32],
        *,
        question: str,
        identifiers: Sequence[str],
        search_type: SearchType,
        number_of_results: int,
        filter: Filter | None = None,
    ) -> list[RetrievalResult]:
        self.asked.append((question, list(identifiers), search_type, number_of_results))
        return [result("A chunk.")]


@pytest.fixture
def listener() -> Listener:
    return Listener()


def ask(listener: Listener, question: str, **options: object) -> Retrieval:
    return retrieve(
        question,
        vectors=listener,
        embedder=EMBEDDER,
        configuration=RetrievalConfiguration(**options),  # type: ignore[arg-type]
    )


def test_the_question_reaches_the_store_with_its_identifiers(listener: Listener) -> None:
    ask(listener, "What is pg_stat_io?")
    assert listener.asked == [("What is pg_stat_io?", ["pg_stat_io"], SearchType.HYBRID, 5)]


def test_results_come_with_the_milliseconds_of_both_stages(listener: Listener) -> None:
    found = ask(listener, "What?")
    assert [r.text for r in found.results] == ["A chunk."]
    assert set(found.timings_ms) == {"embed", "search"}
    assert all(ms >= 0 for ms in found.timings_ms.values())


@pytest.mark.parametrize("number", [1, 100])
def test_bedrock_s_bounds_are_allowed(number: int, listener: Listener) -> None:
    ask(listener, "What?", number_of_results=number)
    assert listener.asked[0][-1] == number


@pytest.mark.parametrize("number", [0, 101, -1])
def test_other_numbers_of_results_are_refused(number: int, listener: Listener) -> None:
    with pytest.raises(ValidationError, match="between 1 and 100"):
        ask(listener, "What?", number_of_results=number)


@pytest.mark.parametrize("question", ["", "  \n\t "])
def test_an_empty_question_is_refused(question: str, listener: Listener) -> None:
    with pytest.raises(ValidationError, match="empty"):
        ask(listener, question)


def test_the_longest_question_is_allowed(listener: Listener) -> None:
    ask(listener, "x" * MAX_QUERY_CHARACTERS)
    assert listener.asked


def test_a_longer_question_is_refused(listener: Listener) -> None:
    with pytest.raises(ValidationError, match="20,000"):
        ask(listener, "x" * (MAX_QUERY_CHARACTERS + 1))


@pytest.mark.parametrize("character", ["\0", "\udcff", "\ud800"])
def test_a_character_that_no_text_has_is_refused(character: str, listener: Listener) -> None:
    with pytest.raises(ValidationError, match="remove it"):
        ask(listener, f"What is{character}?")


def test_a_filter_beyond_the_limits_never_reaches_the_store(listener: Listener) -> None:
    wrong = Condition(comparison=Comparison.GREATER_THAN, key="year", value="2020")
    with pytest.raises(ValidationError, match=r"filter\.greaterThan\.value must be a number"):
        ask(listener, "anything", filter=wrong)
    assert listener.asked == []


def test_a_follow_up_is_searched_with_what_it_leans_on(listener: Listener) -> None:
    history = (Exchange(question="What is pg_stat_io?", answer="A view."),)
    found = retrieve(
        "How do I reset it?",
        vectors=listener,
        embedder=EMBEDDER,
        configuration=RetrievalConfiguration(),
        history=history,
    )
    meant = "What is pg_stat_io? How do I reset it?"
    assert listener.asked[0][:2] == (meant, ["pg_stat_io"])
    assert found.queries == (meant,)


def test_a_question_of_two_parts_is_searched_part_by_part(listener: Listener) -> None:
    question = "What is a WAL file? How large is a WAL file?"
    found = ask(listener, question, query_decomposition=True)
    assert [asked[0] for asked in listener.asked] == list(found.queries)
    assert len(found.queries) == 2
    assert len(found.results) == 1


def test_a_question_that_stands_alone_is_searched_as_it_was_typed(listener: Listener) -> None:
    assert ask(listener, "What is a WAL file?", query_decomposition=True).queries == ()
