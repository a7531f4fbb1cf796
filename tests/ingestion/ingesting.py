"""A bucket, a knowledge base, and jobs that are run in this thread. Nothing here is checked."""

from __future__ import annotations

import hashlib
import io
import json
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Engine

from kb.adapters.local_folder import LocalFolder
from kb.adapters.rebuilding import Rebuilding
from kb.ingestion.document import Seams
from kb.ingestion.job import Ingestion
from kb.ingestion.rebuild import Rebuild
from kb.models import (
    ChunkEmbeddings,
    Document,
    IngestionJob,
    IngestionMode,
    ModelIdentity,
    RetrievalResult,
    SearchType,
)
from kb.models.chunking import ChunkingStrategy, DefaultChunking
from tests.knowledge import Knowledge
from tests.made_up import IDENTITY

SMALL = DefaultChunking(max_tokens=100)
LARGEST = 1 << 24


def guide(sections: int = 5, verb: str = "counted") -> str:
    """A document in which each heading begins a chunk."""
    words = [f"# Section {n}\n\nNumber {n} is {verb} by the view." for n in range(sections)]
    return "\n\n".join(words)


class HashEmbedder:
    """An Embedder whose vectors follow from the texts alone; it remembers what it embedded."""

    batch_size = 2
    concurrency = 1
    max_tokens = 512

    def __init__(
        self, identity: ModelIdentity = IDENTITY, during: Callable[[int], object] = lambda _: None
    ) -> None:
        """`during` is called with the number of each call, from 1 on, before it embeds."""
        self.identity = identity
        self.texts: list[str] = []
        self._during = during
        self._calls = 0
        self._lock = threading.Lock()

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [len(text.split()) for text in texts]

    def embed_documents(self, texts: Sequence[str]) -> NDArray[np.float32]:
        with self._lock:
            self._calls += 1
            call = self._calls
        self._during(call)
        self.texts.extend(texts)
        return np.stack([self.embed_query(text) for text in texts])

    has_token_bits = False

    def embed_chunks(self, texts: Sequence[str]) -> ChunkEmbeddings:
        return ChunkEmbeddings(vectors=self.embed_documents(texts))

    def embed_query(self, text: str) -> NDArray[np.float32]:
        seed = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8])
        drawn = np.random.default_rng(seed).normal(size=self.identity.dimensions)
        vector: NDArray[np.float32] = (drawn / np.linalg.norm(drawn)).astype("f4")
        return vector


def failing(call: int, error: BaseException) -> HashEmbedder:
    """An embedder that fails at its nth call."""

    def fail(now: int) -> None:
        if now == call:
            raise error

    return HashEmbedder(during=fail)


class Ingester:
    """The knowledge base of one bucket and whoever ingests its documents."""

    def __init__(
        self,
        engine: Engine,
        folder: Path,
        *,
        bucket: str = "kb",
        identity: ModelIdentity = IDENTITY,
    ) -> None:
        self.engine = engine
        self.bucket = LocalFolder(folder, bucket=bucket)
        self.knowledge = Knowledge.on(engine, bucket=bucket, identity=identity)
        self.identity = identity

    def upload(self, key: str = "guide.md", content: str | bytes = guide()) -> None:
        content = content.encode() if isinstance(content, str) else content
        self.bucket.put(key, io.BytesIO(content), max_bytes=LARGEST)

    def describe(self, attributes: object, key: str = "guide.md") -> None:
        """Put a metadata file beside a document."""
        content = json.dumps({"metadataAttributes": attributes})
        self.upload(f"{key}.metadata.json", content)

    def ingestion(
        self,
        embedder: HashEmbedder | None = None,
        *,
        strategy: ChunkingStrategy = SMALL,
        retain: bool = False,
        bucket: LocalFolder | None = None,
    ) -> Ingestion:
        own = embedder or HashEmbedder(self.identity)
        seams = Seams(
            store=bucket or self.bucket,
            documents=self.knowledge.catalogue,
            records=self.knowledge.jobs,
            staging=self.knowledge.staging,
            publishing=self.knowledge.publishing,
            embedder=own,
            strategy=lambda: strategy,
            retain=retain,
        )
        area = Rebuilding(self.engine, identity=self.identity)
        return Ingestion(seams, Rebuild(area, self.knowledge.jobs, own))

    def start(
        self, *, mode: IngestionMode = IngestionMode.SYNC, allow_deletions: bool = True
    ) -> str:
        job = self.knowledge.jobs.create_ingestion_job(mode=mode, allow_deletions=allow_deletions)
        return job.ingestion_job_id

    def job(self, ingestion_job_id: str) -> IngestionJob:
        return self.knowledge.jobs.get_ingestion_job(ingestion_job_id)

    def run(self, ingestion: Ingestion, ingestion_job_id: str) -> IngestionJob:
        """Do a job and return its row as it ended."""
        for document_id in ingestion.begin(ingestion_job_id):
            ingestion.ingest(ingestion_job_id, document_id)
        return self.job(ingestion_job_id)

    def sync(
        self,
        embedder: HashEmbedder | None = None,
        *,
        mode: IngestionMode = IngestionMode.SYNC,
        allow_deletions: bool = True,
        strategy: ChunkingStrategy = SMALL,
        retain: bool = False,
        bucket: LocalFolder | None = None,
    ) -> IngestionJob:
        """Start a job and do it."""
        ingestion = self.ingestion(embedder, strategy=strategy, retain=retain, bucket=bucket)
        return self.run(ingestion, self.start(mode=mode, allow_deletions=allow_deletions))

    def results(self) -> list[RetrievalResult]:
        return self.knowledge.vectors.retrieve(
            HashEmbedder(self.identity).embed_query(""),
            question="",
            identifiers=[],
            search_type=SearchType.SEMANTIC,
            number_of_results=900,
        )

    def texts(self) -> list[str]:
        """The texts that readers find."""
        return sorted(result.text for result in self.results())

    def document(self, key: str = "guide.md") -> Document:
        known = {document.key: document for document in self.knowledge.catalogue.list_documents()}
        return known[key]
