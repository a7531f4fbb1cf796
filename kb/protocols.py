"""The seams: what the rules need from the world. Implementers need not inherit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import BinaryIO, Protocol

import numpy as np
from numpy.typing import NDArray

from kb.models import (
    AnswerPart,
    ModelIdentity,
    ObjectInfo,
    RetrievalResult,
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
        """How many texts one call may take."""

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Length of each text in the model's own tokens, without truncation."""

    def embed_documents(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Vectors of texts to be stored, shape (len(texts), dimensions)."""

    def embed_query(self, text: str) -> NDArray[np.float32]:
        """Vector of a question, shape (dimensions,)."""


class Generator(Protocol):
    """Answers a question from retrieved chunks. Errors are ModelError."""

    @property
    def name(self) -> str:
        """As shown on screen, e.g. "extractive"."""

    def generate(self, question: str, results: Sequence[RetrievalResult]) -> Iterator[AnswerPart]:
        """Stream the answer; nothing at all means: the results do not answer the question."""
