"""Metadata filters as Bedrock's RetrievalFilter JSON, checked against Bedrock's limits. Pure.

Shape, key length and the least size of a group are those of botocore's service model
`bedrock-agent-runtime` (1.44.5: RetrievalFilter, RetrievalFilterList min 2, FilterKey 1 to 100,
FilterValue a document of any type). What the model leaves open (5 to a group, one group within
another, the types of values) is from Bedrock's user guide, page kb-test-config.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from kb.errors import ValidationError
from kb.models import Comparison, Condition, Filter, Group, JsonValue, Junction

LONGEST_KEY = 100
GROUP_SIZE = (2, 5)
#: Groups of conditions, and a group of those.
DEEPEST_GROUP = 2
#: Ours: Bedrock names no limit.
LONGEST_LIST = 1000

#: Bedrock's own attributes that every chunk has.
SOURCE_URI = "x-amz-bedrock-kb-source-uri"
#: The first page of a chunk; only formats with pages have one.
PAGE_NUMBER = "x-amz-bedrock-kb-document-page-number"
#: Ours, for what only the workbench knows of a chunk; Bedrock does not have them.
HEADING_PATH = "x-workbench-heading-path"
LAST_PAGE_NUMBER = "x-workbench-last-page-number"
#: Keys that need no metadata file, with what they mean.
RESERVED_KEYS = {
    SOURCE_URI: "the document, as s3://bucket/key",
    PAGE_NUMBER: "the physical page on which the chunk begins, from 1",
    LAST_PAGE_NUMBER: "the physical page on which the chunk ends, from 1",
    HEADING_PATH: "the headings above the chunk, outermost first, a list",
}
WORKBENCH_KEYS = (HEADING_PATH, LAST_PAGE_NUMBER)


class ValueKind(StrEnum):
    """What an operator compares an attribute with."""

    SCALAR = "a text, a number, true or false"
    NUMBER = "a number"
    TEXT = "a text"
    TEXTS = "a list of texts"


@dataclass(frozen=True, slots=True)
class Operator:
    """What a filter's operator takes and how it is written."""

    comparison: Comparison
    #: In Bedrock's console; None where it has none, and then the name is typed.
    symbol: str | None
    kind: ValueKind
    about: str
    #: Whether a real knowledge base on Aurora may refuse it: documented for other stores only.
    aurora_may_refuse: bool = False


OPERATORS: dict[Comparison, Operator] = {
    operator.comparison: operator
    for operator in (
        Operator(Comparison.EQUALS, "=", ValueKind.SCALAR, "is"),
        Operator(Comparison.NOT_EQUALS, "!=", ValueKind.SCALAR, "is not, or is missing"),
        Operator(Comparison.GREATER_THAN, ">", ValueKind.NUMBER, "is more than"),
        Operator(Comparison.GREATER_THAN_OR_EQUALS, ">=", ValueKind.NUMBER, "is at least"),
        Operator(Comparison.LESS_THAN, "<", ValueKind.NUMBER, "is less than"),
        Operator(Comparison.LESS_THAN_OR_EQUALS, "<=", ValueKind.NUMBER, "is at most"),
        Operator(Comparison.IN, ":", ValueKind.TEXTS, "is one of", True),
        Operator(Comparison.NOT_IN, "!:", ValueKind.TEXTS, "is there and none of", True),
        Operator(Comparison.STARTS_WITH, "^", ValueKind.TEXT, "starts with", True),
        Operator(Comparison.STRING_CONTAINS, None, ValueKind.TEXT, "or a member contains", True),
        Operator(Comparison.LIST_CONTAINS, None, ValueKind.TEXT, "has the member", True),
    )
}


def filter_from_json(given: Any, place: str = "filter") -> Filter:
    """Bedrock's JSON, as parsed, to a Filter; ValidationError names the place of what is wrong."""
    return checked(_read(given, place), place)


def filter_to_json(chosen: Filter) -> dict[str, Any]:
    """A Filter to Bedrock's JSON."""
    if isinstance(chosen, Group):
        return {chosen.junction.value: [filter_to_json(member) for member in chosen.members]}
    return {chosen.comparison.value: {"key": chosen.key, "value": chosen.value}}


def filter_from_text(text: str) -> Filter:
    """Bedrock's JSON as it is typed."""
    try:
        given = json.loads(text, parse_constant=_no_number, object_pairs_hook=_unique)
    except (ValueError, RecursionError) as error:
        raise ValidationError(f"The filter is not valid JSON ({error}); mend it.") from error
    return filter_from_json(given)


def checked(chosen: Filter, place: str = "filter", depth: int = 1) -> Filter:
    """The filter itself, when it keeps to the limits; `depth` is that of a group, from 1."""
    if isinstance(chosen, Condition):
        _check_key(chosen.key, f"{place}.{chosen.comparison}.key")
        _check_value(chosen, f"{place}.{chosen.comparison}.value")
        return chosen
    own = f"{place}.{chosen.junction}"
    if depth > DEEPEST_GROUP:
        raise _error(own, f"lies {depth} groups deep; Bedrock allows {DEEPEST_GROUP}: flatten it")
    low, high = GROUP_SIZE
    if not low <= len(chosen.members) <= high:
        raise _error(own, f"has {len(chosen.members)} members; give it {low} to {high}")
    for number, member in enumerate(chosen.members):
        checked(member, f"{own}[{number}]", depth + 1)
    return chosen


def conditions(chosen: Filter) -> Iterator[Condition]:
    """All comparisons of a filter."""
    if isinstance(chosen, Condition):
        yield chosen
    else:
        for member in chosen.members:
            yield from conditions(member)


def refusable_by_aurora(chosen: Filter) -> list[str]:
    """Operators and keys of a filter that a real knowledge base on Aurora may refuse, sorted.

    Bedrock documents these operators for other vector stores only; our own keys it has never seen.
    """
    found = {c.comparison.value for c in conditions(chosen) if _may_refuse(c.comparison)}
    return sorted(found | {c.key for c in conditions(chosen) if c.key in WORKBENCH_KEYS})


def _may_refuse(comparison: Comparison) -> bool:
    return OPERATORS[comparison].aurora_may_refuse


def _read(given: Any, place: str, depth: int = 1) -> Filter:
    if not isinstance(given, dict) or len(given) != 1:
        raise _error(place, 'must be an object with one name, such as {"equals": {...}}')
    ((name, content),) = given.items()
    own = f"{place}.{name}"
    if name in list(Junction):
        # Deeper than this it is refused anyway, and a recursion has its own limit.
        if not isinstance(content, list) or depth > DEEPEST_GROUP + 1:
            raise _error(own, "must be a list of filters, in at most one other group")
        members = (_read(one, f"{own}[{n}]", depth + 1) for n, one in enumerate(content))
        return Group(junction=Junction(name), members=tuple(members))
    if name not in list(Comparison):
        known = ", ".join((*Comparison, *Junction))
        raise _error(own, f"is no operator; use one of {known}")
    if not isinstance(content, dict) or set(content) != {"key", "value"}:
        raise _error(own, 'must be an object of "key" and "value"')
    return Condition(comparison=Comparison(name), key=content["key"], value=content["value"])


def _check_key(key: object, place: str) -> None:
    if not isinstance(key, str) or not 1 <= len(key) <= LONGEST_KEY:
        raise _error(place, f"must be a text of 1 to {LONGEST_KEY} characters")
    _check_text(key, place)


def _check_value(condition: Condition, place: str) -> None:
    kind = OPERATORS[condition.comparison].kind
    if not _fits(kind, condition.value):
        raise _error(place, f"must be {kind.value}")
    if isinstance(condition.value, list) and len(condition.value) > LONGEST_LIST:
        raise _error(place, f"has {len(condition.value):,} members; give it at most {LONGEST_LIST}")
    for text in condition.value if isinstance(condition.value, list) else [condition.value]:
        if isinstance(text, str):
            _check_text(text, place)


def _fits(kind: ValueKind, value: JsonValue) -> bool:
    if kind is ValueKind.TEXTS:
        return isinstance(value, list) and bool(value) and all(isinstance(v, str) for v in value)
    if kind is ValueKind.TEXT:
        return isinstance(value, str)
    # True is an int too.
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if number:
        return isinstance(value, int) or math.isfinite(float(value))  # type: ignore[arg-type]
    return kind is ValueKind.SCALAR and isinstance(value, (str, bool))


def _check_text(text: str, place: str) -> None:
    if "\0" in text or any("\ud800" <= letter <= "\udfff" for letter in text):
        raise _error(place, "has a character that is no text (NUL?); remove it")


def _no_number(name: str) -> Any:
    raise ValueError(f"{name} is no number")


def _unique(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    if len(found := dict(pairs)) < len(pairs):
        raise ValueError("a name stands twice in one object")
    return found


def _error(place: str, what: str) -> ValidationError:
    return ValidationError(f"{place} {what}.")
