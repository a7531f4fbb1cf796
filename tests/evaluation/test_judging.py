"""What came of one question: ranks, support, citations, and where the page was lost."""

from __future__ import annotations

from dataclasses import replace
from math import log2

import pytest

from kb.evaluation.judging import judge, ndcg_by_page
from kb.models import Retrieval, RetrieveAndGenerateResponse
from kb.models.evaluation import LostStage, Question, QuestionOutcome
from tests.evaluation.outcomes import QUESTION, on_page, quoting, refusing, retrieval

GOLD, OTHER = on_page(7, 1), on_page(2, 2)


def judged(
    response: RetrieveAndGenerateResponse,
    found: Retrieval | None = None,
    question: Question = QUESTION,
) -> QuestionOutcome:
    found = found or retrieval(2, 7)
    return judge(question, found, response, retrieve_ms=5.0, answer_ms=9.0)


@pytest.mark.parametrize(
    ("ranked", "gold", "expected"),
    [
        # By hand: gains 1/log2(2), 1/log2(3), 1/log2(4) at the first three places.
        ((7,), (7,), 1.0),
        ((2, 7), (7,), 1 / log2(3)),
        ((7, 2, 8), (7, 8), (1 + 1 / 2) / (1 + 1 / log2(3))),
        ((7, 7, 8), (7, 8), 1.0),
        ((2, 3), (7,), 0.0),
        ((), (7,), 0.0),
        ((*range(100, 110), 7), (7,), 0.0),
        (tuple(range(10)), tuple(range(20)), 1.0),
    ],
)
def test_ndcg_by_page(ranked: tuple[int, ...], gold: tuple[int, ...], expected: float) -> None:
    assert ndcg_by_page(ranked, gold) == pytest.approx(expected)


def test_the_rank_is_that_of_the_first_chunk_on_a_gold_page() -> None:
    assert judged(quoting(GOLD), retrieval(2, 7, 7)).rank == 2


def test_a_chunk_is_on_every_page_from_its_first_to_its_last() -> None:
    found = Retrieval(results=(on_page(5, last_page_number=7),), timings_ms={})
    assert judged(quoting(GOLD), found).rank == 1


def test_a_page_of_another_document_is_not_the_gold_page() -> None:
    question = replace(QUESTION, document="other/a.pdf")
    outcome = judged(quoting(GOLD), retrieval(7), question)
    assert (outcome.rank, outcome.ndcg) == (None, 0.0)


def test_a_chunk_without_pages_takes_a_place_in_the_ranking() -> None:
    outcome = judged(quoting(GOLD), retrieval(None, 7))
    assert outcome.rank == 2
    assert outcome.ndcg == pytest.approx(1 / log2(3))


def test_keywords_are_looked_for_in_the_cited_passage_only() -> None:
    assert judged(quoting(GOLD)).is_supported
    assert not judged(quoting(GOLD, 55, 71)).is_supported


def test_case_and_the_width_of_blanks_do_not_matter_to_keywords() -> None:
    question = replace(QUESTION, keywords=("PG_STAT_IO", "one  row for each combination"))
    assert judged(quoting(GOLD), question=question).is_supported


def test_half_of_the_keywords_is_half_a_support() -> None:
    question = replace(QUESTION, keywords=("one row", "no such words"))
    outcome = judged(quoting(GOLD), question=question)
    assert (outcome.is_supported, outcome.keyword_share) == (False, 0.5)


def test_a_verbatim_citation_is_sound() -> None:
    (citation,) = judged(quoting(GOLD)).citations
    assert citation.is_sound


@pytest.mark.parametrize(("start", "end"), [(0, 500), (5, 5), (9, 3), (-3, 4)])
def test_a_span_outside_its_chunk_is_unsound(start: int, end: int) -> None:
    (citation,) = judged(quoting(GOLD, start, end, text="The view")).citations
    assert not citation.is_sound


def test_a_citation_of_what_was_not_retrieved_is_unsound() -> None:
    response = replace(quoting(GOLD), retrieval_results=(OTHER,))
    assert not judged(response).citations[0].is_sound


def test_a_quotation_in_other_words_is_unsound() -> None:
    assert not judged(quoting(GOLD, text="The view has two rows.")).citations[0].is_sound


def test_a_model_may_use_its_own_words() -> None:
    response = quoting(GOLD, text="It is a view.", model="anthropic.claude")
    assert judged(response).citations[0].is_sound


def test_a_row_under_its_header_is_sound_when_each_line_stands_in_a_passage() -> None:
    response = quoting(GOLD, text="The view pg_stat_io has\none row for each")
    assert judged(response).citations[0].is_sound


def test_a_sentence_outside_every_citation_is_not_covered() -> None:
    response = quoting(GOLD, 0, 54)
    longer = replace(response, text=f"{response.text}\nSomebody added this sentence.")
    outcome = judged(longer)
    assert (outcome.cited_sentences, outcome.sentences) == (2, 3)


@pytest.mark.parametrize(
    ("response", "found", "stage"),
    [
        (quoting(GOLD), retrieval(7), None),
        (quoting(OTHER, others=(GOLD,)), retrieval(2, 7), LostStage.NOT_CITED),
        (refusing(OTHER, GOLD), retrieval(2, 7), LostStage.REFUSED),
        (quoting(OTHER), retrieval(2, 7), LostStage.BEYOND_NUMBER_OF_RESULTS),
        (quoting(OTHER), retrieval(2, candidates=(GOLD,)), LostStage.BEYOND_NUMBER_OF_RESULTS),
        (quoting(OTHER), retrieval(2), LostStage.NOT_A_CANDIDATE),
        (refusing(OTHER), retrieval(2), LostStage.NOT_A_CANDIDATE),
    ],
)
def test_the_stage_that_lost_the_page(
    response: RetrieveAndGenerateResponse, found: Retrieval, stage: LostStage | None
) -> None:
    assert judged(response, found).lost_at is stage


def test_a_question_without_pages_loses_none() -> None:
    question = Question(question="Why?", answer=None)
    outcome = judged(refusing(OTHER), question=question)
    assert (outcome.lost_at, outcome.ndcg, outcome.rank) == (None, None, None)
