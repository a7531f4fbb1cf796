"""What models of Bedrock can do within Converse, by family. An unknown model can the least.

A deployment that hides its model behind an ARN of its own, such as an application inference
profile, is unknown as well: it gets the numbered prompt, which every model understands.
"""

from __future__ import annotations

import re

#: When the tables below were noted.
AS_OF = "2026-11"
#: They read `searchResult` blocks and cite from them: botocore 1.44.5's description of
#: SearchResultBlock names these and no others.
CITING = {
    "Claude Opus 4.1": "anthropic.claude-opus-4-1-",
    "Claude Opus 4": "anthropic.claude-opus-4-2025",
    "Claude Sonnet 4.5": "anthropic.claude-sonnet-4-5-",
    "Claude Sonnet 4": "anthropic.claude-sonnet-4-2025",
    "Claude Sonnet 3.7": "anthropic.claude-3-7-sonnet-",
    "Claude 3.5 Haiku": "anthropic.claude-3-5-haiku-",
}
#: They refuse a system text, says the table of Bedrock's user guide: it goes into the message.
WITHOUT_SYSTEM = (
    "ai21.j2-",
    "amazon.titan-text-",
    "cohere.command-text-",
    "cohere.command-light-",
    "mistral.mistral-7b-instruct",
    "mistral.mixtral-8x7b-instruct",
)
#: What may stand before the model of an inference profile, and before that of an ARN.
_PROFILE = re.compile(r"^(?:us|eu|apac|jp|au|ca|global|us-gov)\.")
_ARN = re.compile(r"^arn:aws[\w-]*:bedrock:[a-z0-9-]*:\d*:(?:foundation-model|inference-profile)/")


def cites(model_id: str) -> bool:
    """Whether a model cites from `searchResult` blocks."""
    return _family(model_id).startswith(tuple(CITING.values()))


def takes_system(model_id: str) -> bool:
    """Whether a model takes a system text."""
    return not _family(model_id).startswith(WITHOUT_SYSTEM)


def _family(model_id: str) -> str:
    return _PROFILE.sub("", _ARN.sub("", model_id))
