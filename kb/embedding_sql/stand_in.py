"""Answers what SQL asks of Bedrock with the model at hand; vectors are padded to the claimed size.

One text in and one text out, so that whoever carries them needs to know nothing of either.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from kb.embedding_sql import bodies
from kb.embedding_sql.bodies import EmbeddingRequest, Vectors
from kb.embedding_sql.claimed_models import ClaimedModel, Family, check_dimensions, find_model
from kb.embedding_sql.refusals import (
    BAD_BODY,
    BAD_KEY,
    MODEL_FAILED,
    NO_GENERATION_MODEL,
    UNKNOWN_MODEL,
    Refusal,
)
from kb.errors import ModelError
from kb.protocols import Embedder

#: The setting that would name a model for text.
GENERATION_SETTING = "KB_GENERATION_MODEL"
#: Cohere's own limit, and the local model's.
MOST_TOKENS = 512
_JSON = "application/json"


class StandIn:
    """Plays Bedrock's InvokeModel over an Embedder; threads may share it."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder

    def answer(self, payload: str) -> str:
        """The answer to one call of a function in schema aws_bedrock; raises Refusal."""
        call = read_call(payload)
        if "json_key" in call:
            return self._get_embeddings(call)
        return self._invoke_model(call)

    def _get_embeddings(self, call: dict[str, str]) -> str:
        model, request = self._read(call)
        key = "embedding" if model.family is Family.TITAN else "embeddings"
        if call["json_key"] != key:
            raise Refusal(
                BAD_KEY,
                f'The answer of {model.model_id} has no "{call["json_key"][:60]}" with a vector.',
                f"Use json_key := '{key}'.",
            )
        if len(request.texts) > 1:
            raise Refusal(BAD_BODY, "One vector is returned, so send one text a call.")
        dimensions = self._dimensions(model, request)
        return bodies.array_literal(self._vectors(model, request)[0], dimensions)

    def _invoke_model(self, call: dict[str, str]) -> str:
        if call["accept_type"] not in (_JSON, "*/*"):
            raise Refusal(BAD_KEY, f"accept_type must be {_JSON}.")
        try:
            model, request = self._read(call)
        except Refusal as refusal:
            if refusal.sqlstate != UNKNOWN_MODEL:
                raise
            raise Refusal(
                NO_GENERATION_MODEL,
                f'"{call["model_id"][:100]}" is no embedding model, and {GENERATION_SETTING} '
                "names no generating model that SQL could ask.",
                "Set KB_EMBEDDING_MODEL to a Bedrock model, for Bedrock to answer all that SQL "
                "asks, or run the statement on Aurora.",
            ) from refusal
        dimensions = self._dimensions(model, request)
        vectors = bodies.padded(self._vectors(model, request), dimensions)
        tokens = sum(self._embedder.count_tokens(request.texts))
        return bodies.response_body(model, request, vectors, tokens)

    def _read(self, call: dict[str, str]) -> tuple[ClaimedModel, EmbeddingRequest]:
        if call["content_type"] != _JSON:
            raise Refusal(BAD_KEY, f"content_type must be {_JSON}.")
        model = find_model(call["model_id"])
        return model, bodies.read_body(model, call["model_input"])

    def _dimensions(self, model: ClaimedModel, request: EmbeddingRequest) -> int:
        native = self._embedder.identity.dimensions
        return check_dimensions(model, request.dimensions, native=native)

    def _vectors(self, model: ClaimedModel, request: EmbeddingRequest) -> Vectors:
        if request.refuse_long:
            self._check_length(model, request)
        try:
            if request.is_query:
                return np.stack([self._embedder.embed_query(text) for text in request.texts])
            return self._embedder.embed_documents(request.texts)
        except ModelError as error:
            raise Refusal(MODEL_FAILED, str(error)) from error

    def _check_length(self, model: ClaimedModel, request: EmbeddingRequest) -> None:
        # A token has at least one character, so most texts need no count.
        long = [text for text in request.texts if len(text) > MOST_TOKENS]
        tokens = max(self._embedder.count_tokens(long), default=0)
        if tokens > MOST_TOKENS:
            raise Refusal(
                BAD_BODY,
                f"A text has {tokens} tokens and the limit is {MOST_TOKENS}.",
                f'Cut it, or send "truncate": "{model.cut_end}".',
            )


def read_call(payload: str) -> dict[str, str]:
    """The arguments of a function in schema aws_bedrock, by name."""
    value: Any = json.loads(payload)
    return {str(key): str(value[key]) for key in value}
