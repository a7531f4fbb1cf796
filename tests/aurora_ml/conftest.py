"""A workbench in its default mode: its own embedded server, and the bridge as a process."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from kb.postgres.embedded import EmbeddedServer
from kb.settings import Settings
from kb.workbench import Workbench, open_workbench
from kb.workbench.bridge import stop_bridge

ROOT = Path(__file__).resolve().parents[2]

Psql = Callable[[str], subprocess.CompletedProcess[str]]


@pytest.fixture(scope="package")
def home() -> Iterator[Settings]:
    """Settings of the default mode in a folder that the server's user can reach."""
    folder = Path(tempfile.mkdtemp(prefix="kb-sql-"))
    folder.chmod(0o711)
    settings = Settings(data_dir=folder)
    yield settings
    stop_bridge(folder)
    EmbeddedServer(folder / "postgres").stop()
    shutil.rmtree(folder)


@pytest.fixture(scope="package")
def local(home: Settings) -> Iterator[Workbench]:
    """The open workbench, its bridge ready."""
    with open_workbench(home) as bench:
        bench.sql_embeddings.prepare()
        yield bench


@pytest.fixture(scope="package")
def url(local: Workbench) -> str:
    """The embedded server's database."""
    return EmbeddedServer(local.settings.data_dir / "postgres").url


@pytest.fixture
def table(url: str) -> Iterator[str]:
    """A table of forty short texts with an empty embedding column; its name."""
    name = f"notes_{uuid.uuid4().hex[:8]}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            f"CREATE TABLE {name} (id int PRIMARY KEY, content text, embedding vector(1536))"
        )
        connection.execute(
            f"INSERT INTO {name} SELECT i, 'Note ' || i || ' on vacuum' "
            "FROM generate_series(1, 40) AS i"
        )
    yield name
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"DROP TABLE IF EXISTS {name} CASCADE")


@pytest.fixture
def psql(url: str, tmp_path: Path) -> Psql:
    """Runs a shell line that has psql in it, as somebody would by hand."""
    psqlrc = tmp_path / "psqlrc"
    psqlrc.write_text("\\set ON_ERROR_STOP on\n\\pset pager off\n")
    binaries = EmbeddedServer(Path("/")).psql.parent
    environ = {
        "PATH": f"{binaries}{os.pathsep}{os.environ['PATH']}",
        "DATABASE_URL": url,
        "PSQLRC": str(psqlrc),
        "HOME": str(tmp_path),
    }

    def run(line: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["bash", "-c", line],
            cwd=ROOT,
            env=environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
        )

    return run


def value(url: str, query: str, *parameters: object) -> object:
    """The one value of a query."""
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute(query.encode(), parameters or None).fetchone()
    assert row is not None
    return row[0]
