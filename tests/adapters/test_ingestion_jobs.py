"""Ingestion jobs as rows: one runs at a time, whoever starts it, and workers show signs of life."""

from __future__ import annotations

import re
import threading
import uuid

import psycopg
import pytest
from sqlalchemy import Engine

from kb.adapters.ingestion_jobs import IngestionJobs
from kb.errors import Conflict, ResourceNotFound
from kb.models import DocumentWorkStatus, IngestionJobStatus, IngestionMode
from tests.knowledge import Knowledge, MadeUpDocument
from tests.made_up import IDENTITY, info, unit_vectors

pytestmark = pytest.mark.database

FINAL = [IngestionJobStatus.COMPLETE, IngestionJobStatus.FAILED, IngestionJobStatus.STOPPED]
WORKER, OTHER = str(uuid.UUID(int=1)), str(uuid.UUID(int=2))


def test_an_id_is_ten_letters_and_digits(jobs: IngestionJobs) -> None:
    assert re.fullmatch("[0-9A-Z]{10}", jobs.create_ingestion_job().ingestion_job_id)


def test_a_second_job_is_a_conflict_while_the_first_runs(jobs: IngestionJobs) -> None:
    jobs.create_ingestion_job()
    with pytest.raises(Conflict, match="already running"):
        jobs.create_ingestion_job()


def test_a_second_job_is_a_conflict_while_the_first_stops(jobs: IngestionJobs) -> None:
    jobs.stop_ingestion_job(jobs.create_ingestion_job().ingestion_job_id)
    with pytest.raises(Conflict):
        jobs.create_ingestion_job()


@pytest.mark.parametrize("status", FINAL)
def test_a_second_job_may_start_after_the_first(
    status: IngestionJobStatus, jobs: IngestionJobs
) -> None:
    first = jobs.create_ingestion_job()
    jobs.finish_ingestion_job(first.ingestion_job_id, status)
    assert jobs.create_ingestion_job().status is IngestionJobStatus.STARTING


def test_of_jobs_started_at_once_one_wins(jobs: IngestionJobs) -> None:
    outcomes: list[str] = []
    barrier = threading.Barrier(4, timeout=10)

    def start() -> None:
        barrier.wait()
        try:
            jobs.create_ingestion_job()
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
def test_an_ended_job_can_not_be_stopped(status: IngestionJobStatus, jobs: IngestionJobs) -> None:
    job = jobs.create_ingestion_job()
    jobs.finish_ingestion_job(job.ingestion_job_id, status)
    with pytest.raises(Conflict, match="already ended"):
        jobs.stop_ingestion_job(job.ingestion_job_id)


def test_stopping_twice_is_no_error(jobs: IngestionJobs) -> None:
    job = jobs.create_ingestion_job()
    jobs.stop_ingestion_job(job.ingestion_job_id)
    jobs.stop_ingestion_job(job.ingestion_job_id)
    stopping = jobs.get_ingestion_job(job.ingestion_job_id).status
    assert stopping is IngestionJobStatus.STOPPING


def test_an_unknown_job_is_not_found(jobs: IngestionJobs) -> None:
    with pytest.raises(ResourceNotFound, match="NOSUCHJOB1"):
        jobs.get_ingestion_job("NOSUCHJOB1")


def test_jobs_are_listed_newest_first(jobs: IngestionJobs) -> None:
    ids = []
    for _ in range(3):
        ids.append(jobs.create_ingestion_job().ingestion_job_id)
        jobs.finish_ingestion_job(ids[-1], IngestionJobStatus.COMPLETE)
    assert [job.ingestion_job_id for job in jobs.list_ingestion_jobs(2)] == ids[:0:-1]


def test_plans_are_not_listed_among_the_jobs(jobs: IngestionJobs) -> None:
    plan = jobs.create_ingestion_job(mode=IngestionMode.PLAN)
    assert jobs.list_ingestion_jobs() == []
    running = jobs.running_ingestion_job()
    assert running is not None
    assert (running.ingestion_job_id, running.mode) == (plan.ingestion_job_id, IngestionMode.PLAN)


@pytest.mark.parametrize("status", FINAL)
def test_an_ended_job_is_not_the_running_one(
    status: IngestionJobStatus, jobs: IngestionJobs
) -> None:
    jobs.finish_ingestion_job(jobs.create_ingestion_job().ingestion_job_id, status)
    assert jobs.running_ingestion_job() is None


def test_a_job_belongs_to_the_data_source(knowledge: Knowledge) -> None:
    job = knowledge.jobs.create_ingestion_job()
    assert job.data_source_id == knowledge.catalogue.data_source_id
    assert job.knowledge_base_id == knowledge.catalogue.knowledge_base_id


def test_jobs_of_two_data_sources_run_at_once(knowledge: Knowledge, engine: Engine) -> None:
    other = Knowledge.on(engine, bucket="other")
    knowledge.jobs.create_ingestion_job()
    assert other.jobs.running_ingestion_job() is None
    other.jobs.create_ingestion_job()


def test_documents_at_work_come_first_and_failed_ones_next(knowledge: Knowledge) -> None:
    done, failed, _ = knowledge.begin(info("done"), info("failed"), info("working"))
    knowledge.jobs.finish_document(done, DocumentWorkStatus.DONE)
    knowledge.jobs.finish_document(failed, DocumentWorkStatus.FAILED, "No.")
    listed = knowledge.jobs.list_documents_of(done.ingestion_job_id)
    assert [(d.key, d.status.value, d.status_reason) for d in listed] == [
        ("working", "IN_PROGRESS", None),
        ("failed", "FAILED", "No."),
        ("done", "DONE", None),
    ]
    assert [d.key for d in knowledge.jobs.list_documents_of(done.ingestion_job_id, 1)] == [
        "working"
    ]


def test_the_share_of_a_job_is_that_of_its_finished_bytes(knowledge: Knowledge) -> None:
    small, large = knowledge.begin(info("small", size_bytes=99), info("large", size_bytes=299))
    assert knowledge.jobs.get_ingestion_job(small.ingestion_job_id).progress.share == 0
    knowledge.jobs.finish_document(small, DocumentWorkStatus.DONE)
    share = knowledge.jobs.get_ingestion_job(small.ingestion_job_id).progress.share
    assert share == pytest.approx(0.25)
    knowledge.jobs.finish_document(large, DocumentWorkStatus.FAILED, "No.")
    assert knowledge.jobs.get_ingestion_job(small.ingestion_job_id).progress.share == 1


def test_a_plan_counts_each_unknown_text_once(knowledge: Knowledge) -> None:
    MadeUpDocument(["Known."], unit_vectors(1)).publish(knowledge, info("known"))
    one, other = knowledge.begin(info("a"), info("b"), mode=IngestionMode.PLAN)
    for work, texts in ((one, ["Known.", "New.", "New."]), (other, ["New.", "Newer."])):
        knowledge.staging.add(work, MadeUpDocument(texts, unit_vectors(0)).window())
        knowledge.jobs.finish_document(work, DocumentWorkStatus.DONE)
    planned = knowledge.jobs.planned_calls(one.ingestion_job_id, IDENTITY.key, token_bits=False)
    calls = {document_id: calls for document_id, (calls, _tokens) in planned.items()}
    assert calls == {one.document_id: 1, other.document_id: 1}


def test_a_worker_lives_from_its_first_sign_of_life_until_it_leaves(jobs: IngestionJobs) -> None:
    before = jobs.list_workers(60)
    jobs.worker_heartbeat(WORKER, host="here", pid=7)
    (worker,) = jobs.list_workers(60)
    jobs.forget_worker(WORKER)
    assert (before, jobs.list_workers(60)) == ([], [])
    assert (worker.worker_id, worker.host, worker.pid) == (WORKER, "here", 7)


def test_a_silent_worker_is_dead_until_it_is_heard_again(
    jobs: IngestionJobs, database_url: str
) -> None:
    for worker_id in (WORKER, OTHER):
        jobs.worker_heartbeat(worker_id, host="here", pid=7)
    with psycopg.connect(database_url) as connection:
        connection.execute("UPDATE workbench.worker SET heartbeat_at = now() - interval '13 s'")
    silent = jobs.list_workers(12)
    jobs.worker_heartbeat(WORKER, host="here", pid=7)
    assert (silent, [w.worker_id for w in jobs.list_workers(12)]) == ([], [WORKER])


def test_workers_of_another_data_source_are_none_of_this_one(
    knowledge: Knowledge, engine: Engine
) -> None:
    other = Knowledge.on(engine, bucket="other")
    other.jobs.worker_heartbeat(WORKER, host="here", pid=7)
    assert knowledge.jobs.list_workers(60) == []
