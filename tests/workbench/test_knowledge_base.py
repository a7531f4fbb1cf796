"""Questions on the real chapter: whole, streamed, and with nothing to say."""

from __future__ import annotations

import pytest

from kb.errors import ValidationError
from kb.models import (
    AnswerPart,
    RetrievalConfiguration,
    RetrieveAndGenerateResponse,
    SearchType,
)
from kb.workbench import Workbench
from tests.made_up import SyncedChapter

pytestmark = pytest.mark.database

QUESTION = "What is the pg_stat_io view?"


@pytest.fixture(scope="module")
def bench(synced_chapter: SyncedChapter) -> Workbench:
    return synced_chapter.bench


def streamed(bench: Workbench) -> tuple[list[AnswerPart], RetrieveAndGenerateResponse]:
    parts = []
    stream = bench.knowledge_base.stream(QUESTION, session_id="session")
    while True:
        try:
            parts.append(next(stream))
        except StopIteration as end:
            return parts, end.value


def test_the_streamed_parts_are_the_whole_answer(bench: Workbench) -> None:
    parts, streamed_answer = streamed(bench)
    whole = bench.knowledge_base.retrieve_and_generate(QUESTION, session_id="session")
    assert "".join(part.text for part in parts) == whole.text
    assert streamed_answer.citations == whole.citations


def test_every_sentence_of_an_answer_is_cited(bench: Workbench) -> None:
    answer = bench.knowledge_base.retrieve_and_generate(QUESTION)
    left = answer.text
    for citation in answer.citations:
        left = left.replace(citation.text, "", 1)
    assert answer.citations
    assert left.strip() == ""


def test_a_session_keeps_its_id(bench: Workbench) -> None:
    knowledge_base = bench.knowledge_base
    assert knowledge_base.retrieve_and_generate(QUESTION, session_id="mine").session_id == "mine"
    first = knowledge_base.retrieve_and_generate(QUESTION).session_id
    assert first != knowledge_base.retrieve_and_generate(QUESTION).session_id


def test_an_answer_tells_how_long_each_stage_took(bench: Workbench) -> None:
    timings = bench.knowledge_base.retrieve_and_generate(QUESTION).timings_ms
    assert set(timings) == {"embed", "search", "rerank", "generate"}
    assert all(ms > 0 for ms in timings.values())


@pytest.mark.parametrize("question", ["How do I bake bread?", "Who won the world cup in 1998?"])
def test_a_question_that_the_chapter_does_not_answer_gets_no_answer(
    question: str, bench: Workbench
) -> None:
    answer = bench.knowledge_base.retrieve_and_generate(question)
    assert (answer.answered, answer.citations) == (False, ())
    assert answer.retrieval_results


@pytest.mark.parametrize("search_type", list(SearchType))
def test_both_search_types_find_the_section(search_type: SearchType, bench: Workbench) -> None:
    found = bench.knowledge_base.retrieve(
        QUESTION, RetrievalConfiguration(search_type=search_type)
    ).results
    assert any("pg_stat_io" in result.heading_path[-1] for result in found)


def test_a_wrong_number_of_results_is_refused(bench: Workbench) -> None:
    with pytest.raises(ValidationError):
        bench.knowledge_base.retrieve_and_generate(
            QUESTION, RetrievalConfiguration(number_of_results=0)
        )
