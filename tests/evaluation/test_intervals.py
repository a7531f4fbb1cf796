"""Intervals and tests against values from tables and by hand."""

from __future__ import annotations

import pytest

from kb.evaluation.intervals import bootstrap_mean, mcnemar, wilson


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    # 8 of 10 and 0 of 10 as Newcombe (1998) and the statistics packages have them.
    [
        (8, 10, 0.4902, 0.9433),
        (0, 10, 0.0, 0.2775),
        (10, 10, 0.7225, 1.0),
        (81, 263, 0.2553, 0.3662),
    ],
)
def test_wilson_s_interval(successes: int, trials: int, low: float, high: float) -> None:
    assert wilson(successes, trials) == pytest.approx((low, high), abs=1e-4)


@pytest.mark.parametrize(
    ("before", "after", "p"),
    # Twice the binomial tail: of 10 changes 1 or fewer, (1 + 10) / 1024.
    [(0, 0, 1.0), (1, 9, 2 * 11 / 1024), (9, 1, 2 * 11 / 1024), (5, 5, 1.0), (0, 6, 2 / 64)],
)
def test_mcnemar_s_exact_test(before: int, after: int, p: float) -> None:
    assert mcnemar(before, after) == pytest.approx(p)


def test_the_bootstrap_of_equal_values_is_a_point() -> None:
    assert bootstrap_mean([0.5] * 7) == (0.5, 0.5)


def test_the_bootstrap_is_the_same_every_time() -> None:
    values = [0.0, 1.0, 0.5, 0.25] * 10
    assert bootstrap_mean(values) == bootstrap_mean(values)


def test_the_bootstrap_of_many_values_is_the_normal_interval() -> None:
    values = [0.0, 1.0] * 500
    # 0.5 plus and minus 1.96 x 0.5 / sqrt(1000).
    assert bootstrap_mean(values) == pytest.approx((0.469, 0.531), abs=0.003)


def test_thousands_of_values_are_resampled_in_blocks() -> None:
    low, high = bootstrap_mean([0.0, 1.0] * 2000)
    assert low < 0.5 < high
