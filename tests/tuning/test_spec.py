"""The default grid and the cells of a grid."""

from __future__ import annotations

import pytest

from kb.errors import ValidationError
from kb.models import HnswIndex, HnswSearch, IvfflatIndex, IvfflatSearch, SweepSpec
from kb.tuning.spec import default_spec, indexes, searches

SIZES = [0, 1, 10, 999, 9_000, 42_399, 1_000_000, 50_000_000, 2_000_000_000]


@pytest.mark.parametrize("chunks", SIZES)
def test_the_default_grid_needs_at_most_four_builds(chunks: int) -> None:
    assert 1 <= len(indexes(default_spec(chunks))) <= 4


@pytest.mark.parametrize("chunks", SIZES)
def test_default_probes_never_exceed_the_most_lists(chunks: int) -> None:
    spec = default_spec(chunks)

    assert max(spec.probes) <= max(index.lists for index in spec.ivfflat)


@pytest.mark.parametrize("k", [1, 10, 100])
def test_default_searches_return_k_rows(k: int) -> None:
    assert min(default_spec(9_000, k=k).ef_search) >= k


def test_lists_follow_pgvectors_advice() -> None:
    assert default_spec(42_399).ivfflat == (IvfflatIndex(lists=42), IvfflatIndex(lists=205))


def test_a_small_table_has_one_ivfflat_index() -> None:
    assert default_spec(2_500).ivfflat == (IvfflatIndex(lists=50),)


def test_the_same_index_twice_is_one_build() -> None:
    spec = SweepSpec(hnsw=(HnswIndex(), HnswIndex(m=16)))

    assert indexes(spec) == (HnswIndex(),)


def test_probes_are_clipped_to_lists() -> None:
    spec = SweepSpec(probes=(16, 1, 8, 32))

    assert searches(spec, IvfflatIndex(lists=10)) == (
        IvfflatSearch(probes=1),
        IvfflatSearch(probes=8),
        IvfflatSearch(probes=10),
    )


def test_the_same_search_twice_is_one_cell() -> None:
    spec = SweepSpec(ef_search=(40, 20, 40))

    assert searches(spec, HnswIndex()) == (HnswSearch(ef_search=20), HnswSearch(ef_search=40))


def test_the_exact_scan_has_one_cell() -> None:
    assert searches(SweepSpec(), None) == (None,)


def test_a_grid_refuses_an_ef_search_that_pgvector_refuses() -> None:
    with pytest.raises(ValidationError, match="ef_search"):
        SweepSpec(ef_search=(40, 1001))


def test_a_grid_refuses_probes_that_pgvector_refuses() -> None:
    with pytest.raises(ValidationError, match="probes"):
        SweepSpec(probes=(0,))
