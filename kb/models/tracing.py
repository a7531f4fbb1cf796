"""Nouns of looking behind a retrieval: its statements, its exact twin, what lost a page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from kb.models.retrieval import Retrieval, RetrievalConfiguration, RetrievalResult


@dataclass(frozen=True, slots=True, kw_only=True)
class TracedStatement:
    """A statement as it was run for a retrieval."""

    #: Its file below sql/, without the suffix.
    name: str
    #: The text of the file.
    sql: str
    #: Bound values by the name that `:name` has in the text.
    parameters: Mapping[str, Any]
    rows: int
    #: Round trip.
    milliseconds: float
    #: The root of EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON), when it was asked for.
    plan: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RetrievalTrace:
    """What happened when a question was asked."""

    question: str
    configuration: RetrievalConfiguration
    retrieval: Retrieval
    statements: tuple[TracedStatement, ...]
    #: The results and those who stood behind them, best first.
    candidates: tuple[RetrievalResult, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MissedPassage:
    """A passage of the exact results that the approximate index did not bring."""

    #: 1-based place in the exact results.
    rank: int
    result: RetrievalResult


@dataclass(frozen=True, slots=True, kw_only=True)
class ExactTwin:
    """One question answered with the approximate index and without it."""

    approximate: tuple[RetrievalResult, ...]
    exact: tuple[RetrievalResult, ...]
    missed: tuple[MissedPassage, ...]
    #: Of the nearest neighbours alone, whatever else the search type ranks by.
    neighbours: int
    neighbours_found: int
    #: The vector index that PostgreSQL chose; None when it read all vectors, as of small tables.
    index_name: str | None = None

    @property
    def agreeing(self) -> int:
        """How many of the exact results the index brought."""
        return len(self.exact) - len(self.missed)

    @property
    def sentence(self) -> str:
        """`index = exact 5/5`, or with how many are missing."""
        found = f"exact {self.agreeing}/{len(self.exact)}"
        if self.index_name is None and not self.missed:
            return f"all vectors read, no index used: {found}"
        return f"index {'≠' if self.missed else '='} {found}"


class LossStage(StrEnum):
    """Where a page is lost on its way into an answer, in this order."""

    NOT_INDEXED = "document not indexed"
    NOT_FOUND = "passage on no page"
    NO_TEXT = "page without text"
    SKIPPED = "page skipped"
    UNREADABLE = "page not readable"
    NO_CHUNK = "no chunk on the page"
    FILTERED = "excluded by the filter"
    MISSED_BY_INDEX = "missed by the index"
    SPLIT = "passage split over chunks"
    BELOW_RESULTS = "below the result count"
    BELOW_THRESHOLD = "below the threshold"
    NOT_CITED = "given to the model, not cited"
    #: Not lost: retrieved, and no answer was looked at.
    RETRIEVED = "retrieved"
    #: Not lost.
    CITED = "cited"


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Why a page or passage is not in an answer: the first stage that lost it."""

    stage: LossStage
    #: For the reader, with the number that decided.
    sentence: str
    #: Chunks of the page or passage; 0 where it has none.
    chunks: int = 0
    #: Of those, how many the filter lets through.
    eligible_chunks: int = 0
    #: 1-based place of the best of them among the exact results; None beyond the first 100.
    rank: int | None = None
    #: Its place in each ranking, found without the index, e.g. {"semantic": 12, "lexical": 3}.
    ranks: Mapping[str, int] = field(default_factory=dict)
    similarity: float | None = None
    number_of_results: int = 0
    #: The best of them, as stored.
    best: RetrievalResult | None = None

    @property
    def is_lost(self) -> bool:
        return self.stage not in (LossStage.RETRIEVED, LossStage.CITED)
