"""A metadata filter as the parameters of a statement: jsonpath predicates, never SQL.

PostgreSQL runs them on the chunk's attributes; its GIN index on `custom_metadata` serves those
that hold an equality. In strict mode whatever a condition can not be asked of, such as an
attribute that is missing or of another type, is unknown, and unknown lets no chunk through.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import TypedDict

from kb.models import Comparison, Condition, Filter, Group, JsonValue, Junction
from kb.retrieval.filters import WORKBENCH_KEYS, conditions

#: A filter that lets no more chunks through is answered exactly, without the index: these rows
#: are read to count them anyway, and HNSW would have to visit most of the table to find them.
EXACT_BELOW = 1000

_ORDER = {
    Comparison.GREATER_THAN: ">",
    Comparison.GREATER_THAN_OR_EQUALS: ">=",
    Comparison.LESS_THAN: "<",
    Comparison.LESS_THAN_OR_EQUALS: "<=",
}
_JOINING = {Junction.AND_ALL: " && ", Junction.OR_ALL: " || "}


class FilterParameters(TypedDict):
    """What sql/queries/retrieve_*.sql want to know of a filter; jsonpath or None each."""

    is_filtered: bool
    #: On `custom_metadata` alone.
    filter: str | None
    #: On what the workbench knows of a chunk alone.
    place_filter: str | None
    #: On everything at once.
    wide_filter: str | None
    exact_below: int


def filter_parameters(chosen: Filter | None, *, own_chunks: bool) -> FilterParameters:
    """Take the filter apart at its outermost `andAll`, so that each part meets its own column.

    `own_chunks`: the chunks have all attributes in `custom_metadata`, as this project stores them;
    those of others may have some in `metadata`.
    """
    parts = _parts(chosen)
    own = [p for p in parts if own_chunks and not _keys(p) & set(WORKBENCH_KEYS)]
    placed = [p for p in parts if _keys(p) <= set(WORKBENCH_KEYS)]
    wide = [p for p in parts if p not in own and p not in placed]
    return FilterParameters(
        is_filtered=chosen is not None,
        filter=_jsonpath(own),
        place_filter=_jsonpath(placed),
        wide_filter=_jsonpath(wide),
        exact_below=EXACT_BELOW,
    )


def _parts(chosen: Filter | None) -> tuple[Filter, ...]:
    if isinstance(chosen, Group) and chosen.junction is Junction.AND_ALL:
        return chosen.members
    return (chosen,) if chosen else ()


def _keys(part: Filter) -> set[str]:
    return {condition.key for condition in conditions(part)}


def _jsonpath(parts: Iterable[Filter]) -> str | None:
    joined = " && ".join(f"({_predicate(part)})" for part in parts)
    return f"strict {joined}" if joined else None


def _predicate(part: Filter) -> str:
    if isinstance(part, Group):
        return _JOINING[part.junction].join(f"({_predicate(m)})" for m in part.members)
    return _PREDICATES[part.comparison](part)


def _equals(condition: Condition) -> str:
    return f"{_attribute(condition)} == {_literal(condition.value)}"


def _not_equals(condition: Condition) -> str:
    # Bedrock's: the value does not match, or the key is not there.
    return _not(_equals(condition))


def _ordered(condition: Condition) -> str:
    return f"{_attribute(condition)} {_ORDER[condition.comparison]} {_literal(condition.value)}"


def _in(condition: Condition) -> str:
    assert isinstance(condition.value, list)
    return " || ".join(f"{_attribute(condition)} == {_literal(v)}" for v in condition.value)


def _not_in(condition: Condition) -> str:
    # Bedrock's: there must be an attribute.
    return f"{_attribute(condition)} != null && ({_not(_in(condition))})"


def _starts_with(condition: Condition) -> str:
    return f"{_attribute(condition)} starts with {_literal(condition.value)}"


def _string_contains(condition: Condition) -> str:
    # Flag q: the value is no pattern, every character stands for itself.
    contains = f'like_regex {_literal(condition.value)} flag "q"'
    attribute = _attribute(condition)
    return f"{attribute} {contains} || exists({attribute}[*] ? (@ {contains}))"


def _list_contains(condition: Condition) -> str:
    return f"exists({_attribute(condition)}[*] ? (@ == {_literal(condition.value)}))"


def _not(predicate: str) -> str:
    """True wherever the predicate is false or unknown."""
    return f"!({predicate}) || (({predicate}) is unknown)"


def _attribute(condition: Condition) -> str:
    return f"$.{_literal(condition.key)}"


def _literal(value: JsonValue) -> str:
    # A jsonpath literal is written as in JSON; in ASCII no escape of jsonpath's own can arise.
    return json.dumps(value)


_PREDICATES: dict[Comparison, Callable[[Condition], str]] = {
    Comparison.EQUALS: _equals,
    Comparison.NOT_EQUALS: _not_equals,
    **dict.fromkeys(_ORDER, _ordered),
    Comparison.IN: _in,
    Comparison.NOT_IN: _not_in,
    Comparison.STARTS_WITH: _starts_with,
    Comparison.STRING_CONTAINS: _string_contains,
    Comparison.LIST_CONTAINS: _list_contains,
}
