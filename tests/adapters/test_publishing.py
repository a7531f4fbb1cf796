"""Whole versions only, at any moment, and the vector index as it was before."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import numpy as np
import psycopg
import pytest

from kb.adapters import publishing as module
from kb.errors import DatabaseError
from kb.ingestion.stopping import Stopped
from kb.models import ChunkEmbeddings, DocumentWork, SearchType
from tests.knowledge import PUBLISHED, Knowledge, MadeUpDocument
from tests.made_up import info, unit_vectors

pytestmark = pytest.mark.database

MANY = module.BULK
VECTORS = unit_vectors(2 * MANY, seed=5)
INDEXES = """
SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'bedrock_integration' ORDER BY 1
"""
WAITING = """
SELECT count(DISTINCT pid) FROM pg_locks
WHERE NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""


@pytest.fixture
def observer(database_url: str) -> Iterator[psycopg.Connection]:
    """Somebody who looks at the tables themselves."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        yield connection


def document(letter: str, count: int = 9) -> MadeUpDocument:
    texts = [f"{letter} {n}" for n in range(count)]
    return MadeUpDocument(texts, VECTORS[:count] if letter < "m" else VECTORS[-count:])


def texts(knowledge: Knowledge, search_type: SearchType = SearchType.SEMANTIC) -> list[str]:
    found = knowledge.vectors.retrieve(
        VECTORS[0],
        question="a b",
        identifiers=[],
        search_type=search_type,
        number_of_results=20,
    )
    return sorted(result.text for result in found)


def test_a_reader_sees_the_old_version_or_the_new_one(knowledge: Knowledge) -> None:
    versions = [document(letter) for letter in "ab"]
    versions[0].publish(knowledge, info("a.pdf"))
    stop = threading.Event()
    errors: list[Exception] = []

    def publish() -> None:
        number = 0
        try:
            while not stop.is_set():
                number = 1 - number
                versions[number].publish(knowledge, info("a.pdf", str(number)))
        except DatabaseError as error:
            errors.append(error)

    writer = threading.Thread(target=publish)
    writer.start()
    seen: list[list[str]] = []
    whole = [sorted(version.texts) for version in versions]
    deadline = time.monotonic() + 20
    while len(seen) < 80 or not (all(v in seen for v in whole) or time.monotonic() > deadline):
        seen += [texts(knowledge, search_type) for search_type in SearchType]
    stop.set()
    writer.join()
    assert errors == []
    assert all(found in whole for found in seen)
    assert all(version in seen for version in whole)


def staged(knowledge: Knowledge, made_up: MadeUpDocument, key: str = "a.pdf") -> DocumentWork:
    (work,) = knowledge.begin(info(key, "e2"))
    made_up.stage(knowledge, work)
    return work


def test_a_publication_that_fails_changes_nothing(
    knowledge: Knowledge, observer: psycopg.Connection
) -> None:
    document("a").publish(knowledge, info("a.pdf"))
    (work,) = knowledge.begin(info("a.pdf", "e2"))
    knowledge.staging.add(work, document("b").window())
    knowledge.staging.add_embeddings(
        work,
        document("b").window().hashes,
        ChunkEmbeddings(vectors=np.ones((9, 3), dtype=np.float32)),
    )
    before = observer.execute(PUBLISHED).fetchone()
    with pytest.raises(DatabaseError, match="384 dimensions"):
        knowledge.publish(work, 9)
    assert observer.execute(PUBLISHED).fetchone() == before


def test_a_stop_during_a_publication_changes_nothing(
    knowledge: Knowledge, observer: psycopg.Connection
) -> None:
    document("a").publish(knowledge, info("a.pdf"))
    work = staged(knowledge, document("b"))
    before = observer.execute(PUBLISHED).fetchone()
    # As long as the index is locked by somebody else, no chunk gets in.
    with observer.transaction():
        observer.execute("LOCK TABLE bedrock_integration.bedrock_kb IN SHARE MODE")
        with pytest.raises(Stopped):
            knowledge.publish(work, 9, is_stopping=lambda: True)
    assert observer.execute(PUBLISHED).fetchone() == before
    assert knowledge.publish(work, 9)


def test_progress_may_be_asked_for_while_a_document_is_published(knowledge: Knowledge) -> None:
    work = staged(knowledge, document("a"))
    asked: list[str] = []

    def ask(_stored: int) -> None:
        asked.append(knowledge.jobs.get_ingestion_job(work.ingestion_job_id).status.value)

    knowledge.publish(work, 9, report=ask)
    assert set(asked) == {"IN_PROGRESS"}


def test_the_first_large_document_leaves_the_indexes_as_they_were(
    knowledge: Knowledge, observer: psycopg.Connection
) -> None:
    before = observer.execute(INDEXES).fetchall()
    document("a", MANY).publish(knowledge, info("a.pdf"))
    assert observer.execute(INDEXES).fetchall() == before
    assert len(texts(knowledge)) == 20


def test_an_index_that_was_replaced_by_another_is_made_again_by_that_name(
    knowledge: Knowledge, observer: psycopg.Connection
) -> None:
    observer.execute("DROP INDEX bedrock_integration.bedrock_kb_embedding_idx")
    observer.execute(
        'CREATE INDEX "My index" ON bedrock_integration.bedrock_kb '
        "USING ivfflat (embedding vector_l2_ops) WITH (lists = 7)"
    )
    before = observer.execute(INDEXES).fetchall()
    document("a", MANY).publish(knowledge, info("a.pdf"))
    assert observer.execute(INDEXES).fetchall() == before


def test_a_stopped_first_large_document_leaves_the_indexes_as_they_were(
    knowledge: Knowledge, observer: psycopg.Connection
) -> None:
    def stop(stored: int) -> None:
        if stored == MANY:
            raise Stopped

    before = observer.execute(INDEXES).fetchall()
    with pytest.raises(Stopped):
        knowledge.publish(staged(knowledge, document("a", MANY)), MANY, report=stop)
    assert observer.execute(INDEXES).fetchall() == before
    assert texts(knowledge) == []


def test_two_large_documents_may_be_the_first_at_once(
    knowledge: Knowledge, observer: psycopg.Connection
) -> None:
    before = observer.execute(INDEXES).fetchall()
    works = knowledge.begin(info("a.pdf"), info("z.pdf"))
    for work, letter in zip(works, "az", strict=True):
        document(letter, MANY).stage(knowledge, work)
    errors: list[Exception] = []

    def publish(work: DocumentWork) -> None:
        try:
            knowledge.publish(work, MANY)
        except DatabaseError as error:
            errors.append(error)

    threads = [threading.Thread(target=publish, args=(work,)) for work in works]
    # Neither is to be ahead of the other.
    with observer.transaction():
        observer.execute("LOCK TABLE bedrock_integration.bedrock_kb IN SHARE MODE")
        for thread in threads:
            thread.start()
        while observer.execute(WAITING).fetchone() != (2,):
            time.sleep(0.01)
    for thread in threads:
        thread.join()
    assert errors == []
    assert observer.execute(INDEXES).fetchall() == before
    assert knowledge.catalogue.count() == (2, 2 * MANY)


def test_pages_are_stored_with_their_geometry(
    knowledge: Knowledge, observer: psycopg.Connection
) -> None:
    MadeUpDocument(["One.", "Two."], VECTORS[:2]).publish(knowledge, info("a.pdf"))
    query = "SELECT page_number, page_label, width, text, outcome FROM workbench.document_page"
    assert observer.execute(query).fetchall() == [(1, "xii", 595.0, "One.\nTwo.", "text")]


def test_a_published_document_is_staged_no_more(
    knowledge: Knowledge, observer: psycopg.Connection
) -> None:
    document("a").publish(knowledge, info("a.pdf"))
    assert leftovers(observer) == 0


def test_nothing_of_a_removed_document_is_left(
    knowledge: Knowledge, observer: psycopg.Connection
) -> None:
    document_id = document("a").publish(knowledge, info("a.pdf"))
    work = staged(knowledge, document("b"))
    knowledge.publishing.remove(document_id)
    knowledge.end(work)
    query = """SELECT (SELECT count(*) FROM bedrock_integration.bedrock_kb)
             + (SELECT count(*) FROM workbench.chunk)
             + (SELECT count(*) FROM workbench.document_page)
             + (SELECT count(*) FROM workbench.document)"""
    assert observer.execute(query).fetchone() == (0,)
    assert leftovers(observer) == 0


def leftovers(observer: psycopg.Connection) -> int:
    """Rows in the staging tables."""
    names = ("document", "page", "parent", "chunk", "embedding")
    counts = " + ".join(f"(SELECT count(*) FROM workbench.staged_{name})" for name in names)
    row = observer.execute(f"SELECT {counts}".encode()).fetchone()
    assert row is not None
    return int(row[0])
