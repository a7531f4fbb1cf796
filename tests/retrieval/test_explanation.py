"""The first stage that lost a page, told from what searching for it gave."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import pytest

from kb.models import (
    Citation,
    GenerationReport,
    Placement,
    RetrievalResult,
    RetrieveAndGenerateResponse,
    RetrievedReference,
    Span,
)
from kb.models.tracing import Explanation, LossStage
from kb.retrieval.explanation import (
    Found,
    PagePart,
    Wanted,
    explain,
    find_passage,
    is_split,
    of_outcome,
    overlaps,
)
from tests.made_up import result

RESULTS = [result(f"text {n}", n, ranks={"semantic": n, "lexical": 10 - n}) for n in range(1, 9)]
LOST = RESULTS[6]
WANTED = Wanted(name="Page 7", identities=frozenset({LOST.chunk_id}), chunks=1)
SPLIT = Wanted(name="It", identities=WANTED.identities, chunks=2, is_split=True)


def found(**changes: Any) -> Found:
    values: dict[str, Any] = {
        "results": RESULTS[:5],
        "exact": RESULTS[:5],
        "exact_candidates": RESULTS,
        "eligible_chunks": 1,
        "similarity": 0.25,
        "semantic_rank": 1234,
        "of_chunks": 7000,
    }
    return Found(**{**values, **changes})


def answer(
    *cited: RetrievalResult, refusal: str | None = None, results: Sequence[RetrievalResult]
) -> RetrieveAndGenerateResponse:
    citations = tuple(
        Citation(
            span=Span(start=0, end=1),
            text="x",
            retrieved_references=(RetrievedReference(result=r),),
        )
        for r in cited
    )
    return RetrieveAndGenerateResponse(
        session_id="s",
        text="x",
        citations=citations,
        retrieval_results=tuple(results),
        generation_model="extractive",
        answered=bool(cited),
        report=GenerationReport(refusal=refusal),
    )


def test_below_the_result_count_says_which_number_it_is() -> None:
    explanation = explain(WANTED, found())
    assert explanation.stage is LossStage.BELOW_RESULTS
    assert explanation.sentence == (
        "Page 7 is result number 7, and 5 results were asked for; by vectors it is number 1,234 of "
        "7,000 (similarity 0.250), by words number 3."
    )
    assert (explanation.rank, explanation.best) == (7, LOST)
    assert explanation.ranks == {"semantic": 1234, "lexical": 3}


def test_beyond_the_most_results_there_is_no_number() -> None:
    explanation = explain(WANTED, found(exact_candidates=RESULTS[:6]))
    assert explanation.sentence.startswith("Page 7 is not among the first 6 results")
    assert explanation.rank is None


def test_the_filter_is_named_before_any_rank() -> None:
    explanation = explain(WANTED, found(eligible_chunks=0, semantic_rank=None, similarity=None))
    assert explanation.stage is LossStage.FILTERED


def test_what_only_the_exact_scan_finds_was_missed_by_the_index() -> None:
    explanation = explain(WANTED, found(exact=[*RESULTS[:4], LOST]))
    assert explanation.stage is LossStage.MISSED_BY_INDEX
    assert "number 5 of 5 of the exact scan" in explanation.sentence


def test_a_split_passage_is_blamed_on_the_split() -> None:
    explanation = explain(SPLIT, found())
    assert explanation.stage is LossStage.SPLIT
    assert "split over 2 chunks; the best of them is result number 7" in explanation.sentence


def test_a_split_passage_that_was_retrieved_is_not_lost() -> None:
    explanation = explain(SPLIT, found(results=RESULTS))
    assert explanation.stage is LossStage.RETRIEVED
    assert not explanation.is_lost


def test_an_answer_that_cites_it_has_not_lost_it() -> None:
    response = answer(RESULTS[0], LOST, results=RESULTS)
    explanation = explain(WANTED, found(results=RESULTS, response=response))
    assert explanation.stage is LossStage.CITED
    assert "cited as 2" in explanation.sentence


def test_an_answer_that_cites_others_was_given_it() -> None:
    response = answer(RESULTS[0], results=RESULTS)
    explanation = explain(WANTED, found(results=RESULTS, response=response))
    assert explanation.stage is LossStage.NOT_CITED
    assert explanation.is_lost


def test_a_silent_answer_names_the_threshold() -> None:
    response = answer(results=RESULTS)
    explanation = explain(WANTED, found(results=RESULTS, response=response, threshold=0.43))
    assert explanation.stage is LossStage.BELOW_THRESHOLD
    assert "the threshold of 0.43, so nothing was answered" in explanation.sentence


def test_a_silent_answer_s_own_reason_is_repeated() -> None:
    response = answer(results=RESULTS, refusal="The rankings disagree.")
    explanation = explain(WANTED, found(results=RESULTS, response=response, threshold=0.43))
    assert explanation.sentence.endswith("but nothing was answered: The rankings disagree.")


def test_a_parent_counts_for_its_chunks() -> None:
    wanted = Wanted(name="It", identities=frozenset({"d/3"}), chunks=4)
    parent = result("parent", 1, parent_id="d/3")
    assert explain(wanted, found(results=[parent])).stage is LossStage.RETRIEVED


@pytest.mark.parametrize(
    ("outcome", "reason", "stage", "words"),
    [
        ("empty", None, LossStage.NO_TEXT, "has no text"),
        ("skipped", "contents list", LossStage.SKIPPED, "was skipped .* contents list"),
        ("failed", "broken", LossStage.UNREADABLE, "could not be read: broken"),
        ("text", None, LossStage.NO_CHUNK, "has text, but none of it went into a chunk"),
    ],
)
def test_a_page_without_chunks_says_what_reading_it_gave(
    outcome: str, reason: str | None, stage: LossStage, words: str
) -> None:
    explanation: Explanation = of_outcome("Page 3", outcome, reason)
    assert explanation.stage is stage
    assert re.search(words, explanation.sentence)


def spans(passage: str, *pages: str) -> list[tuple[int, int, int]]:
    parts = find_passage(passage, list(enumerate(pages, start=4)))
    return [(part.page_number, part.span.start, part.span.end) for part in parts]


@pytest.mark.parametrize(
    ("passage", "pages", "expected"),
    [
        ("quick fox", ["The Quick, fox."], [(4, 4, 14)]),
        ("quick fox", ["The qui-\nck fox"], [(4, 4, 15)]),
        ("quick fox jumps", ["The quick", "fox jumps."], [(4, 4, 9), (5, 0, 9)]),
        ("fox jumps", ["The quick", "fox jumps."], []),
        ("slow", ["The quick"], []),
        ("…", ["The quick … fox"], []),
        ("STRASSE 5", ["Straße 5"], []),
        ("ÜNÏ 資料", ["x ünï, 資料"], [(4, 2, 9)]),
    ],
)
def test_a_passage_is_found_by_its_letters(
    passage: str, pages: list[str], expected: list[tuple[int, int, int]]
) -> None:
    assert spans(passage, *pages) == expected


def run(page_number: int, start: int, end: int) -> Placement:
    return Placement(start=0, end=end - start, page_number=page_number, page_start=start)


PART = PagePart(page_number=4, span=Span(start=10, end=20))


@pytest.mark.parametrize(
    ("placement", "expected"),
    [
        (run(4, 0, 10), False),
        (run(4, 0, 11), True),
        (run(4, 19, 30), True),
        (run(4, 20, 30), False),
        (run(5, 10, 20), False),
    ],
)
def test_a_chunk_overlaps_by_at_least_a_character(placement: Placement, expected: bool) -> None:
    assert overlaps([placement], [PART]) is expected


def test_a_passage_in_one_of_two_chunks_is_whole() -> None:
    assert not is_split([[run(4, 0, 12)], [run(4, 5, 25)]], [None, None], [PART])


def test_a_passage_over_two_chunks_is_split() -> None:
    assert is_split([[run(4, 0, 12)], [run(4, 12, 25)]], [None, None], [PART])


def test_chunks_of_one_parent_hold_it_together() -> None:
    assert not is_split([[run(4, 0, 12)], [run(4, 12, 25)]], ["d/1", "d/1"], [PART])
