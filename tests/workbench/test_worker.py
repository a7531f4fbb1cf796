"""Workers and their keeper: started once per data folder, killed, and started again."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from kb.errors import Conflict
from kb.models import IngestionJobStatus
from kb.models.chunking import DefaultChunking
from kb.settings import Settings
from kb.workbench import Workbench, open_workbench
from kb.workbench.detached import CHECKOUT, environment
from kb.workbench.keeper import keeper_pid, stop_workers
from tests.workbench.killing import WorkerProcesses, wait_until

pytestmark = pytest.mark.database

DEADLINE_SECONDS = 60
#: A section is cut in two by the strategy of these tests.
SECTIONS, CHUNKS = 150, 300
KB = [sys.executable, "-m", "kb"]
WORDS = "The view counts reads, writes and extends of relations for each type of backend. "


@pytest.fixture
def settings(settings: Settings) -> Iterator[Settings]:
    """A worker that is killed counts as dead after a second."""
    yield replace(settings, heartbeat_seconds=0.3)
    stop_workers(settings.data_dir)


@pytest.fixture
def bench(settings: Settings) -> Iterator[Workbench]:
    with open_workbench(settings) as bench:
        bench.chunking.set_strategy(DefaultChunking(max_tokens=20))
        yield bench


def upload(bench: Workbench, sections: int) -> None:
    text = "\n\n".join(f"# Section {n}\n\nNumber {n}. {WORDS}" for n in range(sections))
    bench.data_source.upload("note.md", io.BytesIO(text.encode()))


def test_a_detached_worker_does_the_job_by_the_data_source_s_strategy(
    bench: Workbench, database_url: str
) -> None:
    upload(bench, sections=2)
    job = bench.data_source.start_ingestion_job()
    *_, last = bench.data_source.watch(job.ingestion_job_id, work=False)
    with psycopg.connect(database_url) as connection:
        tokens = connection.execute("SELECT max(tokens) FROM workbench.chunk").fetchone()
    assert last.status is IngestionJobStatus.COMPLETE
    assert tokens is not None and tokens[0] <= 20


def test_a_second_keeper_is_not_started(bench: Workbench, settings: Settings) -> None:
    bench.worker.ensure_running()
    wait_until(lambda: keeper_pid(settings.data_dir))
    first = keeper_pid(settings.data_dir)
    bench.worker.ensure_running()
    subprocess.run([*KB, "keeper"], cwd=CHECKOUT, env=environment(settings), check=True)
    assert keeper_pid(settings.data_dir) == first


def test_as_many_workers_are_kept_as_the_settings_want(settings: Settings) -> None:
    with open_workbench(replace(settings, workers=2)) as bench:
        bench.worker.ensure_running()
        wait_until(lambda: len(bench.data_source.list_workers()) == 2)


def test_without_workers_in_the_settings_none_is_started(settings: Settings) -> None:
    with open_workbench(replace(settings, workers=0)) as bench:
        bench.data_source.start_ingestion_job()
    assert keeper_pid(settings.data_dir) is None


def test_stopping_ends_the_worker(bench: Workbench, settings: Settings) -> None:
    bench.worker.ensure_running()
    wait_until(lambda: keeper_pid(settings.data_dir))
    assert stop_workers(settings.data_dir)
    assert keeper_pid(settings.data_dir) is None


def test_stopping_without_a_worker_is_no_error(settings: Settings) -> None:
    assert not stop_workers(settings.data_dir)


@pytest.mark.parametrize("killed", ["worker", "keeper"])
def test_a_killed_worker_s_job_goes_on_by_itself_where_it_was(
    killed: str, bench: Workbench, settings: Settings
) -> None:
    upload(bench, sections=SECTIONS)
    source = bench.data_source
    job_id = source.start_ingestion_job().ingestion_job_id
    wait_until(lambda: source.get_ingestion_job(job_id).progress.embedding_calls > 0)
    (before,) = source.list_workers()
    pid = before.pid if killed == "worker" else keeper_pid(settings.data_dir)
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    with pytest.raises(Conflict):
        source.start_ingestion_job()
    *_, last = source.watch(job_id, work=False)
    assert last.status is IngestionJobStatus.COMPLETE
    assert last.progress.embedding_calls == last.progress.chunks_stored == CHUNKS
    wait_until(lambda: [w.pid for w in source.list_workers()] != [before.pid])


def test_a_job_that_no_queue_knows_is_taken_up_again(bench: Workbench, database_url: str) -> None:
    upload(bench, sections=1)
    job_id = bench.data_source.start_ingestion_job(detached=False).ingestion_job_id
    with psycopg.connect(database_url, options="-c search_path=workbench_queue") as connection:
        connection.execute("DELETE FROM procrastinate_jobs")
        connection.execute(
            "UPDATE workbench.ingestion_job SET updated_at = now() - interval '1 minute'"
        )
    *_, last = bench.data_source.watch(job_id, work=True)
    assert last.status is IngestionJobStatus.COMPLETE


def test_a_job_that_had_ended_when_its_worker_died_is_not_done_again(
    bench: Workbench, database_url: str
) -> None:
    upload(bench, sections=1)
    source = bench.data_source
    job_id = source.start_ingestion_job(detached=False).ingestion_job_id
    with psycopg.connect(database_url) as connection:
        connection.execute("UPDATE workbench.ingestion_job SET status = 'COMPLETE'")
    before = source.get_ingestion_job(job_id)
    upload(bench, sections=2)
    other = source.start_ingestion_job(detached=False).ingestion_job_id
    *_, last = source.watch(other, work=True)
    assert last.status is IngestionJobStatus.COMPLETE
    assert source.get_ingestion_job(job_id) == before


def test_an_interrupted_sync_stops_its_job(bench: Workbench, settings: Settings) -> None:
    # Ten seconds of embedding at the least, so that it can not be over before the signal.
    upload(bench, sections=600)
    source = bench.data_source
    process = subprocess.Popen(
        [*KB, "sync", "--wait"],
        cwd=CHECKOUT,
        env=environment(settings),
        stderr=subprocess.PIPE,
        text=True,
    )
    wait_until(lambda: any(j.progress.embedding_calls for j in source.list_ingestion_jobs()))
    process.send_signal(signal.SIGINT)
    errors = process.communicate(timeout=DEADLINE_SECONDS)[1]
    (job,) = source.list_ingestion_jobs()
    assert (process.returncode, errors.splitlines()[-1]) == (1, "Interrupted.")
    assert job.status is IngestionJobStatus.STOPPED
    assert job.progress.embedding_calls < 600


def test_watching_takes_up_a_job_whose_worker_was_killed(bench: Workbench, tmp_path: Path) -> None:
    upload(bench, sections=SECTIONS)
    source = bench.data_source
    job_id = source.start_ingestion_job(detached=False).ingestion_job_id
    workers = WorkerProcesses(bench.settings, tmp_path / "worker.log")
    workers.start()
    wait_until(lambda: source.get_ingestion_job(job_id).progress.embedding_calls > 0)
    workers.kill()
    *_, last = source.watch(job_id, work=True)
    assert last.status is IngestionJobStatus.COMPLETE
    assert last.progress.embedding_calls == last.progress.chunks_stored == CHUNKS


def test_down_gives_documents_back_and_the_next_start_goes_on_at_once(
    bench: Workbench, settings: Settings
) -> None:
    upload(bench, sections=SECTIONS)
    source = bench.data_source
    job_id = source.start_ingestion_job().ingestion_job_id
    wait_until(lambda: source.get_ingestion_job(job_id).progress.embedding_calls > 0)
    assert stop_workers(settings.data_dir)
    assert source.list_workers() == []
    assert source.get_ingestion_job(job_id).status is IngestionJobStatus.IN_PROGRESS
    *_, last = source.watch(job_id, work=True)
    assert last.status is IngestionJobStatus.COMPLETE
    assert last.progress.embedding_calls == last.progress.chunks_stored == CHUNKS
