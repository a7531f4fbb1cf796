"""Decodes PostgreSQL's binary COPY format of one vector column, without a Python step per row.

Knows no database.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

#: Signature, flags and the length of an empty header extension.
_HEADER_BYTES = 19
_BLOCK_ROWS = 4096


def vector_blocks(
    parts: Iterable[bytes | bytearray | memoryview], dimensions: int, block_rows: int = _BLOCK_ROWS
) -> Iterator[NDArray[np.float32]]:
    """Yield the vectors of a COPY stream in blocks of at least `block_rows`, but for the last.

    All vectors must have the same dimensions and none may be NULL.
    """
    row = _row_format(dimensions)
    pending = bytearray()
    to_skip = _HEADER_BYTES
    for part in parts:
        pending += part
        if len(pending) >= to_skip + block_rows * row.itemsize:
            yield _take_rows(pending, to_skip, row)
            to_skip = 0
    # The trailer of two bytes is shorter than a row.
    rest = _take_rows(pending, to_skip, row)
    if len(rest):
        yield rest


def _row_format(dimensions: int) -> np.dtype[np.void]:
    return np.dtype(
        [
            ("fields", ">i2"),
            ("bytes", ">i4"),
            ("dimensions", ">i2"),
            ("unused", ">i2"),
            ("vector", ">f4", (dimensions,)),
        ]
    )


def _take_rows(pending: bytearray, to_skip: int, row: np.dtype[np.void]) -> NDArray[np.float32]:
    """Cut all whole rows off the front of `pending`."""
    del pending[:to_skip]
    whole = len(pending) // row.itemsize
    rows = np.frombuffer(bytes(pending), row, count=whole)["vector"].astype(np.float32)
    del pending[: whole * row.itemsize]
    return rows
