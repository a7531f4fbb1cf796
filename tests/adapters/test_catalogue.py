"""The workbench's records: one knowledge base per bucket, one running job, one model."""

from __future__ import annotations

import re
import threading
from dataclasses import replace

import psycopg
import pytest
from sqlalchemy import Engine

from kb.adapters.catalogue import Catalogue
from kb.adapters.pgvector_store import PgvectorStore
from kb.errors import Conflict, DatabaseError, ResourceNotFound
from kb.models import DocumentStatus, IngestionJobStatus
from tests.made_up import IDENTITY, MadeUpDocument, info, unit_vectors

pytestmark = pytest.mark.database

BUCKETS = [f"bucket-{number}" for number in range(8)]
FINAL = [IngestionJobStatus.COMPLETE, IngestionJobStatus.FAILED, IngestionJobStatus.STOPPED]


def test_ids_are_ten_letters_and_digits(catalogue: Catalogue) -> None:
    ids = [catalogue.knowledge_base_id, catalogue.data_source_id]
    ids.append(catalogue.create_ingestion_job().ingestion_job_id)
    assert [bool(re.fullmatch("[0-9a-zA-Z]{10}", an_id)) for an_id in ids] == [True] * 3


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


@pytest.mark.parametrize(
    "other",
    [
        replace(IDENTITY, model="another"),
        replace(IDENTITY, provider="bedrock"),
        replace(IDENTITY, normalised=False),
        replace(IDENTITY, dimensions=1024),
    ],
)
def test_another_model_is_refused_with_both_names(
    other: object, catalogue: Catalogue, engine: Engine
) -> None:
    with pytest.raises(DatabaseError, match="database holds vectors of made-up") as caught:
        Catalogue(engine, bucket="kb", identity=other)  # type: ignore[arg-type]
    assert str(other) in str(caught.value)


def test_a_second_job_is_a_conflict_while_the_first_runs(catalogue: Catalogue) -> None:
    catalogue.create_ingestion_job()
    with pytest.raises(Conflict, match="already running"):
        catalogue.create_ingestion_job()


def test_a_second_job_is_a_conflict_while_the_first_stops(catalogue: Catalogue) -> None:
    catalogue.stop_ingestion_job(catalogue.create_ingestion_job().ingestion_job_id)
    with pytest.raises(Conflict):
        catalogue.create_ingestion_job()


@pytest.mark.parametrize("status", FINAL)
def test_a_second_job_may_start_after_the_first(
    status: IngestionJobStatus, catalogue: Catalogue
) -> None:
    first = catalogue.create_ingestion_job()
    catalogue.finish_ingestion_job(first.ingestion_job_id, status)
    assert catalogue.create_ingestion_job().status is IngestionJobStatus.STARTING


def test_of_jobs_started_at_once_one_wins(catalogue: Catalogue) -> None:
    outcomes: list[str] = []
    barrier = threading.Barrier(4, timeout=10)

    def start() -> None:
        barrier.wait()
        try:
            catalogue.create_ingestion_job()
            outcomes.append("started")
        except Conflict:
            outcomes.append("conflict")

    threads = [threading.Thread(target=start) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["conflict"] * 3 + ["started"]


@pytest.mark.parametrize("status", FINAL)
def test_an_ended_job_can_not_be_stopped(status: IngestionJobStatus, catalogue: Catalogue) -> None:
    job = catalogue.create_ingestion_job()
    catalogue.finish_ingestion_job(job.ingestion_job_id, status)
    with pytest.raises(Conflict, match="already ended"):
        catalogue.stop_ingestion_job(job.ingestion_job_id)


def test_stopping_twice_is_no_error(catalogue: Catalogue) -> None:
    job = catalogue.create_ingestion_job()
    catalogue.stop_ingestion_job(job.ingestion_job_id)
    catalogue.stop_ingestion_job(job.ingestion_job_id)
    stopping = catalogue.get_ingestion_job(job.ingestion_job_id).status
    assert stopping is IngestionJobStatus.STOPPING


def test_an_unknown_job_is_not_found(catalogue: Catalogue) -> None:
    with pytest.raises(ResourceNotFound, match="NOSUCHJOB1"):
        catalogue.get_ingestion_job("NOSUCHJOB1")


def test_jobs_are_listed_newest_first(catalogue: Catalogue) -> None:
    ids = []
    for _ in range(3):
        ids.append(catalogue.create_ingestion_job().ingestion_job_id)
        catalogue.finish_ingestion_job(ids[-1], IngestionJobStatus.COMPLETE)
    assert [job.ingestion_job_id for job in catalogue.list_ingestion_jobs(2)] == ids[:0:-1]


def test_a_job_belongs_to_the_data_source(catalogue: Catalogue) -> None:
    job = catalogue.create_ingestion_job()
    assert job.data_source_id == catalogue.data_source_id
    assert job.knowledge_base_id == catalogue.knowledge_base_id


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


def test_only_indexed_documents_are_counted(catalogue: Catalogue, vectors: PgvectorStore) -> None:
    catalogue.put_document(info("failed.txt"), DocumentStatus.FAILED, "No.")
    document_id = catalogue.put_document(info("a.txt"), DocumentStatus.IN_PROGRESS)
    MadeUpDocument(["One.", "Two."], unit_vectors(2)).publish(vectors, document_id, info("a.txt"))
    assert catalogue.count() == (1, 2)


def test_a_published_document_is_indexed_with_its_counts(
    catalogue: Catalogue, vectors: PgvectorStore
) -> None:
    document_id = catalogue.put_document(info("a.txt", "old"), DocumentStatus.IN_PROGRESS)
    made_up = MadeUpDocument(["One.", "Two."], unit_vectors(2))
    made_up.publish(vectors, document_id, info("a.txt", "new", 77))
    document = catalogue.list_documents()[0]
    assert document.status is DocumentStatus.INDEXED
    assert (document.pages, document.chunks, document.etag, document.size_bytes) == (
        *(1, 2),
        *("new", 77),
    )
