"""Nouns of metadata filters: Bedrock's RetrievalFilter."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from kb.models.values import JsonValue


class Comparison(StrEnum):
    """How a condition compares an attribute with its value; Bedrock's names."""

    EQUALS = "equals"
    NOT_EQUALS = "notEquals"
    GREATER_THAN = "greaterThan"
    GREATER_THAN_OR_EQUALS = "greaterThanOrEquals"
    LESS_THAN = "lessThan"
    LESS_THAN_OR_EQUALS = "lessThanOrEquals"
    IN = "in"
    NOT_IN = "notIn"
    STARTS_WITH = "startsWith"
    STRING_CONTAINS = "stringContains"
    LIST_CONTAINS = "listContains"


class Junction(StrEnum):
    """How a group joins its members; Bedrock's names."""

    AND_ALL = "andAll"
    OR_ALL = "orAll"


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One comparison, e.g. `year greaterThan 2020`."""

    comparison: Comparison
    key: str
    value: JsonValue


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Conditions and groups that hold all (andAll) or of which one holds (orAll)."""

    junction: Junction
    members: tuple[Condition | Group, ...]


Filter: TypeAlias = Condition | Group
