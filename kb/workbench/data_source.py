"""The data source: upload documents, make the knowledge base agree with them, watch it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import BinaryIO

from kb.adapters.catalogue import Catalogue
from kb.adapters.job_queue import JobQueue
from kb.errors import Conflict, KbError
from kb.ingestion.plan import IngestionPlan, plan
from kb.models import Document, DocumentStatus, IngestionJob, IngestionJobStatus, ObjectInfo
from kb.protocols import ObjectStore
from kb.settings import Settings
from kb.workbench.worker import Worker

LOST_AFTER = timedelta(seconds=20)


class DataSource:
    """A bucket and the ingestion jobs that follow it."""

    def __init__(
        self,
        settings: Settings,
        store: ObjectStore,
        catalogue: Catalogue,
        queue: JobQueue,
        worker: Worker,
    ) -> None:
        self._settings = settings
        self._store = store
        self._catalogue = catalogue
        self._queue = queue
        self._worker = worker

    @property
    def uri(self) -> str:
        """`s3://bucket`."""
        return f"s3://{self._store.bucket}"

    @property
    def data_source_id(self) -> str:
        """Ten letters and digits, as Bedrock's."""
        return self._catalogue.data_source_id

    @property
    def knowledge_base_id(self) -> str:
        """Ten letters and digits, as Bedrock's."""
        return self._catalogue.knowledge_base_id

    def upload(self, key: str, stream: BinaryIO) -> ObjectInfo:
        """Store a document in the bucket; it is searchable after the next ingestion job."""
        return self._store.put(key, stream, max_bytes=self._settings.max_document_bytes)

    def delete(self, key: str) -> None:
        """Take a document out of the bucket; its chunks leave with the next ingestion job."""
        self._store.delete(key)

    def documents(self) -> list[Document]:
        """All documents of the bucket, also those that no job has seen yet (PENDING)."""
        known = {document.key: document for document in self._catalogue.list_documents()}
        return [self._document(info, known.get(info.key)) for info in self._store.list_objects()]

    def waiting(self) -> int:
        """How many documents the next ingestion job would add, replace or remove."""
        todo = self.plan()
        return len(todo.new) + len(todo.changed) + len(todo.removed)

    def plan(self) -> IngestionPlan:
        """What the next ingestion job would do, as far as it is known without reading documents."""
        return plan(self._store.list_objects(), self._catalogue.list_documents())

    def start_ingestion_job(
        self, *, detached: bool = True, allow_deletions: bool = False
    ) -> IngestionJob:
        """Queue a job and, unless the caller works itself, make sure that a worker runs.

        Raises Conflict while another job of this data source runs; should its worker have died,
        then another one takes it up.
        """
        self._end_lost_job()
        try:
            job = self._catalogue.create_ingestion_job(allow_deletions=allow_deletions)
        except Conflict:
            self._worker.ensure_running()
            raise
        try:
            self._queue.defer(job.ingestion_job_id)
            if detached:
                self._worker.ensure_running()
        except KbError:
            self._catalogue.finish_ingestion_job(job.ingestion_job_id, IngestionJobStatus.FAILED)
            raise
        return job

    def _end_lost_job(self) -> None:
        """End a job that looks as if it ran, yet the queue has forgotten."""
        for job in self._catalogue.list_ingestion_jobs()[:1]:
            quiet = datetime.now(tz=UTC) - job.updated_at
            # A job that another process has just recorded is not in the queue yet.
            if job.status.is_final or quiet < LOST_AFTER or self._queue.holds(job.ingestion_job_id):
                continue
            reasons = (*job.failure_reasons, "Its worker was lost before it could say why.")
            self._catalogue.record_progress(
                job.ingestion_job_id, job.statistics, job.progress, reasons
            )
            self._catalogue.finish_ingestion_job(job.ingestion_job_id, IngestionJobStatus.FAILED)

    def get_ingestion_job(self, ingestion_job_id: str) -> IngestionJob:
        """One job as it stands now."""
        return self._catalogue.get_ingestion_job(ingestion_job_id)

    def list_ingestion_jobs(self) -> list[IngestionJob]:
        """The latest jobs, newest first."""
        return self._catalogue.list_ingestion_jobs()

    def stop_ingestion_job(self, ingestion_job_id: str) -> None:
        """Ask a running job to stop."""
        self._catalogue.stop_ingestion_job(ingestion_job_id)

    def watch(self, ingestion_job_id: str, *, work: bool) -> Iterator[IngestionJob]:
        """Yield the job as it goes on until it ends; `work` runs it here if no worker lives."""
        yield from self._worker.watch(ingestion_job_id, work=work)

    def _document(self, info: ObjectInfo, known: Document | None) -> Document:
        if known and known.etag == info.etag:
            return known
        return Document(
            document_id=known.document_id if known else self._catalogue.document_id(info.key),
            key=info.key,
            uri=self._store.uri(info.key),
            etag=info.etag,
            size_bytes=info.size_bytes,
            status=DocumentStatus.PENDING,
            status_reason="Changed since the last sync" if known else None,
            pages=known.pages if known else 0,
            chunks=known.chunks if known else 0,
            updated_at=info.last_modified,
        )
