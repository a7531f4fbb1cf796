"""A job in PLAN mode: publishes nothing and tells exactly what a sync would embed."""

from __future__ import annotations

import psycopg
import pytest

from kb.models import (
    DocumentStatus,
    DocumentWorkStatus,
    IngestionJob,
    IngestionJobStatus,
    IngestionMode,
)
from tests.ingestion.ingesting import HashEmbedder, Ingester, guide
from tests.knowledge import PUBLISHED

pytestmark = pytest.mark.database


@pytest.fixture
def changing(ingester: Ingester) -> Ingester:
    """New, changed, described, renamed, removed and broken documents, and texts that repeat."""
    for key, verb in (("changed.md", "counted"), ("said.md", "noted"), ("old.md", "named")):
        ingester.upload(key, guide(4, verb))
    ingester.upload("removed.md", guide(3, "dropped"))
    ingester.describe({"title": "a"}, "said.md")
    ingester.sync()
    ingester.upload("new.md", guide(6, "summed"))
    ingester.upload("copy.md", guide(7, "summed"))
    ingester.upload("changed.md", guide(5).replace("Number 1 is counted", "It is estimated"))
    value = {"type": "STRING", "stringValue": "b"}
    ingester.describe({"title": {"value": value, "includeForEmbedding": True}}, "said.md")
    ingester.bucket.delete("old.md")
    ingester.upload("renamed.md", guide(4, "named"))
    ingester.bucket.delete("removed.md")
    ingester.upload("broken.pdf", "no PDF at all")
    return ingester


def plan(ingester: Ingester) -> tuple[IngestionJob, dict[str, int]]:
    """A planning job as it ended, and what a sync would embed, by key."""
    job = ingester.sync(mode=IngestionMode.PLAN)
    calls = ingester.knowledge.jobs.planned_calls(
        job.ingestion_job_id, ingester.identity.key, token_bits=False
    )
    works = ingester.knowledge.jobs.list_documents_of(job.ingestion_job_id)
    return job, {w.key: calls[w.document_id][0] for w in works if w.document_id in calls}


def test_a_plan_publishes_nothing(changing: Ingester, observer: psycopg.Connection) -> None:
    before = observer.execute(PUBLISHED).fetchone()
    job, _ = plan(changing)
    assert job.status is IngestionJobStatus.COMPLETE
    assert observer.execute(PUBLISHED).fetchone() == before


def test_a_plan_embeds_nothing(changing: Ingester) -> None:
    embedder = HashEmbedder()
    changing.sync(embedder, mode=IngestionMode.PLAN)
    assert embedder.texts == []


def test_a_plan_names_what_the_following_sync_embeds(changing: Ingester) -> None:
    _, planned = plan(changing)
    # copy.md comes first by its name; the others have nothing new.
    assert planned == {"copy.md": 7, "changed.md": 2, "said.md": 4}
    assert changing.sync().progress.embedding_calls == sum(planned.values())


def test_a_plan_after_a_sync_has_nothing_to_embed(changing: Ingester) -> None:
    changing.sync()
    job, planned = plan(changing)
    assert planned == {}
    assert job.progress.documents_total == 1
    assert job.statistics.documents_failed == 1


def test_a_plan_names_a_failing_document_with_its_reason(changing: Ingester) -> None:
    job, _ = plan(changing)
    works = {w.key: w for w in changing.knowledge.jobs.list_documents_of(job.ingestion_job_id)}
    failed = works["broken.pdf"]
    assert failed.status is DocumentWorkStatus.FAILED
    assert failed.status_reason is not None
    assert job.failure_reasons == (f"broken.pdf: {failed.status_reason}",)
    known = {d.key: d.status for d in changing.knowledge.catalogue.list_documents()}
    assert "broken.pdf" not in known
    assert set(known.values()) == {DocumentStatus.INDEXED}


def test_a_plan_counts_pages_and_chunks(ingester: Ingester) -> None:
    ingester.upload()
    job, _ = plan(ingester)
    progress = job.progress
    assert (progress.pages_read, progress.chunks_made, progress.share) == (1, 5, 1)


def test_what_a_plan_has_read_is_not_read_again(ingester: Ingester) -> None:
    ingester.upload()
    job, _ = plan(ingester)
    (work,) = ingester.knowledge.jobs.list_documents_of(job.ingestion_job_id)
    staged = ingester.knowledge.staging.staged_document(work.document_id)
    assert staged is not None and staged.is_complete
    assert ingester.sync().status is IngestionJobStatus.COMPLETE
    assert len(ingester.texts()) == 5


def test_a_plan_may_find_more_than_half_to_be_deleted(ingester: Ingester) -> None:
    ingester.upload()
    ingester.sync()
    ingester.bucket.delete("guide.md")
    job = ingester.sync(mode=IngestionMode.PLAN, allow_deletions=False)
    assert job.status is IngestionJobStatus.COMPLETE
    assert len(ingester.texts()) == 5


def test_a_sync_after_a_plan_leaves_nothing_staged(
    changing: Ingester, observer: psycopg.Connection
) -> None:
    plan(changing)
    changing.sync()
    staged = "SELECT count(*) FROM workbench.staged_chunk"
    assert observer.execute(staged).fetchone() == (0,)
