"""Workers and their keeper: processes with this one's settings, and any of them may be killed."""

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
from pathlib import Path

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
WORDS = "The view counts reads, writes and extends of relations for each type of backend. "
ELSEWHERE = """
INSERT INTO workbench.worker (worker_id, data_source_id, host, pid)
SELECT gen_random_uuid(), data_source_id, 'elsewhere', 1 FROM workbench.data_source
"""


@pytest.fixture
def settings(settings: Settings) -> Iterator[Settings]:
    """Small chunks, so that one can see that the worker has these settings."""
    yield replace(settings, chunk_tokens=20, heartbeat_seconds=0.5)
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


def lives(pid: int) -> bool:
    """Whether a process runs; one that nobody has waited for is a zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def worker_pid(bench: Workbench) -> int:
    """The process id of the only worker, as soon as there is one."""
    wait_until(bench.worker.list_workers)
    (worker,) = bench.worker.list_workers()
    return worker.pid


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


def test_a_second_keeper_is_not_started(bench: Workbench, settings: Settings) -> None:
    bench.worker.ensure_running()
    wait_until(lambda: keeper_pid(settings.data_dir))
    first = keeper_pid(settings.data_dir)
    bench.worker.ensure_running()
    # Even if somebody does, it ends at once.
    command = [sys.executable, "-m", "kb", "keeper"]
    subprocess.run(command, cwd=CHECKOUT, env=environment(settings), check=True, timeout=60)
    assert keeper_pid(settings.data_dir) == first


def test_stopping_ends_the_keeper_and_its_worker(bench: Workbench, settings: Settings) -> None:
    bench.worker.ensure_running()
    pid = worker_pid(bench)
    assert stop_workers(settings.data_dir)
    assert keeper_pid(settings.data_dir) is None
    assert not lives(pid)
    assert bench.worker.list_workers() == []


def test_stopping_without_a_worker_is_no_error(settings: Settings) -> None:
    assert not stop_workers(settings.data_dir)


def test_nobody_is_started_where_no_worker_is_wanted(settings: Settings) -> None:
    with open_workbench(replace(settings, workers=0)) as bench:
        bench.data_source.start_ingestion_job()
        assert keeper_pid(settings.data_dir) is None


def test_as_many_workers_as_are_wanted_are_kept(settings: Settings) -> None:
    with open_workbench(replace(settings, workers=2)) as bench:
        bench.worker.ensure_running()
        wait_until(lambda: len(bench.worker.list_workers()) == 2)
        upload(bench, sections=2)
        job = bench.data_source.start_ingestion_job()
        *_, last = bench.data_source.watch(job.ingestion_job_id, work=False)
    assert last.status is IngestionJobStatus.COMPLETE


def test_a_killed_worker_s_job_goes_on_where_it_was(bench: Workbench, database_url: str) -> None:
    upload(bench, sections=100)
    source = bench.data_source
    job_id = source.start_ingestion_job().ingestion_job_id
    wait_until(lambda: source.get_ingestion_job(job_id).progress.embedding_calls > 0)
    killed = worker_pid(bench)
    os.kill(killed, signal.SIGKILL)
    wait_until(lambda: not lives(killed))
    with psycopg.connect(database_url) as connection:
        staged = connection.execute("SELECT count(*) FROM workbench.staged_embedding").fetchone()
    with pytest.raises(Conflict):
        source.start_ingestion_job()
    *_, last = source.watch(job_id, work=False)
    assert last.status is IngestionJobStatus.COMPLETE
    assert staged is not None and 0 < staged[0] < last.progress.chunks_made
    # Counted together with the vectors that were kept, so each text once.
    assert last.progress.embedding_calls == last.progress.chunks_made


def test_a_killed_keeper_is_replaced_by_its_worker(bench: Workbench, settings: Settings) -> None:
    bench.worker.ensure_running()
    worker_pid(bench)
    killed = keeper_pid(settings.data_dir)
    assert killed is not None
    os.kill(killed, signal.SIGKILL)
    wait_until(lambda: keeper_pid(settings.data_dir) not in (None, killed))
    wait_until(bench.worker.list_workers)


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


def test_watching_works_only_when_nobody_else_lives(bench: Workbench, database_url: str) -> None:
    upload(bench, sections=2)
    with psycopg.connect(database_url) as connection:
        connection.execute(ELSEWHERE)
    job = bench.data_source.start_ingestion_job(detached=False)
    watching = bench.data_source.watch(job.ingestion_job_id, work=True)
    # Whoever has just shown a sign of life may be about to do it.
    assert next(watching).status is IngestionJobStatus.STARTING
    *_, last = watching
    assert last.status is IngestionJobStatus.COMPLETE
