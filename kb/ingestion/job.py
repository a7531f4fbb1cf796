"""One ingestion job: makes the knowledge base agree with the data source, document by document.

`begin` writes down what is to be done, `ingest` does one document, and whoever finishes the last
one completes the job. All three may be asked for again, by any worker, after a kill at any point.
Knows the seams only; queues and processes are the worker's business.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from kb.documents.chunking_configuration import to_setting
from kb.errors import (
    BucketUnreachable,
    ConnectionLost,
    DocumentError,
    KbError,
    ObjectStoreError,
    ResourceNotFound,
    ValidationError,
)
from kb.ingestion.document import DocumentIngestion, Seams
from kb.ingestion.plan import plan
from kb.ingestion.rebuild import Rebuild
from kb.ingestion.stopping import Interrupted, Stopped, Superseded
from kb.models import (
    DocumentStatus,
    DocumentWork,
    DocumentWorkStatus,
    IngestionJobStatus,
    IngestionMode,
    IngestionPlan,
    JobState,
    ObjectInfo,
)
from kb.wording import counted

log = logging.getLogger(__name__)

#: What one document may fail with while the others go on.
DOCUMENT_ERRORS = (DocumentError, ObjectStoreError, ResourceNotFound)


class Ingestion:
    """Runs jobs of one data source."""

    def __init__(self, seams: Seams, rebuild: Rebuild) -> None:
        self._seams = seams
        self._rebuild = rebuild
        #: Set when the worker is to end: documents in hand go back to the queue.
        self.interrupted = threading.Event()

    def plan(self) -> IngestionPlan:
        """What a job would do, as far as it is known without reading documents."""
        return plan(
            self._seams.store.list_objects(),
            self._seams.documents.list_documents(),
            chunking=to_setting(self._seams.strategy()),
            retain=self._seams.retain,
        )

    def begin(self, ingestion_job_id: str) -> list[str]:
        """Find out what is to be done, once, and return the documents that wait for `ingest`."""
        job = self._seams.records.job_state(ingestion_job_id)
        if not (job.status.is_final or job.is_planned):
            with self._failing(ingestion_job_id):
                self._write_down(ingestion_job_id, job)
        waiting = self._seams.records.waiting_documents(ingestion_job_id)
        if not waiting:
            self.complete(ingestion_job_id)
        return waiting

    def _write_down(self, ingestion_job_id: str, job: JobState) -> None:
        if job.status is IngestionJobStatus.STOPPING:
            return
        if job.mode is IngestionMode.REBUILD:
            self._rebuild.run(ingestion_job_id, self.interrupted)
        self._seams.documents.check_model()
        todo = self.plan()
        if job.mode is not IngestionMode.PLAN and not job.allow_deletions:
            _check_deletions(todo)
        ids = [self._seams.documents.document_id(item.key) for item in todo.work]
        self._seams.records.begin_ingestion_job(ingestion_job_id, todo, ids)

    def ingest(self, ingestion_job_id: str, document_id: str) -> None:
        """Do one document; nothing happens when it is done or the job has ended.

        Raises Interrupted when the worker is to end, ConnectionLost when the database goes away:
        the document is then to be asked for again.
        """
        work = self._seams.records.begin_document(ingestion_job_id, document_id)
        if work:
            with self._failing(ingestion_job_id):
                self._ingest(work)
        self.complete(ingestion_job_id)

    def _ingest(self, work: DocumentWork) -> None:
        job = self._seams.records.job_state(work.ingestion_job_id)
        publishes = job.mode is not IngestionMode.PLAN
        ingestion = DocumentIngestion(work, self._seams, self.interrupted)
        log.info("%s is taken up (%s)", work.key, work.action)
        try:
            if publishes:
                self._seams.documents.put_document(_info(work), DocumentStatus.IN_PROGRESS)
                ingestion.run()
            else:
                ingestion.stage()
        except Superseded:
            log.warning("%s is in other hands now", work.key)
        except Stopped:
            self._put_back(work, publishes, DocumentWorkStatus.STOPPED)
        except DOCUMENT_ERRORS as error:
            if isinstance(error, BucketUnreachable):
                self._put_back(work, publishes, DocumentWorkStatus.STOPPED)
                raise
            log.warning("%s failed: %s", work.key, error)
            if publishes:
                self._seams.documents.put_document(_info(work), DocumentStatus.FAILED, str(error))
            self._end(work, DocumentWorkStatus.FAILED, str(error))
        except ConnectionLost:
            raise
        except KbError:
            self._put_back(work, publishes, DocumentWorkStatus.STOPPED)
            raise
        else:
            self._end(work, DocumentWorkStatus.DONE)

    def _put_back(self, work: DocumentWork, publishes: bool, status: DocumentWorkStatus) -> None:
        """Whatever ends the work, the document waits for the next job."""
        if publishes:
            self._seams.documents.put_document(_info(work), DocumentStatus.PENDING)
        self._end(work, status)

    def _end(
        self, work: DocumentWork, status: DocumentWorkStatus, reason: str | None = None
    ) -> None:
        self._seams.records.finish_document(work, status, reason)

    def complete(self, ingestion_job_id: str) -> None:
        """End the job if all its documents are finished."""
        records = self._seams.records
        job = records.job_state(ingestion_job_id)
        if job.status.is_final:
            return
        if job.status is IngestionJobStatus.STOPPING:
            if not job.is_at_work:
                records.finish_ingestion_job(ingestion_job_id, IngestionJobStatus.STOPPED)
            return
        if not job.is_planned or job.has_waiting:
            return
        with self._failing(ingestion_job_id):
            if job.mode is not IngestionMode.PLAN:
                self._delete(ingestion_job_id)
                self._seams.staging.clear_all(ingestion_job_id)
            if records.job_state(ingestion_job_id).status is IngestionJobStatus.STOPPING:
                records.finish_ingestion_job(ingestion_job_id, IngestionJobStatus.STOPPED)
            records.finish_ingestion_job(ingestion_job_id, IngestionJobStatus.COMPLETE)

    def _delete(self, ingestion_job_id: str) -> None:
        # Last, so that a document that was only renamed finds its vectors.
        records = self._seams.records
        for document_id in records.deletions(ingestion_job_id):
            if records.job_state(ingestion_job_id).status is IngestionJobStatus.STOPPING:
                return
            self._seams.publishing.remove(document_id)
            records.count_deleted(ingestion_job_id, document_id)

    @contextmanager
    def _failing(self, ingestion_job_id: str) -> Iterator[None]:
        """An error ends the job FAILED with its reason; a lost database leaves it as it is."""
        finish = self._seams.records.finish_ingestion_job
        try:
            yield
        except (ConnectionLost, Interrupted):
            raise
        except Stopped:
            finish(ingestion_job_id, IngestionJobStatus.STOPPED)
        except KbError as error:
            log.error("ingestion job %s failed: %s", ingestion_job_id, error)
            finish(ingestion_job_id, IngestionJobStatus.FAILED, str(error))
        except BaseException as error:
            reason = f"An unexpected {type(error).__name__} ended the job; see the worker's log."
            finish(ingestion_job_id, IngestionJobStatus.FAILED, reason)
            raise


def _check_deletions(todo: IngestionPlan) -> None:
    if todo.needs_permission:
        raise ValidationError(
            f"This would delete {counted(len(todo.removed), 'document')} with "
            f"{todo.removed_chunks:,} of {todo.known_chunks:,} chunks, since the bucket no "
            "longer has them; check the bucket, or sync again and allow the deletions."
        )


def _info(work: DocumentWork) -> ObjectInfo:
    return ObjectInfo(
        key=work.key,
        size_bytes=work.size_bytes,
        etag=work.etag,
        last_modified=datetime.now(tz=UTC),
        metadata_etag=work.metadata_etag,
    )
