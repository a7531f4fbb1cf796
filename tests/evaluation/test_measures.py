"""The measures of made-up runs, counted by hand, and what changed from one to another."""

from __future__ import annotations

import json

import pytest

from kb.errors import ValidationError
from kb.evaluation.comparing import compare
from kb.evaluation.judging import judge
from kb.evaluation.measures import measures
from kb.evaluation.records import read_run, run_json
from kb.models.evaluation import CitationOutcome, QuestionOutcome, RankedResult
from kb.wording import MEASURES
from tests.evaluation.outcomes import QUESTION, on_page, outcome, quoting, retrieval, run

#: The fields that programs rely on.
FIELDS = (
    *("questions", "hit_at_1", "hit_at_5", "hit_at_10", "mrr_at_10", "ndcg_at_10"),
    *("answer_support", "citation_precision", "citation_coverage", "refused_unanswerable"),
    *("refused_answerable", "retrieve_p50_ms", "answer_p50_ms", "per_question"),
)


def at(rank: int | None, question: str = "q", **changes: object) -> QuestionOutcome:
    """A question whose page was found at this rank."""
    ranked = RankedResult(
        rank=rank or 1,
        chunk_id="c",
        uri="s3://kb/a.pdf",
        page_number=7,
        last_page_number=None,
        heading="",
        score=1.0,
        similarity=1.0,
        is_gold=rank is not None,
        excerpt="",
    )
    return outcome(question=question, results=(ranked,), **changes)


UNKNOWN = outcome(
    answerable=False, gold_pages=(), keywords=(), ndcg=None, sentences=0, cited_sentences=0
)


def refused(known: bool) -> QuestionOutcome:
    if known:
        return outcome(answered=False, sentences=0, cited_sentences=0)
    return outcome(answerable=False, answered=False, gold_pages=(), keywords=(), ndcg=None)


def value(name: str, *outcomes: QuestionOutcome) -> float | None:
    return measures(outcomes)[name].value


def test_hits_count_questions_with_pages_only() -> None:
    asked = (at(1), at(4), at(9), at(None), UNKNOWN)
    assert [value(f"hit_at_{k}", *asked) for k in (1, 5, 10)] == [0.25, 0.5, 0.75]


def test_the_reciprocal_rank_ends_at_ten() -> None:
    assert value("mrr_at_10", at(1), at(4), at(11), at(None)) == pytest.approx(1.25 / 4)


def test_support_is_all_keywords_and_half_is_half_of_them() -> None:
    asked = (outcome(keywords_found=("a", "b")), outcome(keywords_found=("a",)), outcome())
    assert value("answer_support", *asked) == pytest.approx(1 / 3)
    assert value("answer_support_half", *asked) == pytest.approx(2 / 3)
    assert value("answer_support_keywords", *asked) == pytest.approx(1 / 2)


def test_refusals_are_counted_apart() -> None:
    asked = (refused(True), at(1), at(1), at(1), refused(False), UNKNOWN)
    assert value("refused_answerable", *asked) == 0.25
    assert value("refused_unanswerable", *asked) == 0.5


def test_citations_and_sentences_are_counted_over_all_answers() -> None:
    sound, unsound = (
        CitationOutcome(text="x", passages=("x",), pages=(7,), is_sound=is_sound, is_gold=True)
        for is_sound in (True, False)
    )
    first = outcome(citations=(sound, sound, unsound), sentences=4, cited_sentences=3)
    second = outcome(citations=(sound,), sentences=1, cited_sentences=1)
    assert value("citation_precision", first, second) == 0.75
    assert value("citation_coverage", first, second) == 0.8


def test_what_nothing_can_be_measured_on_has_no_value() -> None:
    found = measures((UNKNOWN,))
    assert found["hit_at_1"].value is None and found["citation_precision"].value is None


def test_every_measure_has_a_name_for_readers() -> None:
    assert list(MEASURES) == list(measures(()))


def test_a_run_as_json_has_the_fields_that_programs_rely_on() -> None:
    shape = run_json(run(at(1), UNKNOWN))
    assert [name for name in FIELDS if name not in shape] == []
    assert shape["questions"] == len(shape["per_question"]) == 2
    assert shape["intervals"]["hit_at_1"] == pytest.approx([0.2065, 1.0], abs=1e-4)


def test_a_run_is_the_same_after_a_way_through_json() -> None:
    judged = judge(QUESTION, retrieval(2, 7), quoting(on_page(7)), retrieve_ms=1.5, answer_ms=2.5)
    before = run(judged, UNKNOWN, planned=5)
    assert read_run("a.json", json.dumps(run_json(before)).encode()) == before


@pytest.mark.parametrize(
    "data", [b"", b"[]", b"{}", b"\xff", b'{"per_question": [1]}', b"[" * 99999]
)
def test_what_is_no_run_is_refused(data: bytes) -> None:
    with pytest.raises(ValidationError, match="is no run of"):
        read_run("a.json", data)


def test_a_comparison_counts_the_questions_that_both_asked() -> None:
    found = compare(run(at(1, "a"), at(1, "b")), run(at(1, "b"), at(1, "c")))
    assert (found.questions, found.changes) == (1, ())


def test_runs_without_a_common_question_are_not_compared() -> None:
    with pytest.raises(ValidationError, match="no question in common"):
        compare(run(at(1, "a")), run(at(1, "b")))


def test_a_difference_has_its_interval_and_its_test() -> None:
    names = [str(number) for number in range(8)]
    before = run(*(at(6, name) for name in names))
    after = run(*(at(1, name) for name in names))
    changed = {change.name: change for change in compare(before, after).measures}
    hit = changed["hit_at_5"]
    assert (hit.before, hit.after, hit.difference, hit.low, hit.high) == (0, 1, 1, 1, 1)
    assert hit.p_value == pytest.approx(2 / 256)
    assert changed["mrr_at_10"].difference == pytest.approx(1 - 1 / 6)
    assert changed["mrr_at_10"].p_value is None


def test_a_changed_question_says_what_became_better_and_what_worse() -> None:
    before = run(at(3, "a", keywords_found=("a",)))
    after = run(at(1, "a", answered=False))
    (change,) = compare(before, after).changes
    assert change.better == ("rank 3 → 1",)
    assert change.worse == ("refused", "keywords 1 → 0")


def test_a_page_that_is_not_found_any_more_is_worse() -> None:
    (change,) = compare(run(at(9, "a")), run(at(None, "a"))).changes
    assert change.worse == ("rank 9 → none",)
