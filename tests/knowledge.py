"""A knowledge base without worker and model: its parts, and documents that tests publish in it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Engine

from kb.adapters.catalogue import Catalogue
from kb.adapters.ingestion_jobs import IngestionJobs
from kb.adapters.pgvector_store import PgvectorStore
from kb.adapters.publishing import Publishing
from kb.adapters.staging import Staging
from kb.ingestion.texts import embedding_text, text_sha256
from kb.models import (
    ChunkEmbeddings,
    DocumentStatus,
    DocumentWork,
    DocumentWorkStatus,
    IngestionJobStatus,
    IngestionMode,
    IngestionPlan,
    ModelIdentity,
    ObjectInfo,
)
from kb.models.staging import PublishedVersion, StagedWindow
from kb.retrieval.identifiers import identifiers
from tests.made_up import IDENTITY, chunk, page

#: One number for everything that readers see.
PUBLISHED = """
SELECT coalesce(sum(hashtext(row)), 0) FROM (
    SELECT CAST(t AS text) AS row FROM bedrock_integration.bedrock_kb t
    UNION ALL SELECT CAST(t AS text) FROM workbench.document t
    UNION ALL SELECT CAST(t AS text) FROM workbench.document_page t
    UNION ALL SELECT CAST(t AS text) FROM workbench.parent_chunk t
    UNION ALL SELECT CAST(t AS text) FROM workbench.chunk t
) rows
"""


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What writes and reads the knowledge base of one bucket."""

    catalogue: Catalogue
    jobs: IngestionJobs
    staging: Staging
    publishing: Publishing
    vectors: PgvectorStore

    @classmethod
    def on(cls, engine: Engine, bucket: str = "kb", identity: ModelIdentity = IDENTITY) -> Self:
        catalogue = Catalogue(engine, bucket=bucket, identity=identity)
        source = catalogue.data_source_id
        return cls(
            catalogue,
            IngestionJobs(engine, data_source_id=source),
            Staging(engine, bucket=bucket, data_source_id=source, identity=identity),
            Publishing(engine, identity=identity),
            PgvectorStore(engine, identity=identity),
        )

    def begin(
        self, *infos: ObjectInfo, mode: IngestionMode = IngestionMode.SYNC
    ) -> list[DocumentWork]:
        """Take documents up in a job of their own."""
        job = self.jobs.create_ingestion_job(mode=mode)
        ids = [self.catalogue.put_document(info, DocumentStatus.IN_PROGRESS) for info in infos]
        todo = IngestionPlan(new=infos, changed=(), unchanged=(), removed=(), known_chunks=0)
        self.jobs.begin_ingestion_job(job.ingestion_job_id, todo, ids)
        return [self.take_up(job.ingestion_job_id, document_id) for document_id in ids]

    def take_up(self, ingestion_job_id: str, document_id: str) -> DocumentWork:
        work = self.jobs.begin_document(ingestion_job_id, document_id)
        assert work
        return work

    def publish(
        self,
        work: DocumentWork,
        chunks: int,
        report: Callable[[int], None] = lambda _stored: None,
        is_stopping: Callable[[], bool] = lambda: False,
    ) -> bool:
        version = PublishedVersion(
            etag=work.etag,
            metadata_etag=work.metadata_etag,
            size_bytes=work.size_bytes,
            chunking="DEFAULT:300",
            embedding_prefix="",
            chunks=chunks,
        )
        return self.publishing.publish(work, version, report=report, is_stopping=is_stopping)

    def end(self, work: DocumentWork) -> None:
        """Finish a document, its job and what was kept for resuming."""
        self.jobs.finish_document(work, DocumentWorkStatus.DONE)
        self.staging.clear_all(work.ingestion_job_id)
        self.jobs.finish_ingestion_job(work.ingestion_job_id, IngestionJobStatus.COMPLETE)


def hashes(texts: Sequence[str], heading_path: Sequence[str] = ()) -> list[bytes]:
    return [text_sha256(embedding_text(text, heading_path, "")) for text in texts]


@dataclass(frozen=True, slots=True)
class MadeUpDocument:
    """A version of a document: one page, and a chunk per text."""

    texts: Sequence[str]
    vectors: NDArray[np.float32]
    heading_path: Sequence[str] = ()

    def publish(self, knowledge: Knowledge, info: ObjectInfo, page_number: int = 1) -> str:
        """Bring it in by a job of its own; the document's id."""
        (work,) = knowledge.begin(info)
        self.stage(knowledge, work, page_number)
        assert knowledge.publish(work, len(self.texts))
        knowledge.end(work)
        return work.document_id

    def stage(self, knowledge: Knowledge, work: DocumentWork, page_number: int = 1) -> None:
        """Read it and embed it."""
        knowledge.staging.clear(work)
        knowledge.staging.add(work, self.window(page_number))
        knowledge.staging.add_embeddings(
            work, hashes(self.texts, self.heading_path), ChunkEmbeddings(vectors=self.vectors)
        )

    def window(self, page_number: int = 1) -> StagedWindow:
        """All of it at once."""
        chunks = [
            chunk(n, text, page_number=page_number, heading_path=self.heading_path)
            for n, text in enumerate(self.texts)
        ]
        found = hashes(self.texts, self.heading_path)
        return StagedWindow(
            version=hashlib.sha256(b"".join(found)).hexdigest(),
            pages=(page(page_number, "\n".join(self.texts), label="xii"),),
            chunks=tuple(chunks),
            parents=(),
            hashes=tuple(found),
            occurrences=tuple(found[:n].count(own) for n, own in enumerate(found)),
            identifiers=tuple(
                tuple(identifiers("\n".join((*self.heading_path, text)))) for text in self.texts
            ),
            labels={page_number: "xii"},
            attributes={},
            has_page_numbers=True,
            pages_read=1,
            chunks_made=len(chunks),
            is_last=True,
        )
