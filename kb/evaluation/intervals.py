"""Intervals and tests of figures that were measured on a few dozen questions. Pure.

Knows neither questions nor answers, only numbers; 95 % throughout.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from math import comb, sqrt

import numpy as np

_Z = 1.959964
#: Resamples of a bootstrap; the interval's ends move by less than .002 from seed to seed.
RESAMPLES = 10_000
SEED = 20_261
#: Values resampled at once: bounds memory to some 80 MB.
_BLOCK = 10_000_000


def wilson(successes: int, trials: int) -> tuple[float, float]:
    """Wilson's interval of a share; `trials` is at least 1."""
    share = successes / trials
    centre = share + _Z**2 / (2 * trials)
    half_width = _Z * sqrt(share * (1 - share) / trials + (_Z / (2 * trials)) ** 2)
    scale = 1 + _Z**2 / trials
    # Rounding must not push the ends past the share, nor out of 0 to 1.
    low, high = (centre - half_width) / scale, (centre + half_width) / scale
    return max(0.0, min(share, low)), min(1.0, max(share, high))


def bootstrap_mean(values: Sequence[float]) -> tuple[float, float]:
    """The percentile interval of the mean of at least one value, the same for the same values."""
    drawn = np.asarray(values, dtype=np.float64)
    chance = np.random.default_rng(SEED)
    rows = max(1, _BLOCK // len(drawn))
    means = [
        drawn[chance.integers(0, len(drawn), (min(rows, RESAMPLES - done), len(drawn)))].mean(1)
        for done in range(0, RESAMPLES, rows)
    ]
    low, high = np.percentile(np.concatenate(means), (2.5, 97.5))
    return float(low), float(high)


def mcnemar(only_before: int, only_after: int) -> float:
    """McNemar's exact test, two-sided: p of questions that only one of two runs got right."""
    changed = only_before + only_after
    fewer = min(only_before, only_after)
    tail: float = sum(comb(changed, k) for k in range(fewer + 1)) / (1 << changed)
    return min(1.0, 2 * tail)


def median(values: Sequence[float]) -> float:
    """The middle value of at least one."""
    return float(statistics.median(values))
