"""How much memory an index build needs, so that it neither spills nor is refused.

Knows pgvector's data structures by their sizes; asks no server.
"""

from __future__ import annotations

from kb.models import HnswIndex, Index, IvfflatIndex

_MEGABYTE = 1024**2
#: PostgreSQL's own default.
LOW_BYTES = 64 * _MEGABYTE
HIGH_BYTES = 2048 * _MEGABYTE
#: What a parallel build keeps for itself, and a margin for allocation.
_RESERVE_BYTES = 4 * _MEGABYTE
_MARGIN = 1.05


def needed_bytes(index: Index, *, chunks: int, dimensions: int) -> int:
    """Estimate what the build of `index` holds in memory at once."""
    vector_bytes = 8 + 4 * dimensions
    if isinstance(index, HnswIndex):
        held = chunks * (vector_bytes + _hnsw_links_bytes(index.m))
    else:
        held = _kmeans_bytes(index, vector_bytes)
    return int(held * _MARGIN) + _RESERVE_BYTES


def granted_bytes(index: Index, *, chunks: int, dimensions: int, server_bytes: int) -> int:
    """What to set `maintenance_work_mem` to: the need, within limits.

    Never more than 2 GB unless the server's own setting is higher.
    """
    need = needed_bytes(index, chunks=chunks, dimensions=dimensions)
    return min(max(need, LOW_BYTES), max(HIGH_BYTES, server_bytes))


def _hnsw_links_bytes(m: int) -> int:
    # 2 x m neighbours of 16 bytes on the ground level; measured: 700 bytes in all at m = 16.
    return 32 * m + 188


def _kmeans_bytes(index: IvfflatIndex, vector_bytes: int) -> int:
    samples = max(50 * index.lists, 10_000)
    vectors = (samples + 2 * index.lists) * vector_bytes
    bounds = 4 * (samples * index.lists + index.lists**2 + 2 * samples + 3 * index.lists)
    return vectors + bounds
