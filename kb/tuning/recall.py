"""Recall of a setting: per question by distance, and the 95 % interval of its mean.

Knows no database and no index.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray

#: Relative to 1: float32 distances of numpy and of pgvector were up to 6e-7 apart.
DISTANCE_EPSILON = 2e-6
_Z = 1.96
#: How alike the k rows of one question fare: 1.4 to 3.1 times the variance of independent rows was
#: measured at k = 10, and 1 + (k - 1) x this is 2.
_CORRELATION = 1 / 9


@dataclass(frozen=True, slots=True, kw_only=True)
class RecallSummary:
    """The mean recall of all questions, its 95 % interval, and the worst question."""

    mean: float
    low: float
    high: float
    minimum: float


def recall_per_question(
    found: NDArray[np.float64], truth: NDArray[np.float32]
) -> NDArray[np.float64]:
    """Return the share of the k nearest that each question found, shape (questions,).

    `found` holds distances in any order, NaN for a missing row; `truth` the exact ones, ascending.
    A row counts when it is not farther than the k-th exact one, so ties count.
    """
    k = truth.shape[1]
    limits = truth[:, -1:].astype(np.float64)
    limits += DISTANCE_EPSILON * np.maximum(1.0, np.abs(limits))
    near_enough = np.count_nonzero(found <= limits, axis=1)
    shares: NDArray[np.float64] = np.minimum(near_enough, k) / k
    return shares


def summarize(recalls: NDArray[np.float64], k: int) -> RecallSummary:
    """Summarize the recalls of at least one question over its k nearest rows.

    The interval is the wider of two on either side: the normal one of the mean over questions, and
    Wilson's for as many independent rows as the questions are worth. Near 1 the normal one alone is
    far too narrow, and for perfect questions it is a point.
    """
    mean, questions = float(recalls.mean()), len(recalls)
    spread = float(recalls.std(ddof=1)) if questions > 1 else 0.0
    half_width = _Z * spread / sqrt(questions)
    wilson_low, wilson_high = _wilson(mean, questions * k / (1 + (k - 1) * _CORRELATION))
    return RecallSummary(
        mean=mean,
        low=max(0.0, min(mean - half_width, wilson_low)),
        high=min(1.0, max(mean + half_width, wilson_high)),
        minimum=float(recalls.min()),
    )


def _wilson(share: float, trials: float) -> tuple[float, float]:
    centre = share + _Z**2 / (2 * trials)
    half_width = _Z * sqrt(max(0.0, share * (1 - share)) / trials + (_Z / (2 * trials)) ** 2)
    scale = 1 + _Z**2 / trials
    # Rounding must not push the bounds past the share itself.
    return min(share, (centre - half_width) / scale), max(share, (centre + half_width) / scale)
