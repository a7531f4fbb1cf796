"""The workbench's records: one knowledge base per bucket, one model, and its documents."""

from __future__ import annotations

import re
import threading
from dataclasses import replace

import psycopg
import pytest
from sqlalchemy import Engine

from kb.adapters.catalogue import Catalogue
from kb.errors import DatabaseError
from kb.models import DocumentStatus, ModelIdentity
from tests.knowledge import Knowledge, MadeUpDocument
from tests.made_up import IDENTITY, info, unit_vectors

pytestmark = pytest.mark.database

BUCKETS = [f"bucket-{number}" for number in range(8)]
OTHERS = [
    replace(IDENTITY, model="another"),
    replace(IDENTITY, provider="bedrock"),
    replace(IDENTITY, normalised=False),
    replace(IDENTITY, dimensions=1024),
]


def test_ids_are_ten_letters_and_digits(catalogue: Catalogue) -> None:
    ids = [catalogue.knowledge_base_id, catalogue.data_source_id]
    assert [bool(re.fullmatch("[0-9a-zA-Z]{10}", an_id)) for an_id in ids] == [True] * 2


def test_the_knowledge_base_of_a_bucket_is_found_again(
    catalogue: Catalogue, engine: Engine
) -> None:
    again = Catalogue(engine, bucket="kb", identity=IDENTITY)
    assert again.knowledge_base_id == catalogue.knowledge_base_id
    assert again.data_source_id == catalogue.data_source_id


def test_several_may_make_a_knowledge_base_at_once(engine: Engine, database_url: str) -> None:
    found: list[tuple[str, str]] = []
    barrier = threading.Barrier(4, timeout=10)

    def open_catalogues() -> None:
        for bucket in BUCKETS:
            barrier.wait()
            own = Catalogue(engine, bucket=bucket, identity=IDENTITY)
            found.append((own.knowledge_base_id, own.data_source_id))

    threads = [threading.Thread(target=open_catalogues) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with psycopg.connect(database_url) as connection:
        query = "SELECT knowledge_base_id, data_source_id FROM workbench.data_source"
        stored = connection.execute(query).fetchall()
    assert len(found) == 4 * len(BUCKETS)
    assert (len(stored), set(stored)) == (len(BUCKETS), set(found))


@pytest.mark.parametrize("other", OTHERS)
def test_another_model_is_refused_with_both_names(
    other: ModelIdentity, catalogue: Catalogue, engine: Engine
) -> None:
    own = Catalogue(engine, bucket="kb", identity=other)
    with pytest.raises(DatabaseError, match="database holds vectors of made-up") as caught:
        own.check_model()
    assert str(other) in str(caught.value)
    assert "python -m kb sync --rebuild" in str(caught.value)


@pytest.mark.parametrize("bucket", ["kb", "other"])
def test_the_model_stays_that_of_the_first_knowledge_base(
    bucket: str, catalogue: Catalogue, engine: Engine
) -> None:
    # The chunks of all buckets are in one table: two models would meet in it.
    own = Catalogue(engine, bucket=bucket, identity=replace(IDENTITY, model="another"))
    assert own.embedding_model() == IDENTITY
    catalogue.check_model()


def test_a_key_has_the_same_document_id_before_and_after_it_is_recorded(
    catalogue: Catalogue,
) -> None:
    before = catalogue.document_id("a.txt")
    assert catalogue.put_document(info("a.txt"), DocumentStatus.PENDING) == before


def test_keys_with_quotes_and_percent_signs_come_back_as_they_were(catalogue: Catalogue) -> None:
    keys = ["'; DROP TABLE workbench.document; --", "100%s.txt", "a:b.txt", 'say "hi".txt']
    for key in keys:
        catalogue.put_document(info(key), DocumentStatus.PENDING)
    assert {document.key for document in catalogue.list_documents()} == set(keys)


def test_only_indexed_documents_are_counted(knowledge: Knowledge) -> None:
    knowledge.catalogue.put_document(info("failed.txt"), DocumentStatus.FAILED, "No.")
    MadeUpDocument(["One.", "Two."], unit_vectors(2)).publish(knowledge, info("a.txt"))
    assert knowledge.catalogue.count() == (1, 2)


def test_a_published_document_is_indexed_with_its_counts(knowledge: Knowledge) -> None:
    made_up = MadeUpDocument(["One.", "Two."], unit_vectors(2))
    made_up.publish(knowledge, info("a.txt", "new", 77))
    document = knowledge.catalogue.list_documents()[0]
    assert document.status is DocumentStatus.INDEXED
    assert (document.etag, document.size_bytes) == ("new", 77)
    assert (document.pages, document.pages_text, document.chunks) == (1, 1, 2)
    assert (document.chunking, document.embedding_prefix) == ("DEFAULT:300", "")
