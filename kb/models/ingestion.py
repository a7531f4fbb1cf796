"""Nouns of ingestion, in Bedrock's words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class IngestionJobStatus(StrEnum):
    """Bedrock's statuses of an ingestion job."""

    STARTING = "STARTING"
    IN_PROGRESS = "IN_PROGRESS"
    COMPLETE = "COMPLETE"
    FAILED = "FAILED"
    STOPPING = "STOPPING"
    STOPPED = "STOPPED"

    @property
    def is_final(self) -> bool:
        """Whether nothing will change any more."""
        return self in (self.COMPLETE, self.FAILED, self.STOPPED)


class IngestionMode(StrEnum):
    """What a job is for."""

    #: Make the knowledge base agree with the data source.
    SYNC = "SYNC"
    #: Find out exactly what a sync would do; publishes nothing.
    PLAN = "PLAN"
    #: First embed everything anew with another model, then sync.
    REBUILD = "REBUILD"


class DocumentAction(StrEnum):
    """What a job does with a document."""

    NEW = "NEW"
    MODIFIED = "MODIFIED"
    #: Only its metadata file differs.
    METADATA = "METADATA"
    DELETED = "DELETED"


class DocumentWorkStatus(StrEnum):
    """How far a job is with a document."""

    PENDING = "PENDING"
    IN_PROGRESS = "IN_PROGRESS"
    DONE = "DONE"
    FAILED = "FAILED"
    #: The job ended before it was done; the next one goes on.
    STOPPED = "STOPPED"


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestionJobStatistics:
    """Bedrock's counts of a job, without the `numberOf` prefix."""

    documents_scanned: int = 0
    metadata_documents_scanned: int = 0
    new_documents_indexed: int = 0
    modified_documents_indexed: int = 0
    metadata_documents_modified: int = 0
    documents_deleted: int = 0
    documents_failed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentProgress:
    """How far each stage has come with one document; the stages overlap."""

    #: The furthest stage at work: reading, embedding or storing; empty when none is.
    stage: str = ""
    pages_total: int = 0
    pages_read: int = 0
    chunks_made: int = 0
    chunks_embedded: int = 0
    chunks_stored: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentWork:
    """A document of an ingestion job: what is to be done with it and how far that is."""

    ingestion_job_id: str
    document_id: str
    key: str
    action: DocumentAction
    etag: str
    metadata_etag: str | None
    size_bytes: int
    status: DocumentWorkStatus
    #: Why it FAILED; one sentence.
    status_reason: str | None
    #: Drawn by whoever works on it; empty before.
    attempt: str
    progress: DocumentProgress
    embedding_calls: int
    started_at: datetime | None
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestionProgress:
    """How far a job has come: sums over its documents, as far as they are known."""

    documents_total: int = 0
    documents_done: int = 0
    #: A document being worked on, empty between documents.
    document_key: str = ""
    #: Its furthest stage.
    stage: str = ""
    pages_read: int = 0
    pages_total: int = 0
    chunks_made: int = 0
    chunks_embedded: int = 0
    chunks_stored: int = 0
    embedding_calls: int = 0
    #: Of the whole work, 0 to 1, by the documents' sizes.
    share: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestionJob:
    """One run that makes the knowledge base agree with the data source."""

    ingestion_job_id: str
    data_source_id: str
    knowledge_base_id: str
    status: IngestionJobStatus
    mode: IngestionMode = IngestionMode.SYNC
    statistics: IngestionJobStatistics
    progress: IngestionProgress
    #: Of the job itself, then of the documents that failed.
    failure_reasons: tuple[str, ...]
    #: Whether it may delete more than half of the knowledge base.
    allow_deletions: bool = False
    #: Whether its documents have been written down.
    is_planned: bool = True
    started_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class JobState:
    """Where a job stands, without its sums."""

    status: IngestionJobStatus
    mode: IngestionMode
    is_planned: bool
    allow_deletions: bool
    #: Whether somebody has one of its documents in hand.
    is_at_work: bool
    #: Whether a document is unfinished, but for those to be deleted.
    has_waiting: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerInfo:
    """A worker that has shown a sign of life lately."""

    worker_id: str
    host: str
    pid: int
    started_at: datetime
    heartbeat_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelIdentity:
    """What makes two vectors comparable; stored with the knowledge base."""

    provider: str
    model: str
    dimensions: int
    normalised: bool

    @property
    def key(self) -> str:
        """All of it in one word, for rows of vectors that are not published yet."""
        form = "unit" if self.normalised else "raw"
        return f"{self.provider}/{self.model}/{self.dimensions}/{form}"

    def __str__(self) -> str:
        return f"{self.model} ({self.provider}, {self.dimensions} dimensions)"
