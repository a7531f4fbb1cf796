"""The data source: upload documents, make the knowledge base agree with them, watch it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import BinaryIO

from kb.adapters.catalogue import Catalogue
from kb.adapters.ingestion_jobs import IngestionJobs
from kb.adapters.job_queue import JobQueue
from kb.errors import Conflict, KbError
from kb.ingestion.job import Ingestion
from kb.models import (
    Document,
    DocumentStatus,
    DocumentWork,
    ExactPlan,
    IngestionJob,
    IngestionJobStatus,
    IngestionMode,
    IngestionPlan,
    ObjectInfo,
    WorkerInfo,
)
from kb.protocols import ObjectStore, Progress
from kb.settings import Settings
from kb.workbench.planning import Planning
from kb.workbench.worker import Worker


class DataSource:
    """A bucket and the ingestion jobs that follow it."""

    def __init__(
        self,
        settings: Settings,
        store: ObjectStore,
        catalogue: Catalogue,
        jobs: IngestionJobs,
        queue: JobQueue,
        worker: Worker,
        ingestion: Ingestion,
        planning: Planning,
    ) -> None:
        self._settings = settings
        self._store = store
        self._catalogue = catalogue
        self._jobs = jobs
        self._queue = queue
        self._worker = worker
        self._ingestion = ingestion
        self._planning = planning

    @property
    def uri(self) -> str:
        """`s3://bucket`, or `s3://bucket/prefix`."""
        return self._store.uri("").rstrip("/")

    @property
    def data_source_id(self) -> str:
        """Ten letters and digits, as Bedrock's."""
        return self._catalogue.data_source_id

    @property
    def knowledge_base_id(self) -> str:
        """Ten letters and digits, as Bedrock's."""
        return self._catalogue.knowledge_base_id

    def prepare(self) -> None:
        """Make the bucket, closed to the public, unless it is there."""
        self._store.prepare()

    def upload(self, key: str, stream: BinaryIO, progress: Progress | None = None) -> ObjectInfo:
        """Store a document in the bucket; it is searchable after the next ingestion job."""
        most = self._settings.max_document_bytes
        return self._store.put(key, stream, max_bytes=most, progress=progress)

    def delete(self, key: str) -> None:
        """Take a document out of the bucket; its chunks leave with the next ingestion job."""
        self._store.delete(key)

    def head(self, key: str) -> ObjectInfo | None:
        """What the bucket says of a document, None when there is none."""
        return self._store.head(key)

    def local_copy(self, key: str) -> AbstractContextManager[Path]:
        """A readable file with the document's bytes, for as long as the context lasts."""
        return self._store.local_copy(key)

    def documents(self) -> list[Document]:
        """All documents of the bucket, also those that no job has seen yet (PENDING)."""
        return self.overview()[0]

    def overview(self) -> tuple[list[Document], IngestionPlan]:
        """Documents and what the next job would do with them, by one look at the bucket."""
        todo = self._ingestion.plan()
        known = {document.key: document for document in self._catalogue.list_documents()}
        found = sorted(
            (*todo.new, *todo.changed, *todo.metadata_changed, *todo.unchanged),
            key=lambda info: info.key,
        )
        documents = [self._document(info, known.get(info.key)) for info in found]
        return [*documents, *todo.retained], todo

    def waiting(self) -> int:
        """How many documents the next ingestion job would add, replace or remove."""
        return self.plan().waiting

    def plan(self) -> IngestionPlan:
        """What the next ingestion job would do, as far as it is known without reading documents."""
        return self._ingestion.plan()

    def estimate(self, todo: IngestionPlan) -> tuple[int, float | None]:
        """Chunks and seconds that a sync may take, by sizes alone; seconds None if unknown."""
        return self._planning.estimate(todo)

    def exact_plan(self, ingestion_job_id: str) -> ExactPlan:
        """What a sync will do, by what a COMPLETE job in PLAN mode has read."""
        return self._planning.exact_plan(ingestion_job_id)

    def start_ingestion_job(
        self,
        *,
        mode: IngestionMode = IngestionMode.SYNC,
        detached: bool = True,
        allow_deletions: bool = False,
    ) -> IngestionJob:
        """Queue a job and, unless the caller works itself, make sure that a worker runs.

        Raises Conflict while another job of this data source runs; should its worker have died,
        then another one takes it up. Raises DatabaseError when the knowledge base holds vectors
        of another model, unless the mode is REBUILD.
        """
        if mode is not IngestionMode.REBUILD:
            self._catalogue.check_model()
        try:
            job = self._jobs.create_ingestion_job(mode=mode, allow_deletions=allow_deletions)
        except Conflict:
            self._worker.ensure_running()
            raise
        try:
            self._queue.defer_job(job.ingestion_job_id)
            if detached:
                self._worker.ensure_running()
        except KbError as error:
            self._jobs.finish_ingestion_job(
                job.ingestion_job_id, IngestionJobStatus.FAILED, str(error)
            )
            raise
        return job

    def get_ingestion_job(self, ingestion_job_id: str) -> IngestionJob:
        """One job as it stands now."""
        return self._jobs.get_ingestion_job(ingestion_job_id)

    def list_ingestion_jobs(self) -> list[IngestionJob]:
        """The latest jobs, newest first."""
        return self._jobs.list_ingestion_jobs()

    def running_ingestion_job(self) -> IngestionJob | None:
        """The job that has not ended, whoever started it, be it a plan."""
        return self._jobs.running_ingestion_job()

    def list_documents_of(self, ingestion_job_id: str, limit: int = 200) -> list[DocumentWork]:
        """Documents of a job with their progress, those at work first, then those that failed."""
        return self._jobs.list_documents_of(ingestion_job_id, limit)

    def list_workers(self) -> list[WorkerInfo]:
        """Workers of this data source that live, on this or any other machine."""
        return self._worker.list_workers()

    def stop_ingestion_job(self, ingestion_job_id: str) -> None:
        """Ask a running job to stop; without a worker that could hear it, it has stopped."""
        self._worker.stop_job(ingestion_job_id)

    def watch(self, ingestion_job_id: str, *, work: bool) -> Iterator[IngestionJob]:
        """Yield the job as it goes on until it ends; `work` runs it here if no worker lives."""
        yield from self._worker.watch(ingestion_job_id, work=work)

    def _document(self, info: ObjectInfo, known: Document | None) -> Document:
        if known and (known.etag, known.size_bytes) == (info.etag, info.size_bytes):
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
