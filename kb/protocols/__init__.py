"""The seams: what the rules need from the world. Implementers need not inherit."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from collections.abc import Generator as Stream
from contextlib import AbstractContextManager
from pathlib import Path
from typing import BinaryIO, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from kb.models import (
    AnswerPart,
    BuildReport,
    ChunkEmbeddings,
    Filter,
    GenerationReport,
    GenerationRequest,
    Index,
    ModelIdentity,
    ObjectInfo,
    QueryPlan,
    RetrievalResult,
    Search,
    SearchType,
    ShadowCopy,
)
from kb.models.login import Login
from kb.protocols.ingestion import (
    DocumentRecords,
    IngestionRecords,
    PublishingArea,
    ReadingThread,
    RebuildArea,
    StagingArea,
)

__all__ = [
    "Credentials",
    "DocumentRecords",
    "Embedder",
    "Generator",
    "IngestionRecords",
    "ObjectStore",
    "Progress",
    "PublishingArea",
    "ReadingThread",
    "RebuildArea",
    "Reranker",
    "StagingArea",
    "TokenEmbedder",
    "TuningBench",
    "TuningShadow",
    "VectorStore",
]

#: Told how many bytes have been stored so far.
Progress: TypeAlias = Callable[[int], None]


class ObjectStore(Protocol):
    """A bucket: documents by key. Errors are ObjectStoreError."""

    @property
    def bucket(self) -> str:
        """The bucket's name, as in `s3://bucket/key`."""

    def uri(self, key: str) -> str:
        """`s3://bucket/key`; with a prefix, `s3://bucket/prefix/key`."""

    def prepare(self) -> None:
        """Make the bucket, closed to the public, unless it is there."""

    def put(
        self, key: str, stream: BinaryIO, *, max_bytes: int, progress: Progress | None = None
    ) -> ObjectInfo:
        """Store the stream under `key`, whole or not at all; refuse more than `max_bytes`.

        The stream is read by the caller's own thread. The same bytes again change nothing.
        """

    def head(self, key: str) -> ObjectInfo | None:
        """What is known of the object, or None when there is none."""

    def list_objects(self) -> Iterator[ObjectInfo]:
        """All objects, by key."""

    def local_copy(self, key: str) -> AbstractContextManager[Path]:
        """A readable file with the object's bytes, for as long as the context lasts."""

    def url(self, key: str, *, expires_seconds: int = 900) -> str | None:
        """An address that a browser opens for so long, or None where there is no such thing."""

    def delete(self, key: str) -> None:
        """Remove the object; nothing happens when there is none."""


class Credentials(Protocol):
    """Who one is to a database, today. Errors are KbError, and none holds a password."""

    def login(self, host: str, port: int) -> Login:
        """What to log in with there; asked for each connection."""

    def renew(self, refused: Login) -> None:
        """Look anew: the database has refused this one."""


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

    @property
    def has_token_bits(self) -> bool:
        """Whether `embed_chunks` tells the vectors of tokens."""

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Length of each text in the model's own tokens, without truncation."""

    def embed_documents(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Vectors of texts to be stored, shape (len(texts), dimensions)."""

    def embed_chunks(self, texts: Sequence[str]) -> ChunkEmbeddings:
        """The same vectors with all that retrieval can make use of."""

    def embed_query(self, text: str) -> NDArray[np.float32]:
        """Vector of a question, shape (dimensions,)."""


class TokenEmbedder(Protocol):
    """An Embedder that also tells the vectors of the tokens of a question."""

    def embed_query_tokens(self, text: str) -> NDArray[np.float32]:
        """Unit vectors of the question's tokens, the model's own marks left out."""


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
        filter: Filter | None = None,
    ) -> list[RetrievalResult]:
        """The best chunks that the filter lets through, best first."""


class Reranker(Protocol):
    """Sorts the candidates of a search once more. Errors are ModelError."""

    @property
    def name(self) -> str:
        """As chosen in the settings and shown on screen."""

    def rerank(self, question: str, results: Sequence[RetrievalResult]) -> list[float] | None:
        """How well each result answers, in their order; higher is better.

        None when it can not judge all of them, for instance what others have embedded.
        """


class Generator(Protocol):
    """Answers a question from retrieved chunks. Errors are ModelError."""

    @property
    def name(self) -> str:
        """As shown on screen, e.g. "extractive"."""

    def generate(self, request: GenerationRequest) -> Stream[AnswerPart, None, GenerationReport]:
        """Stream the answer; no text at all means: the results do not answer the question.

        The generator returns its report. An error in the middle leaves what was streamed valid.
        """


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
