"""Metadata files: `<document>.metadata.json` beside a document, in both of Bedrock's forms.

A value stands there plain, or as an object that names its type and may ask to be embedded with
the document's text. Refuses what PostgreSQL's jsonb could not keep.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any

from kb.errors import DocumentError
from kb.models import DocumentMetadata, JsonValue

SUFFIX = ".metadata.json"
LARGEST_BYTES = 10 * 1024
LONGEST_KEY = 100
RESERVED = "x-amz-bedrock-"
#: Bedrock's types with the field that holds the value.
_FIELDS = {
    "STRING": "stringValue",
    "NUMBER": "numberValue",
    "BOOLEAN": "booleanValue",
    "STRING_LIST": "stringListValue",
}


def is_metadata_key(key: str) -> bool:
    """Whether an object of the bucket is the metadata of another."""
    return key.endswith(SUFFIX) and not key.endswith("/" + SUFFIX) and key != SUFFIX


def metadata_key(key: str) -> str:
    """Where the metadata of the document `key` stands."""
    return key + SUFFIX


def read_metadata(content: bytes, key: str) -> DocumentMetadata:
    """Read a metadata file; `key` is its own, for the message of a DocumentError."""
    if len(content) > LARGEST_BYTES:
        raise _error(key, f"has {len(content):,} bytes; shorten it to {LARGEST_BYTES:,}")
    given = _parsed(content, key)
    attributes = given.get("metadataAttributes") if isinstance(given, dict) else None
    if not isinstance(attributes, dict):
        raise _error(key, 'has no object "metadataAttributes"; put the attributes into one')
    values: dict[str, JsonValue] = {}
    included: list[str] = []
    for name, value in attributes.items():
        _check_name(name, key)
        if isinstance(value, dict):
            values[name] = _typed(value, name, key)
            if _included(value, name, key):
                included.append(name)
        else:
            values[name] = _plain(value, name, key)
    return DocumentMetadata(attributes=values, included_for_embedding=tuple(included))


def embedding_prefix(metadata: DocumentMetadata) -> str:
    """What is embedded in front of every chunk; empty when no attribute asks for it."""
    lines = (
        f"{name}: {_written(metadata.attributes[name])}" for name in metadata.included_for_embedding
    )
    text = "\n".join(lines)
    return f"{text}\n\n" if text else ""


def _parsed(content: bytes, key: str) -> Any:
    def refuse(name: str) -> Any:
        raise ValueError(f"{name} is no number")

    def unique(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
        if len(found := dict(pairs)) < len(pairs):
            raise ValueError("a name stands in it twice")
        return found

    try:
        text = content.decode("utf-8-sig")
        return json.loads(text, parse_constant=refuse, object_pairs_hook=unique)
    except UnicodeDecodeError as error:
        raise _error(key, f"is not UTF-8 at byte {error.start:,}; save it as UTF-8") from error
    except (ValueError, RecursionError) as error:
        raise _error(key, f"is not valid JSON ({error}); mend it") from error


def _check_name(name: str, key: str) -> None:
    if not 1 <= len(name) <= LONGEST_KEY:
        raise _error(key, f"has a name of {len(name)} characters; use 1 to {LONGEST_KEY}")
    if name.lower().startswith(RESERVED):
        raise _error(key, f"uses the reserved name '{name}'; choose one without {RESERVED}")
    _check_text(name, name, key)


def _plain(value: Any, name: str, key: str) -> JsonValue:
    for kind in _FIELDS:
        if _is(kind, value):
            return _kept(value, name, key)
    raise _error(
        key, f"gives '{name}' no text, number, true or false, or list of texts; use one of them"
    )


def _typed(given: dict[str, Any], name: str, key: str) -> JsonValue:
    value = given.get("value")
    kind = value.get("type") if isinstance(value, dict) else None
    if not isinstance(value, dict) or kind not in _FIELDS:
        raise _error(key, f"gives '{name}' no value.type of {', '.join(_FIELDS)}; add it")
    field = _FIELDS[kind]
    if field not in value or not _is(kind, value[field]):
        raise _error(key, f"gives '{name}' no {field} that is a {kind}; add it")
    return _kept(value[field], name, key)


def _included(given: dict[str, Any], name: str, key: str) -> bool:
    included = given.get("includeForEmbedding", False)
    if not isinstance(included, bool):
        raise _error(key, f"gives '{name}' an includeForEmbedding that is neither true nor false")
    return included


def _is(kind: str, value: Any) -> bool:
    if kind == "STRING_LIST":
        return isinstance(value, list) and all(isinstance(item, str) for item in value)
    if kind == "NUMBER":
        # True is an int too.
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    return isinstance(value, str if kind == "STRING" else bool)


def _kept(value: Any, name: str, key: str) -> JsonValue:
    if isinstance(value, float) and not math.isfinite(value):
        raise _error(key, f"gives '{name}' a number that is too large; make it smaller")
    for text in value if isinstance(value, list) else [value]:
        if isinstance(text, str):
            _check_text(text, name, key)
    kept: JsonValue = value
    return kept


def _check_text(text: str, name: str, key: str) -> None:
    """Refuse NUL and halves of characters, which no database keeps."""
    if "\0" in text or any("\ud800" <= letter <= "\udfff" for letter in text):
        raise _error(key, f"has a character in '{name}' that can not be stored; remove it")


def _written(value: JsonValue) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return ", ".join(value) if isinstance(value, list) else str(value)


def _error(key: str, what: str) -> DocumentError:
    return DocumentError(f"The metadata file {key} {what}.")
