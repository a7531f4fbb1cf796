"""Ground truth: the exact cosine distances of the nearest chunks, by numpy.

Reads vectors block by block, so memory does not grow with the table. Knows no database.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray


def exact_distances(
    blocks: Iterable[NDArray[np.float32]], questions: NDArray[np.float32], k: int
) -> NDArray[np.float32]:
    """Return each question's k smallest cosine distances, ascending; fewer if there are fewer rows.

    No row may be a zero vector.
    """
    unit_questions = _unit(questions)
    nearest = np.empty((len(questions), 0), dtype=np.float32)
    for block in blocks:
        distances = 1 - unit_questions @ _unit(block).T
        nearest = _smallest(np.concatenate([nearest, distances], axis=1), k)
    return np.sort(nearest, axis=1)


def _unit(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    unit: NDArray[np.float32] = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return unit


def _smallest(distances: NDArray[np.float32], k: int) -> NDArray[np.float32]:
    if distances.shape[1] <= k:
        return distances
    return np.partition(distances, k - 1, axis=1)[:, :k]
