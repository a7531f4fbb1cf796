"""The binary COPY format, written by hand."""

from __future__ import annotations

import struct

import numpy as np
import pytest

from kb.tuning.copy_format import vector_blocks

VECTORS = np.arange(1, 22, dtype=np.float32).reshape(7, 3)


def stream(vectors: np.ndarray) -> bytes:
    """What COPY (SELECT embedding ...) TO STDOUT (FORMAT binary) sends."""
    rows = [
        struct.pack(">hihh3f", 1, 4 + 4 * len(vector), len(vector), 0, *vector)
        for vector in vectors
    ]
    return b"PGCOPY\n\xff\r\n\0" + struct.pack(">ii", 0, 0) + b"".join(rows) + b"\xff\xff"


@pytest.mark.parametrize("size", [1, 5, 19, 22, 23, 1000])
@pytest.mark.parametrize("block_rows", [1, 3, 100])
def test_vectors_come_back_however_the_stream_is_cut(size: int, block_rows: int) -> None:
    sent = stream(VECTORS)
    parts = [sent[start : start + size] for start in range(0, len(sent), size)]

    blocks = list(vector_blocks(parts, 3, block_rows))

    assert np.array_equal(np.concatenate(blocks), VECTORS)


def test_blocks_are_at_least_as_long_as_asked_for() -> None:
    parts = [bytes([byte]) for byte in stream(VECTORS)]

    assert [len(block) for block in vector_blocks(parts, 3, 2)] == [2, 2, 2, 1]


def test_an_empty_table_has_no_blocks() -> None:
    assert list(vector_blocks([stream(VECTORS[:0])], 3)) == []
