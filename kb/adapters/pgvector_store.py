"""Chunks and vectors in PostgreSQL: `bedrock_integration.bedrock_kb` exactly as Bedrock has it.

Vectors go in by COPY BINARY and come out as binary. It embeds nothing and knows no model.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Engine

from kb.adapters.copy_in import PAGE_NUMBER, SOURCE_URI
from kb.adapters.database import Row, rows, transaction
from kb.adapters.filter_sql import filter_parameters
from kb.errors import DatabaseError
from kb.models import Filter, ModelIdentity, RetrievalResult, SearchType

#: Of hnsw.ef_search; pgvector's own 40 loses neighbours for a millisecond.
MIN_EF_SEARCH = 100
#: How many of each ranking take part in a hybrid search.
CANDIDATES = 60


class PgvectorStore:
    """A VectorStore on PostgreSQL with pgvector."""

    def __init__(self, engine: Engine, *, identity: ModelIdentity, exact: bool = False) -> None:
        """`identity` is that of the model that makes the query embeddings.

        `exact`: read all vectors instead of the approximate index; slow, and never wrong.
        """
        self._engine = engine
        self._identity = identity
        self._exact = exact

    def retrieve(
        self,
        query_embedding: NDArray[np.float32],
        *,
        question: str,
        identifiers: Sequence[str],
        search_type: SearchType,
        number_of_results: int,
        filter: Filter | None = None,
    ) -> list[RetrievalResult]:
        hybrid = search_type is SearchType.HYBRID
        candidates = max(CANDIDATES, number_of_results)
        wanted = candidates if hybrid else number_of_results
        parameters: dict[str, Any] = {
            "query_embedding": query_embedding,
            "number_of_results": number_of_results,
        }
        if hybrid:
            parameters |= {
                "question": question,
                "identifiers": list(identifiers),
                "candidates": candidates,
            }
        name = "queries/retrieve_hybrid" if hybrid else "queries/retrieve_semantic"
        with transaction(self._engine) as connection:
            # HNSW never returns more than ef_search rows, so it must be as wide as the question.
            set_up = rows(
                connection,
                "queries/set_ef_search",
                ef_search=max(MIN_EF_SEARCH, wanted),
                use_index=not self._exact,
            )
            self._check_model(set_up[0]["embedding_model"])
            parameters |= filter_parameters(filter, own_chunks=set_up[0]["has_own_chunks"])
            return _distinct([_result(row) for row in rows(connection, name, **parameters)])

    def _check_model(self, stored: str | None) -> None:
        """A rebuild may have changed it since this process began."""
        if stored is not None and stored != self._identity.key:
            raise DatabaseError(
                f"The knowledge base holds vectors of {stored}, this process asks with "
                f"{self._identity.key}; run `python -m kb sync --rebuild`, or start the app again "
                "with that model."
            )


def _distinct(found: Sequence[RetrievalResult]) -> list[RetrievalResult]:
    """Chunks of one parent come as that parent, once, where the best of them stands."""
    seen: dict[str, RetrievalResult] = {}
    for result in found:
        seen.setdefault(result.parent_id or result.chunk_id, result)
    return list(seen.values())


def _result(row: Row) -> RetrievalResult:
    # Others may have filled the table, so nothing is taken for granted.
    found = (row["metadata"], row["custom_metadata"])
    metadata = {k: v for column in found if isinstance(column, dict) for k, v in column.items()}
    # Bedrock's own are JSON numbers with a fraction, such as 12.0; only paged formats have one.
    page_number = int(metadata[PAGE_NUMBER]) if metadata.get(PAGE_NUMBER) else None
    return RetrievalResult(
        chunk_id=str(row["id"]),
        text=row["parent_text"] or row["chunks"],
        uri=str(metadata.get(SOURCE_URI, "")),
        score=row["score"],
        similarity=row["similarity"],
        metadata=metadata,
        heading_path=tuple(row["heading_path"] or ()),
        page_number=row["first_page"] or page_number if page_number else None,
        last_page_number=row["last_page"] if page_number else None,
        page_label=row["page_label"] if page_number else None,
        ranks={n: row[n] for n in ("semantic", "lexical") if row[n]},
        coverage=row["coverage"],
        ordinal=row["ordinal"],
        parent_id=f"{row['document_id']}/{row['parent']}" if row["parent"] is not None else None,
    )
