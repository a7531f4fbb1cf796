"""Memory of a build, against what was measured on a server."""

from __future__ import annotations

import pytest

from kb.models import HnswIndex, IvfflatIndex
from kb.tuning.memory import HIGH_BYTES, LOW_BYTES, granted_bytes, needed_bytes

GIGABYTE = 1024**3


def test_the_estimate_covers_what_a_graph_was_seen_to_take() -> None:
    # pgvector ran out of 4 MB after 1,865 tuples of 384 dimensions at m = 16.
    needed = needed_bytes(HnswIndex(m=16), chunks=1865, dimensions=384)

    assert 4 * 1024**2 <= needed <= 9 * 1024**2


def test_a_small_table_gets_the_servers_usual_memory() -> None:
    granted = granted_bytes(HnswIndex(), chunks=100, dimensions=384, server_bytes=LOW_BYTES)

    assert granted == LOW_BYTES


def test_a_larger_graph_gets_what_it_needs() -> None:
    granted = granted_bytes(HnswIndex(), chunks=100_000, dimensions=384, server_bytes=LOW_BYTES)

    assert 224_900_000 <= granted <= 1.1 * 224_900_000


@pytest.mark.parametrize(
    ("server_bytes", "expected"), [(LOW_BYTES, HIGH_BYTES), (4 * GIGABYTE, 4 * GIGABYTE)]
)
def test_a_huge_graph_gets_the_limit_or_the_servers_own(server_bytes: int, expected: int) -> None:
    index = HnswIndex()

    granted = granted_bytes(index, chunks=10**8, dimensions=1536, server_bytes=server_bytes)

    assert granted == expected


def test_denser_graphs_need_more() -> None:
    dense, sparse = HnswIndex(m=32), HnswIndex(m=16)

    assert needed_bytes(dense, chunks=1000, dimensions=384) > needed_bytes(
        sparse, chunks=1000, dimensions=384
    )


def test_ivfflat_needs_its_samples_and_not_the_table() -> None:
    index = IvfflatIndex(lists=100)

    small = needed_bytes(index, chunks=10_000, dimensions=384)

    assert needed_bytes(index, chunks=10**7, dimensions=384) == small
