"""What an ingestion job has to do, document by document."""

from __future__ import annotations

from dataclasses import dataclass

from kb.models.documents import Document, ObjectInfo
from kb.models.ingestion import DocumentAction

#: The share of the knowledge base that a job may delete without being allowed to.
DELETED_SHARE = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedDocument:
    """A document and what is to be done with it."""

    key: str
    action: DocumentAction
    etag: str
    metadata_etag: str | None
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestionPlan:
    """The documents that differ, and those that don't."""

    #: Nothing of them is indexed: never seen, failed or left by a job that ended.
    new: tuple[ObjectInfo, ...]
    #: Indexed, but not in these bytes or not cut like this.
    changed: tuple[ObjectInfo, ...]
    #: Indexed, but with another metadata file.
    metadata_changed: tuple[ObjectInfo, ...] = ()
    unchanged: tuple[ObjectInfo, ...]
    #: Known documents that the bucket no longer has.
    removed: tuple[Document, ...]
    #: The same, which stay since dataDeletionPolicy is RETAIN.
    retained: tuple[Document, ...] = ()
    #: Chunks of the knowledge base before the job.
    known_chunks: int
    metadata_documents_scanned: int = 0

    @property
    def documents_scanned(self) -> int:
        """Documents in the bucket."""
        return sum(map(len, (self.new, self.changed, self.metadata_changed, self.unchanged)))

    @property
    def waiting(self) -> int:
        """Documents that a job would do something with."""
        return sum(map(len, (self.new, self.changed, self.metadata_changed, self.removed)))

    @property
    def work(self) -> tuple[PlannedDocument, ...]:
        """What is to be done, document by document."""
        return (
            *(_planned(info, DocumentAction.NEW) for info in self.new),
            *(_planned(info, DocumentAction.MODIFIED) for info in self.changed),
            *(_planned(info, DocumentAction.METADATA) for info in self.metadata_changed),
            *(_planned(document, DocumentAction.DELETED) for document in self.removed),
        )

    @property
    def removed_chunks(self) -> int:
        """Chunks that leave with their documents."""
        return sum(document.chunks for document in self.removed)

    @property
    def needs_permission(self) -> bool:
        """Whether more than half of the knowledge base would be deleted: rather an emptied or
        unreachable bucket than a wish."""
        return self.removed_chunks > DELETED_SHARE * self.known_chunks


def _planned(item: ObjectInfo | Document, action: DocumentAction) -> PlannedDocument:
    return PlannedDocument(
        key=item.key,
        action=action,
        etag=item.etag,
        metadata_etag=item.metadata_etag,
        size_bytes=item.size_bytes,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ExactDocument:
    """A document of a plan that was read: what a sync would embed of it."""

    key: str
    action: DocumentAction
    pages: int
    chunks: int
    #: A text that several documents have is counted with the first.
    embedding_calls: int
    #: Why it would fail; one sentence.
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExactPlan:
    """What a sync will do as long as no ETag of the data source changes."""

    plan: IngestionPlan
    #: Whether nothing has changed since the documents were read.
    is_current: bool
    documents: tuple[ExactDocument, ...]
    #: Of all texts to be embedded.
    tokens: int
    #: What embedding them will take; None before anything was embedded or for a remote model.
    seconds: float | None
    #: At the dated prices of kb.embedding_sql; None for a local model.
    dollars: float | None

    @property
    def chunks(self) -> int:
        """Chunks of the documents that differ."""
        return sum(document.chunks for document in self.documents)

    @property
    def embedding_calls(self) -> int:
        """Texts that a sync will embed."""
        return sum(document.embedding_calls for document in self.documents)
