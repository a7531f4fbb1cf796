"""Documents on their way in: pages, chunks and vectors in staging tables until they are published.

What is staged is committed window by window, so that a killed worker loses a window at most.
Readers see nothing of it: see kb.adapters.publishing.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, Engine

from kb.adapters import copy_in
from kb.adapters.copy_in import DATA_SOURCE_ID, SOURCE_URI
from kb.adapters.database import rows, transaction
from kb.ingestion.stopping import Superseded
from kb.models import ChunkEmbeddings, DocumentWork, ModelIdentity
from kb.models.staging import StagedDocument, StagedText, StagedWindow


class Staging:
    """What is read and embedded, but not published, of one data source's documents."""

    def __init__(
        self,
        engine: Engine,
        *,
        bucket: str,
        data_source_id: str,
        identity: ModelIdentity,
        token_bits: bool = False,
    ) -> None:
        """`token_bits`: the model tells the vectors of tokens, and no text is to be without."""
        self._engine = engine
        self._bucket = bucket
        self._data_source_id = data_source_id
        self._model = identity.key
        self._token_bits = token_bits

    def staged_document(self, document_id: str) -> StagedDocument | None:
        with transaction(self._engine) as connection:
            found = rows(connection, "ingestion/staged_version", document_id=document_id)
        return StagedDocument(**found[0]) if found else None

    def clear(self, work: DocumentWork) -> None:
        with transaction(self._engine) as connection:
            self._hold(connection, work)
            rows(connection, "ingestion/clear_staged", document_id=work.document_id)

    def add(self, work: DocumentWork, window: StagedWindow) -> None:
        shared = {
            **window.attributes,
            SOURCE_URI: f"s3://{self._bucket}/{work.key}",
            DATA_SOURCE_ID: self._data_source_id,
        }
        packed = {
            "copy_pages": copy_in.pages(work.document_id, window.pages),
            "copy_parents": copy_in.parents(work.document_id, window.parents, window.labels),
            "copy_chunks": copy_in.chunks(work.document_id, window, shared),
        }
        names = sorted({name for found in window.identifiers for name in found})
        with transaction(self._engine) as connection:
            rows(connection, "ingestion/add_identifiers", names=names)
        with transaction(self._engine) as connection:
            self._hold(connection, work)
            for name, rows_of_it in packed.items():
                copy_in.copy(connection, name, rows_of_it)
            rows(
                connection,
                "ingestion/stage_document",
                document_id=work.document_id,
                version=window.version,
                pages=window.pages_read,
                chunks=window.chunks_made,
                is_complete=window.is_last,
            )

    def texts(self, work: DocumentWork, *, after: int, limit: int) -> list[StagedText]:
        with transaction(self._engine) as connection:
            found = rows(
                connection,
                "ingestion/staged_texts",
                document_id=work.document_id,
                model=self._model,
                with_token_bits=self._token_bits,
                after=after,
                row_limit=limit,
            )
        return [
            StagedText(
                ordinal=row["ordinal"],
                text_sha256=bytes(row["text_sha256"]),
                text=row["text"] or "",
                heading_path=tuple(row["heading_path"] or ()),
                is_known=row["is_known"],
            )
            for row in found
        ]

    def claim(self, work: DocumentWork, hashes: Sequence[bytes]) -> set[bytes]:
        with transaction(self._engine) as connection:
            found = rows(
                connection,
                "ingestion/claim_texts",
                attempt=work.attempt,
                model=self._model,
                with_token_bits=self._token_bits,
                text_sha256=sorted(set(hashes)),
            )
        return {bytes(row["text_sha256"]) for row in found}

    def add_embeddings(
        self, work: DocumentWork, hashes: Sequence[bytes], embeddings: ChunkEmbeddings
    ) -> None:
        with transaction(self._engine) as connection:
            copy_in.copy_embeddings(connection, self._model, hashes, embeddings)
            rows(
                connection,
                "ingestion/count_embedding_calls",
                ingestion_job_id=work.ingestion_job_id,
                document_id=work.document_id,
                embedding_calls=len(hashes),
            )

    def clear_all(self, ingestion_job_id: str) -> None:
        with transaction(self._engine) as connection:
            rows(connection, "ingestion/clear_all_staged", ingestion_job_id=ingestion_job_id)

    def _hold(self, connection: Connection, work: DocumentWork) -> None:
        """Keep others from taking the document over; Superseded when one has."""
        if not rows(
            connection,
            "ingestion/lock_attempt",
            ingestion_job_id=work.ingestion_job_id,
            document_id=work.document_id,
            attempt=work.attempt,
        ):
            raise Superseded
