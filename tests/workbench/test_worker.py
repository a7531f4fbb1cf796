"""The detached worker: one per data folder, with this process's settings, and it may be killed."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import psycopg
import pytest

from kb.errors import Conflict
from kb.models import IngestionJobStatus
from kb.settings import Settings
from kb.workbench import Workbench, open_workbench
from kb.workbench.detached import CHECKOUT, environment
from kb.workbench.keeper import keeper_pid, stop_workers

pytestmark = pytest.mark.database

DEADLINE_SECONDS = 60
LONG_DEAD = (
    "UPDATE workbench_queue.procrastinate_workers SET last_heartbeat = now() - interval '1 hour'"
)
WORDS = "The view counts reads, writes and extends of relations for each type of backend. "


@pytest.fixture
def settings(settings: Settings) -> Iterator[Settings]:
    """Small chunks, so that one can see that the worker has these settings."""
    yield replace(settings, chunk_tokens=20)
    stop_workers(settings.data_dir)


@pytest.fixture
def bench(settings: Settings) -> Iterator[Workbench]:
    with open_workbench(settings) as bench:
        yield bench


def upload(bench: Workbench, sections: int) -> None:
    text = "\n\n".join(f"# Section {n}\n\nNumber {n}. {WORDS}" for n in range(sections))
    bench.data_source.upload("note.md", io.BytesIO(text.encode()))


def wait_until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "it took too long"
        threading.Event().wait(0.05)


def test_a_detached_worker_does_the_job_with_the_settings_of_who_started_it(
    bench: Workbench, database_url: str
) -> None:
    upload(bench, sections=2)
    job = bench.data_source.start_ingestion_job()
    *_, last = bench.data_source.watch(job.ingestion_job_id, work=False)
    with psycopg.connect(database_url) as connection:
        tokens = connection.execute("SELECT max(tokens) FROM workbench.chunk").fetchone()
    assert last.status is IngestionJobStatus.COMPLETE
    assert tokens is not None and tokens[0] <= 20


def test_a_second_worker_is_not_started(bench: Workbench, settings: Settings) -> None:
    bench.worker.ensure_running()
    wait_until(lambda: keeper_pid(settings.data_dir))
    first = keeper_pid(settings.data_dir)
    bench.worker.ensure_running()
    bench.worker.work_alone()
    assert keeper_pid(settings.data_dir) == first


def test_stopping_ends_the_worker(bench: Workbench, settings: Settings) -> None:
    bench.worker.ensure_running()
    wait_until(lambda: keeper_pid(settings.data_dir))
    assert stop_workers(settings.data_dir)
    assert keeper_pid(settings.data_dir) is None


def test_stopping_without_a_worker_is_no_error(settings: Settings) -> None:
    assert not stop_workers(settings.data_dir)


def test_a_killed_worker_s_job_goes_on_where_it_was(
    bench: Workbench, settings: Settings, database_url: str
) -> None:
    upload(bench, sections=50)
    source = bench.data_source
    job_id = source.start_ingestion_job().ingestion_job_id
    wait_until(lambda: source.get_ingestion_job(job_id).progress.embedding_calls > 0)
    pid = keeper_pid(settings.data_dir)
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: keeper_pid(settings.data_dir) is None)
    with psycopg.connect(database_url) as connection:
        staged = connection.execute("SELECT count(*) FROM workbench.staged_embedding").fetchone()
        # So that nobody has to wait until the dead worker counts as dead.
        connection.execute(LONG_DEAD)
    with pytest.raises(Conflict):
        source.start_ingestion_job()
    *_, last = source.watch(job_id, work=False)
    assert last.status is IngestionJobStatus.COMPLETE
    assert staged is not None and staged[0] > 0
    assert last.progress.embedding_calls == last.progress.chunks_made - staged[0]


def test_a_job_that_had_ended_when_its_worker_died_is_not_done_again(
    bench: Workbench, database_url: str
) -> None:
    upload(bench, sections=1)
    source = bench.data_source
    job_id = source.start_ingestion_job(detached=False).ingestion_job_id
    with psycopg.connect(database_url) as connection:
        connection.execute("UPDATE workbench.ingestion_job SET status = 'COMPLETE'")
    before = source.get_ingestion_job(job_id)
    bench.worker.work(wait=False)
    assert source.get_ingestion_job(job_id) == before


def test_an_interrupted_sync_stops_its_job(bench: Workbench, settings: Settings) -> None:
    # Ten seconds of embedding at the least, so that it can not be over before the signal.
    upload(bench, sections=600)
    source = bench.data_source
    process = subprocess.Popen(
        [sys.executable, "-m", "kb", "sync", "--wait"],
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


def test_watching_takes_up_a_job_whose_worker_was_killed(
    bench: Workbench, database_url: str
) -> None:
    upload(bench, sections=2)
    job = bench.data_source.start_ingestion_job(detached=False)
    with psycopg.connect(database_url, options="-c search_path=workbench_queue") as connection:
        connection.execute("INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now())")
        connection.execute(
            "UPDATE procrastinate_jobs SET status = 'doing', "
            "worker_id = (SELECT max(id) FROM procrastinate_workers)"
        )
    watching = bench.data_source.watch(job.ingestion_job_id, work=True)
    assert [next(watching).status for _ in range(3)] == [IngestionJobStatus.STARTING] * 3
    with psycopg.connect(database_url) as connection:
        connection.execute(LONG_DEAD)
    *_, last = watching
    assert last.status is IngestionJobStatus.COMPLETE
