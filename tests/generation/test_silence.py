"""When the knowledge base says that it does not answer, and why."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kb.generation.silence import Evidence, coverages
from tests.made_up import result

GOOD = Evidence(similarity=0.7, overlap=0.8, first_coverage=0.9, best_coverage=0.9, asked_words=5)
BAD = Evidence(similarity=0.3, overlap=0.2, first_coverage=0.1, best_coverage=0.2, asked_words=5)


def test_good_evidence_is_answered_and_bad_is_not() -> None:
    assert GOOD.refusal(0.18) is None
    assert BAD.refusal(0.18) is not None


@pytest.mark.parametrize("name", ["similarity", "overlap", "first_coverage", "best_coverage"])
def test_each_signal_counts_in_favour(name: str) -> None:
    less = replace(GOOD, **{name: 0.0})  # type: ignore[arg-type]
    assert less.confidence < GOOD.confidence


def test_the_reason_has_the_figures_that_decided() -> None:
    reason = BAD.refusal(0.18)
    assert reason is not None
    assert reason.startswith("The knowledge base does not answer this question: ")
    assert "0.30 similar" in reason
    assert "20%" in reason
    assert "from 0.18 on" in reason


def test_a_threshold_of_0_answers_everything_and_1_nothing() -> None:
    assert BAD.refusal(0.0) is None
    assert GOOD.refusal(1.0) is not None


def test_where_the_search_tells_no_coverage_the_share_of_words_stands_in() -> None:
    told = replace(result("One.", 1), coverage=0.4)
    assert coverages([told, result("Two.", 2)], [0.9, 0.6]) == (0.4, 0.6)
