"""Nouns of embedding: what a model makes of texts that are to be found again."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ChunkEmbeddings:
    """Vectors of some texts and, from models that tell, of each of their tokens."""

    #: Shape (texts, dimensions).
    vectors: NDArray[np.float32]
    #: Per text the signs of its token vectors, packed by kb.retrieval.token_bits.
    token_bits: tuple[bytes, ...] | None = None
