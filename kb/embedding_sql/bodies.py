"""Titan's and Cohere's request bodies read, their response bodies written.

Strict as Bedrock is: a key that the model does not know is refused by name.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kb.embedding_sql.claimed_models import ClaimedModel, Family
from kb.embedding_sql.refusals import BAD_BODY, Refusal

#: Cohere's limit of texts in one call.
MOST_TEXTS = 96
INPUT_TYPES = ("search_document", "search_query", "classification", "clustering")
_TITAN_KEYS = {"inputText"}
_TITAN_V2_KEYS = {"inputText", "dimensions", "normalize", "embeddingTypes"}
_COHERE_KEYS = {"texts", "input_type", "truncate", "embedding_types"}
#: Bedrock's Cohere models take these as well; the model here reads texts only.
_BEDROCK_ONLY = {"images", "inputs", "max_tokens"}

Vectors = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddingRequest:
    """What a body asks for."""

    texts: tuple[str, ...]
    #: None for the model's default.
    dimensions: int | None = None
    #: search_query or search_document matter to a model that tells them apart.
    is_query: bool = False
    #: Whether a text that is too long is an error and not cut.
    refuse_long: bool = False
    #: Cohere answers in another shape when the types were named.
    types_named: bool = False


def read_body(model: ClaimedModel, body: str) -> EmbeddingRequest:
    """The request in `body`; raises Refusal with a sentence that names what is wrong."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Refusal(BAD_BODY, f"model_input is not JSON: {error}.", _example(model)) from error
    if not isinstance(value, dict):
        raise Refusal(BAD_BODY, "model_input is not a JSON object.", _example(model))
    read = _read_titan if model.family is Family.TITAN else _read_cohere
    return read(model, value)


def response_body(
    model: ClaimedModel, request: EmbeddingRequest, vectors: Vectors, tokens: int
) -> str:
    """The body that Bedrock would answer with."""
    lists = [[float(f"{x:.9g}") for x in vector] for vector in vectors]
    if model.family is Family.TITAN:
        titan: dict[str, Any] = {"embedding": lists[0], "inputTextTokenCount": tokens}
        if model.dimensions_key:
            titan["embeddingsByType"] = {"float": lists[0]}
        return json.dumps(titan)
    return json.dumps(
        {
            "id": str(uuid.uuid4()),
            "texts": list(request.texts),
            "embeddings": {"float": lists} if request.types_named else lists,
            "response_type": "embeddings_by_type" if request.types_named else "embeddings_floats",
        }
    )


def padded(vectors: Vectors, dimensions: int) -> Vectors:
    """`vectors` with zeros up to `dimensions`: no dot product and no length changes."""
    return np.pad(vectors, ((0, 0), (0, dimensions - vectors.shape[1])))


def array_literal(vector: NDArray[np.float32], dimensions: int) -> str:
    """PostgreSQL's text form of a float8[], padded; nine digits tell every float4 apart."""
    numbers = ",".join(["%.9g"] * len(vector)) % tuple(vector.tolist())
    return "{" + numbers + ",0" * (dimensions - len(vector)) + "}"


def _read_titan(model: ClaimedModel, body: Mapping[str, Any]) -> EmbeddingRequest:
    _check_keys(model, body, _TITAN_V2_KEYS if model.dimensions_key else _TITAN_KEYS)
    text = body.get("inputText")
    if not _is_text(text):
        raise Refusal(BAD_BODY, "inputText must be a text that is not empty.", _example(model))
    if not isinstance(body.get("normalize", True), bool):
        raise Refusal(BAD_BODY, "normalize must be true or false.")
    _check_types(body.get("embeddingTypes", ["float"]), "embeddingTypes")
    return EmbeddingRequest(texts=(str(text),), dimensions=_dimensions(model, body))


def _read_cohere(model: ClaimedModel, body: Mapping[str, Any]) -> EmbeddingRequest:
    extra = {model.dimensions_key} if model.dimensions_key else set()
    _check_keys(model, body, _COHERE_KEYS | extra)
    texts = body.get("texts")
    if not isinstance(texts, list) or not 1 <= len(texts) <= MOST_TEXTS:
        raise Refusal(BAD_BODY, f"texts must be a list of 1 to {MOST_TEXTS}.", _example(model))
    if not all(_is_text(text) for text in texts):
        raise Refusal(BAD_BODY, "Every one of texts must be a text that is not empty.")
    kind, truncate = body.get("input_type"), body.get("truncate", "NONE")
    if kind not in INPUT_TYPES:
        raise Refusal(BAD_BODY, f"input_type must be one of {', '.join(INPUT_TYPES)}.")
    if truncate not in ("NONE", model.cut_end, model.cut_start):
        known = f"NONE, {model.cut_start} or {model.cut_end}"
        raise Refusal(BAD_BODY, f"truncate must be {known}.")
    if truncate == model.cut_start:
        raise Refusal(
            BAD_BODY, f"The model here cuts at the end only; use truncate {model.cut_end}."
        )
    types = body.get("embedding_types")
    _check_types(["float"] if types is None else types, "embedding_types")
    return EmbeddingRequest(
        texts=tuple(texts),
        dimensions=_dimensions(model, body),
        is_query=kind == "search_query",
        refuse_long=truncate == "NONE",
        types_named=types is not None,
    )


def _is_text(value: object) -> bool:
    # JSON can have half of a character, which no text has.
    halves = isinstance(value, str) and any("\ud800" <= char <= "\udfff" for char in value)
    return isinstance(value, str) and bool(value.strip()) and not halves


def _check_keys(model: ClaimedModel, body: Mapping[str, Any], known: set[str]) -> None:
    if impossible := sorted(set(body) & (_BEDROCK_ONLY - known)):
        raise Refusal(
            BAD_BODY,
            f'The local model reads texts only; "{impossible[0]}" is for Bedrock.',
            "Set KB_EMBEDDING_MODEL to a Bedrock model, or leave it out.",
        )
    if unknown := sorted(set(body) - known):
        raise Refusal(
            BAD_BODY,
            f'{model.model_id} knows no "{unknown[0][:60]}" in its body.',
            f"Its keys are {', '.join(sorted(known))}.",
        )


def _check_types(types: Sequence[Any] | Any, key: str) -> None:
    if types != ["float"]:
        raise Refusal(BAD_BODY, f'Only ["float"] is possible for {key} here.')


def _dimensions(model: ClaimedModel, body: Mapping[str, Any]) -> int | None:
    wanted = body.get(model.dimensions_key) if model.dimensions_key else None
    if wanted is not None and (isinstance(wanted, bool) or not isinstance(wanted, int)):
        raise Refusal(BAD_BODY, f"{model.dimensions_key} must be a whole number.")
    return wanted


def _example(model: ClaimedModel) -> str:
    if model.family is Family.TITAN:
        return 'Use json_build_object(\'inputText\', your_text)::text, for {"inputText": "..."}.'
    return 'Send {"texts": ["..."], "input_type": "search_document"}.'
