"""What every IngestionRecords does; a new one is added to `records`."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from kb.adapters.catalogue import Catalogue
from kb.models import (
    DocumentStatus,
    IngestionJobStatistics,
    IngestionJobStatus,
    IngestionProgress,
)
from kb.protocols import IngestionRecords
from tests.made_up import info

pytestmark = pytest.mark.database

STATISTICS = IngestionJobStatistics(
    documents_scanned=5,
    new_documents_indexed=1,
    modified_documents_indexed=2,
    documents_deleted=3,
    documents_failed=4,
)
PROGRESS = IngestionProgress(
    document_key="a.pdf",
    stage="embedding",
    pages_read=6,
    pages_total=7,
    chunks_made=8,
    chunks_embedded=9,
    embedding_calls=10,
)


@pytest.fixture(params=["catalogue"])
def records(catalogue: Catalogue) -> IngestionRecords:
    return catalogue


@pytest.fixture
def start(catalogue: Catalogue) -> Callable[[], str]:
    """Records a job and gives its id."""
    return lambda: catalogue.create_ingestion_job().ingestion_job_id


def test_there_are_no_documents_at_first(records: IngestionRecords) -> None:
    assert records.list_documents() == []


def test_a_recorded_document_is_listed_as_it_was_given(records: IngestionRecords) -> None:
    document_id = records.put_document(info("a.pdf", "e1", 5), DocumentStatus.FAILED, "No text.")
    document = records.list_documents()[0]
    assert document.document_id == document_id
    assert (document.key, document.etag, document.size_bytes) == ("a.pdf", "e1", 5)
    assert (document.status, document.status_reason) == (DocumentStatus.FAILED, "No text.")
    assert document.uri == "s3://kb/a.pdf"


def test_documents_are_listed_by_key(records: IngestionRecords) -> None:
    for key in ("b", "a/b", "a", "B", "é"):
        records.put_document(info(key), DocumentStatus.PENDING)
    keys = [document.key for document in records.list_documents()]
    assert keys == ["B", "a", "a/b", "b", "é"]


def test_the_same_key_again_is_the_same_document(records: IngestionRecords) -> None:
    first = records.put_document(info(etag="e1"), DocumentStatus.FAILED, "No text.")
    second = records.put_document(info(etag="e2"), DocumentStatus.IN_PROGRESS)
    assert first == second
    document = records.list_documents()[0]
    assert (document.etag, document.status) == ("e2", DocumentStatus.IN_PROGRESS)
    assert document.status_reason is None


def test_progress_puts_a_new_job_in_progress(
    records: IngestionRecords, start: Callable[[], str]
) -> None:
    status = records.record_progress(start(), STATISTICS, PROGRESS, [])
    assert status is IngestionJobStatus.IN_PROGRESS


def test_progress_is_kept_in_full(
    records: IngestionRecords, start: Callable[[], str], catalogue: Catalogue
) -> None:
    ingestion_job_id = start()
    records.record_progress(ingestion_job_id, STATISTICS, PROGRESS, ["a: no.", "b: 'no', \"no\""])
    job = catalogue.get_ingestion_job(ingestion_job_id)
    assert (job.statistics, job.progress) == (STATISTICS, PROGRESS)
    assert job.failure_reasons == ("a: no.", "b: 'no', \"no\"")


def test_progress_of_a_job_that_is_to_stop_says_so(
    records: IngestionRecords, start: Callable[[], str], catalogue: Catalogue
) -> None:
    ingestion_job_id = start()
    catalogue.stop_ingestion_job(ingestion_job_id)
    status = records.record_progress(ingestion_job_id, STATISTICS, PROGRESS, [])
    assert status is IngestionJobStatus.STOPPING


@pytest.mark.parametrize(
    "status",
    [IngestionJobStatus.COMPLETE, IngestionJobStatus.FAILED, IngestionJobStatus.STOPPED],
)
def test_a_finished_job_has_its_status_and_keeps_its_counts(
    status: IngestionJobStatus,
    records: IngestionRecords,
    start: Callable[[], str],
    catalogue: Catalogue,
) -> None:
    ingestion_job_id = start()
    records.record_progress(ingestion_job_id, STATISTICS, PROGRESS, [])
    records.finish_ingestion_job(ingestion_job_id, status)
    job = catalogue.get_ingestion_job(ingestion_job_id)
    assert (job.status, job.statistics) == (status, STATISTICS)
    assert (job.progress.pages_read, job.progress.stage) == (PROGRESS.pages_read, "")
