"""One document on its way in: read, cut, embedded, published, each stage overlapping the next."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from kb.documents.chunking_configuration import to_setting
from kb.documents.metadata import LARGEST_BYTES, embedding_prefix, metadata_key, read_metadata
from kb.errors import DatabaseError
from kb.ingestion.embedding import Embedding
from kb.ingestion.progress import Progress
from kb.ingestion.reading import Reading
from kb.models import DocumentAction, DocumentMetadata, DocumentWork
from kb.models.chunking import ChunkingStrategy
from kb.models.staging import PublishedVersion
from kb.protocols import (
    DocumentRecords,
    Embedder,
    IngestionRecords,
    ObjectStore,
    PublishingArea,
    StagingArea,
)

#: Times that a document is read anew when another job has cleared vectors that it counted on.
ATTEMPTS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Seams:
    """What ingestion needs from the world."""

    store: ObjectStore
    documents: DocumentRecords
    records: IngestionRecords
    staging: StagingArea
    publishing: PublishingArea
    embedder: Embedder
    #: How documents are cut, asked for anew by every job.
    strategy: Callable[[], ChunkingStrategy]
    #: Whether documents stay when their objects have gone (dataDeletionPolicy RETAIN).
    retain: bool = False


class DocumentIngestion:
    """Makes one document of the knowledge base what the bucket has under its key."""

    def __init__(self, work: DocumentWork, seams: Seams, interrupted: threading.Event) -> None:
        self._work = work
        self._seams = seams
        self._strategy = seams.strategy()
        self._progress = Progress(work, seams.records, interrupted)

    def stage(self) -> None:
        """Read and cut the document, embed and publish nothing."""
        metadata = self._metadata()
        with self._reading(metadata) as reading:
            while not reading.is_done():
                reading.wait(1.0)
        self._progress.report(at_once=True)

    def run(self) -> None:
        """Publish the document. Raises DocumentError when it can not be read."""
        metadata = self._metadata()
        prefix = embedding_prefix(metadata)
        if self._work.action is DocumentAction.METADATA and prefix == self._published_prefix():
            self._seams.publishing.publish_metadata(self._work, metadata, self._work.metadata_etag)
            return
        for _ in range(ATTEMPTS):
            with self._reading(metadata) as reading:
                self._embedding(prefix).run(reading)
            if self._publish(prefix):
                return
            # A server that crashed meanwhile has lost what was staged; read it again.
            self._seams.staging.clear(self._work)
        raise DatabaseError(
            f"Vectors of {self._work.key} go away again and again before it is published; is "
            "another ingestion job of this database being stopped and started? Sync again."
        )

    def _metadata(self) -> DocumentMetadata:
        if self._work.metadata_etag is None:
            return DocumentMetadata(attributes={})
        key = metadata_key(self._work.key)
        with self._seams.store.local_copy(key) as path, path.open("rb") as file:
            return read_metadata(file.read(LARGEST_BYTES + 1), key)

    def _published_prefix(self) -> str | None:
        known = self._seams.documents.get_document(self._work.document_id)
        return known.embedding_prefix if known else None

    def _reading(self, metadata: DocumentMetadata) -> Reading:
        """The thread that reads, or one that finds everything staged already."""
        prefix = embedding_prefix(metadata)
        version = "\n".join(
            (
                *(self._work.etag, self._work.metadata_etag or "", to_setting(self._strategy)),
                self._seams.embedder.identity.key,
            )
        )
        staged = self._seams.staging.staged_document(self._work.document_id)
        is_staged = bool(staged and staged.is_complete and staged.version == version)
        if staged and is_staged:
            counts = {"pages_read": staged.pages, "pages_total": staged.pages}
            self._progress.set(**counts, chunks_made=staged.chunks, chunks_embedded=0)
        else:
            self._seams.staging.clear(self._work)
            self._progress.set(pages_read=0, chunks_made=0, chunks_embedded=0)
        return Reading(
            self._work,
            store=self._seams.store,
            staging=self._seams.staging,
            embedder=self._seams.embedder,
            strategy=self._strategy,
            metadata=metadata,
            prefix=prefix,
            version=version,
            progress=self._progress,
            is_staged=is_staged,
        )

    def _embedding(self, prefix: str) -> Embedding:
        return Embedding(
            self._work,
            staging=self._seams.staging,
            embedder=self._seams.embedder,
            prefix=prefix,
            progress=self._progress,
        )

    def _publish(self, prefix: str) -> bool:
        self._progress.set(stage="storing")
        self._progress.report(at_once=True)
        return self._seams.publishing.publish(
            self._work,
            PublishedVersion(
                etag=self._work.etag,
                metadata_etag=self._work.metadata_etag,
                size_bytes=self._work.size_bytes,
                chunking=to_setting(self._strategy),
                embedding_prefix=prefix,
                chunks=self._progress.now.chunks_made,
            ),
            report=self._stored,
            is_stopping=self._progress.is_ending,
        )

    def _stored(self, chunks: int) -> None:
        self._progress.set(chunks_stored=chunks)
        self._progress.report(at_once=chunks == self._progress.now.chunks_made)
