"""One ingestion job: makes the knowledge base agree with the data source, document by document.

It knows the seams only; which process runs it is the worker's business. A document is published
in one transaction, so readers see its old version or its new one.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace

from kb.errors import DocumentError, KbError, ObjectStoreError, ResourceNotFound, ValidationError
from kb.ingestion.document import DocumentIngestion, Stopped
from kb.ingestion.plan import IngestionPlan, plan
from kb.models import (
    DocumentStatus,
    IngestionJobStatistics,
    IngestionJobStatus,
    IngestionProgress,
    ObjectInfo,
)
from kb.protocols import Embedder, IngestionRecords, ObjectStore, VectorStore
from kb.wording import counted

log = logging.getLogger(__name__)

#: What one document may fail with while the others go on.
DOCUMENT_ERRORS = (DocumentError, ObjectStoreError, ResourceNotFound)


class IngestionRun:
    """The running job with its counts."""

    def __init__(
        self,
        ingestion_job_id: str,
        *,
        store: ObjectStore,
        records: IngestionRecords,
        vectors: VectorStore,
        embedder: Embedder,
        chunk_tokens: int,
    ) -> None:
        self._id = ingestion_job_id
        self._store = store
        self._records = records
        self._vectors = vectors
        self._embedder = embedder
        self._chunk_tokens = chunk_tokens
        self._statistics = IngestionJobStatistics()
        self._progress = IngestionProgress()
        self._failure_reasons: list[str] = []

    def run(self) -> IngestionJobStatus:
        """Do the job and return its final status, which is recorded whatever happens."""
        status = IngestionJobStatus.FAILED
        try:
            status = self._run()
        except Stopped:
            status = IngestionJobStatus.STOPPED
        except KbError as error:
            self._failure_reasons.append(str(error))
            log.error("ingestion job %s failed: %s", self._id, error)
        except BaseException as error:
            self._failure_reasons.append(
                f"An unexpected {type(error).__name__} ended the job; see the worker's log."
            )
            raise
        finally:
            # Also on an unexpected error: a job must not look as if it were running for ever.
            try:
                self._record()
            finally:
                self._records.finish_ingestion_job(self._id, status)
        return status

    def _run(self) -> IngestionJobStatus:
        todo = plan(self._store.list_objects(), self._records.list_documents())
        self._statistics = replace(self._statistics, documents_scanned=todo.documents_scanned)
        self._check_stop()
        self._check_deletions(todo)
        for document in todo.removed:
            self._vectors.remove(document.document_id)
            self._count(documents_deleted=1)
        for info, is_new in _documents(todo):
            self._ingest(info, is_new)
            self._check_stop()
        self._vectors.clear_staged_embeddings()
        return IngestionJobStatus.COMPLETE

    def _check_deletions(self, todo: IngestionPlan) -> None:
        allowed = self._records.get_ingestion_job(self._id).allow_deletions
        if todo.needs_permission and not allowed:
            raise ValidationError(
                f"This would delete {counted(len(todo.removed), 'document')} with "
                f"{todo.removed_chunks:,} of {todo.known_chunks:,} chunks, since the bucket no "
                "longer has them; check the bucket, or sync again and allow the deletions."
            )

    def _ingest(self, info: ObjectInfo, is_new: bool) -> None:
        ingestion = DocumentIngestion(
            info,
            store=self._store,
            records=self._records,
            vectors=self._vectors,
            embedder=self._embedder,
            chunk_tokens=self._chunk_tokens,
            report=self._report,
            progress=self._progress,
        )
        try:
            ingestion.run()
        except DOCUMENT_ERRORS as error:
            log.warning("%s failed: %s", info.key, error)
            self._records.put_document(info, DocumentStatus.FAILED, str(error))
            self._failure_reasons.append(f"{info.key}: {error}")
            self._count(documents_failed=1)
        except BaseException:
            # Whatever ends the job, this document waits for the next one.
            with suppress(KbError):
                self._records.put_document(info, DocumentStatus.PENDING)
            raise
        else:
            if is_new:
                self._count(new_documents_indexed=1)
            else:
                self._count(modified_documents_indexed=1)

    def _report(self, progress: IngestionProgress) -> None:
        self._progress = progress
        self._check_stop()

    def _check_stop(self) -> None:
        if self._record() is IngestionJobStatus.STOPPING:
            raise Stopped

    def _record(self) -> IngestionJobStatus:
        return self._records.record_progress(
            self._id, self._statistics, self._progress, self._failure_reasons
        )

    def _count(self, **added: int) -> None:
        counts = {name: getattr(self._statistics, name) + n for name, n in added.items()}
        self._statistics = replace(self._statistics, **counts)


def _documents(todo: IngestionPlan) -> Iterator[tuple[ObjectInfo, bool]]:
    yield from ((info, True) for info in todo.new)
    yield from ((info, False) for info in todo.changed)
