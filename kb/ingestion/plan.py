"""Compares the data source with what is known of it: what an ingestion job has to do. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from kb.models import Document, DocumentStatus, ObjectInfo

#: The share of the knowledge base that a job may delete without being allowed to.
DELETED_SHARE = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestionPlan:
    """The documents that differ, and those that don't."""

    #: Nothing of them is indexed: never seen, failed or left by a job that ended.
    new: tuple[ObjectInfo, ...]
    #: Indexed, but not in these bytes.
    changed: tuple[ObjectInfo, ...]
    unchanged: tuple[ObjectInfo, ...]
    #: Known documents that the bucket no longer has.
    removed: tuple[Document, ...]
    #: Chunks of the knowledge base before the job.
    known_chunks: int

    @property
    def documents_scanned(self) -> int:
        """Objects in the bucket."""
        return len(self.new) + len(self.changed) + len(self.unchanged)

    @property
    def removed_chunks(self) -> int:
        """Chunks that leave with their documents."""
        return sum(document.chunks for document in self.removed)

    @property
    def needs_permission(self) -> bool:
        """Whether more than half of the knowledge base would be deleted: rather an emptied or
        unreachable bucket than a wish."""
        return self.removed_chunks > DELETED_SHARE * self.known_chunks


def plan(objects: Iterable[ObjectInfo], documents: Iterable[Document]) -> IngestionPlan:
    """Sort the bucket's objects by what became of them; failed documents are tried again."""
    known = {document.key: document for document in documents}
    known_chunks = sum(document.chunks for document in known.values())
    new: list[ObjectInfo] = []
    changed: list[ObjectInfo] = []
    unchanged: list[ObjectInfo] = []
    for info in objects:
        document = known.pop(info.key, None)
        if document is None or not document.chunks:
            new.append(info)
        elif document.etag == info.etag and document.status is DocumentStatus.INDEXED:
            unchanged.append(info)
        else:
            changed.append(info)
    return IngestionPlan(
        new=tuple(new),
        changed=tuple(changed),
        unchanged=tuple(unchanged),
        removed=tuple(known.values()),
        known_chunks=known_chunks,
    )
