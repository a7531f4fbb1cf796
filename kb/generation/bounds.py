"""What Bedrock allows of a generation configuration, for pages, commands and answerers alike."""

from __future__ import annotations

from collections.abc import Iterator

from kb.errors import ValidationError
from kb.generation.prompt import check_template
from kb.models import GenerationConfiguration

TEMPERATURE = (0.0, 1.0)
TOP_P = (0.0, 1.0)
MAX_TOKENS = (1, 65_536)
STOP_SEQUENCES = 4


def check_generation(configuration: GenerationConfiguration) -> None:
    """Raises ValidationError, one sentence, for the first thing that is not as it has to be."""
    for sentence in _wrong(configuration):
        raise ValidationError(sentence)
    if configuration.prompt_template:
        check_template(configuration.prompt_template)


def _wrong(given: GenerationConfiguration) -> Iterator[str]:
    for name, value, (low, high) in (
        ("temperature", given.temperature, TEMPERATURE),
        ("top-p", given.top_p, TOP_P),
        ("number of tokens", given.max_tokens, MAX_TOKENS),
    ):
        if value is not None and not low <= value <= high:
            yield f"The {name} must be between {low:,g} and {high:,g}, not {value:,g}."
    if len(given.stop_sequences) > STOP_SEQUENCES:
        yield f"There are {len(given.stop_sequences)} stop sequences; use {STOP_SEQUENCES} at most."
    if not all(given.stop_sequences):
        yield "A stop sequence is empty; remove it."
    if bool(given.guardrail_id) != bool(given.guardrail_version):
        yield "A guardrail needs an id and a version, such as 1 or DRAFT; give both or neither."
