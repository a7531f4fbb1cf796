"""Exact distances, on vectors whose angles are known."""

from __future__ import annotations

import numpy as np
import pytest

from kb.tuning.ground_truth import exact_distances

RIGHT = np.array([[1, 0]], dtype=np.float32)
FAN = np.array([[0, 1], [3, 0], [-1, 0], [1, 1]], dtype=np.float32)


def test_distances_are_cosine_and_ascending() -> None:
    distances = exact_distances([FAN], RIGHT, 4)

    assert distances[0] == pytest.approx([0, 1 - np.sqrt(0.5), 1, 2], abs=1e-6)


def test_only_the_k_nearest_are_kept() -> None:
    assert exact_distances([FAN], RIGHT, 1) == pytest.approx(np.array([[0.0]]), abs=1e-6)


def test_fewer_rows_than_k_give_fewer_distances() -> None:
    assert exact_distances([FAN], RIGHT, 10).shape == (1, 4)


def test_blocks_give_what_one_block_gives() -> None:
    chance = np.random.default_rng(3)
    rows = chance.normal(size=(500, 16)).astype(np.float32)
    questions = chance.normal(size=(20, 16)).astype(np.float32)
    blocks = [rows[:7], rows[7:8], rows[8:300], rows[300:]]

    whole = exact_distances([rows], questions, 10)

    assert exact_distances(blocks, questions, 10) == pytest.approx(whole, abs=1e-6)


def test_lengths_of_vectors_do_not_matter() -> None:
    chance = np.random.default_rng(4)
    rows = chance.normal(size=(50, 8)).astype(np.float32)
    lengths = chance.uniform(0.01, 100, size=(50, 1)).astype(np.float32)

    scaled = exact_distances([rows * lengths], rows[:5] * 7, 10)

    assert scaled == pytest.approx(exact_distances([rows], rows[:5], 10), abs=1e-6)
