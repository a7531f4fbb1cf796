"""A generation configuration is held to Bedrock's bounds, with one sentence."""

from __future__ import annotations

import pytest

from kb.errors import ValidationError
from kb.generation.bounds import check_generation
from kb.models import GenerationConfiguration


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"temperature": 0.0, "top_p": 1.0, "max_tokens": 1, "stop_sequences": ("a",) * 4},
        {"guardrail_id": "gr1", "guardrail_version": "DRAFT"},
    ],
)
def test_what_bedrock_allows_passes(given: dict[str, object]) -> None:
    check_generation(GenerationConfiguration(**given))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"temperature": 1.5}, "temperature must be between 0 and 1, not 1.5"),
        ({"temperature": float("nan")}, "temperature"),
        ({"top_p": -0.1}, "top-p must be between 0 and 1"),
        ({"max_tokens": 0}, "between 1 and 65,536"),
        ({"stop_sequences": ("a",) * 5}, "use 4 at most"),
        ({"stop_sequences": ("a", "")}, "is empty"),
        ({"guardrail_id": "gr1"}, "id and a version"),
        ({"guardrail_version": "1"}, "id and a version"),
    ],
)
def test_what_is_out_of_bounds_is_refused(given: dict[str, object], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        check_generation(GenerationConfiguration(**given))  # type: ignore[arg-type]
