"""What the embedding models of the tests' Bedrock answer, and what they refuse.

Its vectors are counts of a text's words, so texts that share words are near one another.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import Any

TITAN = {"amazon.titan-embed-text-v1": (1536,), "amazon.titan-embed-text-v2:0": (1024, 512, 256)}
COHERE = {
    "cohere.embed-english-v3": (1024,),
    "cohere.embed-multilingual-v3": (1024,),
    "us.cohere.embed-v4:0": (1536, 1024, 512, 256),
}
KINDS = ("search_document", "search_query", "classification", "clustering")


class Refused(Exception):
    """Bedrock's error: its code and message."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def titan(model_id: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """One text, one vector; version 1 does not make them of unit length."""
    second = model_id.endswith("v2:0")
    known = {"inputText"} | ({"dimensions", "normalize", "embeddingTypes"} if second else set())
    check(set(body) <= known, "extraneous key is not permitted")
    text = body.get("inputText")
    check(isinstance(text, str) and 1 <= len(text) <= 50_000, "#/inputText: expected minLength: 1")
    dimensions = body.get("dimensions", TITAN[model_id][0])
    check(dimensions in TITAN[model_id], f"#/dimensions: {dimensions} is not a valid enum value")
    vector = counts(str(text), dimensions)
    length = sum(x * x for x in vector) ** 0.5 if second else 0.5
    scaled = [x / length for x in vector]
    answer: dict[str, Any] = {"embedding": scaled, "inputTextTokenCount": len(str(text).split())}
    return answer | ({"embeddingsByType": {"float": scaled}} if second else {})


def cohere(model_id: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """Up to 96 texts; version 4 has other dimensions and other words for cutting."""
    fourth = "v4" in model_id
    known = {"texts", "input_type", "truncate", "embedding_types"}
    check(set(body) <= known | ({"output_dimension"} if fourth else set()), "extraneous key")
    check(body.get("input_type") in KINDS, "#/input_type: is not a valid enum value")
    cuts = ("NONE", "LEFT", "RIGHT") if fourth else ("NONE", "START", "END")
    check(body.get("truncate", "NONE") in cuts, "#/truncate: is not a valid enum value")
    texts = body.get("texts", [])
    check(1 <= len(texts) <= 96, "#/texts: expected maxItems: 96")
    check(fourth or all(len(text) <= 2048 for text in texts), "#/texts/0: expected maxLength: 2048")
    dimensions = body.get("output_dimension", COHERE[model_id][0])
    check(dimensions in COHERE[model_id], "#/output_dimension: is not a valid enum value")
    vectors = [counts(text, dimensions) for text in texts]
    # With version 4 the types are always named in the answer.
    named = fourth or "embedding_types" in body
    return {
        "id": "5b3d",
        "texts": texts,
        "embeddings": {"float": vectors} if named else vectors,
        "response_type": "embeddings_by_type" if named else "embeddings_floats",
    }


def check(right: bool, message: str) -> None:
    if not right:
        raise Refused("ValidationException", f"Malformed input request: {message}")


def counts(text: str, dimensions: int) -> list[float]:
    """How often words fall into each place."""
    vector = [0.0] * dimensions
    for word in text.lower().replace("/", "").replace(".", "").replace("?", "").split():
        vector[int.from_bytes(sha256(word.encode()).digest()[:4]) % dimensions] += 1.0
    return vector if any(vector) else [1.0, *vector[1:]]
