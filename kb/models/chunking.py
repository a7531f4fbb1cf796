"""Nouns of chunking: Bedrock's strategies with its bounds and defaults, and a preview of one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, TypeAlias

from kb.errors import ValidationError

#: Bedrock's bounds.
MAX_TOKENS, OVERLAP_PERCENTAGE = (1, 8192), (1, 99)
BUFFER_SIZE, BREAKPOINT_PERCENTILE = (0, 1), (50, 99)


@dataclass(frozen=True, slots=True, kw_only=True)
class DefaultChunking:
    """Whole paragraphs and sentences within their section, about `max_tokens` at a time."""

    strategy: ClassVar[str] = "DEFAULT"
    max_tokens: int = 300

    def __post_init__(self) -> None:
        _check("max_tokens", self.max_tokens, MAX_TOKENS)


@dataclass(frozen=True, slots=True, kw_only=True)
class FixedSizeChunking:
    """As many words as fit, beginning with the last ones of the chunk before."""

    strategy: ClassVar[str] = "FIXED_SIZE"
    max_tokens: int = 300
    #: How much of `max_tokens` two neighbours have in common.
    overlap_percentage: int = 20

    def __post_init__(self) -> None:
        _check("max_tokens", self.max_tokens, MAX_TOKENS)
        _check("overlap_percentage", self.overlap_percentage, OVERLAP_PERCENTAGE)


@dataclass(frozen=True, slots=True, kw_only=True)
class HierarchicalChunking:
    """Small chunks are retrieved, the large ones around them are returned."""

    strategy: ClassVar[str] = "HIERARCHICAL"
    parent_max_tokens: int = 1500
    child_max_tokens: int = 300
    #: What two neighbours of the same level have in common.
    overlap_tokens: int = 60

    def __post_init__(self) -> None:
        _check("parent max_tokens", self.parent_max_tokens, MAX_TOKENS)
        _check("child max_tokens", self.child_max_tokens, MAX_TOKENS)
        if self.child_max_tokens >= self.parent_max_tokens:
            raise ValidationError("child max_tokens must be smaller than the parent's; lower it.")
        _check("overlap_tokens", self.overlap_tokens, (1, MAX_TOKENS[1]))
        if self.overlap_tokens >= self.child_max_tokens:
            raise ValidationError("overlap_tokens must be smaller than child max_tokens; lower it.")


@dataclass(frozen=True, slots=True, kw_only=True)
class SemanticChunking:
    """Sentences up to where the meaning changes more than it mostly does."""

    strategy: ClassVar[str] = "SEMANTIC"
    max_tokens: int = 300
    #: Sentences on each side that are compared together with one.
    buffer_size: int = 0
    #: Share of the changes, in percent, that end no chunk.
    breakpoint_percentile_threshold: int = 95

    def __post_init__(self) -> None:
        _check("max_tokens", self.max_tokens, MAX_TOKENS)
        _check("buffer_size", self.buffer_size, BUFFER_SIZE)
        threshold = self.breakpoint_percentile_threshold
        _check("breakpoint_percentile_threshold", threshold, BREAKPOINT_PERCENTILE)


@dataclass(frozen=True, slots=True, kw_only=True)
class NoChunking:
    """The whole document is one chunk, without a page number."""

    strategy: ClassVar[str] = "NONE"


ChunkingStrategy: TypeAlias = (
    DefaultChunking | FixedSizeChunking | HierarchicalChunking | SemanticChunking | NoChunking
)


def largest_chunk(strategy: ChunkingStrategy) -> int | None:
    """Tokens of the largest text that is embedded; None when only the document limits it."""
    if isinstance(strategy, NoChunking):
        return None
    if isinstance(strategy, HierarchicalChunking):
        return strategy.child_max_tokens
    return strategy.max_tokens


@dataclass(frozen=True, slots=True, kw_only=True)
class ChunkBoundary:
    """A run of a page's characters, `text[start:end]`, that a chunk consists of."""

    ordinal: int
    page_number: int
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ChunkPreview:
    """What a strategy would make of some pages; tokens are 0 when there is no chunk."""

    chunks: int
    min_tokens: int
    median_tokens: float
    max_tokens: int
    #: Of all chunks, what they overlap in counted twice.
    total_tokens: int
    boundaries: tuple[ChunkBoundary, ...]

    def on_page(self, page_number: int) -> tuple[ChunkBoundary, ...]:
        """The boundaries on one page, in order."""
        return tuple(found for found in self.boundaries if found.page_number == page_number)


def _check(name: str, value: object, bounds: tuple[int, int]) -> None:
    low, high = bounds
    # True is an int too.
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise ValidationError(f"{name} must be a whole number from {low} to {high}, not {value!r}.")
