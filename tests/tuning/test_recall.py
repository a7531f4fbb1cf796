"""Recall by distance, and what its interval promises."""

from __future__ import annotations

import numpy as np
import pytest

from kb.tuning.recall import recall_per_question, summarize

TRUTH = np.array([[0.1, 0.2, 0.3, 0.4]], dtype=np.float32)


def test_finding_the_nearest_is_recall_1() -> None:
    assert recall_per_question(TRUTH.astype(np.float64), TRUTH) == [1.0]


def test_a_row_beyond_the_k_th_is_a_miss() -> None:
    assert recall_per_question(np.array([[0.1, 0.2, 0.3, 0.41]]), TRUTH) == [0.75]


def test_a_missing_row_is_a_miss() -> None:
    assert recall_per_question(np.array([[0.1, 0.2, np.nan, np.nan]]), TRUTH) == [0.5]


def test_another_row_at_the_same_distance_counts() -> None:
    assert recall_per_question(np.array([[0.4, 0.4, 0.4, 0.4]]), TRUTH) == [1.0]


def test_the_last_digit_of_a_distance_is_no_miss() -> None:
    assert recall_per_question(TRUTH.astype(np.float64) + 1e-6, TRUTH) == [1.0]


def test_fewer_rows_than_asked_for_can_still_be_all() -> None:
    found = np.array([[0.1, 0.2, 0.3, 0.4, np.nan, np.nan]])

    assert recall_per_question(found, TRUTH) == [1.0]


@pytest.mark.parametrize("seed", range(20))
def test_the_interval_holds_the_mean_and_stays_within_0_and_1(seed: int) -> None:
    chance = np.random.default_rng(seed)
    recalls = chance.binomial(10, chance.uniform(), size=chance.integers(1, 300)) / 10

    summary = summarize(recalls, 10)

    assert 0 <= summary.low <= summary.mean <= summary.high <= 1


def test_perfect_questions_still_leave_doubt() -> None:
    assert 0.95 < summarize(np.ones(30), 10).low < 0.99


def test_a_miss_never_raises_the_lower_bound() -> None:
    perfect = np.ones(200)
    one_miss = perfect.copy()
    one_miss[0] = 0.9

    assert summarize(one_miss, 10).low < summarize(perfect, 10).low


def test_more_questions_narrow_the_interval() -> None:
    recalls = np.tile([1.0, 0.9, 1.0, 0.7], 20)

    few, many = summarize(recalls[:40], 10), summarize(recalls, 10)

    assert many.high - many.low < few.high - few.low


@pytest.mark.parametrize(("mean", "questions"), [(0.95, 30), (0.98, 100), (0.995, 200)])
def test_the_lower_bound_is_rarely_above_the_truth(mean: float, questions: int) -> None:
    # Rows of a question fare alike: about twice the variance of independent ones.
    chance = np.random.default_rng(7)
    chances = chance.beta(8 * mean, 8 * (1 - mean), size=(2000, questions))
    draws = chance.binomial(10, chances) / 10

    above = [summarize(recalls, 10).low > mean for recalls in draws]

    assert np.mean(above) < 0.05


def test_the_minimum_is_the_worst_question() -> None:
    assert summarize(np.array([1.0, 0.3, 0.9]), 10).minimum == 0.3
