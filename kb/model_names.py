"""How settings name answerers and rerankers: by a word, or by a model of Bedrock or elsewhere.

Knows how names look, not whether such a model exists.
"""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import urlsplit

from kb.models import NO_RERANKING

#: The answerer that quotes.
EXTRACTIVE = "extractive"
#: The reranker that compares token vectors.
LATE_INTERACTION = "late-interaction"
#: Before the name of a model behind the OpenAI-compatible endpoint.
OPENAI = "openai:"
#: An id or inference profile: the provider, a dot, the model.
_BEDROCK_ID = re.compile(r"(?:[a-z][a-z-]*\.)?[a-z][a-z0-9-]*\.[A-Za-z0-9][A-Za-z0-9._:-]*")
_BEDROCK_ARN = re.compile(r"arn:aws[a-z-]*:bedrock:[a-z0-9-]*:\d*:[a-z-]+/[A-Za-z0-9._:/-]+")
_OPENAI_MODEL = re.compile(rf"{OPENAI}\S+")


def answerers(value: object) -> tuple[str, ...]:
    """The names in a setting, the default first; raises ValueError for what is none."""
    names = [name.strip() for name in str(value).split(",")]
    for name in names:
        if not (name == EXTRACTIVE or is_openai(name) or is_bedrock(name)):
            raise ValueError(
                f"'{name}' is no answerer; name '{EXTRACTIVE}', a Bedrock model such as "
                f"'amazon.nova-lite-v1:0', or '{OPENAI}' and a model such as '{OPENAI}llama3.1'"
            )
    return tuple(dict.fromkeys(names))


def rerankers(value: object) -> tuple[str, ...]:
    """The names in a setting, the default first, empty for none; ValueError for what is none."""
    if str(value).strip() == NO_RERANKING:
        return ()
    names = [name.strip() for name in str(value).split(",")]
    for name in names:
        if not (name == LATE_INTERACTION or is_bedrock(name)):
            raise ValueError(
                f"'{name}' is no reranker; name '{LATE_INTERACTION}', a reranking model of Bedrock "
                f"such as 'cohere.rerank-v3-5:0', or '{NO_RERANKING}' alone"
            )
    return tuple(dict.fromkeys(names))


def is_openai(name: str) -> bool:
    """Whether the model is behind the OpenAI-compatible endpoint."""
    return _OPENAI_MODEL.fullmatch(name) is not None


def is_bedrock(name: str) -> bool:
    """Whether the name looks like one of Bedrock's: an id, an inference profile or an ARN."""
    return not is_openai(name) and bool(_BEDROCK_ID.fullmatch(name) or _BEDROCK_ARN.fullmatch(name))


def endpoint(value: object) -> str:
    """The address of an endpoint as it is used; raises ValueError for one that is unsafe."""
    address = str(value).strip().rstrip("/")
    try:
        parts = urlsplit(address)
        host, _port = parts.hostname, parts.port
    except ValueError:
        raise ValueError("it must be an address such as http://127.0.0.1:11434/v1") from None
    if parts.scheme not in ("http", "https") or not host or parts.query or parts.fragment:
        raise ValueError("it must be an address such as http://127.0.0.1:11434/v1")
    if parts.username is not None or parts.password is not None:
        raise ValueError("it has a user or a password in it; use KB_OPENAI_API_KEY")
    if parts.scheme == "http" and not _is_this_machine(host):
        raise ValueError("what is sent there could be read on the way; use https")
    return address.removesuffix("/chat/completions")


def api_key(value: object) -> str:
    """A key as it fits into a header; ValueError, without the key, for one that does not."""
    key = str(value).strip()
    if not re.fullmatch(r"[!-~]+", key):
        raise ValueError("it must be printable ASCII without spaces")
    return key


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
