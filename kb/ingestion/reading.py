"""Reads and cuts one document in a thread of its own, staging what it has window by window.

Embedding goes on meanwhile. Keeps one window, never the document.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from itertools import islice
from pathlib import Path

from kb.documents.parsers import page_count, read_pages
from kb.documents.strategies import chunk, has_page_numbers
from kb.errors import DocumentError
from kb.ingestion.progress import Progress
from kb.ingestion.texts import embedding_text, text_sha256
from kb.models import Chunk, DocumentMetadata, DocumentWork, Page, ParentChunk
from kb.models.chunking import ChunkingStrategy
from kb.models.staging import StagedWindow
from kb.protocols import Embedder, ObjectStore, StagingArea
from kb.retrieval.identifiers import identifiers

#: Chunks that are staged at a time; the first ones are few, so that embedding begins early.
WINDOW, FIRST_WINDOW = 64, 8
#: Seconds to wait for a page to end when the work is given up.
GIVE_UP_SECONDS = 2.0


class GivenUp(Exception):
    """Nobody waits for this document any more."""


class Reading:
    """The thread; use it as a context, so that it never outlives the work."""

    def __init__(
        self,
        work: DocumentWork,
        *,
        store: ObjectStore,
        staging: StagingArea,
        embedder: Embedder,
        strategy: ChunkingStrategy,
        metadata: DocumentMetadata,
        prefix: str,
        version: str,
        progress: Progress,
        is_staged: bool = False,
    ) -> None:
        """With `is_staged` there is nothing left to read."""
        self._is_staged = is_staged
        self._work = work
        self._store = store
        self._staging = staging
        self._embedder = embedder
        self._strategy = strategy
        self._metadata = metadata
        self._prefix = prefix
        self._version = version
        self._progress = progress
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="read")
        self._given_up = threading.Event()
        self._staged = threading.Event()
        self._pages: list[Page] = []
        self._labels: dict[int, str] = {}
        self._occurrences: Counter[bytes] = Counter()
        self._parents = 0
        self._paged = False

    def __enter__(self) -> Reading:
        self._future = self._thread.submit(self._run)
        return self

    def __exit__(self, *_details: object) -> None:
        self._given_up.set()
        self._thread.shutdown(wait=False, cancel_futures=True)
        wait([self._future], GIVE_UP_SECONDS)

    def is_done(self) -> bool:
        """Whether everything is staged; raises what ended the thread."""
        if not self._future.done():
            return False
        self._future.result()
        return True

    def wait(self, seconds: float) -> None:
        """Until something more is staged."""
        self._staged.wait(seconds)
        self._staged.clear()

    def _run(self) -> None:
        if self._is_staged:
            return
        try:
            with self._store.local_copy(self._work.key) as path:
                self._progress.set(pages_total=page_count(path, self._work.key))
                self._read(path)
        finally:
            self._staged.set()

    def _read(self, path: Path) -> None:
        made = chunk(
            self._seen(path),
            self._strategy,
            self._embedder.count_tokens,
            self._embedder.embed_documents,
        )
        size = FIRST_WINDOW
        while window := list(islice(made, size)):
            self._stage(window)
            size = WINDOW
        if not self._progress.now.chunks_made:
            raise DocumentError("It has no text to index; remove it or upload one with text.")
        self._stage([], is_last=True)

    def _seen(self, path: Path) -> Iterator[Page]:
        for page in read_pages(path, self._work.key):
            if self._given_up.is_set():
                raise GivenUp
            self._pages.append(page)
            self._labels[page.number] = page.label
            self._paged = self._paged or len(page.boxes) > 0
            self._progress.add(pages_read=1)
            read = self._progress.now.pages_read
            # A long table turns out to have more pages than were announced.
            self._progress.set(pages_total=max(read, self._progress.now.pages_total))
            self._progress.report()
            yield page

    def _stage(self, chunks: list[Chunk], *, is_last: bool = False) -> None:
        texts = [embedding_text(c.text, c.heading_path, self._prefix) for c in chunks]
        self._check_lengths(chunks, texts)
        hashes = [text_sha256(text) for text in texts]
        self._progress.add(chunks_made=len(chunks))
        self._staging.add(
            self._work,
            StagedWindow(
                version=self._version,
                pages=tuple(self._pages),
                chunks=tuple(chunks),
                parents=tuple(self._new_parents(chunks)),
                hashes=tuple(hashes),
                occurrences=tuple(self._nth(text_hash) for text_hash in hashes),
                identifiers=tuple(map(_identifiers, chunks)),
                labels=self._labels,
                attributes=self._metadata.attributes,
                has_page_numbers=self._paged and has_page_numbers(self._strategy),
                pages_read=self._progress.now.pages_read,
                chunks_made=self._progress.now.chunks_made,
                is_last=is_last,
            ),
        )
        self._pages.clear()
        self._staged.set()

    def _check_lengths(self, chunks: list[Chunk], texts: list[str]) -> None:
        """A model that is given more than it takes would embed the beginning without a word."""
        limit = self._embedder.max_tokens
        long = [t for c, t in zip(chunks, texts, strict=True) if c.tokens > limit // 2]
        longest = max(self._embedder.count_tokens(long), default=0) if long else 0
        if longest > limit - 2:
            raise DocumentError(
                f"A chunk of it has {longest:,} tokens with its headings and the embedding model "
                f"takes {limit - 2:,}; choose a chunking strategy with smaller chunks."
            )

    def _new_parents(self, chunks: list[Chunk]) -> Iterator[ParentChunk]:
        for parent in (c.parent for c in chunks if c.parent):
            if parent.ordinal >= self._parents:
                self._parents = parent.ordinal + 1
                yield parent

    def _nth(self, text_hash: bytes) -> int:
        self._occurrences[text_hash] += 1
        return self._occurrences[text_hash] - 1


def _identifiers(chunk: Chunk) -> tuple[str, ...]:
    return tuple(identifiers("\n".join((*chunk.heading_path, chunk.text))))
