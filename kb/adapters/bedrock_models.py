"""Titan and Cohere on Bedrock as an Embedder.

Titan takes one text a call, so several calls are under way at once. Bedrock counts tokens for no
embedding model, so that is left to whoever can.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from kb.adapters.bedrock_runtime import BedrockRuntime
from kb.embedding_sql.claimed_models import ConfiguredModel, Family
from kb.embedding_sql.refusals import MODEL_FAILED, Refusal
from kb.embedding_sql.requests import json_key, read_vectors, request_body
from kb.models import ChunkEmbeddings, ModelIdentity

CountTokens = Callable[[Sequence[str]], list[int]]
#: Calls at once.
CALLS = 8
#: Texts of a Cohere call, its own limit.
COHERE_TEXTS = 96


class BedrockEmbedder:
    """An Embedder; vectors are of unit length, whatever the model made. Threads may share it."""

    def __init__(self, configured: ConfiguredModel, count_tokens: CountTokens) -> None:
        """Calls nobody yet. Raises SettingsError when there is no region."""
        self._configured = configured
        self._count_tokens = count_tokens
        self._documents = BedrockRuntime(connections=CALLS, patient=True)
        # Somebody waits for the answer to a question: give up sooner.
        self._queries = BedrockRuntime(connections=CALLS)

    @cached_property
    def identity(self) -> ModelIdentity:
        return ModelIdentity(
            provider="bedrock",
            model=self._configured.model.model_id,
            dimensions=self._configured.dimensions,
            normalised=True,
        )

    @property
    def batch_size(self) -> int:
        return self._texts_a_call

    @property
    def concurrency(self) -> int:
        return CALLS

    @property
    def max_tokens(self) -> int:
        return self._configured.model.max_tokens

    @property
    def has_token_bits(self) -> bool:
        return False

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """By the tokenizer that was given: about as many as the model's own."""
        return self._count_tokens(texts)

    def embed_documents(self, texts: Sequence[str]) -> NDArray[np.float32]:
        vectors = np.empty((len(texts), self._configured.dimensions), dtype=np.float32)
        size = self._texts_a_call
        calls = [texts[start : start + size] for start in range(0, len(texts), size)]
        with ThreadPoolExecutor(CALLS, "bedrock") as threads:
            start = 0
            for found in threads.map(lambda part: self._embed(self._documents, part), calls):
                vectors[start : start + len(found)] = found
                start += len(found)
        return vectors

    def embed_chunks(self, texts: Sequence[str]) -> ChunkEmbeddings:
        """Vectors alone: Bedrock tells nothing of single tokens."""
        return ChunkEmbeddings(vectors=self.embed_documents(texts))

    def embed_query(self, text: str) -> NDArray[np.float32]:
        vector: NDArray[np.float32] = self._embed(self._queries, [text], is_query=True)[0]
        return vector

    @property
    def _texts_a_call(self) -> int:
        return 1 if self._configured.model.family is Family.TITAN else COHERE_TEXTS

    def _embed(
        self, runtime: BedrockRuntime, texts: Sequence[str], *, is_query: bool = False
    ) -> NDArray[np.float32]:
        model, dimensions = self._configured.model, self._configured.dimensions
        body = request_body(model, texts, dimensions=dimensions, is_query=is_query, cut=True)
        response = runtime.invoke(self._configured.model_id, body)
        found = read_vectors(response, json_key(model), model_id=self._configured.model_id)
        if [len(vector) for vector in found] != [dimensions] * len(texts):
            raise Refusal(
                MODEL_FAILED,
                f"{self._configured.model_id} did not answer with {len(texts)} vectors of "
                f"{dimensions} dimensions; check KB_EMBEDDING_MODEL.",
            )
        vectors = np.array(found, dtype=np.float32)
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        # A text without meaning to the model may have a vector of zeros.
        np.divide(vectors, lengths, out=vectors, where=lengths > 0)
        return vectors
