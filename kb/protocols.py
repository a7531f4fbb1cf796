"""The seams: what the rules need from the world. Implementers need not inherit."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import BinaryIO, Protocol

import numpy as np
from numpy.typing import NDArray

from kb.models import (
    AnswerPart,
    BuildReport,
    Document,
    DocumentMetadata,
    DocumentProgress,
    DocumentStatus,
    DocumentWork,
    DocumentWorkStatus,
    Index,
    IngestionJob,
    IngestionJobStatus,
    IngestionPlan,
    JobState,
    ModelIdentity,
    ObjectInfo,
    QueryPlan,
    RetrievalResult,
    Search,
    SearchType,
    ShadowCopy,
)
from kb.models.staging import (
    PublishedVersion,
    RebuildText,
    StagedDocument,
    StagedText,
    StagedWindow,
)


class ObjectStore(Protocol):
    """A bucket: documents by key. Errors are ObjectStoreError."""

    @property
    def bucket(self) -> str:
        """The bucket's name, as in `s3://bucket/key`."""

    def uri(self, key: str) -> str:
        """`s3://bucket/key`."""

    def put(self, key: str, stream: BinaryIO, *, max_bytes: int) -> ObjectInfo:
        """Store the stream under `key`, whole or not at all; refuse more than `max_bytes`."""

    def head(self, key: str) -> ObjectInfo | None:
        """What is known of the object, or None when there is none."""

    def list_objects(self) -> Iterator[ObjectInfo]:
        """All objects, by key."""

    def local_copy(self, key: str) -> AbstractContextManager[Path]:
        """A readable file with the object's bytes, for as long as the context lasts."""

    def delete(self, key: str) -> None:
        """Remove the object; nothing happens when there is none."""


class Embedder(Protocol):
    """Turns text into vectors. Errors are ModelError."""

    @property
    def identity(self) -> ModelIdentity:
        """What makes its vectors comparable with others."""

    @property
    def batch_size(self) -> int:
        """How many texts one call should take."""

    @property
    def concurrency(self) -> int:
        """How many calls at once are worth it."""

    @property
    def max_tokens(self) -> int:
        """Tokens that it takes of a text, those that it adds included."""

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Length of each text in the model's own tokens, without truncation."""

    def embed_documents(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Vectors of texts to be stored, shape (len(texts), dimensions)."""

    def embed_query(self, text: str) -> NDArray[np.float32]:
        """Vector of a question, shape (dimensions,)."""


class DocumentRecords(Protocol):
    """What the workbench remembers of a data source's documents. Errors are DatabaseError."""

    def document_id(self, key: str) -> str:
        """The id of the document with this key; the same for ever."""

    def list_documents(self) -> list[Document]:
        """Every document of the data source, by key."""

    def get_document(self, document_id: str) -> Document | None:
        """One document, if it is known."""

    def put_document(
        self, info: ObjectInfo, status: DocumentStatus, status_reason: str | None = None
    ) -> str:
        """Record an object of the bucket and return its document_id."""

    def check_model(self) -> None:
        """Raise DatabaseError when the stored vectors are of another model than the one in use."""


class IngestionRecords(Protocol):
    """Ingestion jobs and what each does with which document. Errors are DatabaseError."""

    def get_ingestion_job(self, ingestion_job_id: str) -> IngestionJob:
        """One job as it stands now."""

    def job_state(self, ingestion_job_id: str) -> JobState:
        """Where a job stands, without its sums; cheap."""

    def begin_ingestion_job(
        self, ingestion_job_id: str, todo: IngestionPlan, document_ids: Sequence[str]
    ) -> None:
        """Write down what a job has to do, unless that is done; ids in the order of `todo.work`."""

    def waiting_documents(self, ingestion_job_id: str) -> list[str]:
        """Ids of its documents that are not finished, but for those to be deleted."""

    def deletions(self, ingestion_job_id: str) -> list[str]:
        """Ids of its documents that are still to be deleted."""

    def count_deleted(self, ingestion_job_id: str, document_id: str) -> None:
        """A document was deleted; counted once."""

    def begin_document(self, ingestion_job_id: str, document_id: str) -> DocumentWork | None:
        """Take a document up under a new attempt; None when that is not, or no longer, wanted."""

    def record_progress(
        self, work: DocumentWork, progress: DocumentProgress
    ) -> IngestionJobStatus | None:
        """Store how far a document is; the job's status, or None when another has taken it over."""

    def finish_document(
        self, work: DocumentWork, status: DocumentWorkStatus, status_reason: str | None = None
    ) -> None:
        """End a document's part in its job and count it."""

    def finish_ingestion_job(
        self, ingestion_job_id: str, status: IngestionJobStatus, failure_reason: str | None = None
    ) -> None:
        """Give a job its final status, unless it has one."""


class ReadingThread(Protocol):
    """Stages a document's pages and chunks while others work on them."""

    def is_done(self) -> bool:
        """Whether everything is staged; raises what ended the thread."""

    def wait(self, seconds: float) -> None:
        """Until something more is staged, at most so long."""


class StagingArea(Protocol):
    """Documents on their way in, invisible to readers. Errors are DatabaseError.

    Whatever is added is committed at once. Raises Superseded for an attempt that was taken over.
    """

    def staged_document(self, document_id: str) -> StagedDocument | None:
        """How much of a document is staged."""

    def clear(self, work: DocumentWork) -> None:
        """Forget the document's pages and chunks, not its vectors."""

    def add(self, work: DocumentWork, window: StagedWindow) -> None:
        """Stage the next pages and chunks."""

    def texts(self, work: DocumentWork, *, after: int, limit: int) -> list[StagedText]:
        """The chunks that follow the one with the ordinal `after`."""

    def claim(self, work: DocumentWork, hashes: Sequence[bytes]) -> set[bytes]:
        """Those of the texts that no other living attempt is embedding; they are ours now."""

    def add_embeddings(
        self, work: DocumentWork, hashes: Sequence[bytes], vectors: NDArray[np.float32]
    ) -> None:
        """Keep and count the vectors of these texts."""

    def clear_all(self, ingestion_job_id: str) -> None:
        """Forget everything staged if this is the only job that runs; what is published stays."""


class PublishingArea(Protocol):
    """What readers see, changed one document at a time. Errors are DatabaseError."""

    def publish(
        self,
        work: DocumentWork,
        version: PublishedVersion,
        *,
        report: Callable[[int], None],
        is_stopping: Callable[[], bool],
    ) -> bool:
        """Replace the document by what is staged, in one transaction; False if a vector lacks."""

    def publish_metadata(
        self, work: DocumentWork, metadata: DocumentMetadata, metadata_etag: str | None
    ) -> None:
        """Give the document's chunks new attributes, in one transaction."""

    def remove(self, document_id: str) -> None:
        """Take a document and its chunks away, in one transaction."""


class RebuildArea(Protocol):
    """The knowledge base's successor for another model, while it is made. Errors: DatabaseError."""

    def check_alone(self, ingestion_job_id: str) -> None:
        """Raise Conflict while another job of the database runs."""

    def is_current(self) -> bool:
        """Whether the vectors that readers see are of the model in use."""

    def texts(self, limit: int) -> list[RebuildText]:
        """Some of the texts that still have no vector of the model in use."""

    def add_embeddings(
        self, ingestion_job_id: str, hashes: Sequence[bytes], vectors: NDArray[np.float32]
    ) -> None:
        """Keep and count the vectors of these texts."""

    def swap(self) -> bool:
        """Let readers see the new vectors, all at once; False when some text lacks its vector."""


class VectorStore(Protocol):
    """Chunks with their vectors, as Bedrock's table has them. Errors are DatabaseError."""

    def retrieve(
        self,
        query_embedding: NDArray[np.float32],
        *,
        question: str,
        identifiers: Sequence[str],
        search_type: SearchType,
        number_of_results: int,
    ) -> list[RetrievalResult]:
        """The best chunks, best first."""


class Generator(Protocol):
    """Answers a question from retrieved chunks. Errors are ModelError."""

    @property
    def name(self) -> str:
        """As shown on screen, e.g. "extractive"."""

    def generate(self, question: str, results: Sequence[RetrievalResult]) -> Iterator[AnswerPart]:
        """Stream the answer; nothing at all means: the results do not answer the question."""


class TuningShadow(Protocol):
    """A private copy of the vectors that a sweep may index, search and throw away.

    At most one index stands on it. A search of None is the exact scan. Methods that take a search
    run it for real, on a connection of the index's own, and force the plan only in their own
    transaction. Errors are DatabaseError and IndexRejected.
    """

    @property
    def copied(self) -> ShadowCopy:
        """What the copy holds."""

    def read_vectors(self) -> Iterator[NDArray[np.float32]]:
        """All vectors in blocks of rows, in no particular order."""

    def build(self, index: Index) -> BuildReport:
        """Build `index` in place of the one before."""

    def search_all(
        self, search: Search | None, questions: NDArray[np.float32], k: int
    ) -> NDArray[np.float64]:
        """Cosine distances found, shape (questions, k), nearest first; NaN where rows lack."""

    def time_searches(
        self, search: Search | None, questions: NDArray[np.float32], k: int
    ) -> NDArray[np.float64]:
        """Client round trip of each question in milliseconds, shape (questions,)."""

    def analyze(
        self, search: Search | None, questions: NDArray[np.float32], k: int
    ) -> list[QueryPlan]:
        """The plan that each question was really run with, and the server's execution time."""

    def natural_plan(
        self, search: Search | None, question: NDArray[np.float32], k: int
    ) -> QueryPlan:
        """The plan that the planner chooses when nothing is forced."""


class TuningBench(Protocol):
    """Makes shadow copies of the knowledge base's vectors."""

    def shadow(self) -> AbstractContextManager[TuningShadow]:
        """A fresh copy, removed when the context ends, however it ends.

        Raises Conflict while another sweep holds one, ValidationError when there is no vector.
        """
