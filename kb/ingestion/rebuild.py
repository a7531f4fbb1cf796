"""Embeds the whole knowledge base anew with another model, beside the table that readers use."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from kb.ingestion.stopping import Interrupted, Stopped
from kb.ingestion.texts import batched, embedding_text
from kb.models import ChunkEmbeddings, IngestionJobStatus
from kb.models.staging import RebuildText
from kb.protocols import Embedder, IngestionRecords, RebuildArea

#: Texts that are fetched together.
WINDOW = 256
#: Vectors that are committed together.
COMMIT = 16


class Rebuild:
    """What a job in REBUILD mode does before it syncs."""

    def __init__(self, area: RebuildArea, records: IngestionRecords, embedder: Embedder) -> None:
        self._area = area
        self._records = records
        self._embedder = embedder

    def run(self, ingestion_job_id: str, interrupted: threading.Event) -> None:
        """Come back when the knowledge base holds vectors of this model and no others.

        Vectors are committed as they come: after a kill the rest is embedded. Raises Conflict
        while another job runs, Stopped and Interrupted.
        """
        self._area.check_alone(ingestion_job_id)
        while not self._area.is_current():
            with ThreadPoolExecutor(self._embedder.concurrency) as pool:
                for texts in self._missing():
                    self._embed(ingestion_job_id, texts, pool)
                    self._check(ingestion_job_id, interrupted)
            self._area.swap()

    def _missing(self) -> Iterator[Sequence[RebuildText]]:
        while window := self._area.texts(WINDOW):
            distinct = {text.text_sha256: text for text in window}
            yield from batched(list(distinct.values()), COMMIT)

    def _embed(
        self, ingestion_job_id: str, texts: Sequence[RebuildText], pool: ThreadPoolExecutor
    ) -> None:
        batches = list(batched(texts, self._embedder.batch_size))
        found = pool.map(self._embedder.embed_chunks, map(_texts, batches))
        hashes = [text.text_sha256 for text in texts]
        self._area.add_embeddings(ingestion_job_id, hashes, joined(list(found)))

    def _check(self, ingestion_job_id: str, interrupted: threading.Event) -> None:
        if interrupted.is_set():
            raise Interrupted
        status = self._records.job_state(ingestion_job_id).status
        if status is IngestionJobStatus.STOPPING or status.is_final:
            raise Stopped


def joined(parts: Sequence[ChunkEmbeddings]) -> ChunkEmbeddings:
    """Several results of one model as one."""
    bits = [part.token_bits for part in parts]
    return ChunkEmbeddings(
        vectors=np.concatenate([part.vectors for part in parts]),
        token_bits=tuple(b for some in bits if some for b in some) if all(bits) else None,
    )


def _texts(batch: Sequence[RebuildText]) -> list[str]:
    return [embedding_text(t.text, t.heading_path, t.embedding_prefix) for t in batch]
