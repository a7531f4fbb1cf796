"""Titan's and Cohere's request bodies written, their response bodies read: the caller's side."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from kb.embedding_sql.claimed_models import ClaimedModel, Family
from kb.embedding_sql.refusals import BAD_BODY, BAD_KEY, Refusal

#: Characters of a name in a sentence.
_SHOWN = 60


def request_body(
    model: ClaimedModel,
    texts: Sequence[str],
    *,
    dimensions: int,
    is_query: bool = False,
    cut: bool = False,
) -> str:
    """The body that asks for vectors of `texts`, of which Titan takes one.

    With `cut` a text that is too long for the model loses its end; otherwise Cohere is told to
    cut it, and Titan refuses it.
    """
    if cut and model.most_characters:
        texts = [text[: model.most_characters] for text in texts]
    body: dict[str, Any] = {"inputText": texts[0]}
    if model.family is Family.COHERE:
        kind = "search_query" if is_query else "search_document"
        body = {"texts": list(texts), "input_type": kind, "truncate": model.cut_end}
    if model.dimensions_key and dimensions != model.dimensions[0]:
        body[model.dimensions_key] = dimensions
    return json.dumps(body, ensure_ascii=False)


def json_key(model: ClaimedModel) -> str:
    """Where a response has its vector or vectors."""
    return "embedding" if model.family is Family.TITAN else "embeddings"


def read_vectors(response: str, key: str, *, model_id: str) -> list[list[float]]:
    """The vectors of a response: one, several, or those of type float where types were named.

    Raises Refusal when `key` holds no vectors.
    """
    try:
        body = json.loads(response)
    except (ValueError, RecursionError) as error:
        raise Refusal(BAD_KEY, f"{model_id[:100]} did not answer with JSON.") from error
    value = body.get(key) if isinstance(body, Mapping) else None
    if isinstance(value, Mapping):
        value = value.get("float")
    vectors = [value] if _is_vector(value) else value
    if isinstance(vectors, list) and vectors and all(_is_vector(vector) for vector in vectors):
        return vectors
    raise Refusal(
        BAD_KEY,
        f'The answer of {model_id[:100]} has no "{key[:_SHOWN]}" with a vector.',
        _hint(body),
    )


def one_vector(response: str, key: str, *, model_id: str) -> list[float]:
    """The vector of a response that has one; raises Refusal otherwise."""
    vectors = read_vectors(response, key, model_id=model_id)
    if len(vectors) > 1:
        raise Refusal(BAD_BODY, "One vector is returned, so send one text a call.")
    return vectors[0]


def _is_vector(value: object) -> bool:
    # True and False are numbers to Python.
    return isinstance(value, list) and bool(value) and all(type(x) in (int, float) for x in value)


def _hint(body: object) -> str:
    keys = [key for key in ("embedding", "embeddings") if isinstance(body, Mapping) and key in body]
    return f"Use json_key := '{keys[0]}'." if keys else "Name a model that embeds."
