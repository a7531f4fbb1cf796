"""An empty knowledge base and whoever ingests documents into it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Engine

from kb.ingestion import progress
from tests.ingestion.ingesting import Ingester


@pytest.fixture
def ingester(engine: Engine, tmp_path: Path) -> Ingester:
    return Ingester(engine, tmp_path / "bucket")


@pytest.fixture
def observer(database_url: str) -> Iterator[psycopg.Connection]:
    """Somebody who looks at the tables themselves."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        yield connection


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A request to stop is heard at the next opportunity."""
    monkeypatch.setattr(progress, "REPORT_SECONDS", 0)
