"""Nouns of index tuning, in pgvector's words."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar, TypeAlias

from kb.errors import ValidationError


def _check(name: str, value: int, bounds: tuple[int, int]) -> None:
    low, high = bounds
    if not low <= value <= high:
        raise ValidationError(f"{name} must be between {low} and {high}, not {value}.")


@dataclass(frozen=True, slots=True, kw_only=True)
class HnswIndex:
    """An HNSW index on cosine distance; bounds are pgvector's."""

    m: int = 16
    ef_construction: int = 64

    BOUNDS: ClassVar[dict[str, tuple[int, int]]] = {"m": (2, 100), "ef_construction": (4, 1000)}

    def __post_init__(self) -> None:
        for name, bounds in self.BOUNDS.items():
            _check(name, getattr(self, name), bounds)
        if self.ef_construction < 2 * self.m:
            raise ValidationError(
                f"ef_construction must be at least 2 x m: raise it to {2 * self.m} or lower m."
            )

    def __str__(self) -> str:
        return f"HNSW m={self.m} ef_construction={self.ef_construction}"


@dataclass(frozen=True, slots=True, kw_only=True)
class IvfflatIndex:
    """An IVFFlat index on cosine distance; bounds are pgvector's."""

    lists: int = 100

    BOUNDS: ClassVar[dict[str, tuple[int, int]]] = {"lists": (1, 32768)}

    def __post_init__(self) -> None:
        _check("lists", self.lists, self.BOUNDS["lists"])

    def __str__(self) -> str:
        return f"IVFFlat lists={self.lists}"


Index: TypeAlias = HnswIndex | IvfflatIndex


@dataclass(frozen=True, slots=True, kw_only=True)
class HnswSearch:
    """Search an HNSW index with this `ef_search`."""

    ef_search: int = 40

    BOUNDS: ClassVar[dict[str, tuple[int, int]]] = {"ef_search": (1, 1000)}

    def __post_init__(self) -> None:
        _check("ef_search", self.ef_search, self.BOUNDS["ef_search"])


@dataclass(frozen=True, slots=True, kw_only=True)
class IvfflatSearch:
    """Search an IVFFlat index with this many `probes`."""

    probes: int = 1

    BOUNDS: ClassVar[dict[str, tuple[int, int]]] = {"probes": (1, 32768)}

    def __post_init__(self) -> None:
        _check("probes", self.probes, self.BOUNDS["probes"])


Search: TypeAlias = HnswSearch | IvfflatSearch


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepSpec:
    """What a sweep measures: each index is built once and searched with each of its searches."""

    k: int = 10
    target_recall: float = 0.95
    hnsw: tuple[HnswIndex, ...] = (HnswIndex(),)
    ef_search: tuple[int, ...] = (10, 20, 40, 80, 160)
    ivfflat: tuple[IvfflatIndex, ...] = ()
    probes: tuple[int, ...] = (1, 2, 4, 8, 16)

    def __post_init__(self) -> None:
        _check("k", self.k, (1, 100))
        if not 0.5 <= self.target_recall <= 1.0:
            raise ValidationError("target_recall must be between 0.5 and 1.0.")
        for ef_search in self.ef_search:
            HnswSearch(ef_search=ef_search)
        for probes in self.probes:
            IvfflatSearch(probes=probes)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShadowCopy:
    """What a sweep copied out of the live table before it measured anything."""

    #: Vectors in the copy; the ones an index can hold.
    chunks: int
    dimensions: int
    #: Left out: no cosine distance exists for them, so no index holds them.
    null_vectors: int
    zero_vectors: int
    postgres_version: str
    pgvector_version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildReport:
    """What building one index took."""

    index: Index
    #: As EXPLAIN shows it.
    index_name: str
    seconds: float
    index_bytes: int
    #: What the server said meanwhile, e.g. that the graph outgrew its memory.
    notices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryPlan:
    """How the planner reads the vectors for one question."""

    #: EXPLAIN's node type, e.g. "Index Scan", "Seq Scan" or "Parallel Seq Scan".
    scan: str
    index_name: str | None
    #: Server execution time; None when the query was only planned.
    execution_ms: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """What one setting did on the user's own vectors and questions."""

    #: None is the exact scan.
    index: Index | None
    search: Search | None
    #: Mean over the questions, by distance, so ties count; missing rows are misses.
    recall: float
    #: 95 % interval of the mean.
    recall_low: float
    recall_high: float
    #: The worst question.
    recall_min: float
    #: Client round trip over a prepared binary query.
    p50_ms: float
    p95_ms: float
    #: Server execution time, median.
    server_p50_ms: float
    build_seconds: float
    index_bytes: int
    #: Whether EXPLAIN showed exactly the intended index (or, for the exact scan, none).
    plan_verified: bool
    #: What the planner would choose by itself for this setting, e.g. "Seq Scan".
    natural_plan: str = ""

    @property
    def valid(self) -> bool:
        """Whether the figures may be charted and recommended."""
        return self.plan_verified

    @property
    def name(self) -> str:
        """The setting in one line."""
        if isinstance(self.search, HnswSearch):
            return f"{self.index} ef_search={self.search.ef_search}"
        if isinstance(self.search, IvfflatSearch):
            return f"{self.index} probes={self.search.probes}"
        return "exact scan"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recommendation:
    """What to do for the target recall, as one of four outcomes."""

    #: exact, setting, none or more_questions.
    outcome: str
    #: The same as a sentence, with figures.
    sentence: str
    #: What to use for exact and setting; the one with the best recall, if any, for none.
    measurement: Measurement | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepResult:
    """A finished sweep."""

    spec: SweepSpec
    chunks: int
    dimensions: int
    questions: int
    #: Where the questions came from, in words the page can show.
    questions_source: str
    measurements: tuple[Measurement, ...]
    recommendation: Recommendation
    postgres_version: str
    pgvector_version: str
    started_at: datetime
    seconds: float
    notices: tuple[str, ...] = field(default=())
    #: Rows of the live table that were left out, since no index can hold them.
    null_vectors: int = 0
    zero_vectors: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepEvent:
    """How far a sweep is."""

    #: In words the page can show, e.g. "building HNSW m=16 ef_construction=64".
    step: str
    #: Steps finished, out of `total`.
    done: int
    total: int
    #: A measurement that has just become complete.
    measurement: Measurement | None = None
    #: Only in the last event.
    result: SweepResult | None = None
