"""A metadata filter while it is built: rows of key, operator and value in groups. No Streamlit."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace

from kb.models import Comparison, Condition, Filter, Group, JsonValue, Junction
from kb.retrieval.filters import GROUP_SIZE, OPERATORS, ValueKind, checked

MOST = GROUP_SIZE[1]


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftRow:
    """A condition as typed."""

    key: str = ""
    comparison: Comparison = Comparison.EQUALS
    value: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftGroup:
    """Rows and how they are joined."""

    junction: Junction = Junction.AND_ALL
    rows: tuple[DraftRow, ...] = (DraftRow(),)


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """Groups and how they are joined."""

    junction: Junction = Junction.AND_ALL
    groups: tuple[DraftGroup, ...] = (DraftGroup(),)

    def with_group(self, at: int, group: DraftGroup | None) -> Draft:
        """Another group in this place, or none."""
        kept = [g for place, g in enumerate(self.groups) if place != at]
        if group is not None:
            kept.insert(at, group)
        return replace(self, groups=tuple(kept) or (DraftGroup(),))

    def with_row(self, at: int, place: int, row: DraftRow | None) -> Draft:
        """Another row in this place of a group, or none; a group without rows goes too."""
        group = self.groups[at]
        kept = [r for number, r in enumerate(group.rows) if number != place]
        if row is not None:
            kept.insert(place, row)
        return self.with_group(at, replace(group, rows=tuple(kept)) if kept else None)

    def whole(self) -> Filter | None:
        """The filter; None when no row has a key. ValidationError outside Bedrock's limits."""
        members = [_joined(group.junction, _conditions(group)) for group in self.groups]
        found = _joined(self.junction, [member for member in members if member is not None])
        return found and checked(found)


def draft_of(chosen: Filter | None) -> Draft:
    """The rows of a filter."""
    if chosen is None:
        return Draft()
    if isinstance(chosen, Condition):
        return Draft(groups=(DraftGroup(rows=(_row(chosen),)),))
    if all(isinstance(member, Condition) for member in chosen.members):
        return Draft(groups=(_group(chosen),))
    return Draft(
        junction=chosen.junction,
        groups=tuple(
            _group(member) if isinstance(member, Group) else DraftGroup(rows=(_row(member),))
            for member in chosen.members
        ),
    )


def _group(group: Group) -> DraftGroup:
    # Bedrock's groups are two deep, so these members are conditions.
    rows = tuple(_row(member) for member in group.members if isinstance(member, Condition))
    return DraftGroup(junction=group.junction, rows=rows)


def _row(condition: Condition) -> DraftRow:
    value = condition.value
    written = value if _stays_text(value) else json.dumps(value, ensure_ascii=False)
    return DraftRow(key=condition.key, comparison=condition.comparison, value=str(written))


def _stays_text(value: JsonValue) -> bool:
    """Whether a text without quotes reads as itself again."""
    return isinstance(value, str) and _read(value) == value


def _conditions(group: DraftGroup) -> list[Filter]:
    return list(_written(group))


def _written(group: DraftGroup) -> Iterator[Condition]:
    for row in group.rows:
        if key := row.key.strip():
            yield Condition(comparison=row.comparison, key=key, value=_value(row))


def _value(row: DraftRow) -> JsonValue:
    """Numbers, true, false, quoted texts and lists as JSON; anything else is a text as it is."""
    if OPERATORS[row.comparison].kind is ValueKind.TEXT:
        read = _read(row.value)
        return read if isinstance(read, str) else row.value
    read = _read(row.value)
    if OPERATORS[row.comparison].kind is ValueKind.TEXTS and isinstance(read, str):
        return [part.strip() for part in read.split(",")]
    return read


def _read(text: str) -> JsonValue:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return text if isinstance(found, dict) or found is None else found


def _joined(junction: Junction, members: list[Filter]) -> Filter | None:
    if len(members) < GROUP_SIZE[0]:
        return members[0] if members else None
    return Group(junction=junction, members=tuple(members))
