"""The embedding models that SQL and KB_EMBEDDING_MODEL may name: dimensions, limits, prices.

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
from kb.errors import SettingsError
from kb.settings import LOCAL_EMBEDDING_MODEL

#: The month in which the prices below were noted; they are us-east-1's, on demand.
PRICES_OF = "2025-06"
#: A region's inference profile: us.cohere.embed-v4:0.
_REGION = re.compile(r"^(us|eu|apac|jp|au|ca|global|us-gov)\.(?=(amazon|cohere)\.)")
_ARN = re.compile(r"^arn:aws[\w-]*:bedrock:[a-z0-9-]*:\d*:(foundation-model|inference-profile)/")
#: Dimensions behind an id; a version has one digit.
_DIMENSIONS = re.compile(r"(?P<model_id>.+):(?P<dimensions>\d{3,5})")


class Family(StrEnum):
    """Whose request and response bodies a model speaks."""

    TITAN = "Titan"
    COHERE = "Cohere"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimedModel:
    """A model as SQL names it; a local model answers in its place unless Bedrock does."""

    model_id: str
    family: Family
    #: Those that it offers, its default first.
    dimensions: tuple[int, ...]
    #: The key of the body that asks for other dimensions, if there is one.
    dimensions_key: str | None = None
    dollars_per_million_tokens: float
    #: Longer texts are refused, whatever the body says of cutting them.
    most_characters: int | None = None
    #: What it reads of a text, in its own tokens.
    max_tokens: int = 8_192
    #: What Cohere's `truncate` calls cutting at the end and at the start.
    cut_end: str = "END"
    cut_start: str = "START"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfiguredModel:
    """The model that KB_EMBEDDING_MODEL names."""

    #: As it is sent: an id, an inference profile or an ARN.
    model_id: str
    model: ClaimedModel
    dimensions: int


def _titan(model_id: str, price: float, *dimensions: int, key: str | None = None) -> ClaimedModel:
    return ClaimedModel(
        model_id=model_id,
        family=Family.TITAN,
        dimensions=dimensions,
        dimensions_key=key,
        dollars_per_million_tokens=price,
        most_characters=50_000,
    )


def _cohere_3(model_id: str) -> ClaimedModel:
    return ClaimedModel(
        model_id=model_id,
        family=Family.COHERE,
        dimensions=(1024,),
        max_tokens=512,
        dollars_per_million_tokens=0.10,
        most_characters=2_048,
    )


BEDROCK_MODELS = (
    _titan("amazon.titan-embed-text-v1", 0.10, 1536),
    _titan("amazon.titan-embed-g1-text-02", 0.10, 1536),
    _titan("amazon.titan-embed-text-v2:0", 0.02, 1024, 512, 256, key="dimensions"),
    _cohere_3("cohere.embed-english-v3"),
    _cohere_3("cohere.embed-multilingual-v3"),
    ClaimedModel(
        model_id="cohere.embed-v4:0",
        family=Family.COHERE,
        dimensions=(1536, 1024, 512, 256),
        dimensions_key="output_dimension",
        dollars_per_million_tokens=0.12,
        cut_end="RIGHT",
        cut_start="LEFT",
    ),
)
#: Speaks Titan's bodies; nothing is padded. Aurora does not know it.
LOCAL = _titan(LOCAL_EMBEDDING_MODEL, 0.0, 384)


def find_model(model_id: str) -> ClaimedModel:
    """The model of this id, inference profile or ARN; raises Refusal for any other."""
    bare = _REGION.sub("", _ARN.sub("", model_id))
    for model in (*BEDROCK_MODELS, LOCAL):
        if bare in (model.model_id, model.model_id.removesuffix(":0")):
            return model
    known = ", ".join(m.model_id for m in (*BEDROCK_MODELS, LOCAL))
    raise Refusal(
        UNKNOWN_MODEL,
        f'No embedding model is called "{model_id[:100]}".',
        f"Use one of {known}.",
    )


def configured_model(setting: str) -> ConfiguredModel:
    """What KB_EMBEDDING_MODEL names; raises SettingsError with the ids and dimensions there are."""
    match = _DIMENSIONS.fullmatch(setting)
    model_id = match["model_id"] if match else setting
    try:
        model = find_model(model_id)
        wanted = int(match["dimensions"]) if match else None
        dimensions = check_dimensions(model, wanted, native=1)
    except Refusal as error:
        raise SettingsError(f"KB_EMBEDDING_MODEL does not fit: {error} {error.hint}") from error
    return ConfiguredModel(model_id=model_id, model=model, dimensions=dimensions)


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
