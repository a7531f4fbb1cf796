"""Embeds the staged chunks of one document on several threads while others are still being read.

A text that is known, in this document or any other, is not embedded again; one that another
attempt has claimed is waited for.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from kb.ingestion.progress import Progress
from kb.ingestion.texts import batched, embedding_text
from kb.models import ChunkEmbeddings, DocumentWork
from kb.models.staging import StagedText
from kb.protocols import Embedder, ReadingThread, StagingArea

log = logging.getLogger(__name__)

#: Chunks looked at together.
WINDOW = 64
#: Vectors that are committed together. A kill costs these and the batches in flight.
COMMIT = 16
#: Seconds between two looks at what others are embedding or reading.
POLL_SECONDS = 0.1

#: A text's hash, its vector, and its token vectors where the model tells them.
Embedded: TypeAlias = tuple[bytes, NDArray[np.float32], bytes | None]


class Embedding:
    """The texts in flight and those that wait to be committed."""

    def __init__(
        self,
        work: DocumentWork,
        *,
        staging: StagingArea,
        embedder: Embedder,
        prefix: str,
        progress: Progress,
    ) -> None:
        self._work = work
        self._staging = staging
        self._embedder = embedder
        self._prefix = prefix
        self._progress = progress
        self._in_flight: deque[tuple[list[bytes], Future[ChunkEmbeddings]]] = deque()
        self._ready: list[Embedded] = []
        self._taken: set[bytes] = set()

    def run(self, reading: ReadingThread) -> None:
        """Come back when every chunk of the document has a vector."""
        pool = ThreadPoolExecutor(self._embedder.concurrency, thread_name_prefix="embed")
        try:
            missing = self._follow(reading, pool)
            while missing:
                # Another attempt is embedding the same texts.
                threading.Event().wait(POLL_SECONDS)
                self._progress.report()
                missing = self._again(pool)
        finally:
            pool.shutdown(wait=True, cancel_futures=True)

    def _follow(self, reading: ReadingThread, pool: ThreadPoolExecutor) -> int:
        """Embed what is staged as it comes; the number of texts that others have claimed."""
        after, missing = -1, 0
        while True:
            all_staged = reading.is_done()
            if window := self._staging.texts(self._work, after=after, limit=WINDOW):
                self._progress.set(stage="embedding")
                after = window[-1].ordinal
                missing += self._feed(window, pool)
            elif all_staged:
                self._drain()
                return missing
            else:
                self._drain()
                reading.wait(POLL_SECONDS)
            self._progress.report()

    def _again(self, pool: ThreadPoolExecutor) -> int:
        self._taken.clear()
        self._progress.set(chunks_embedded=0)
        after, missing = -1, 0
        while window := self._staging.texts(self._work, after=after, limit=WINDOW):
            after = window[-1].ordinal
            missing += self._feed(window, pool)
        self._drain()
        return missing

    def _feed(self, window: Sequence[StagedText], pool: ThreadPoolExecutor) -> int:
        """Hand the window's unknown texts to the pool; how many others have claimed."""
        wanted = {t.text_sha256: t for t in window if not t.is_known}
        wanted = {h: t for h, t in wanted.items() if h not in self._taken}
        claimed = self._staging.claim(self._work, list(wanted)) if wanted else set()
        self._taken |= claimed
        elsewhere = len(wanted) - len(claimed)
        self._progress.add(chunks_embedded=len(window) - len(wanted))
        mine = [t for h, t in wanted.items() if h in claimed]
        for batch in batched(mine, self._embedder.batch_size):
            texts = [embedding_text(t.text, t.heading_path, self._prefix) for t in batch]
            future = pool.submit(self._embed, texts)
            self._in_flight.append(([t.text_sha256 for t in batch], future))
            while len(self._in_flight) > 2 * self._embedder.concurrency:
                self._collect()
        return elsewhere

    def _embed(self, texts: list[str]) -> ChunkEmbeddings:
        log.debug("embedding %d of %s", len(texts), self._work.key)
        return self._embedder.embed_chunks(texts)

    def _drain(self) -> None:
        while self._in_flight:
            self._collect()
        self._commit()

    def _collect(self) -> None:
        hashes, future = self._in_flight.popleft()
        found = future.result()
        bits = found.token_bits or [None] * len(hashes)
        self._ready += zip(hashes, found.vectors, bits, strict=True)
        if len(self._ready) >= COMMIT:
            self._commit()
        self._progress.report()

    def _commit(self) -> None:
        if not self._ready:
            return
        hashes, vectors, bits = zip(*self._ready, strict=True)
        self._ready = []
        embeddings = ChunkEmbeddings(
            vectors=np.stack(vectors), token_bits=None if bits[0] is None else bits
        )
        self._staging.add_embeddings(self._work, hashes, embeddings)
        self._progress.add(chunks_embedded=len(hashes))
