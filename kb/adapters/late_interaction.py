"""Late interaction over the token vectors that were stored when a chunk was embedded."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Engine

from kb.adapters.database import rows, transaction
from kb.models import ModelIdentity, RetrievalResult
from kb.protocols import TokenEmbedder
from kb.retrieval.late_interaction import features, score


class LateInteraction:
    """A Reranker that calls the model for the question alone."""

    name = "late-interaction"

    def __init__(self, engine: Engine, embedder: TokenEmbedder, *, identity: ModelIdentity) -> None:
        self._engine = engine
        self._embedder = embedder
        self._model = identity.key

    def rerank(self, question: str, results: Sequence[RetrievalResult]) -> list[float] | None:
        """One statement for all results; None when some have no token vectors."""
        judged = self.features(question, results)
        return None if judged is None else score(judged)

    def features(
        self, question: str, results: Sequence[RetrievalResult]
    ) -> dict[str, NDArray[np.float64]] | None:
        """What each result is judged by; see kb.retrieval.late_interaction."""
        with transaction(self._engine) as connection:
            found = rows(
                connection,
                "queries/token_bits",
                ids=[result.chunk_id for result in results],
                model=self._model,
            )
        bits = {str(row["id"]): bytes(row["bits"]) for row in found}
        if not all(result.chunk_id in bits for result in results):
            return None
        tokens = self._embedder.embed_query_tokens(question)
        return features(results, tokens, [bits[result.chunk_id] for result in results])
