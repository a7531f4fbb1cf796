"""Upload, sync and watch, as pages and command line do it, with a worker in this process."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from kb.adapters import minilm
from kb.errors import Conflict, DatabaseError, ObjectStoreError
from kb.models import (
    DocumentStatus,
    DocumentWorkStatus,
    IngestionJob,
    IngestionJobStatus,
    IngestionMode,
)
from kb.settings import Settings
from kb.workbench import Workbench, open_workbench
from kb.workbench.keeper import stop_workers

pytestmark = pytest.mark.database

NOTE = "# Views\n\nThe pg_stat_io view counts reads and writes of each backend type."


@pytest.fixture(autouse=True)
def no_worker_stays(settings: Settings) -> Iterator[None]:
    yield
    stop_workers(settings.data_dir)


def upload(bench: Workbench, key: str = "note.md", text: str = NOTE) -> None:
    bench.data_source.upload(key, io.BytesIO(text.encode()))


def sync(bench: Workbench) -> IngestionJob:
    """Start a job, do it here and return it as it ended."""
    job = bench.data_source.start_ingestion_job(detached=False, allow_deletions=True)
    *_, last = bench.data_source.watch(job.ingestion_job_id, work=True)
    return last


def states(bench: Workbench) -> dict[str, tuple[DocumentStatus, str | None]]:
    return {d.key: (d.status, d.status_reason) for d in bench.data_source.documents()}


def test_an_uploaded_document_is_pending(bench: Workbench) -> None:
    upload(bench)
    assert states(bench) == {"note.md": (DocumentStatus.PENDING, None)}
    assert bench.data_source.documents()[0].uri == "s3://workbench/note.md"


def test_a_synced_document_is_indexed(bench: Workbench) -> None:
    upload(bench)
    assert sync(bench).status is IngestionJobStatus.COMPLETE
    assert states(bench) == {"note.md": (DocumentStatus.INDEXED, None)}


def test_a_document_keeps_its_id_from_upload_to_index(bench: Workbench) -> None:
    upload(bench)
    before = bench.data_source.documents()[0].document_id
    sync(bench)
    assert bench.data_source.documents()[0].document_id == before


def test_a_replaced_document_is_pending_until_the_next_sync(bench: Workbench) -> None:
    upload(bench)
    sync(bench)
    upload(bench, text=NOTE + " It is new.")
    assert states(bench) == {"note.md": (DocumentStatus.PENDING, "Changed since the last sync")}


def test_what_differs_from_the_knowledge_base_is_waiting(bench: Workbench) -> None:
    upload(bench)
    upload(bench, "other.md")
    before = bench.data_source.waiting()
    sync(bench)
    after = bench.data_source.waiting()
    bench.data_source.delete("other.md")
    upload(bench, text="# Other\n\nSomething else altogether.")
    assert (before, after, bench.data_source.waiting()) == (2, 0, 2)


def test_a_deleted_document_leaves_with_the_next_sync(bench: Workbench) -> None:
    upload(bench)
    sync(bench)
    bench.data_source.delete("note.md")
    assert bench.status().chunks == 1
    assert sync(bench).statistics.documents_deleted == 1
    assert (bench.status().documents, bench.status().chunks) == (0, 0)


def test_a_document_over_the_limit_is_refused(settings: Settings, bench: Workbench) -> None:
    with pytest.raises(ObjectStoreError, match="50 MB"):
        bench.data_source.upload("big.md", io.BytesIO(bytes(settings.max_document_bytes + 1)))


def test_watching_ends_with_the_job_s_end(bench: Workbench) -> None:
    upload(bench)
    job = bench.data_source.start_ingestion_job(detached=False)
    seen = list(bench.data_source.watch(job.ingestion_job_id, work=True))
    assert [s.status.is_final for s in seen] == [False] * (len(seen) - 1) + [True]


def test_a_second_start_is_a_conflict(bench: Workbench) -> None:
    bench.data_source.start_ingestion_job(detached=False)
    with pytest.raises(Conflict):
        bench.data_source.start_ingestion_job(detached=False)


def test_after_a_conflict_somebody_works_on_the_first_job(bench: Workbench) -> None:
    # Its own worker may have been killed; the one that the conflict starts does the job.
    upload(bench)
    job = bench.data_source.start_ingestion_job(detached=False)
    with pytest.raises(Conflict):
        bench.data_source.start_ingestion_job(detached=False)
    *_, last = bench.data_source.watch(job.ingestion_job_id, work=False)
    assert last.status is IngestionJobStatus.COMPLETE


def test_a_stopped_job_that_nobody_works_on_has_stopped(
    bench: Workbench, database_url: str
) -> None:
    upload(bench)
    job = bench.data_source.start_ingestion_job(detached=False)
    bench.data_source.stop_ingestion_job(job.ingestion_job_id)
    stopped = bench.data_source.get_ingestion_job(job.ingestion_job_id)
    assert stopped.status is IngestionJobStatus.STOPPED
    with psycopg.connect(database_url, options="-c search_path=workbench_queue") as connection:
        left = connection.execute("SELECT count(*) FROM procrastinate_jobs").fetchone()
    assert left == (0,)
    assert sync(bench).status is IngestionJobStatus.COMPLETE


def test_a_stopped_job_that_somebody_works_on_stops_when_he_hears_it(
    bench: Workbench, database_url: str
) -> None:
    upload(bench)
    job = bench.data_source.start_ingestion_job(detached=False)
    with psycopg.connect(database_url) as connection:
        connection.execute(
            "INSERT INTO workbench.worker (worker_id, data_source_id, host, pid) "
            "VALUES (gen_random_uuid(), %s, 'elsewhere', 1)",
            (bench.data_source.data_source_id,),
        )
    bench.data_source.stop_ingestion_job(job.ingestion_job_id)
    stopping = bench.data_source.get_ingestion_job(job.ingestion_job_id)
    assert stopping.status is IngestionJobStatus.STOPPING
    with psycopg.connect(database_url) as connection:
        connection.execute("DELETE FROM workbench.worker")
    *_, last = bench.data_source.watch(job.ingestion_job_id, work=True)
    assert last.status is IngestionJobStatus.STOPPED


def test_a_job_that_can_not_be_queued_does_not_run_for_ever(
    bench: Workbench, database_url: str
) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute("ALTER SCHEMA workbench_queue RENAME TO elsewhere")
        connection.execute("CREATE SCHEMA workbench_queue")
    with pytest.raises(DatabaseError):
        bench.data_source.start_ingestion_job(detached=False)
    assert bench.data_source.list_ingestion_jobs()[0].status is IngestionJobStatus.FAILED


def test_a_job_that_the_queue_has_lost_is_queued_again(bench: Workbench, database_url: str) -> None:
    upload(bench)
    lost = bench.data_source.start_ingestion_job(detached=False)
    with psycopg.connect(database_url, options="-c search_path=workbench_queue") as connection:
        connection.execute("DELETE FROM procrastinate_jobs")
        connection.execute(
            "UPDATE workbench.ingestion_job SET updated_at = now() - interval '1 minute'"
        )
    *_, last = bench.data_source.watch(lost.ingestion_job_id, work=True)
    assert (last.status, last.failure_reasons) == (IngestionJobStatus.COMPLETE, ())


def test_a_running_job_is_known_to_everybody(bench: Workbench) -> None:
    assert bench.data_source.running_ingestion_job() is None
    job = bench.data_source.start_ingestion_job(mode=IngestionMode.PLAN, detached=False)
    assert bench.data_source.running_ingestion_job() == job
    assert bench.data_source.list_ingestion_jobs() == []


def test_the_documents_of_a_job_are_told_with_what_became_of_them(bench: Workbench) -> None:
    upload(bench)
    upload(bench, "broken.pdf", "no PDF")
    job = sync(bench)
    failed, done = bench.data_source.list_documents_of(job.ingestion_job_id)
    assert (failed.key, failed.status) == ("broken.pdf", DocumentWorkStatus.FAILED)
    assert (done.key, done.progress.chunks_stored) == ("note.md", 1)


def test_a_metadata_file_is_not_listed_and_waits_with_its_document(bench: Workbench) -> None:
    upload(bench)
    sync(bench)
    upload(bench, "note.md.metadata.json", '{"metadataAttributes": {"year": 2026}}')
    assert [d.key for d in bench.data_source.documents()] == ["note.md"]
    assert bench.data_source.waiting() == 1
    assert sync(bench).statistics.metadata_documents_modified == 1
    (found,) = bench.knowledge_base.retrieve("What counts reads?").results
    assert found.metadata["year"] == 2026


def test_what_was_indexed_may_be_retained(bench: Workbench, settings: Settings) -> None:
    upload(bench)
    sync(bench)
    bench.data_source.delete("note.md")
    with open_workbench(replace(settings, data_deletion_policy="RETAIN")) as retaining:
        assert retaining.data_source.waiting() == 0
        assert sync(retaining).status is IngestionJobStatus.COMPLETE
        assert retaining.status().chunks == 1


@pytest.fixture
def other_model(settings: Settings, tmp_path: Path) -> Settings:
    """Settings with a model of one's own, which is another model to the knowledge base."""
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "model.onnx").symlink_to(minilm._packaged_model())
    (folder / "tokenizer.json").symlink_to(minilm.TOKENIZER_FILE)
    return replace(settings, model_dir=folder)


@pytest.mark.parametrize("mode", [IngestionMode.SYNC, IngestionMode.PLAN])
def test_a_job_with_another_model_is_refused_unless_it_rebuilds(
    mode: IngestionMode, bench: Workbench, other_model: Settings
) -> None:
    with (
        open_workbench(other_model) as other,
        pytest.raises(DatabaseError, match="python -m kb sync --rebuild"),
    ):
        other.data_source.start_ingestion_job(mode=mode, detached=False)
    assert bench.data_source.running_ingestion_job() is None


def test_a_rebuild_makes_the_knowledge_base_the_other_model_s(
    bench: Workbench, other_model: Settings
) -> None:
    upload(bench)
    sync(bench)
    with open_workbench(other_model) as other:
        source = other.data_source
        job = source.start_ingestion_job(mode=IngestionMode.REBUILD, detached=False)
        *_, last = source.watch(job.ingestion_job_id, work=True)
        assert (last.status, last.progress.embedding_calls) == (IngestionJobStatus.COMPLETE, 1)
        assert len(other.knowledge_base.retrieve("What counts reads?").results) == 1
    with pytest.raises(DatabaseError, match="sync --rebuild"):
        bench.knowledge_base.retrieve("What counts reads?")


def test_the_uri_names_the_bucket(bench: Workbench) -> None:
    assert bench.data_source.uri == "s3://workbench"
