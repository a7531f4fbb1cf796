"""What every VectorStore does; a new one is added to `store`."""

from __future__ import annotations

import uuid

import numpy as np
import pytest

from kb.adapters.catalogue import Catalogue
from kb.adapters.pgvector_store import PgvectorStore
from kb.models import DocumentStatus, RetrievalResult, SearchType
from kb.protocols import VectorStore
from tests.made_up import MadeUpDocument, hashes, info, unit_vectors

pytestmark = pytest.mark.database

TEXTS = ["pg_stat_io shows I/O.", "Autovacuum frees dead rows.", "Slots keep WAL."]
VECTORS = unit_vectors(3)


@pytest.fixture(params=["pgvector"])
def store(vectors: PgvectorStore) -> VectorStore:
    return vectors


@pytest.fixture
def document_id(store: VectorStore, catalogue: Catalogue) -> str:
    """A published document of three chunks."""
    document_id = catalogue.put_document(info("a.pdf"), DocumentStatus.IN_PROGRESS)
    MadeUpDocument(TEXTS, VECTORS, ("28. Monitoring", "28.1. Views")).publish(
        store, document_id, info("a.pdf"), page_number=7
    )
    return document_id


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
    store: VectorStore, document_id: str, catalogue: Catalogue
) -> None:
    found = search(store)[0]
    assert found.metadata == {
        "x-amz-bedrock-kb-source-uri": "s3://kb/a.pdf",
        "x-amz-bedrock-kb-data-source-id": catalogue.data_source_id,
        "x-amz-bedrock-kb-chunk-id": found.chunk_id,
        "x-amz-bedrock-kb-document-page-number": 7,
    }


def test_publishing_again_replaces_all_of_a_document(store: VectorStore, document_id: str) -> None:
    MadeUpDocument(["New."], VECTORS[:1]).publish(store, document_id, info("a.pdf", "e2"))
    assert [result.text for result in search(store)] == ["New."]


def test_the_same_version_again_has_the_same_chunk_ids(
    store: VectorStore, document_id: str
) -> None:
    before = {result.chunk_id for result in search(store)}
    MadeUpDocument(TEXTS, VECTORS).publish(store, document_id, info("a.pdf"))
    assert {result.chunk_id for result in search(store)} == before


def test_equal_chunks_of_a_document_are_both_kept(store: VectorStore, document_id: str) -> None:
    twice = MadeUpDocument(["Same.", "Same."], VECTORS[[0, 0]])
    twice.publish(store, document_id, info("a.pdf", "e2"))
    assert [result.text for result in search(store)] == ["Same.", "Same."]


def test_publishing_leaves_other_documents_alone(
    store: VectorStore, document_id: str, catalogue: Catalogue
) -> None:
    other = catalogue.put_document(info("b.pdf"), DocumentStatus.IN_PROGRESS)
    MadeUpDocument(["Other."], VECTORS[:1]).publish(store, other, info("b.pdf"))
    MadeUpDocument(["New."], VECTORS[:1]).publish(store, document_id, info("a.pdf", "e2"))
    assert {result.text for result in search(store)} == {"Other.", "New."}


def test_a_removed_document_is_found_no_more(
    store: VectorStore, document_id: str, catalogue: Catalogue
) -> None:
    store.remove(document_id)
    assert (search(store), catalogue.list_documents()) == ([], [])


def test_removing_what_is_not_there_is_no_error(store: VectorStore) -> None:
    store.remove(str(uuid.uuid4()))


def test_the_embeddings_of_published_texts_are_known(store: VectorStore, document_id: str) -> None:
    known = store.known_embeddings(hashes([*TEXTS, "Never seen."]))
    assert set(known) == set(hashes(TEXTS))
    np.testing.assert_array_equal([known[h] for h in hashes(TEXTS)], VECTORS)


def test_the_embeddings_of_staged_texts_are_known(store: VectorStore) -> None:
    store.stage_embeddings(hashes(TEXTS), VECTORS)
    known = store.known_embeddings(hashes(TEXTS))
    np.testing.assert_array_equal([known[h] for h in hashes(TEXTS)], VECTORS)


def test_staged_embeddings_are_not_searched(store: VectorStore) -> None:
    store.stage_embeddings(hashes(TEXTS), VECTORS)
    assert search(store) == []


def test_staging_a_text_again_is_no_error(store: VectorStore) -> None:
    store.stage_embeddings(hashes(TEXTS), VECTORS)
    store.stage_embeddings(hashes([*TEXTS, *TEXTS]), np.concatenate([VECTORS, VECTORS]))
    assert len(store.known_embeddings(hashes(TEXTS))) == 3


def test_cleared_embeddings_are_known_no_more(store: VectorStore) -> None:
    store.stage_embeddings(hashes(TEXTS), VECTORS)
    store.clear_staged_embeddings()
    assert store.known_embeddings(hashes(TEXTS)) == {}


def test_of_no_texts_no_embeddings_are_known(store: VectorStore) -> None:
    assert store.known_embeddings([]) == {}
