"""A disk that fills up in the middle of a sync: the reason is told, and a retry completes."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest

from kb.models import IngestionJob, IngestionJobStatus
from kb.postgres.embedded import EmbeddedServer
from kb.settings import Settings
from kb.workbench import Workbench, open_workbench
from tests.conftest import with_database
from tests.workbench.killing import put, seen_by_readers

pytestmark = pytest.mark.database

#: Plenty; the test leaves it only a little more than a prepared database takes.
LARGE = "200m"


@pytest.fixture
def small_disk(server: EmbeddedServer) -> Iterator[Path]:
    """A file system of its own, as the server's user; only root can make one."""
    folder = Path(tempfile.mkdtemp(prefix="kb-disk-"))
    options = f"size={LARGE},uid={server_uid(server)},mode=700"
    mount = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True).returncode:
        folder.rmdir()
        pytest.skip("needs the right to mount a small file system")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)
    folder.rmdir()


def server_uid(server: EmbeddedServer) -> int:
    """Whose files the server's are."""
    return (server.root / "data").stat().st_uid


def resize(disk: Path, size: str) -> None:
    """Give the file system another size."""
    subprocess.run(["mount", "-o", f"remount,size={size}", str(disk)], check=True)


@pytest.fixture
def url(server: EmbeddedServer, template: str, small_disk: Path) -> Iterator[str]:
    """A database on the small disk."""
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute(f"CREATE TABLESPACE small LOCATION '{small_disk}'".encode())
        connection.execute(
            f"CREATE DATABASE on_small TEMPLATE {template} TABLESPACE small".encode()
        )
    yield with_database(server.url, "on_small")
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute("DROP DATABASE on_small WITH (FORCE)")
        connection.execute("DROP TABLESPACE small")


@pytest.fixture
def bench(settings: Settings, url: str) -> Iterator[Workbench]:
    with open_workbench(replace(settings, database_url=url)) as bench:
        yield bench


def sync(bench: Workbench) -> IngestionJob:
    """Run a job in this process and return how it ended."""
    job = bench.data_source.start_ingestion_job(detached=False)
    *_, last = bench.data_source.watch(job.ingestion_job_id, work=True)
    return last


def test_a_full_disk_ends_the_job_with_its_reason_and_a_retry_completes(
    bench: Workbench, url: str, small_disk: Path, chapter: Path, tmp_path: Path
) -> None:
    note = tmp_path / "note.md"
    note.write_text("# Reads\n\nReads are counted by the view.")
    put(bench.settings.data_dir, note)
    assert sync(bench).status is IngestionJobStatus.COMPLETE
    before = seen_by_readers(url)
    used = int(subprocess.check_output(["du", "-sk", str(small_disk)]).split()[0])
    resize(small_disk, f"{used + 400}k")

    put(bench.settings.data_dir, chapter)
    failed = sync(bench)

    assert failed.status is IngestionJobStatus.FAILED
    assert "no room left" in failed.failure_reasons[0]
    assert seen_by_readers(url)[:3] == before[:3]

    resize(small_disk, LARGE)
    retried = sync(bench)
    assert retried.status is IngestionJobStatus.COMPLETE
    assert retried.statistics.new_documents_indexed == 1
    assert urlsplit(url).path == "/on_small"
