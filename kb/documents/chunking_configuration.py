"""Chunking strategies from and to Bedrock's `chunkingConfiguration` and a short setting.

The short form is the strategy's name and its numbers, as in "FIXED_SIZE:300:20"; numbers that are
left out are Bedrock's defaults. Bedrock has no name for the default strategy: there it is a
configuration that is left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from kb.errors import ValidationError
from kb.models.chunking import (
    ChunkingStrategy,
    DefaultChunking,
    FixedSizeChunking,
    HierarchicalChunking,
    NoChunking,
    SemanticChunking,
)

_STRATEGIES: dict[str, type[ChunkingStrategy]] = {
    kind.strategy: kind
    for kind in (
        DefaultChunking,
        FixedSizeChunking,
        HierarchicalChunking,
        SemanticChunking,
        NoChunking,
    )
}
#: A field of ours and its place in Bedrock's structure.
_Places = dict[str, tuple[str | int, ...]]
_FIXED: _Places = {"max_tokens": ("maxTokens",), "overlap_percentage": ("overlapPercentage",)}
_HIERARCHICAL: _Places = {
    "parent_max_tokens": ("levelConfigurations", 0, "maxTokens"),
    "child_max_tokens": ("levelConfigurations", 1, "maxTokens"),
    "overlap_tokens": ("overlapTokens",),
}
_SEMANTIC: _Places = {
    "max_tokens": ("maxTokens",),
    "buffer_size": ("bufferSize",),
    "breakpoint_percentile_threshold": ("breakpointPercentileThreshold",),
}
_CONFIGURATIONS = {
    "FIXED_SIZE": ("fixedSizeChunkingConfiguration", _FIXED),
    "HIERARCHICAL": ("hierarchicalChunkingConfiguration", _HIERARCHICAL),
    "SEMANTIC": ("semanticChunkingConfiguration", _SEMANTIC),
}


def from_setting(setting: str) -> ChunkingStrategy:
    """The strategy that a short setting names; ValidationError says what does not fit."""
    name, *numbers = setting.strip().split(":")
    kind = _STRATEGIES.get(name.upper())
    if kind is None:
        raise ValidationError(f"'{name}' is no chunking strategy; use {', '.join(_STRATEGIES)}.")
    names = [field.name for field in fields(kind)]
    if len(numbers) > len(names):
        raise ValidationError(f"{kind.strategy} takes {len(names)} numbers; write {_form(kind)}.")
    if not all(number.isdecimal() and len(number) < 9 for number in numbers):
        raise ValidationError(f"'{setting}' has a part that is no number; write {_form(kind)}.")
    return kind(**dict(zip(names, map(int, numbers), strict=False)))


def to_setting(strategy: ChunkingStrategy) -> str:
    """The short setting with all its numbers."""
    numbers = (str(getattr(strategy, field.name)) for field in fields(strategy))
    return ":".join((strategy.strategy, *numbers))


def from_bedrock(configuration: Mapping[str, Any] | None) -> ChunkingStrategy:
    """The strategy of a `chunkingConfiguration`, which is None for the default one."""
    if configuration is None:
        return DefaultChunking()
    name = configuration.get("chunkingStrategy")
    if name == NoChunking.strategy:
        return NoChunking()
    if name not in _CONFIGURATIONS:
        names = ", ".join((*_CONFIGURATIONS, NoChunking.strategy))
        raise ValidationError(f"chunkingStrategy must be one of {names}, not {name!r}.")
    key, places = _CONFIGURATIONS[name]
    if name == "HIERARCHICAL":
        _check_levels(configuration.get(key))
    numbers = {field: _at(configuration, (key, *place)) for field, place in places.items()}
    return _STRATEGIES[name](**numbers)


def to_bedrock(strategy: ChunkingStrategy) -> dict[str, Any] | None:
    """Bedrock's `chunkingConfiguration`; None means that it is left out."""
    if isinstance(strategy, DefaultChunking):
        return None
    name = strategy.strategy
    if isinstance(strategy, NoChunking):
        return {"chunkingStrategy": name}
    if isinstance(strategy, HierarchicalChunking):
        sizes = (strategy.parent_max_tokens, strategy.child_max_tokens)
        numbers: dict[str, Any] = {
            "levelConfigurations": [{"maxTokens": size} for size in sizes],
            "overlapTokens": strategy.overlap_tokens,
        }
    else:
        places = _CONFIGURATIONS[name][1]
        numbers = {str(place[0]): getattr(strategy, field) for field, place in places.items()}
    return {"chunkingStrategy": name, _CONFIGURATIONS[name][0]: numbers}


def _check_levels(configuration: Any) -> None:
    levels = configuration.get("levelConfigurations") if isinstance(configuration, Mapping) else ()
    if not isinstance(levels, list) or len(levels) != 2:
        raise ValidationError("levelConfigurations must have two levels: the parent, the child.")


def _at(configuration: Any, place: tuple[str | int, ...]) -> Any:
    """What stands at a place, which Bedrock requires to be there."""
    found = configuration
    for step in place:
        try:
            found = found[step]
        except (KeyError, IndexError, TypeError) as error:
            name = ".".join(map(str, place))
            raise ValidationError(f"chunkingConfiguration has no {name}; add it.") from error
    return found


def _form(kind: type[ChunkingStrategy]) -> str:
    return ":".join((kind.strategy, *(field.name for field in fields(kind))))
