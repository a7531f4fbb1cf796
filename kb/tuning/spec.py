"""What a sweep measures: a small grid for a knowledge base's size, and the cells of any grid.

Knows pgvector's advice on parameters; measures nothing.
"""

from __future__ import annotations

from math import isqrt

from kb.models import (
    HnswIndex,
    HnswSearch,
    Index,
    IvfflatIndex,
    IvfflatSearch,
    Search,
    SweepSpec,
)

#: Above this pgvector advises the square root of the rows for `lists`, below it a thousandth.
_MANY_ROWS = 1_000_000
#: A ladder's rungs double: recall climbs with the logarithm of the effort.
_RUNGS = 6


def default_spec(chunks: int, k: int = 10, target_recall: float = 0.95) -> SweepSpec:
    """Return a grid of at most four builds for this many chunks.

    The second HNSW index has the parameters that Bedrock asks for.
    """
    lists = _lists(chunks)
    return SweepSpec(
        k=k,
        target_recall=target_recall,
        hnsw=(HnswIndex(), HnswIndex(ef_construction=256)),
        ef_search=_ladder(k, HnswSearch.BOUNDS["ef_search"][1]),
        ivfflat=tuple(IvfflatIndex(lists=n) for n in lists),
        probes=_ladder(1, max(lists)),
    )


def indexes(spec: SweepSpec) -> tuple[Index, ...]:
    """Every distinct index of the grid, in the order of the builds."""
    return tuple(dict.fromkeys((*spec.hnsw, *spec.ivfflat)))


def searches(spec: SweepSpec, index: Index | None) -> tuple[Search | None, ...]:
    """Every distinct way to search `index`; the exact scan, None, has one."""
    if index is None:
        return (None,)
    if isinstance(index, HnswIndex):
        return tuple(HnswSearch(ef_search=n) for n in sorted(set(spec.ef_search)))
    # More probes than lists search no further.
    clipped = {min(n, index.lists) for n in spec.probes}
    return tuple(IvfflatSearch(probes=n) for n in sorted(clipped))


def _lists(chunks: int) -> tuple[int, ...]:
    high = IvfflatIndex.BOUNDS["lists"][1]
    root = min(max(1, isqrt(chunks)), high)
    advised = chunks // 1000 if chunks <= _MANY_ROWS else root
    # So few lists are hardly an index; the root alone has to do.
    return (advised, root) if 10 <= advised < root else (root,)


def _ladder(low: int, high: int) -> tuple[int, ...]:
    return tuple(dict.fromkeys(min(low * 2**rung, high) for rung in range(_RUNGS)))
