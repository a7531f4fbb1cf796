"""What every VectorStore does; a new one is added to `store`."""

from __future__ import annotations

import pytest

from kb.models import RetrievalResult, SearchType
from kb.protocols import VectorStore
from tests.knowledge import Knowledge, MadeUpDocument
from tests.made_up import info, unit_vectors

pytestmark = pytest.mark.database

TEXTS = ["pg_stat_io shows I/O.", "Autovacuum frees dead rows.", "Slots keep WAL."]
VECTORS = unit_vectors(3)


@pytest.fixture(params=["pgvector"])
def store(knowledge: Knowledge) -> VectorStore:
    return knowledge.vectors


@pytest.fixture
def document_id(knowledge: Knowledge) -> str:
    """A published document of three chunks."""
    made_up = MadeUpDocument(TEXTS, VECTORS, ("28. Monitoring", "28.1. Views"))
    return made_up.publish(knowledge, info("a.pdf"), page_number=7)


def search(
    store: VectorStore, nearest: int = 0, search_type: SearchType = SearchType.SEMANTIC
) -> list[RetrievalResult]:
    return store.retrieve(
        VECTORS[nearest],
        question="anything",
        identifiers=[],
        search_type=search_type,
        number_of_results=5,
    )


@pytest.mark.parametrize("search_type", list(SearchType))
def test_an_empty_store_finds_nothing(search_type: SearchType, store: VectorStore) -> None:
    assert search(store, search_type=search_type) == []


@pytest.mark.parametrize("search_type", list(SearchType))
def test_the_nearest_chunk_comes_first(
    search_type: SearchType, store: VectorStore, document_id: str
) -> None:
    results = search(store, 1, search_type)
    assert len(results) == 3
    assert results[0].text == TEXTS[1]
    assert results[0].similarity == pytest.approx(1, abs=1e-5)
    assert [r.score for r in results] == sorted((r.score for r in results), reverse=True)


def test_a_result_knows_its_place(store: VectorStore, document_id: str) -> None:
    found = search(store)[0]
    assert found.uri == "s3://kb/a.pdf"
    assert found.heading_path == ("28. Monitoring", "28.1. Views")
    assert (found.page_number, found.last_page_number, found.page_label) == (7, 7, "xii")


def test_a_result_has_bedrock_s_metadata(
    store: VectorStore, document_id: str, knowledge: Knowledge
) -> None:
    found = search(store)[0]
    assert found.metadata == {
        "x-amz-bedrock-kb-source-uri": "s3://kb/a.pdf",
        "x-amz-bedrock-kb-data-source-id": knowledge.catalogue.data_source_id,
        "x-amz-bedrock-kb-chunk-id": found.chunk_id,
        "x-amz-bedrock-kb-document-page-number": 7,
    }
