"""What every IngestionRecords does; a new one is added to `records`."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from kb.models import (
    DocumentAction,
    DocumentProgress,
    DocumentStatus,
    DocumentWork,
    DocumentWorkStatus,
    IngestionJobStatus,
    IngestionPlan,
)
from kb.protocols import IngestionRecords
from tests.ingestion.documents import document
from tests.knowledge import Knowledge
from tests.made_up import info

pytestmark = pytest.mark.database

FINAL = [IngestionJobStatus.COMPLETE, IngestionJobStatus.FAILED, IngestionJobStatus.STOPPED]
PLAN = IngestionPlan(
    new=(info("small", size_bytes=1), info("large", size_bytes=9)),
    changed=(info("changed", size_bytes=5),),
    metadata_changed=(info("described", size_bytes=2),),
    unchanged=(info("same"),),
    removed=(document("gone"),),
    known_chunks=9,
    metadata_documents_scanned=2,
)
PROGRESS = DocumentProgress(
    stage="embedding",
    pages_total=7,
    pages_read=6,
    chunks_made=5,
    chunks_embedded=4,
    chunks_stored=3,
)


@pytest.fixture(params=["postgresql"])
def records(knowledge: Knowledge) -> IngestionRecords:
    return knowledge.jobs


@pytest.fixture
def job_id(knowledge: Knowledge) -> str:
    """A job that nobody has begun."""
    return knowledge.jobs.create_ingestion_job().ingestion_job_id


@pytest.fixture
def ids(records: IngestionRecords, job_id: str, knowledge: Knowledge) -> dict[str, str]:
    """Ids by key of the documents of a job that has begun."""
    found = {item.key: knowledge.catalogue.document_id(item.key) for item in PLAN.work}
    for item in (*PLAN.new, *PLAN.changed):
        knowledge.catalogue.put_document(item, DocumentStatus.PENDING)
    records.begin_ingestion_job(job_id, PLAN, list(found.values()))
    return found


@pytest.fixture
def take_up(
    records: IngestionRecords, job_id: str, ids: dict[str, str]
) -> Callable[[str], DocumentWork]:
    def begin(key: str) -> DocumentWork:
        work = records.begin_document(job_id, ids[key])
        assert work
        return work

    return begin


TakeUp = Callable[[str], DocumentWork]


def keys(ids: dict[str, str], found: list[str]) -> list[str]:
    names = {document_id: key for key, document_id in ids.items()}
    return [names[document_id] for document_id in found]


def test_a_new_job_is_starting_and_not_planned(records: IngestionRecords, job_id: str) -> None:
    job = records.get_ingestion_job(job_id)
    assert (job.status, job.is_planned) == (IngestionJobStatus.STARTING, False)


def test_a_begun_job_is_in_progress_with_what_it_found(
    records: IngestionRecords, job_id: str, ids: dict[str, str]
) -> None:
    job = records.get_ingestion_job(job_id)
    assert (job.status, job.is_planned) == (IngestionJobStatus.IN_PROGRESS, True)
    assert (job.statistics.documents_scanned, job.statistics.metadata_documents_scanned) == (5, 2)
    assert job.progress.documents_total == 5


def test_a_job_is_begun_once(records: IngestionRecords, job_id: str, ids: dict[str, str]) -> None:
    records.begin_ingestion_job(job_id, PLAN, list(ids.values()))
    assert records.get_ingestion_job(job_id).progress.documents_total == 5


@pytest.mark.parametrize("status", FINAL)
def test_a_job_that_has_ended_is_not_begun(
    status: IngestionJobStatus, records: IngestionRecords, job_id: str, knowledge: Knowledge
) -> None:
    records.finish_ingestion_job(job_id, status)
    ids = [knowledge.catalogue.document_id(item.key) for item in PLAN.work]
    records.begin_ingestion_job(job_id, PLAN, ids)
    assert records.get_ingestion_job(job_id).status is status
    assert records.waiting_documents(job_id) == []


def test_the_largest_document_waits_in_front_and_deletions_do_not(
    records: IngestionRecords, job_id: str, ids: dict[str, str]
) -> None:
    waiting = keys(ids, records.waiting_documents(job_id))
    assert waiting == ["large", "changed", "described", "small"]
    assert keys(ids, records.deletions(job_id)) == ["gone"]


def test_a_document_is_taken_up_with_all_that_was_written_down(take_up: TakeUp) -> None:
    work = take_up("changed")
    assert (work.action, work.status) == (DocumentAction.MODIFIED, DocumentWorkStatus.IN_PROGRESS)
    assert (work.key, work.etag, work.size_bytes) == ("changed", "e1", 5)


def test_each_attempt_is_another(take_up: TakeUp) -> None:
    assert take_up("large").attempt != take_up("large").attempt


def test_a_finished_document_is_not_taken_up(
    records: IngestionRecords, job_id: str, ids: dict[str, str], take_up: TakeUp
) -> None:
    records.finish_document(take_up("large"), DocumentWorkStatus.DONE)
    assert records.begin_document(job_id, ids["large"]) is None


@pytest.mark.parametrize("status", FINAL)
def test_a_document_of_a_job_that_has_ended_is_not_taken_up(
    status: IngestionJobStatus, records: IngestionRecords, job_id: str, ids: dict[str, str]
) -> None:
    records.finish_ingestion_job(job_id, status)
    assert records.begin_document(job_id, ids["large"]) is None


def test_a_document_of_a_job_that_stops_is_only_taken_up_if_it_was_left(
    records: IngestionRecords,
    job_id: str,
    ids: dict[str, str],
    take_up: TakeUp,
    knowledge: Knowledge,
) -> None:
    # Whoever was at work on it has died; somebody has to put it back.
    take_up("large")
    knowledge.jobs.stop_ingestion_job(job_id)
    assert records.begin_document(job_id, ids["large"])
    assert records.begin_document(job_id, ids["small"]) is None


def test_progress_is_kept_in_full(
    records: IngestionRecords, take_up: TakeUp, knowledge: Knowledge
) -> None:
    work = take_up("large")
    assert records.record_progress(work, PROGRESS) is IngestionJobStatus.IN_PROGRESS
    (first, *_) = knowledge.jobs.list_documents_of(work.ingestion_job_id)
    assert (first.key, first.progress) == ("large", PROGRESS)


def test_progress_of_a_job_is_the_sum_over_its_documents(
    records: IngestionRecords, job_id: str, take_up: TakeUp
) -> None:
    for key in ("large", "small"):
        records.record_progress(take_up(key), PROGRESS)
    progress = records.get_ingestion_job(job_id).progress
    assert (progress.pages_total, progress.pages_read) == (14, 12)
    assert (progress.chunks_made, progress.chunks_embedded, progress.chunks_stored) == (10, 8, 6)
    assert (progress.document_key, progress.stage) == ("large", "embedding")


def test_progress_of_a_job_that_is_to_stop_says_so(
    records: IngestionRecords, take_up: TakeUp, knowledge: Knowledge
) -> None:
    work = take_up("large")
    knowledge.jobs.stop_ingestion_job(work.ingestion_job_id)
    assert records.record_progress(work, PROGRESS) is IngestionJobStatus.STOPPING


def test_an_attempt_that_was_taken_over_reports_nothing(
    records: IngestionRecords, job_id: str, take_up: TakeUp
) -> None:
    old = take_up("large")
    take_up("large")
    assert records.record_progress(old, PROGRESS) is None
    records.finish_document(old, DocumentWorkStatus.FAILED, "Too late.")
    job = records.get_ingestion_job(job_id)
    assert (job.statistics.documents_failed, job.failure_reasons) == (0, ())
    assert job.progress.pages_read == 0


@pytest.mark.parametrize(
    ("key", "counted"),
    [
        ("large", "new_documents_indexed"),
        ("changed", "modified_documents_indexed"),
        ("described", "metadata_documents_modified"),
    ],
)
def test_a_done_document_is_counted_as_what_it_was(
    key: str, counted: str, records: IngestionRecords, job_id: str, take_up: TakeUp
) -> None:
    work = take_up(key)
    for _ in range(2):
        records.finish_document(work, DocumentWorkStatus.DONE)
    job = records.get_ingestion_job(job_id)
    assert getattr(job.statistics, counted) == 1
    assert job.progress.documents_done == 1


def test_a_failed_document_is_named_with_its_reason(
    records: IngestionRecords, job_id: str, take_up: TakeUp
) -> None:
    records.finish_document(take_up("large"), DocumentWorkStatus.FAILED, "It says 'no', \"no\".")
    job = records.get_ingestion_job(job_id)
    assert job.statistics.documents_failed == 1
    assert job.failure_reasons == ("large: It says 'no', \"no\".",)


def test_a_deletion_is_counted_once(
    records: IngestionRecords, job_id: str, ids: dict[str, str]
) -> None:
    for _ in range(2):
        records.count_deleted(job_id, ids["gone"])
    assert records.get_ingestion_job(job_id).statistics.documents_deleted == 1
    assert records.deletions(job_id) == []


@pytest.mark.parametrize("status", FINAL)
def test_a_finished_job_keeps_its_status_and_counts(
    status: IngestionJobStatus, records: IngestionRecords, job_id: str, take_up: TakeUp
) -> None:
    records.record_progress(take_up("large"), PROGRESS)
    records.finish_ingestion_job(job_id, status, "Because.")
    records.finish_ingestion_job(job_id, IngestionJobStatus.FAILED, "Too late.")
    job = records.get_ingestion_job(job_id)
    assert (job.status, job.failure_reasons) == (status, ("Because.",))
    assert (job.progress.pages_read, job.progress.stage) == (PROGRESS.pages_read, "")


@pytest.mark.parametrize("status", FINAL)
def test_no_document_of_a_finished_job_seems_to_be_at_work(
    status: IngestionJobStatus,
    records: IngestionRecords,
    job_id: str,
    take_up: TakeUp,
    knowledge: Knowledge,
) -> None:
    # Its worker may have been killed, and then nobody puts it back.
    take_up("large")
    knowledge.catalogue.put_document(info("large", size_bytes=9), DocumentStatus.IN_PROGRESS)
    records.finish_ingestion_job(job_id, status)
    states = {d.key: d.status for d in knowledge.catalogue.list_documents()}
    assert states["large"] is DocumentStatus.PENDING
