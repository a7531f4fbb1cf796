"""A rebuild for another model: readers see the old vectors until all new ones are there."""

from __future__ import annotations

import json
import uuid
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Engine

from kb.errors import ConnectionLost, DatabaseError, ModelError
from kb.models import IngestionJobStatus, IngestionMode, ModelIdentity, SearchType
from tests.ingestion.ingesting import HashEmbedder, Ingester, failing, guide
from tests.knowledge import Knowledge
from tests.made_up import IDENTITY

pytestmark = pytest.mark.database

SMALLER = ModelIdentity(provider="local", model="smaller", dimensions=256, normalised=True)
CHUNKS = 60
ROWS = """
SELECT id, chunks, CAST(metadata AS text), custom_metadata
FROM bedrock_integration.bedrock_kb ORDER BY id
"""
SHAPE = """
SELECT indexname AS name, indexdef AS definition
FROM pg_indexes WHERE schemaname = 'bedrock_integration'
UNION ALL
SELECT conname, pg_get_constraintdef(oid)
FROM pg_constraint WHERE conrelid = 'bedrock_integration.bedrock_kb'::regclass
UNION ALL
SELECT tablename, tableowner FROM pg_tables WHERE schemaname = 'bedrock_integration'
UNION ALL
SELECT attname, format('%s %s %s', atttypid::regtype, attnotnull, attstorage)
FROM pg_attribute WHERE attrelid = 'bedrock_integration.bedrock_kb'::regclass AND attnum > 0
ORDER BY 1, 2
"""
TYPE = """
SELECT format_type(atttypid, atttypmod) FROM pg_attribute
WHERE attrelid = 'bedrock_integration.bedrock_kb'::regclass AND attname = 'embedding'
"""


@pytest.fixture
def old(ingester: Ingester) -> Ingester:
    """A knowledge base of the old model, 384 dimensions."""
    ingester.upload(content=guide(CHUNKS))
    ingester.describe({"year": 2026})
    ingester.sync()
    return ingester


@pytest.fixture
def new(old: Ingester, engine: Engine, tmp_path: Path) -> Ingester:
    """The same knowledge base, opened with a model of 256 dimensions."""
    return Ingester(engine, tmp_path / "bucket", identity=SMALLER)


def rebuild(new: Ingester, embedder: HashEmbedder | None = None) -> IngestionJobStatus:
    return new.sync(embedder or HashEmbedder(SMALLER), mode=IngestionMode.REBUILD).status


def test_a_rebuilt_table_has_the_new_dimensions(
    new: Ingester, observer: psycopg.Connection
) -> None:
    assert rebuild(new) is IngestionJobStatus.COMPLETE
    assert observer.execute(TYPE).fetchone() == ("vector(256)",)


def test_a_rebuilt_table_has_the_same_rows_but_for_their_vectors(
    new: Ingester, observer: psycopg.Connection
) -> None:
    before = observer.execute(ROWS).fetchall()
    rebuild(new)
    assert len(before) == CHUNKS
    assert observer.execute(ROWS).fetchall() == before


def test_a_rebuilt_table_has_the_same_indexes_key_owner_and_storage(
    new: Ingester, observer: psycopg.Connection
) -> None:
    observer.execute(
        'CREATE INDEX "Mine, too" ON bedrock_integration.bedrock_kb '
        "((custom_metadata ->> 'year')) WHERE chunks IS NOT NULL"
    )
    before = observer.execute(SHAPE).fetchall()
    rebuild(new)
    assert observer.execute(SHAPE).fetchall() == before
    left = "SELECT to_regclass('bedrock_integration.bedrock_kb_rebuilt')"
    assert observer.execute(left).fetchone() == (None,)


def test_a_rebuilt_knowledge_base_is_of_the_new_model(new: Ingester) -> None:
    assert new.knowledge.catalogue.embedding_model() == IDENTITY
    rebuild(new)
    assert new.knowledge.catalogue.embedding_model() == SMALLER
    new.knowledge.catalogue.check_model()


def test_a_rebuilt_chunk_is_found_by_its_text(new: Ingester) -> None:
    embedder = HashEmbedder(SMALLER)
    rebuild(new, embedder)
    found = new.knowledge.vectors.retrieve(
        embedder.embed_query(embedder.texts[7]),
        question="",
        identifiers=[],
        search_type=SearchType.SEMANTIC,
        number_of_results=1,
    )
    assert found[0].similarity == pytest.approx(1, abs=1e-5)
    assert embedder.texts[7].endswith(found[0].text)


def test_readers_see_the_old_vectors_until_all_new_ones_are_there(
    old: Ingester, new: Ingester
) -> None:
    before, seen = old.texts(), []
    embedder = HashEmbedder(SMALLER, during=lambda _: seen.append(old.texts()))
    rebuild(new, embedder)
    assert len(seen) == CHUNKS / embedder.batch_size
    assert all(texts == before for texts in seen)
    assert new.texts() == before


def test_whoever_asks_with_the_other_model_is_refused_with_what_to_do(
    old: Ingester, new: Ingester
) -> None:
    with pytest.raises(DatabaseError, match=r"local/made-up/384/unit.*sync --rebuild"):
        new.texts()
    rebuild(new)
    with pytest.raises(DatabaseError, match=r"local/smaller/256/unit.*start the app again"):
        old.texts()


def test_a_sync_with_another_model_is_refused_with_what_to_do(
    new: Ingester, observer: psycopg.Connection
) -> None:
    before = observer.execute(ROWS).fetchall()
    job = new.sync(HashEmbedder(SMALLER))
    assert job.status is IngestionJobStatus.FAILED
    assert "python -m kb sync --rebuild" in job.failure_reasons[0]
    assert observer.execute(ROWS).fetchall() == before


@pytest.mark.parametrize("error", [ModelError("Gone."), ConnectionLost("Gone.")])
def test_a_rebuild_that_is_cut_off_goes_on_where_it_was(
    error: Exception, old: Ingester, new: Ingester
) -> None:
    job_id = new.start(mode=IngestionMode.REBUILD)
    embedder = failing(20, error)
    embedder.identity = SMALLER
    if isinstance(error, ConnectionLost):
        with pytest.raises(ConnectionLost):
            new.run(new.ingestion(embedder), job_id)
    else:
        new.run(new.ingestion(embedder), job_id)
        job_id = new.start(mode=IngestionMode.REBUILD)
    assert len(old.texts()) == CHUNKS
    rest = HashEmbedder(SMALLER)
    job = new.run(new.ingestion(rest), job_id)
    assert job.status is IngestionJobStatus.COMPLETE
    # What was in the last, uncommitted handful is embedded again.
    assert CHUNKS - 38 <= len(rest.texts) < CHUNKS
    assert len(new.texts()) == CHUNKS


def test_a_rebuild_may_be_stopped_and_changes_nothing_then(old: Ingester, new: Ingester) -> None:
    job_id = new.start(mode=IngestionMode.REBUILD)

    def stop_it(call: int) -> None:
        if call == 9:
            new.knowledge.jobs.stop_ingestion_job(job_id)

    stop = HashEmbedder(SMALLER, during=stop_it)
    job = new.run(new.ingestion(stop), job_id)
    assert job.status is IngestionJobStatus.STOPPED
    assert len(stop.texts) < CHUNKS
    assert len(old.texts()) == CHUNKS


def test_a_rebuild_embeds_each_text_once_and_counts_it(new: Ingester, old: Ingester) -> None:
    old.upload("copy.md", guide(CHUNKS))
    old.sync()
    embedder = HashEmbedder(SMALLER)
    job = new.sync(embedder, mode=IngestionMode.REBUILD)
    assert len(embedder.texts) == job.progress.embedding_calls == CHUNKS
    assert len(new.texts()) == 2 * CHUNKS


def test_a_rebuild_embeds_what_was_embedded_before(old: Ingester, new: Ingester) -> None:
    value = {"type": "STRING", "stringValue": "Views"}
    old.describe({"title": {"value": value, "includeForEmbedding": True}})
    before, after = HashEmbedder(), HashEmbedder(SMALLER)
    old.sync(before)
    rebuild(new, after)
    assert sorted(after.texts) == sorted(before.texts)
    assert after.texts[0].startswith("title: Views\n\nSection ")


def test_a_rebuild_is_followed_by_a_sync(new: Ingester) -> None:
    new.upload("new.md", guide(3, "summed"))
    job = new.sync(HashEmbedder(SMALLER), mode=IngestionMode.REBUILD)
    assert job.statistics.new_documents_indexed == 1
    assert len(new.texts()) == CHUNKS + 3
    assert new.sync(HashEmbedder(SMALLER)).progress.embedding_calls == 0


def test_a_row_that_bedrock_wrote_is_rebuilt_from_its_text(
    new: Ingester, observer: psycopg.Connection
) -> None:
    observer.execute(
        "INSERT INTO bedrock_integration.bedrock_kb VALUES (%s, NULL, 'By Bedrock.', %s, '{}')",
        (uuid.uuid4(), json.dumps({"year": 2026})),
    )
    embedder = HashEmbedder(SMALLER)
    rebuild(new, embedder)
    assert "By Bedrock." in embedder.texts
    assert "By Bedrock." in new.texts()


def test_a_rebuild_of_nothing_is_a_change_of_the_model(ingester: Ingester, engine: Engine) -> None:
    new = Ingester(engine, ingester.bucket._objects.parent, identity=SMALLER)
    assert rebuild(new) is IngestionJobStatus.COMPLETE
    new.upload()
    assert new.sync(HashEmbedder(SMALLER)).status is IngestionJobStatus.COMPLETE
    assert len(new.texts()) == 5


def test_a_rebuild_for_the_same_model_embeds_nothing(old: Ingester) -> None:
    embedder = HashEmbedder()
    job = old.sync(embedder, mode=IngestionMode.REBUILD)
    assert (job.status, embedder.texts) == (IngestionJobStatus.COMPLETE, [])


def test_a_rebuild_beside_another_job_of_the_database_is_refused(
    new: Ingester, engine: Engine
) -> None:
    Knowledge.on(engine, bucket="other").jobs.create_ingestion_job()
    job = new.sync(HashEmbedder(SMALLER), mode=IngestionMode.REBUILD)
    assert job.status is IngestionJobStatus.FAILED
    assert "Another ingestion job of this database is running" in job.failure_reasons[0]
