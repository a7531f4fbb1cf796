"""A database of an earlier version becomes one of this version, with everything in it."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from kb.adapters import schema
from kb.adapters.database import open_engine
from kb.models import DocumentStatus, IngestionJobStatus
from tests.ingestion.ingesting import HashEmbedder, Ingester
from tests.knowledge import hashes
from tests.made_up import DIMENSIONS, IDENTITY, NewDatabase

pytestmark = pytest.mark.database

FIRST_TWO = ["migrations/001_workbench", "migrations/002_allow_deletions"]
DOCUMENT_ID, CHUNK_ID = str(uuid.UUID(int=1)), str(uuid.UUID(int=12))
TEXT = "Reads are counted."
OLD = f"""
INSERT INTO workbench.knowledge_base
VALUES ('KB00000001', 'kb', 'local', 'made-up', {DIMENSIONS}, true);
INSERT INTO workbench.data_source VALUES ('DS00000001', 'KB00000001', 'kb');
INSERT INTO workbench.document
VALUES ('{DOCUMENT_ID}', 'DS00000001', 'guide.md', 'e', 9, 'INDEXED', NULL, 3, 1),
       (gen_random_uuid(), 'DS00000001', 'bad.pdf', 'e', 9, 'FAILED', 'No.', 0, 0);
INSERT INTO workbench.document_page
SELECT '{DOCUMENT_ID}', number, number, 1, 1, '', '', outcome, NULL
FROM unnest(ARRAY['text', 'empty', 'skipped']) WITH ORDINALITY AS page (outcome, number);
INSERT INTO workbench.ingestion_job (ingestion_job_id, data_source_id, status)
VALUES ('JOB0000001', 'DS00000001', 'COMPLETE'), ('JOB0000002', 'DS00000001', 'IN_PROGRESS');
"""


@pytest.fixture
def old_url(new_database: NewDatabase, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A database as the version before documents were tasks has left it, in the middle of a job."""
    with new_database() as url:
        engine = open_engine(url)
        with monkeypatch.context() as patch:
            patch.setattr(schema, "migrations", lambda: FIRST_TWO)
            schema.prepare_database(engine, dimensions=DIMENSIONS)
        engine.dispose()
        with psycopg.connect(url) as connection:
            connection.execute(OLD.encode())
            insert = "INSERT INTO bedrock_integration.bedrock_kb VALUES (%s, %s, %s, '{}', '{}')"
            vector = str(HashEmbedder().embed_query(f"Guide\n{TEXT}").tolist())
            connection.execute(insert, (CHUNK_ID, vector, TEXT))
            connection.execute(
                "INSERT INTO workbench.chunk "
                "VALUES (%s, %s, 0, '{Guide}', 3, 1, 1, '1', '{}', %s, '')",
                (CHUNK_ID, DOCUMENT_ID, hashes([TEXT], ["Guide"])[0]),
            )
        yield url


@pytest.fixture
def migrated(old_url: str, tmp_path: Path) -> Iterator[Ingester]:
    engine = open_engine(old_url)
    schema.prepare_database(engine, dimensions=IDENTITY.dimensions)
    yield Ingester(engine, tmp_path / "bucket")
    engine.dispose()


def test_documents_keep_their_state_and_get_receipts(migrated: Ingester) -> None:
    document = migrated.document()
    assert (document.status, document.chunks, document.pages) == (DocumentStatus.INDEXED, 1, 3)
    counts = (document.pages_text, document.pages_empty, document.pages_skipped)
    assert (*counts, document.pages_failed) == (1, 1, 1, 0)
    assert migrated.document("bad.pdf").status_reason == "No."


def test_chunks_are_still_found(migrated: Ingester) -> None:
    assert migrated.texts() == [TEXT]


def test_a_job_that_ran_has_stopped_and_the_next_may_start(migrated: Ingester) -> None:
    assert migrated.job("JOB0000001").status is IngestionJobStatus.COMPLETE
    assert migrated.job("JOB0000002").status is IngestionJobStatus.STOPPED
    assert migrated.knowledge.jobs.running_ingestion_job() is None
    assert migrated.sync().status is IngestionJobStatus.COMPLETE


def test_the_next_sync_embeds_nothing_again(migrated: Ingester) -> None:
    migrated.upload(content=f"# Guide\n\n{TEXT}")
    embedder = HashEmbedder()
    migrated.sync(embedder)
    assert embedder.texts == []
    assert [result.heading_path for result in migrated.results()] == [("Guide",)]
