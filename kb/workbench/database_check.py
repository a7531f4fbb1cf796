"""Looks at the database that the settings name, and prepares it, without opening a workbench."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine

from kb.adapters import database_check, schema
from kb.adapters.database import Database, open_engine
from kb.adapters.job_queue import JobQueue
from kb.embedding_sql.findings import Finding
from kb.settings import Settings
from kb.workbench.databases import open_database
from kb.workbench.models import open_models


def check_database(settings: Settings) -> list[Finding]:
    """What is there and what is missing, in the order in which it is to be mended."""
    with _opened(settings) as (_, engine):
        return database_check.check_database(engine, dimensions=_dimensions(settings))


def prepare_database(settings: Settings) -> list[Finding]:
    """Run sql/schema and the migrations, make the queue's tables, and look again."""
    with _opened(settings) as (database, engine):
        schema.prepare_database(engine, dimensions=_dimensions(settings))
        JobQueue(database).prepare()
        return database_check.check_database(engine, dimensions=_dimensions(settings))


@contextmanager
def _opened(settings: Settings) -> Iterator[tuple[Database, Engine]]:
    database = open_database(settings)
    engine = open_engine(database)
    try:
        yield database, engine
    finally:
        engine.dispose()


def _dimensions(settings: Settings) -> int:
    return open_models(settings).embedder.identity.dimensions
