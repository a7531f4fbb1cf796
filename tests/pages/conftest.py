"""Pages run as Streamlit runs them, over a workbench on a fresh database."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from streamlit.testing.v1 import AppTest

from kb.demo import SAMPLE
from kb.screens.frame import shared_workbench
from kb.settings import Settings
from kb.workbench import Workbench, open_workbench
from tests.made_up import NewDatabase

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 60


class OpenPage:
    """Opens a page by its file name."""

    def __call__(self, name: str) -> AppTest:
        return AppTest.from_file(str(ROOT / "pages" / name), default_timeout=SECONDS).run()


@pytest.fixture
def open_page(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[OpenPage]:
    """Opens pages on the same database and folder as `bench`."""
    with _environment(settings, monkeypatch):
        yield OpenPage()


@pytest.fixture(scope="session")
def synced_guide(new_database: NewDatabase, template: str) -> Iterator[Settings]:
    """Database and folder of a workbench that knows the sample; to be copied, not used."""
    folder = Path(tempfile.mkdtemp(prefix="kb-guide-"))
    with new_database(template) as url:
        settings = Settings(data_dir=folder, database_url=url)
        with open_workbench(settings) as bench:
            with SAMPLE.open("rb") as stream:
                bench.data_source.upload(SAMPLE.name, stream)
            sync(bench)
        yield settings
    shutil.rmtree(folder)


@pytest.fixture
def guide(
    synced_guide: Settings,
    new_database: NewDatabase,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[OpenPage]:
    """Opens pages on a copy of a workbench that knows the sample."""
    assert synced_guide.database_url
    shutil.copytree(synced_guide.data_dir / "buckets", tmp_path / "buckets")
    with new_database(urlsplit(synced_guide.database_url).path.lstrip("/")) as url:
        settings = Settings(data_dir=tmp_path, database_url=url)
        with _environment(settings, monkeypatch):
            yield OpenPage()


def sync(bench: Workbench) -> None:
    """Run a job to its end in this process."""
    job = bench.data_source.start_ingestion_job(detached=False)
    for _ in bench.data_source.watch(job.ingestion_job_id, work=True):
        pass


@contextmanager
def _environment(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    assert settings.database_url
    monkeypatch.setenv("KB_DATABASE_URL", settings.database_url)
    monkeypatch.setenv("KB_DATA_DIR", str(settings.data_dir))
    shared_workbench.clear()
    yield
    shared_workbench.clear()
