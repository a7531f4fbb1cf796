"""SIGKILL in the middle of a sync: the job goes on by itself and ends as undisturbed ones do."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest

from kb.adapters.minilm import MiniLm
from kb.ingestion.embedding import COMMIT
from kb.models import IngestionJobStatus
from kb.postgres.embedded import EmbeddedServer
from kb.settings import Settings
from kb.workbench import Workbench, open_workbench
from kb.workbench.detached import CHECKOUT, environment
from kb.workbench.keeper import stop_workers
from tests.made_up import NewDatabase
from tests.workbench.killing import (
    Rows,
    WorkerProcesses,
    put,
    same_ids_everywhere,
    seen_by_readers,
    wait_until,
)

pytestmark = pytest.mark.database

#: Three in `make test`, the rest in `make test-long`.
SEEDS = [pytest.param(n, marks=[] if n < 3 else [pytest.mark.long]) for n in range(20)]
#: Batches in flight and vectors that wait to be committed.
IN_FLIGHT = COMMIT + 2 * MiniLm().concurrency + 1


class Undisturbed:
    """A sync of the chapter without a kill: what it leaves and how long it takes."""

    def __init__(self, rows: Rows, seconds: float, texts: int) -> None:
        self.rows = rows
        self.seconds = seconds
        self.texts = texts


@pytest.fixture(scope="module")
def prepared(new_database: NewDatabase, template: str) -> Iterator[str]:
    """The name of a database with an empty knowledge base, to be cloned."""
    with new_database(template) as url:
        same_ids_everywhere(url)
        yield urlsplit(url).path.lstrip("/")


@contextmanager
def _bench(database_url: str, data_dir: Path) -> Iterator[Workbench]:
    settings = Settings(
        data_dir=data_dir, database_url=database_url, heartbeat_seconds=0.3, workers=0
    )
    with open_workbench(settings) as bench:
        yield bench


@pytest.fixture(scope="module")
def undisturbed(
    new_database: NewDatabase,
    prepared: str,
    chapter: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Undisturbed:
    data_dir = tmp_path_factory.mktemp("undisturbed")
    put(data_dir, chapter)
    with new_database(prepared) as url, _bench(url, data_dir) as bench:
        workers = WorkerProcesses(bench.settings, data_dir / "worker.log")
        workers.start()
        wait_until(bench.data_source.list_workers)
        began = time.monotonic()
        job_id = bench.data_source.start_ingestion_job().ingestion_job_id
        *_, last = bench.data_source.watch(job_id, work=False)
        seconds = time.monotonic() - began
        workers.end()
        assert last.status is IngestionJobStatus.COMPLETE
        return Undisturbed(seen_by_readers(url), seconds, workers.embedded_texts())


@pytest.mark.parametrize("seed", SEEDS)
def test_a_sync_whose_worker_is_killed_leaves_what_an_undisturbed_one_leaves(
    seed: int,
    new_database: NewDatabase,
    prepared: str,
    undisturbed: Undisturbed,
    chapter: Path,
    tmp_path: Path,
) -> None:
    moment = random.Random(seed).uniform(0, undisturbed.seconds)
    put(tmp_path, chapter)
    with new_database(prepared) as url, _bench(url, tmp_path) as bench:
        workers = WorkerProcesses(bench.settings, tmp_path / "worker.log")
        workers.start()
        wait_until(bench.data_source.list_workers)
        job_id = bench.data_source.start_ingestion_job().ingestion_job_id
        time.sleep(moment)
        workers.kill()
        workers.start()
        *_, last = bench.data_source.watch(job_id, work=False)
        workers.end()
        assert last.status is IngestionJobStatus.COMPLETE
        assert seen_by_readers(url) == undisturbed.rows
        assert last.progress.embedding_calls == undisturbed.texts
        again = workers.embedded_texts() - undisturbed.texts
        assert again <= IN_FLIGHT, f"killed after {moment:.2f} s"


@pytest.mark.parametrize("seed", [0, *(pytest.param(n, marks=pytest.mark.long) for n in (1, 2))])
def test_a_sync_whose_postgresql_is_killed_leaves_what_an_undisturbed_one_leaves(
    seed: int, undisturbed: Undisturbed, chapter: Path, own_folder: Path
) -> None:
    moment = random.Random(100 + seed).uniform(0.5, 0.8 * undisturbed.seconds)
    settings = Settings(data_dir=own_folder, heartbeat_seconds=0.3)
    server = EmbeddedServer(own_folder / "postgres")
    with open_workbench(replace(settings, bucket="other")):
        # Prepares the database; its own knowledge base is of another bucket.
        pass
    with psycopg.connect(server.url) as connection:
        connection.execute("DELETE FROM workbench.data_source")
        connection.execute("DELETE FROM workbench.knowledge_base")
    same_ids_everywhere(server.url)
    put(own_folder, chapter)
    command = [sys.executable, "-m", "kb", "sync"]
    subprocess.run(command, cwd=CHECKOUT, env=environment(settings), check=True)
    time.sleep(moment)
    postmaster = (own_folder / "postgres" / "data" / "postmaster.pid").read_text().split()[0]
    os.kill(int(postmaster), signal.SIGKILL)
    wait_until(lambda: _status(server.url) in ("COMPLETE", "FAILED"))
    assert _status(server.url) == "COMPLETE"
    assert seen_by_readers(server.url) == undisturbed.rows
    assert _embedding_calls(server.url) == undisturbed.texts


@pytest.fixture
def own_folder() -> Iterator[Path]:
    """A data folder that the server's own user can reach, with everything ended afterwards."""
    import shutil
    import tempfile

    folder = Path(tempfile.mkdtemp(prefix="kb-kills-"))
    folder.chmod(0o711)
    yield folder
    stop_workers(folder)
    subprocess.run(
        [sys.executable, "-m", "kb", "down"],
        cwd=CHECKOUT,
        env=environment(Settings(data_dir=folder)),
        check=True,
    )
    shutil.rmtree(folder)


def _status(url: str) -> str:
    return str(_one(url, "SELECT status FROM workbench.ingestion_job"))


def _embedding_calls(url: str) -> int:
    calls = _one(url, "SELECT embedding_calls FROM workbench.ingestion_job")
    assert isinstance(calls, int)
    return calls


def _one(url: str, query: str) -> object:
    with psycopg.connect(url, connect_timeout=3) as connection:
        row = connection.execute(query.encode()).fetchone()
    return row[0] if row else None
