"""Compares the data source with what is known of it: what an ingestion job has to do. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from kb.models import Document, DocumentStatus, ObjectInfo


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

    @property
    def documents_scanned(self) -> int:
        """Objects in the bucket."""
        return len(self.new) + len(self.changed) + len(self.unchanged)


def plan(objects: Iterable[ObjectInfo], documents: Iterable[Document]) -> IngestionPlan:
    """Sort the bucket's objects by what became of them; failed documents are tried again."""
    known = {document.key: document for document in documents}
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
    )
