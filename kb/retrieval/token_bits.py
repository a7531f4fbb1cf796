"""Vectors of the tokens of a text, one bit a dimension. Pure.

The sign of each component is kept and its size dropped: of all-MiniLM-L6-v2's 384 dimensions 48
bytes a token remain, about 9 kB a chunk, and questions are still matched by their exact vectors
(`docs/benchmarks.md` has what that costs in quality: nothing that 420 questions can show).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

#: The signs in each byte, most significant bit first; shape (256, 8).
SIGNS = (np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1) * 2.0 - 1).astype(
    np.float32
)


def pack(tokens: NDArray[np.float32]) -> bytes:
    """The signs of token vectors, shape (tokens, dimensions); dimensions a multiple of 8."""
    return np.packbits(tokens > 0, axis=1).tobytes()


def unpack(packed: bytes, dimensions: int) -> NDArray[np.float32]:
    """Unit vectors with those signs, shape (tokens, dimensions)."""
    rows = np.frombuffer(packed, dtype=np.uint8).reshape(-1, dimensions // 8)
    size = np.float32(1 / np.sqrt(dimensions))
    # Eight components of a byte are looked up at once.
    return (SIGNS * size)[rows].reshape(len(rows), dimensions)
