"""The seams of ingestion: jobs and documents as they are remembered, and those on their way in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from kb.models import (
    ChunkEmbeddings,
    Document,
    DocumentMetadata,
    DocumentProgress,
    DocumentStatus,
    DocumentWork,
    DocumentWorkStatus,
    IngestionJob,
    IngestionJobStatus,
    IngestionPlan,
    JobState,
    ObjectInfo,
)
from kb.models.staging import (
    PublishedVersion,
    RebuildText,
    StagedDocument,
    StagedText,
    StagedWindow,
)


class DocumentRecords(Protocol):
    """What the workbench remembers of a data source's documents. Errors are DatabaseError."""

    def document_id(self, key: str) -> str:
        """The id of the document with this key; the same for ever."""

    def list_documents(self) -> list[Document]:
        """Every document of the data source, by key."""

    def get_document(self, document_id: str) -> Document | None:
        """One document, if it is known."""

    def put_document(
        self, info: ObjectInfo, status: DocumentStatus, status_reason: str | None = None
    ) -> str:
        """Record an object of the bucket and return its document_id."""

    def check_model(self) -> None:
        """Raise DatabaseError when the stored vectors are of another model than the one in use."""


class IngestionRecords(Protocol):
    """Ingestion jobs and what each does with which document. Errors are DatabaseError."""

    def get_ingestion_job(self, ingestion_job_id: str) -> IngestionJob:
        """One job as it stands now."""

    def job_state(self, ingestion_job_id: str) -> JobState:
        """Where a job stands, without its sums; cheap."""

    def begin_ingestion_job(
        self, ingestion_job_id: str, todo: IngestionPlan, document_ids: Sequence[str]
    ) -> None:
        """Write down what a job has to do, unless that is done; ids in the order of `todo.work`."""

    def waiting_documents(self, ingestion_job_id: str) -> list[str]:
        """Ids of its documents that are not finished, but for those to be deleted."""

    def deletions(self, ingestion_job_id: str) -> list[str]:
        """Ids of its documents that are still to be deleted."""

    def count_deleted(self, ingestion_job_id: str, document_id: str) -> None:
        """A document was deleted; counted once."""

    def begin_document(self, ingestion_job_id: str, document_id: str) -> DocumentWork | None:
        """Take a document up under a new attempt; None when that is not, or no longer, wanted."""

    def record_progress(
        self, work: DocumentWork, progress: DocumentProgress
    ) -> IngestionJobStatus | None:
        """Store how far a document is; the job's status, or None when another has taken it over."""

    def finish_document(
        self, work: DocumentWork, status: DocumentWorkStatus, status_reason: str | None = None
    ) -> None:
        """End a document's part in its job and count it."""

    def finish_ingestion_job(
        self, ingestion_job_id: str, status: IngestionJobStatus, failure_reason: str | None = None
    ) -> None:
        """Give a job its final status, unless it has one."""


class ReadingThread(Protocol):
    """Stages a document's pages and chunks while others work on them."""

    def is_done(self) -> bool:
        """Whether everything is staged; raises what ended the thread."""

    def wait(self, seconds: float) -> None:
        """Until something more is staged, at most so long."""


class StagingArea(Protocol):
    """Documents on their way in, invisible to readers. Errors are DatabaseError.

    Whatever is added is committed at once. Raises Superseded for an attempt that was taken over.
    """

    def staged_document(self, document_id: str) -> StagedDocument | None:
        """How much of a document is staged."""

    def clear(self, work: DocumentWork) -> None:
        """Forget the document's pages and chunks, not its vectors."""

    def add(self, work: DocumentWork, window: StagedWindow) -> None:
        """Stage the next pages and chunks."""

    def texts(self, work: DocumentWork, *, after: int, limit: int) -> list[StagedText]:
        """The chunks that follow the one with the ordinal `after`."""

    def claim(self, work: DocumentWork, hashes: Sequence[bytes]) -> set[bytes]:
        """Those of the texts that no other living attempt is embedding; they are ours now."""

    def add_embeddings(
        self, work: DocumentWork, hashes: Sequence[bytes], embeddings: ChunkEmbeddings
    ) -> None:
        """Keep and count the vectors of these texts."""

    def clear_all(self, ingestion_job_id: str) -> None:
        """Forget everything staged if this is the only job that runs; what is published stays."""


class PublishingArea(Protocol):
    """What readers see, changed one document at a time. Errors are DatabaseError."""

    def publish(
        self,
        work: DocumentWork,
        version: PublishedVersion,
        *,
        report: Callable[[int], None],
        is_stopping: Callable[[], bool],
    ) -> bool:
        """Replace the document by what is staged, in one transaction; False if a vector lacks."""

    def publish_metadata(
        self, work: DocumentWork, metadata: DocumentMetadata, metadata_etag: str | None
    ) -> None:
        """Give the document's chunks new attributes, in one transaction."""

    def remove(self, document_id: str) -> None:
        """Take a document and its chunks away, in one transaction."""


class RebuildArea(Protocol):
    """The knowledge base's successor for another model, while it is made. Errors: DatabaseError."""

    def check_alone(self, ingestion_job_id: str) -> None:
        """Raise Conflict while another job of the database runs."""

    def is_current(self) -> bool:
        """Whether the vectors that readers see are of the model in use."""

    def texts(self, limit: int) -> list[RebuildText]:
        """Some of the texts that still have no vector of the model in use."""

    def add_embeddings(
        self, ingestion_job_id: str, hashes: Sequence[bytes], embeddings: ChunkEmbeddings
    ) -> None:
        """Keep and count the vectors of these texts."""

    def swap(self) -> bool:
        """Let readers see the new vectors, all at once; False when some text lacks its vector."""
