"""The embedding models that SQL may name, with their dimensions and prices.

Knows what Bedrock documents of them; it calls none.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from kb.embedding_sql.refusals import (
    BAD_BODY,
    TOO_FEW_DIMENSIONS,
    UNKNOWN_MODEL,
    Refusal,
)

#: The month in which the prices below were noted; they are us-east-1's, on demand.
PRICES_OF = "2025-06"
LOCAL_MODEL = "all-MiniLM-L6-v2"
#: A region's inference profile: us.cohere.embed-v4:0.
_REGION = re.compile(r"^(us|eu|apac|jp|au|ca|global|us-gov)\.(?=(amazon|cohere)\.)")


class Family(StrEnum):
    """Whose request and response bodies a model speaks."""

    TITAN = "Titan"
    COHERE = "Cohere"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimedModel:
    """A model as SQL names it; on our own server a local model answers in its place."""

    model_id: str
    family: Family
    #: Those that it offers, its default first.
    dimensions: tuple[int, ...]
    #: The key of the body that asks for other dimensions, if there is one.
    dimensions_key: str | None = None
    dollars_per_million_tokens: float


def _titan(model_id: str, price: float, *dimensions: int, key: str | None = None) -> ClaimedModel:
    return ClaimedModel(
        model_id=model_id,
        family=Family.TITAN,
        dimensions=dimensions,
        dimensions_key=key,
        dollars_per_million_tokens=price,
    )


def _cohere(model_id: str, price: float, *dimensions: int, key: str | None = None) -> ClaimedModel:
    return ClaimedModel(
        model_id=model_id,
        family=Family.COHERE,
        dimensions=dimensions,
        dimensions_key=key,
        dollars_per_million_tokens=price,
    )


BEDROCK_MODELS = (
    _titan("amazon.titan-embed-text-v1", 0.10, 1536),
    _titan("amazon.titan-embed-g1-text-02", 0.10, 1536),
    _titan("amazon.titan-embed-text-v2:0", 0.02, 1024, 512, 256, key="dimensions"),
    _cohere("cohere.embed-english-v3", 0.10, 1024),
    _cohere("cohere.embed-multilingual-v3", 0.10, 1024),
    _cohere("cohere.embed-v4:0", 0.12, 1536, 1024, 512, 256, key="output_dimension"),
)
#: Speaks Titan's bodies; nothing is padded. Aurora does not know it.
LOCAL = _titan(LOCAL_MODEL, 0.0, 384)


def find_model(model_id: str) -> ClaimedModel:
    """The model of this id, inference profile or ARN; raises Refusal for any other."""
    bare = _REGION.sub("", model_id.rpartition("/")[2])
    for model in (*BEDROCK_MODELS, LOCAL):
        if bare in (model.model_id, model.model_id.removesuffix(":0")):
            return model
    known = ", ".join(m.model_id for m in (*BEDROCK_MODELS, LOCAL))
    raise Refusal(
        UNKNOWN_MODEL,
        f'No embedding model is called "{model_id[:100]}".',
        f"Use one of {known}.",
    )


def check_dimensions(model: ClaimedModel, wanted: int | None, *, native: int) -> int:
    """The dimensions to answer with; raises Refusal where a vector of `native` does not fit."""
    dimensions = model.dimensions[0] if wanted is None else wanted
    if dimensions not in model.dimensions:
        offered = ", ".join(str(n) for n in sorted(model.dimensions))
        raise Refusal(
            TOO_FEW_DIMENSIONS if dimensions < native else BAD_BODY,
            f"{model.model_id} has no {dimensions} dimensions.",
            f"Ask for one of {offered}.",
        )
    if dimensions < native:
        smallest = min(n for n in model.dimensions if n >= native)
        raise Refusal(
            TOO_FEW_DIMENSIONS,
            f"The model that stands in for {model.model_id} has {native} dimensions, which "
            f"{dimensions} can not hold; the smallest possible here is {smallest}.",
            f"Ask for {smallest} dimensions, or run the statement on Aurora.",
        )
    return dimensions
