"""Chunks in Bedrock's table: exact order, and text that tries to be SQL."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import psycopg
import pytest
from sqlalchemy import Engine

from kb.adapters.database import open_engine
from kb.adapters.pgvector_store import PgvectorStore
from kb.errors import DatabaseError
from kb.models import RetrievalResult, SearchType
from kb.retrieval.identifiers import identifiers
from tests.knowledge import Knowledge, MadeUpDocument
from tests.made_up import IDENTITY, NewDatabase, info, unit_vectors

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
        knowledge = Knowledge.on(engine)
        MadeUpDocument(TEXTS, VECTORS).publish(knowledge, info("a.pdf"))
        yield knowledge.vectors
        engine.dispose()


@pytest.fixture
def filled(knowledge: Knowledge) -> PgvectorStore:
    """A store with 300 chunks of one document."""
    MadeUpDocument(TEXTS, VECTORS).publish(knowledge, info("a.pdf"))
    return knowledge.vectors


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
    filled: PgvectorStore, knowledge: Knowledge
) -> None:
    # The index still holds the dead rows of the former version.
    texts = [f"{text} It is new." for text in TEXTS]
    MadeUpDocument(texts, VECTORS).publish(knowledge, info("a.pdf", "e2"))
    assert len(retrieve(filled, VECTORS[0], 100)) == 100


def test_hybrid_finds_an_identifier_that_is_far_in_vector_space(
    filled: PgvectorStore, knowledge: Knowledge
) -> None:
    query = unit_vectors(1, seed=3)[0]
    text = f"The {IDENTIFIER} view reports what CLUSTER does."
    MadeUpDocument([text], -query[None]).publish(knowledge, info("b.pdf"))
    question = f"What is {IDENTIFIER}?"
    semantic = retrieve(filled, query, 5, question)
    hybrid = retrieve(filled, query, 5, question, SearchType.HYBRID)
    assert text not in [result.text for result in semantic]
    assert text in [result.text for result in hybrid]
    assert next(r for r in hybrid if r.text == text).similarity == pytest.approx(-1, abs=1e-5)


def test_hybrid_is_not_led_astray_by_the_pieces_of_an_identifier(knowledge: Knowledge) -> None:
    query = unit_vectors(1, seed=3)[0]
    pieces = [f"Every pg stat has its progress and its cluster, number {n}." for n in range(80)]
    near = query + 0.1 * unit_vectors(80)
    texts = [*pieces, f"The {IDENTIFIER} view reports what CLUSTER does."]
    made_up = MadeUpDocument(texts, np.concatenate([near, -query[None]]))
    made_up.publish(knowledge, info("a.pdf"))
    question = f"What is {IDENTIFIER}?"
    found = retrieve(knowledge.vectors, query, 5, question, SearchType.HYBRID)
    assert texts[-1] in [result.text for result in found]


def test_hybrid_takes_an_unknown_identifier_to_pieces(
    filled: PgvectorStore, knowledge: Knowledge
) -> None:
    query = unit_vectors(1, seed=3)[0]
    text = "Checkpoints are written by the checkpointer."
    MadeUpDocument([text], -query[None]).publish(knowledge, info("b.pdf"))
    found = retrieve(filled, query, 5, "my_checkpointer", SearchType.HYBRID)
    assert text in [result.text for result in found]


def test_hybrid_finds_an_identifier_of_a_heading(
    filled: PgvectorStore, knowledge: Knowledge
) -> None:
    query = unit_vectors(1, seed=3)[0]
    made_up = MadeUpDocument(["One row per backend."], -query[None], (f"28.4.2. {IDENTIFIER}",))
    made_up.publish(knowledge, info("b.pdf"))
    found = retrieve(filled, query, 5, f"{IDENTIFIER}", SearchType.HYBRID)
    assert "One row per backend." in [result.text for result in found]


def test_a_result_has_its_place_in_each_ranking_that_knew_it(
    filled: PgvectorStore, knowledge: Knowledge
) -> None:
    query = unit_vectors(1, seed=3)[0]
    text = f"The {IDENTIFIER} view reports what CLUSTER does."
    MadeUpDocument([text], -query[None]).publish(knowledge, info("b.pdf"))
    found = retrieve(filled, query, 5, f"What is {IDENTIFIER}?", SearchType.HYBRID)
    ranks = {result.text: result.ranks for result in found}
    # Farthest of all, so that the nearest sixty do not have it.
    assert ranks.pop(text) == {"lexical": 1}
    assert sorted(rank["semantic"] for rank in ranks.values()) == [1, 2, 3, 4]


def test_a_semantic_result_s_rank_is_its_place(shared: PgvectorStore) -> None:
    found = retrieve(shared, VECTORS[0], 5)
    assert [result.ranks for result in found] == [{"semantic": n} for n in range(1, 6)]


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
def test_a_chunk_s_text_comes_back_as_it_was(text: str, knowledge: Knowledge) -> None:
    MadeUpDocument([text], VECTORS[:1]).publish(knowledge, info("a.pdf"))
    assert retrieve(knowledge.vectors, VECTORS[0])[0].text == text


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


@pytest.mark.parametrize("search_type", list(SearchType))
def test_a_question_of_another_model_is_refused_with_what_to_do(
    search_type: SearchType, filled: PgvectorStore, engine: Engine
) -> None:
    # A rebuild may have taken place since this process began.
    other = PgvectorStore(engine, identity=replace(IDENTITY, model="another"))
    with pytest.raises(DatabaseError, match=r"local/made-up/384/unit.*sync --rebuild"):
        retrieve(other, VECTORS[0], search_type=search_type)


@pytest.mark.parametrize("typed", ["pg_stat_progres_cluster", "pg_stat_progress_clutser"])
def test_an_identifier_that_is_typed_wrong_finds_the_one_that_was_meant(
    typed: str, filled: PgvectorStore, knowledge: Knowledge
) -> None:
    query = unit_vectors(1, seed=3)[0]
    text = f"The {IDENTIFIER} view reports what CLUSTER does."
    MadeUpDocument([text], -query[None]).publish(knowledge, info("b.pdf"))
    found = retrieve(filled, query, 5, f"What is {typed}?", SearchType.HYBRID)
    assert text in [result.text for result in found]
