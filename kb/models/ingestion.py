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


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestionJobStatistics:
    """Bedrock's counts of a job, without the `numberOf` prefix."""

    documents_scanned: int = 0
    new_documents_indexed: int = 0
    modified_documents_indexed: int = 0
    documents_deleted: int = 0
    documents_failed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestionProgress:
    """How far a running job has come; totals grow while documents are still being read."""

    #: The document being worked on, empty between documents.
    document_key: str = ""
    #: reading, embedding or storing; empty between documents.
    stage: str = ""
    pages_read: int = 0
    pages_total: int = 0
    chunks_made: int = 0
    chunks_embedded: int = 0
    embedding_calls: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestionJob:
    """One run that makes the knowledge base agree with the data source."""

    ingestion_job_id: str
    data_source_id: str
    knowledge_base_id: str
    status: IngestionJobStatus
    statistics: IngestionJobStatistics
    progress: IngestionProgress
    failure_reasons: tuple[str, ...]
    #: Whether it may delete more than half of the knowledge base.
    allow_deletions: bool = False
    started_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelIdentity:
    """What makes two vectors comparable; stored with the knowledge base."""

    provider: str
    model: str
    dimensions: int
    normalised: bool

    def __str__(self) -> str:
        return f"{self.model} ({self.provider}, {self.dimensions} dimensions)"
