"""One document on its way in: read, chunk, embed, publish."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from kb.documents.chunking import chunk_pages
from kb.documents.parsers import page_count, read_pages
from kb.errors import DocumentError
from kb.models import Chunk, DocumentStatus, IngestionProgress, ObjectInfo, Page
from kb.protocols import Embedder, IngestionRecords, ObjectStore, VectorStore

#: Chunks looked up and sorted by length at a time; the most that a kill costs is one batch of it.
WINDOW = 64
#: Seconds between two progress rows while pages are read.
REPORT_SECONDS = 0.5
#: How many of the innermost headings are embedded in front of a chunk.
HEADINGS = 3


Item = TypeVar("Item")


class Stopped(BaseException):
    """The job was asked to stop. Not an error, so that no handler of errors swallows it."""


class DocumentIngestion:
    """Reads one object of the bucket and publishes its chunks."""

    def __init__(
        self,
        info: ObjectInfo,
        *,
        store: ObjectStore,
        records: IngestionRecords,
        vectors: VectorStore,
        embedder: Embedder,
        chunk_tokens: int,
        report: Callable[[IngestionProgress], None],
        progress: IngestionProgress,
    ) -> None:
        """`progress` is the job's so far; `report` hears of every step and may raise Stopped."""
        self._info = info
        self._store = store
        self._records = records
        self._vectors = vectors
        self._embedder = embedder
        self._chunk_tokens = chunk_tokens
        self._report = report
        self._progress = replace(progress, document_key=info.key)
        self._pages: list[Page] = []
        self._chunks: list[Chunk] = []
        self._hashes: list[bytes] = []
        self._embeddings: list[NDArray[np.float32]] = []
        self._reported = 0.0

    def run(self) -> None:
        """Publish the document; DocumentError when it can not be read."""
        document_id = self._records.put_document(self._info, DocumentStatus.IN_PROGRESS)
        with self._store.local_copy(self._info.key) as path:
            pages = page_count(path, self._info.key)
            self._tell("reading", pages_total=self._progress.pages_total + pages)
            chunks = chunk_pages(
                self._read(path), self._embedder.count_tokens, max_tokens=self._chunk_tokens
            )
            while window := list(islice(chunks, WINDOW)):
                self._embed(window)
        if not self._chunks:
            raise DocumentError("It has no text to index; remove it or upload one with text.")
        self._tell("storing")
        self._vectors.publish(
            document_id,
            self._info,
            self._pages,
            self._chunks,
            self._hashes,
            np.concatenate(self._embeddings),
        )
        self._tell("", document_key="")

    def _read(self, path: Path) -> Iterator[Page]:
        for page in read_pages(path, self._info.key):
            self._pages.append(page)
            read = self._progress.pages_read + 1
            # A long table turns out to have more pages than were announced.
            total = max(read, self._progress.pages_total)
            self._progress = replace(self._progress, pages_read=read, pages_total=total)
            if time.monotonic() - self._reported > REPORT_SECONDS:
                self._tell("reading")
            yield page

    def _embed(self, window: Sequence[Chunk]) -> None:
        texts = [embedding_text(chunk) for chunk in window]
        hashes = [hashlib.sha256(text.encode()).digest() for text in texts]
        self._tell("embedding", chunks_made=self._progress.chunks_made + len(window))
        known = self._vectors.known_embeddings(hashes)
        # By length, so that a batch is not padded to the one long text in it.
        missing = sorted(
            {h: text for h, text in zip(hashes, texts, strict=True) if h not in known}.items(),
            key=lambda item: len(item[1]),
        )
        for batch in batched(missing, self._embedder.batch_size):
            vectors = self._embedder.embed_documents([text for _, text in batch])
            new = [h for h, _ in batch]
            self._vectors.stage_embeddings(new, vectors)
            known |= dict(zip(new, vectors, strict=True))
            self._count(len(batch), embedding_calls=len(batch))
        self._count(len(window) - len(missing))
        self._chunks.extend(window)
        self._hashes.extend(hashes)
        self._embeddings.append(np.stack([known[h] for h in hashes]))

    def _count(self, chunks: int, *, embedding_calls: int = 0) -> None:
        self._tell(
            "embedding",
            chunks_embedded=self._progress.chunks_embedded + chunks,
            embedding_calls=self._progress.embedding_calls + embedding_calls,
        )

    def _tell(self, stage: str, **changes: int | str) -> None:
        self._progress = replace(self._progress, stage=stage, **changes)  # type: ignore[arg-type]
        self._reported = time.monotonic()
        self._report(self._progress)


def batched(items: Sequence[Item], size: int) -> Iterator[Sequence[Item]]:
    """Runs of at most `size` items."""
    for start in range(0, len(items), size):
        yield items[start : start + size]


def embedding_text(chunk: Chunk) -> str:
    """What is embedded for a chunk: its innermost headings, then its own words."""
    return "\n".join((" > ".join(chunk.heading_path[-HEADINGS:]), chunk.text)).strip()
