"""The exact plan of a sync: every document that differs is read and cut, nothing is embedded."""

from __future__ import annotations

import time

from kb.adapters.ingestion_jobs import IngestionJobs
from kb.embedding_sql.claimed_models import find_model
from kb.embedding_sql.refusals import Refusal
from kb.ingestion.estimate import estimated_chunks
from kb.ingestion.job import Ingestion
from kb.models import DocumentAction, DocumentWork, ExactDocument, ExactPlan, IngestionPlan
from kb.protocols import Embedder

#: A text of about the length of a chunk, to measure a local model with.
SAMPLE = "The view shows one row for each backend, with the counts of reads and writes. " * 14
SAMPLES = 4
#: Documents that a plan lists one by one; all are counted.
LISTED = 100_000


class Planning:
    """Turns a finished job in PLAN mode into numbers."""

    def __init__(self, jobs: IngestionJobs, ingestion: Ingestion, embedder: Embedder) -> None:
        self._jobs = jobs
        self._ingestion = ingestion
        self._embedder = embedder

    def exact_plan(self, ingestion_job_id: str) -> ExactPlan:
        """What the next sync will embed, by what the job has read."""
        work = self._jobs.list_documents_of(ingestion_job_id, LISTED)
        calls = self._jobs.planned_calls(
            ingestion_job_id,
            self._embedder.identity.key,
            token_bits=self._embedder.has_token_bits,
        )
        documents = tuple(
            _exact(w, calls.get(w.document_id, (0, 0))[0])
            for w in work
            if w.action is not DocumentAction.DELETED
        )
        texts = sum(count for count, _ in calls.values())
        tokens = sum(count for _, count in calls.values())
        plan = self._ingestion.plan()
        seen = {(w.key, w.action, w.etag, w.metadata_etag) for w in work}
        return ExactPlan(
            plan=plan,
            is_current=seen == {(w.key, w.action, w.etag, w.metadata_etag) for w in plan.work},
            documents=documents,
            tokens=tokens,
            seconds=self._seconds(texts),
            dollars=self._dollars(tokens),
        )

    def estimate(self, todo: IngestionPlan) -> tuple[int, float | None]:
        """Chunks of the documents that differ and seconds, both by size; nothing is read.

        Seconds are None before this data source has embedded anything.
        """
        chunks = estimated_chunks(todo)
        rate = self._jobs.texts_per_second()
        return chunks, chunks / rate if rate else None

    @property
    def _is_local(self) -> bool:
        return self._embedder.identity.provider == "local"

    def _dollars(self, tokens: int) -> float | None:
        if self._is_local:
            return None
        try:
            price = find_model(self._embedder.identity.model).dollars_per_million_tokens
        except Refusal:
            # A model whose price is not noted.
            return None
        return tokens * price / 1e6

    def _seconds(self, texts: int) -> float | None:
        if not texts:
            return 0.0
        if rate := self._jobs.texts_per_second():
            return texts / rate
        return texts / self._measured() if self._is_local else None

    def _measured(self) -> float:
        """Texts per second of this machine, on a few made-up ones."""
        samples = [f"{number} {SAMPLE}" for number in range(SAMPLES)]
        self._embedder.embed_documents(samples[:1])
        start = time.perf_counter()
        self._embedder.embed_documents(samples)
        return SAMPLES / (time.perf_counter() - start)


def _exact(work: DocumentWork, embedding_calls: int) -> ExactDocument:
    return ExactDocument(
        key=work.key,
        action=work.action,
        pages=work.progress.pages_read,
        chunks=work.progress.chunks_made,
        embedding_calls=embedding_calls,
        reason=work.status_reason,
    )
