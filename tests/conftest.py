"""A private PostgreSQL for the whole run, a fresh database for each test that wants one."""

from __future__ import annotations

import importlib
import os
import shutil
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from sqlalchemy import Engine

ROOT = Path(__file__).resolve().parents[1]
CORPUS = ROOT.parent / "shared" / "corpus"
OFFLINE = Path(__file__).resolve().parent / "offline"

for name in [name for name in os.environ if name.startswith(("KB_", "AWS_", "PG"))]:
    del os.environ[name]
os.environ["PYTHONPATH"] = os.pathsep.join((str(OFFLINE), str(ROOT)))
sys.path.insert(0, str(OFFLINE))
# Python may have imported another module of this name at its start.
sys.modules.pop("sitecustomize", None)
importlib.import_module("sitecustomize")

from kb.adapters.catalogue import Catalogue  # noqa: E402
from kb.adapters.database import open_engine  # noqa: E402
from kb.adapters.ingestion_jobs import IngestionJobs  # noqa: E402
from kb.adapters.job_queue import JobQueue  # noqa: E402
from kb.adapters.pgvector_store import PgvectorStore  # noqa: E402
from kb.adapters.publishing import Publishing  # noqa: E402
from kb.adapters.schema import prepare_database  # noqa: E402
from kb.adapters.staging import Staging  # noqa: E402
from kb.postgres.embedded import EmbeddedServer  # noqa: E402
from kb.settings import Settings  # noqa: E402
from kb.workbench import Workbench, open_workbench  # noqa: E402
from tests.knowledge import Knowledge  # noqa: E402
from tests.made_up import DIMENSIONS, NewDatabase, SyncedChapter  # noqa: E402
from tests.moto_server import AwsServer, aws_server  # noqa: E402

#: Tests need speed, not durability; the tests of the server itself keep its own settings.
FAST = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
}


@pytest.fixture(scope="session")
def server() -> Iterator[EmbeddedServer]:
    """One server for the whole run. pytest's own folders are closed to the server's user."""
    root = Path(tempfile.mkdtemp(prefix="kb-tests-"))
    server = EmbeddedServer(root / "postgres", settings=FAST)
    root.chmod(0o711)
    server.start()
    yield server
    server.stop()
    shutil.rmtree(root)


@pytest.fixture(scope="session")
def new_database(server: EmbeddedServer) -> NewDatabase:
    """Makes a database, gives its URL, and drops it in the end; empty unless cloned."""

    @contextmanager
    def database(template: str = "template1") -> Iterator[str]:
        name = f"test_{uuid.uuid4().hex[:12]}"
        with psycopg.connect(server.url, autocommit=True) as connection:
            # Cloning by files takes a ninth of the time that the server's own way does.
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
        yield with_database(server.url, name)
        with psycopg.connect(server.url, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")

    return database


@pytest.fixture(scope="session")
def template(server: EmbeddedServer, new_database: NewDatabase) -> Iterator[str]:
    """A database with the project's schema, to be cloned."""
    with new_database() as url:
        engine = open_engine(url)
        prepare_database(engine, dimensions=DIMENSIONS)
        engine.dispose()
        JobQueue(url).prepare()
        yield urlsplit(url).path.lstrip("/")


@pytest.fixture
def database_url(new_database: NewDatabase, template: str) -> Iterator[str]:
    """A fresh database with the project's schema."""
    with new_database(template) as url:
        yield url


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """A pool on a fresh database."""
    engine = open_engine(database_url)
    yield engine
    engine.dispose()


@pytest.fixture
def knowledge(engine: Engine) -> Knowledge:
    """An empty knowledge base."""
    return Knowledge.on(engine)


@pytest.fixture
def catalogue(knowledge: Knowledge) -> Catalogue:
    """The records of its documents."""
    return knowledge.catalogue


@pytest.fixture
def jobs(knowledge: Knowledge) -> IngestionJobs:
    """The records of its ingestion jobs."""
    return knowledge.jobs


@pytest.fixture
def staging(knowledge: Knowledge) -> Staging:
    """Where its documents come in."""
    return knowledge.staging


@pytest.fixture
def publishing(knowledge: Knowledge) -> Publishing:
    """What brings them before its readers."""
    return knowledge.publishing


@pytest.fixture
def vectors(knowledge: Knowledge) -> PgvectorStore:
    """Its chunks."""
    return knowledge.vectors


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    """Settings of a workbench on a fresh database and an empty folder."""
    return Settings(data_dir=tmp_path, database_url=database_url)


@pytest.fixture
def bench(settings: Settings) -> Iterator[Workbench]:
    """An open, empty workbench."""
    with open_workbench(settings) as bench:
        yield bench


@pytest.fixture(scope="session")
def moto() -> Iterator[AwsServer]:
    """AWS on this machine, for the whole run."""
    with aws_server() as server:
        yield server


@pytest.fixture
def aws(moto: AwsServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> AwsServer:
    """An empty account, which boto3 finds."""
    moto.reset()
    moto.set_environment(monkeypatch, tmp_path)
    return moto


@pytest.fixture(scope="session")
def synced_chapter(
    new_database: NewDatabase,
    template: str,
    chapter: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[SyncedChapter]:
    """Takes a quarter of a minute, once."""
    data_dir = tmp_path_factory.mktemp("synced")
    with new_database(template) as url:
        environ = {**os.environ, "KB_DATABASE_URL": url, "KB_DATA_DIR": str(data_dir)}

        def kb(*arguments: str) -> str:
            command = [sys.executable, "-m", "kb", *arguments]
            return subprocess.check_output(command, cwd=ROOT, env=environ, text=True)

        uploaded = kb("upload", str(chapter))
        synced = kb("sync", "--wait", "--json")
        with open_workbench(Settings(data_dir=data_dir, database_url=url)) as bench:
            yield SyncedChapter(bench, environ, uploaded, synced)


@pytest.fixture(scope="session")
def chapter() -> Path:
    """The 58-page chapter of the real manual."""
    path = CORPUS / "postgresql-16-monitoring-chapter.pdf"
    if not path.is_file():
        pytest.skip("the manual's chapter is not beside this checkout (../shared/corpus)")
    return path


@pytest.fixture(scope="session")
def manual() -> Path:
    """The whole manual, 2,994 pages."""
    path = CORPUS / "postgresql-16-A4.pdf"
    if not path.is_file():
        pytest.skip("the manual is not beside this checkout (../shared/corpus)")
    return path


def with_database(url: str, name: str) -> str:
    """The same server's URL with another database."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))
