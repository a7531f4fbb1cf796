"""Chunks in Bedrock's table: exact order, whole versions only, and text that tries to be SQL."""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections.abc import Iterator

import numpy as np
import psycopg
import pytest

from kb.adapters.catalogue import Catalogue
from kb.adapters.database import open_engine
from kb.adapters.pgvector_store import PgvectorStore
from kb.errors import DatabaseError
from kb.models import DocumentStatus, RetrievalResult, SearchType
from kb.retrieval.identifiers import identifiers
from tests.made_up import (
    IDENTITY,
    MadeUpDocument,
    NewDatabase,
    chunk,
    hashes,
    info,
    page,
    unit_vectors,
)

pytestmark = pytest.mark.database

ROWS = 300
#: An identifier whose chunk is as far from the question's vector as can be.
IDENTIFIER = "pg_stat_progress_cluster"
TEXTS = [f"Paragraph {n} is about something ordinary." for n in range(ROWS)]
VECTORS = unit_vectors(ROWS, seed=1)


@pytest.fixture(scope="module")
def shared(new_database: NewDatabase, template: str) -> Iterator[PgvectorStore]:
    """A store with 300 chunks, to be read only."""
    with new_database(template) as url:
        engine = open_engine(url)
        catalogue = Catalogue(engine, bucket="kb", identity=IDENTITY)
        store = PgvectorStore(engine, bucket="kb", data_source_id=catalogue.data_source_id)
        document_id = catalogue.put_document(info("a.pdf"), DocumentStatus.IN_PROGRESS)
        MadeUpDocument(TEXTS, VECTORS).publish(store, document_id, info("a.pdf"))
        yield store
        engine.dispose()


@pytest.fixture
def document_id(catalogue: Catalogue) -> str:
    return catalogue.put_document(info("a.pdf"), DocumentStatus.IN_PROGRESS)


@pytest.fixture
def filled(vectors: PgvectorStore, document_id: str) -> PgvectorStore:
    """A store with 300 chunks of one document."""
    MadeUpDocument(TEXTS, VECTORS).publish(vectors, document_id, info("a.pdf"))
    return vectors


def retrieve(
    store: PgvectorStore,
    vector: np.ndarray,
    number: int = 5,
    question: str = "anything",
    search_type: SearchType = SearchType.SEMANTIC,
) -> list[RetrievalResult]:
    return store.retrieve(
        vector,
        question=question,
        identifiers=identifiers(question),
        search_type=search_type,
        number_of_results=number,
    )


def test_semantic_order_is_the_exact_one(shared: PgvectorStore) -> None:
    for query in unit_vectors(5, seed=2):
        similarity = VECTORS @ query
        exact = np.argsort(-similarity)[:10]
        found = retrieve(shared, query, 10)
        assert [result.text for result in found] == [TEXTS[place] for place in exact]
        np.testing.assert_allclose([r.score for r in found], similarity[exact], atol=1e-5)


@pytest.mark.parametrize("search_type", list(SearchType))
def test_a_hundred_results_are_a_hundred(search_type: SearchType, shared: PgvectorStore) -> None:
    found = retrieve(shared, VECTORS[0], 100, "ordinary paragraph", search_type)
    assert len({result.chunk_id for result in found}) == 100


def test_a_hundred_results_are_a_hundred_after_a_new_version(
    filled: PgvectorStore, document_id: str
) -> None:
    # The index still holds the dead rows of the former version.
    MadeUpDocument(TEXTS, VECTORS).publish(filled, document_id, info("a.pdf", "e2"))
    assert len(retrieve(filled, VECTORS[0], 100)) == 100


def test_hybrid_finds_an_identifier_that_is_far_in_vector_space(
    filled: PgvectorStore, catalogue: Catalogue
) -> None:
    query = unit_vectors(1, seed=3)[0]
    other = catalogue.put_document(info("b.pdf"), DocumentStatus.IN_PROGRESS)
    text = f"The {IDENTIFIER} view reports what CLUSTER does."
    MadeUpDocument([text], -query[None]).publish(filled, other, info("b.pdf"))
    question = f"What is {IDENTIFIER}?"
    semantic = retrieve(filled, query, 5, question)
    hybrid = retrieve(filled, query, 5, question, SearchType.HYBRID)
    assert text not in [result.text for result in semantic]
    assert text in [result.text for result in hybrid]
    assert next(r for r in hybrid if r.text == text).similarity == pytest.approx(-1, abs=1e-5)


def test_hybrid_is_not_led_astray_by_the_pieces_of_an_identifier(
    vectors: PgvectorStore, document_id: str
) -> None:
    query = unit_vectors(1, seed=3)[0]
    pieces = [f"Every pg stat has its progress and its cluster, number {n}." for n in range(80)]
    near = query + 0.1 * unit_vectors(80)
    texts = [*pieces, f"The {IDENTIFIER} view reports what CLUSTER does."]
    MadeUpDocument(texts, np.concatenate([near, -query[None]])).publish(
        vectors, document_id, info("a.pdf")
    )
    found = retrieve(vectors, query, 5, f"What is {IDENTIFIER}?", SearchType.HYBRID)
    assert texts[-1] in [result.text for result in found]


def test_hybrid_takes_an_unknown_identifier_to_pieces(
    filled: PgvectorStore, catalogue: Catalogue
) -> None:
    query = unit_vectors(1, seed=3)[0]
    other = catalogue.put_document(info("b.pdf"), DocumentStatus.IN_PROGRESS)
    text = "Checkpoints are written by the checkpointer."
    MadeUpDocument([text], -query[None]).publish(filled, other, info("b.pdf"))
    found = retrieve(filled, query, 5, "my_checkpointer", SearchType.HYBRID)
    assert text in [result.text for result in found]


def test_hybrid_finds_an_identifier_of_a_heading(
    vectors: PgvectorStore, document_id: str, filled: PgvectorStore, catalogue: Catalogue
) -> None:
    query = unit_vectors(1, seed=3)[0]
    other = catalogue.put_document(info("b.pdf"), DocumentStatus.IN_PROGRESS)
    MadeUpDocument(["One row per backend."], -query[None], (f"28.4.2. {IDENTIFIER}",)).publish(
        vectors, other, info("b.pdf")
    )
    found = retrieve(filled, query, 5, f"{IDENTIFIER}", SearchType.HYBRID)
    assert "One row per backend." in [result.text for result in found]


def test_hybrid_without_a_known_word_is_the_semantic_order(shared: PgvectorStore) -> None:
    query = unit_vectors(1, seed=4)[0]
    semantic = retrieve(shared, query, 5, "zzz qqq")
    hybrid = retrieve(shared, query, 5, "zzz qqq", SearchType.HYBRID)
    assert [r.chunk_id for r in hybrid] == [r.chunk_id for r in semantic]


@pytest.mark.parametrize(
    "question",
    [
        "'; DROP TABLE bedrock_integration.bedrock_kb; --",
        "' OR '1'='1",
        "a & b | !c <-> d:*",
        "\\'; \\x00 %s %(question)s :question ::vector {pg_stat}",
        "pg_stat_io', 'x'); DELETE FROM workbench.chunk; --",
        "ünïcödé 資料 🐘",
        "the of and",
        "?",
        "'pg_stat_io'':*",
        "x" * 20_000,
        "pg_stat_io " * 1_800,
    ],
)
@pytest.mark.parametrize("search_type", list(SearchType))
def test_a_question_is_only_ever_text(
    question: str, search_type: SearchType, shared: PgvectorStore
) -> None:
    assert len(retrieve(shared, VECTORS[0], 5, question, search_type)) == 5
    assert len(retrieve(shared, VECTORS[0], 100)) == 100


@pytest.mark.parametrize("text", ["a\tb\\n\\.\n", "'quoted' \"text\" {a,b}", "資料 🐘", "\u2028"])
def test_a_chunk_s_text_comes_back_as_it_was(
    text: str, vectors: PgvectorStore, document_id: str
) -> None:
    MadeUpDocument([text], VECTORS[:1]).publish(vectors, document_id, info("a.pdf"))
    assert retrieve(vectors, VECTORS[0])[0].text == text


@pytest.mark.parametrize("search_type", list(SearchType))
def test_a_row_that_bedrock_wrote_is_found(
    search_type: SearchType, vectors: PgvectorStore, database_url: str
) -> None:
    own = {"x-amz-bedrock-kb-source-uri": "s3://other/b.pdf"}
    own["x-amz-bedrock-kb-document-page-number"] = 12.0  # type: ignore[assignment]
    row = (uuid.uuid4(), VECTORS[0].tolist(), "By Bedrock.", json.dumps(own), '{"year": 2026}')
    with psycopg.connect(database_url) as connection:
        insert = "INSERT INTO bedrock_integration.bedrock_kb VALUES (%s, %s::vector, %s, %s, %s)"
        connection.execute(insert, (row[0], str(row[1]), *row[2:]))
    found = retrieve(vectors, VECTORS[0], search_type=search_type)[0]
    assert (found.text, found.uri) == ("By Bedrock.", "s3://other/b.pdf")
    assert (found.page_number, found.page_label, found.heading_path) == (12, None, ())
    assert isinstance(found.page_number, int)
    assert found.metadata["year"] == 2026


@pytest.mark.parametrize("metadata", ["null", '"text"', "[1]", None])
def test_a_row_with_other_metadata_is_found(
    metadata: str | None, vectors: PgvectorStore, database_url: str
) -> None:
    with psycopg.connect(database_url) as connection:
        insert = "INSERT INTO bedrock_integration.bedrock_kb VALUES (%s, %s::vector, 'x', %s, %s)"
        connection.execute(insert, (uuid.uuid4(), str(VECTORS[0].tolist()), metadata, metadata))
    found = retrieve(vectors, VECTORS[0])[0]
    assert (found.text, found.uri, found.page_number) == ("x", "", None)


def test_a_reader_sees_the_old_version_or_the_new_one(
    vectors: PgvectorStore, document_id: str
) -> None:
    versions = [MadeUpDocument([f"{letter} {n}" for n in range(9)], VECTORS[:9]) for letter in "ab"]
    versions[0].publish(vectors, document_id, info("a.pdf"))
    stop = threading.Event()
    errors: list[Exception] = []

    def publish() -> None:
        number = 0
        try:
            while not stop.is_set():
                number = 1 - number
                versions[number].publish(vectors, document_id, info("a.pdf", str(number)))
        except DatabaseError as error:
            errors.append(error)

    writer = threading.Thread(target=publish)
    writer.start()
    seen: list[list[str]] = []
    whole = [sorted(version.texts) for version in versions]
    deadline = time.monotonic() + 20
    while len(seen) < 80 or not (all(v in seen for v in whole) or time.monotonic() > deadline):
        for search_type in SearchType:
            found = retrieve(vectors, VECTORS[0], 20, "a b", search_type)
            seen.append(sorted(result.text for result in found))
    stop.set()
    writer.join()
    assert errors == []
    assert all(texts in whole for texts in seen)
    assert all(version in seen for version in whole)


def test_a_publication_that_fails_leaves_the_former_version(
    filled: PgvectorStore, document_id: str, catalogue: Catalogue
) -> None:
    with pytest.raises(DatabaseError):
        filled.publish(
            document_id,
            info("a.pdf", "e2"),
            [page(1, "text")],
            [chunk(0, "New.")],
            hashes(["New."]),
            np.ones((1, 3), dtype=np.float32),
        )
    assert [result.text for result in retrieve(filled, VECTORS[5], 1)] == [TEXTS[5]]
    assert catalogue.list_documents()[0].etag == "e1"


def test_pages_are_stored_with_their_geometry(
    vectors: PgvectorStore, document_id: str, database_url: str
) -> None:
    MadeUpDocument(["One.", "Two."], VECTORS[:2]).publish(vectors, document_id, info("a.pdf"))
    query = "SELECT page_number, page_label, width, text, outcome FROM workbench.document_page"
    with psycopg.connect(database_url) as connection:
        assert connection.execute(query).fetchall() == [(1, "xii", 595.0, "One.\nTwo.", "text")]


def test_nothing_of_a_removed_document_is_left(
    filled: PgvectorStore, document_id: str, database_url: str
) -> None:
    filled.remove(document_id)
    query = """SELECT (SELECT count(*) FROM bedrock_integration.bedrock_kb)
             + (SELECT count(*) FROM workbench.chunk)
             + (SELECT count(*) FROM workbench.document_page)
             + (SELECT count(*) FROM workbench.document)"""
    with psycopg.connect(database_url) as connection:
        assert connection.execute(query).fetchone() == (0,)
