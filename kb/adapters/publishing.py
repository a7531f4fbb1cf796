"""Brings staged documents into Bedrock's table, each in one transaction.

Readers see the old version until the commit and the new one after it. Chunks whose text stays
keep their row, so that a small change costs the vector index little.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg
from psycopg.types.json import Jsonb
from sqlalchemy import Connection, Engine

from kb.adapters.database import driver, rows, transaction
from kb.errors import DatabaseError
from kb.ingestion.stopping import Stopped, Superseded
from kb.models import DocumentMetadata, DocumentWork, ModelIdentity
from kb.models.staging import PublishedVersion

#: Chunks between two reports while they go into the vector index, at about 3 ms each.
SLICE = 256
#: From so many chunks on, an empty table's vector indexes are built after loading: measured, a
#: quarter of the work of inserting one by one.
BULK = 1000
#: kB that such a build may use; what HNSW's graph of 20,000 vectors of 384 dimensions needs.
BUILD_KB = 128 * 1024
POLL_SECONDS = 0.5
#: Neither that of the schema nor that of the queue.
BULK_LOCK = 5_150_003


class Publishing:
    """Publishes and removes documents of one data source."""

    def __init__(self, engine: Engine, *, identity: ModelIdentity) -> None:
        self._engine = engine
        self._model = identity.key

    def publish(
        self,
        work: DocumentWork,
        version: PublishedVersion,
        *,
        report: Callable[[int], None],
        is_stopping: Callable[[], bool],
    ) -> bool:
        """Replace the document by what is staged of it; False when a vector has gone meanwhile.

        `report` hears how many chunks are stored and may raise; once `is_stopping` says so, Stopped
        is raised. Nothing has changed then.
        """
        is_bulk = version.chunks >= BULK and self._is_empty()
        try:
            with transaction(self._engine) as connection, _stoppable(connection, is_stopping):
                if is_bulk:
                    # Two who drop the indexes of a table that both have touched would deadlock.
                    rows(connection, "ingestion/lock_bulk", key=BULK_LOCK)
                self._hold(connection, work)
                self._replace(connection, work, version, report, is_bulk=is_bulk)
                # Locking that row would make everybody wait who asks how far we are.
                self._hold(connection, work)
        except _VectorsMissing:
            return False
        return True

    def publish_metadata(
        self, work: DocumentWork, metadata: DocumentMetadata, metadata_etag: str | None
    ) -> None:
        """Give the document's chunks new attributes; nothing else of them changes."""
        with transaction(self._engine) as connection:
            self._hold(connection, work)
            rows(
                connection,
                "ingestion/publish_metadata",
                document_id=work.document_id,
                attributes=Jsonb(dict(metadata.attributes)),
                metadata_etag=metadata_etag,
            )

    def remove(self, document_id: str) -> None:
        """Take a document and its chunks away; nothing happens when it has gone."""
        with transaction(self._engine) as connection:
            rows(
                connection, "ingestion/keep_embeddings", document_id=document_id, model=self._model
            )
            rows(connection, "ingestion/delete_document_chunks", document_id=document_id)
            rows(connection, "ingestion/delete_document", document_id=document_id)

    def _replace(
        self,
        connection: Connection,
        work: DocumentWork,
        version: PublishedVersion,
        report: Callable[[int], None],
        *,
        is_bulk: bool,
    ) -> None:
        document = {"document_id": work.document_id}
        rows(connection, "ingestion/keep_embeddings", **document, model=self._model)
        for name in ("delete_old_chunks", "delete_bookkeeping", "publish_pages"):
            rows(connection, f"ingestion/{name}", **document)
        rows(connection, "ingestion/update_kept_chunks", **document)
        with _vector_indexes_afterwards(connection, is_bulk):
            for first in range(0, version.chunks, SLICE):
                last = min(first + SLICE, version.chunks)
                rows(
                    connection,
                    "ingestion/publish_chunks",
                    **document,
                    model=self._model,
                    first=first,
                    last=last,
                )
                report(last)
        found = rows(
            connection,
            "ingestion/publish_document",
            **document,
            etag=version.etag,
            metadata_etag=version.metadata_etag,
            size_bytes=version.size_bytes,
            chunking=version.chunking,
            embedding_prefix=version.embedding_prefix,
        )
        if not found or found[0]["chunks"] != version.chunks:
            raise _VectorsMissing
        rows(connection, "ingestion/clear_staged", **document)

    def _is_empty(self) -> bool:
        # Not in the publication itself, where looking would lock the table.
        with transaction(self._engine) as connection:
            return bool(rows(connection, "ingestion/is_empty")[0]["is_empty"])

    def _hold(self, connection: Connection, work: DocumentWork) -> None:
        if not rows(
            connection,
            "ingestion/lock_document",
            ingestion_job_id=work.ingestion_job_id,
            document_id=work.document_id,
            attempt=work.attempt,
        ):
            raise Superseded


class _VectorsMissing(Exception):
    """Another job has cleared vectors that this document counted on; embed them again."""


@contextmanager
def _vector_indexes_afterwards(connection: Connection, is_bulk: bool) -> Iterator[None]:
    """Build the vector indexes of an empty table after it is filled: nobody reads it yet."""
    if not is_bulk or not rows(connection, "ingestion/is_empty")[0]["is_empty"]:
        yield
        return
    found = rows(connection, "ingestion/vector_indexes")
    below = driver(connection)
    for index in found:
        # Names and definitions come quoted from the server's own catalogue.
        below.execute(f"DROP INDEX {index['name']}".encode())
    yield
    rows(connection, "ingestion/build_memory", kilobytes=BUILD_KB)
    for index in found:
        below.execute(index["definition"].encode())


@contextmanager
def _stoppable(connection: Connection, is_stopping: Callable[[], bool]) -> Iterator[None]:
    """Cancel the statement that runs once `is_stopping` says so, and raise Stopped."""
    ended, below = threading.Event(), driver(connection)

    def watch() -> None:
        while not ended.wait(POLL_SECONDS):
            if is_stopping():
                below.cancel_safe()

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    except (DatabaseError, psycopg.errors.QueryCanceled) as error:
        if _is_cancelled(error):
            raise Stopped from error
        raise
    finally:
        ended.set()
        watcher.join()


def _is_cancelled(error: BaseException) -> bool:
    cause = error if isinstance(error, psycopg.Error) else error.__cause__
    return isinstance(cause, psycopg.errors.QueryCanceled)
