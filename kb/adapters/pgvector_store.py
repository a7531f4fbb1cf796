"""Chunks and vectors in PostgreSQL: `bedrock_integration.bedrock_kb` exactly as Bedrock has it.

Vectors go in by COPY BINARY and come out as binary. It embeds nothing and knows no model.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Engine

from kb.adapters import copy_in
from kb.adapters.copy_in import DATA_SOURCE_ID, PAGE_NUMBER, SOURCE_URI
from kb.adapters.database import Row, rows, transaction
from kb.models import Chunk, ObjectInfo, Page, RetrievalResult, SearchType

#: Of hnsw.ef_search; pgvector's own 40 loses neighbours for a millisecond.
MIN_EF_SEARCH = 100
#: How many of each ranking take part in a hybrid search.
CANDIDATES = 60


class PgvectorStore:
    """A VectorStore on PostgreSQL with pgvector."""

    def __init__(self, engine: Engine, *, bucket: str, data_source_id: str) -> None:
        self._engine = engine
        self._bucket = bucket
        self._data_source_id = data_source_id

    def known_embeddings(self, hashes: Sequence[bytes]) -> dict[bytes, NDArray[np.float32]]:
        with transaction(self._engine) as connection:
            found = rows(connection, "ingestion/known_embeddings", text_sha256=list(hashes))
        return {bytes(row["text_sha256"]): row["embedding"].to_numpy() for row in found}

    def stage_embeddings(self, hashes: Sequence[bytes], vectors: NDArray[np.float32]) -> None:
        distinct = dict(zip(hashes, vectors, strict=True))
        with transaction(self._engine) as connection:
            rows(
                connection,
                "ingestion/stage_embeddings",
                text_sha256=list(distinct),
                embeddings=list(distinct.values()),
            )

    def publish(
        self,
        document_id: str,
        info: ObjectInfo,
        pages: Sequence[Page],
        chunks: Sequence[Chunk],
        hashes: Sequence[bytes],
        vectors: NDArray[np.float32],
    ) -> None:
        with transaction(self._engine) as connection:
            rows(connection, "ingestion/delete_document_chunks", document_id=document_id)
            rows(connection, "ingestion/delete_document_pages", document_id=document_id)
            copy_in.pages(connection, document_id, pages)
            copy_in.chunks(
                connection,
                document_id,
                pages,
                chunks,
                hashes,
                vectors,
                {
                    SOURCE_URI: f"s3://{self._bucket}/{info.key}",
                    DATA_SOURCE_ID: self._data_source_id,
                },
            )
            rows(
                connection,
                "ingestion/publish_document",
                document_id=document_id,
                etag=info.etag,
                size_bytes=info.size_bytes,
                pages=len(pages),
                chunks=len(chunks),
            )

    def remove(self, document_id: str) -> None:
        with transaction(self._engine) as connection:
            rows(connection, "ingestion/delete_document_chunks", document_id=document_id)
            rows(connection, "ingestion/delete_document", document_id=document_id)

    def clear_staged_embeddings(self) -> None:
        with transaction(self._engine) as connection:
            rows(connection, "ingestion/clear_staged_embeddings")

    def retrieve(
        self,
        query_embedding: NDArray[np.float32],
        *,
        question: str,
        identifiers: Sequence[str],
        search_type: SearchType,
        number_of_results: int,
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
            rows(connection, "queries/set_ef_search", ef_search=max(MIN_EF_SEARCH, wanted))
            return [_result(row) for row in rows(connection, name, **parameters)]


def _result(row: Row) -> RetrievalResult:
    # Others may have filled the table, so nothing is taken for granted.
    found = (row["metadata"], row["custom_metadata"])
    metadata = {k: v for column in found if isinstance(column, dict) for k, v in column.items()}
    # Bedrock's own are JSON numbers with a fraction, such as 12.0; only paged formats have one.
    page_number = int(metadata[PAGE_NUMBER]) if metadata.get(PAGE_NUMBER) else None
    return RetrievalResult(
        chunk_id=str(row["id"]),
        text=row["chunks"],
        uri=str(metadata.get(SOURCE_URI, "")),
        score=row["score"],
        similarity=row["similarity"],
        metadata=metadata,
        heading_path=tuple(row["heading_path"] or ()),
        page_number=page_number,
        last_page_number=row["last_page"] if page_number else None,
        page_label=row["page_label"] if page_number else None,
    )
