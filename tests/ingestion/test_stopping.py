"""What ends a job early: a stop, a model that fails, a worker that ends. The next job goes on."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path

import psycopg
import pytest

from kb.adapters.local_folder import LocalFolder
from kb.errors import ConnectionLost, ModelError
from kb.ingestion.stopping import Interrupted
from kb.models import DocumentStatus, DocumentWorkStatus, IngestionJob, IngestionJobStatus
from tests.ingestion.ingesting import HashEmbedder, Ingester, failing, guide

pytestmark = pytest.mark.database

CHUNKS = 60


def stopped(ingester: Ingester, call: int = 20) -> IngestionJob:
    """A job that is asked to stop while it embeds."""
    job_id = ingester.start()

    def stop(now: int) -> None:
        if now == call:
            ingester.knowledge.jobs.stop_ingestion_job(job_id)

    return ingester.run(ingester.ingestion(HashEmbedder(during=stop)), job_id)


def test_a_job_that_is_asked_to_stop_ends_stopped(ingester: Ingester) -> None:
    ingester.upload(content=guide(CHUNKS))
    job = stopped(ingester)
    assert (job.status, job.failure_reasons) == (IngestionJobStatus.STOPPED, ())
    assert ingester.document().status is DocumentStatus.PENDING
    assert ingester.texts() == []


def test_a_stopped_job_leaves_the_published_version(ingester: Ingester) -> None:
    ingester.upload(content=guide(3))
    ingester.sync()
    before = ingester.texts()
    ingester.upload(content=guide(CHUNKS, "summed"))
    stopped(ingester)
    assert ingester.texts() == before


def test_a_sync_after_a_stop_does_not_embed_again_what_was_embedded(
    ingester: Ingester, at_once: None
) -> None:
    ingester.upload(content=guide(CHUNKS))
    first = stopped(ingester)
    assert 0 < first.progress.embedding_calls < CHUNKS
    job = ingester.sync()
    assert job.status is IngestionJobStatus.COMPLETE
    assert job.progress.embedding_calls == CHUNKS - first.progress.embedding_calls
    assert job.statistics.new_documents_indexed == 1
    assert len(ingester.texts()) == CHUNKS


def test_a_job_that_is_to_stop_before_it_begins_does_nothing(ingester: Ingester) -> None:
    ingester.upload()
    embedder, job_id = HashEmbedder(), ingester.start()
    ingester.knowledge.jobs.stop_ingestion_job(job_id)
    job = ingester.run(ingester.ingestion(embedder), job_id)
    assert (job.status, embedder.texts) == (IngestionJobStatus.STOPPED, [])


def test_a_job_that_is_to_stop_between_two_documents_leaves_the_second(
    ingester: Ingester,
) -> None:
    ingester.upload("a.md", guide(9))
    ingester.upload("b.md", guide(3, "summed"))
    ingestion, job_id = ingester.ingestion(), ingester.start()
    first, second = ingestion.begin(job_id)
    ingestion.ingest(job_id, first)
    ingester.knowledge.jobs.stop_ingestion_job(job_id)
    ingestion.ingest(job_id, second)
    assert ingester.job(job_id).status is IngestionJobStatus.STOPPED
    assert len(ingester.texts()) == 9
    assert ingester.sync().statistics.new_documents_indexed == 1


def test_a_stop_before_the_deletions_deletes_nothing(ingester: Ingester) -> None:
    ingester.upload("a.md")
    ingester.sync()
    ingester.bucket.delete("a.md")
    ingester.upload("b.md", guide(3, "summed"))
    ingestion, job_id = ingester.ingestion(), ingester.start()
    (waiting,) = ingestion.begin(job_id)
    ingester.knowledge.jobs.stop_ingestion_job(job_id)
    ingestion.ingest(job_id, waiting)
    assert ingester.job(job_id).status is IngestionJobStatus.STOPPED
    assert len(ingester.texts()) == 5


def test_a_model_that_fails_ends_the_job_with_its_sentence(ingester: Ingester) -> None:
    ingester.upload()
    job = ingester.sync(failing(2, ModelError("The model is gone; bring it back.")))
    assert job.status is IngestionJobStatus.FAILED
    assert job.failure_reasons == ("The model is gone; bring it back.",)
    assert ingester.document().status is DocumentStatus.PENDING


def test_documents_that_were_not_done_wait_for_the_next_job(ingester: Ingester) -> None:
    ingester.upload()
    job = ingester.sync(failing(1, ModelError("Gone.")))
    (work,) = ingester.knowledge.jobs.list_documents_of(job.ingestion_job_id)
    assert work.status is DocumentWorkStatus.STOPPED


def test_a_sync_after_a_failure_embeds_only_what_is_missing(ingester: Ingester) -> None:
    ingester.upload(content=guide(CHUNKS))
    first = ingester.sync(failing(20, ModelError("Gone.")))
    assert 0 < first.progress.embedding_calls < CHUNKS
    assert ingester.sync().progress.embedding_calls == CHUNKS - first.progress.embedding_calls


def test_an_unexpected_error_still_ends_the_job_s_row(ingester: Ingester) -> None:
    ingester.upload()
    job_id = ingester.start()
    with pytest.raises(ZeroDivisionError):
        ingester.run(ingester.ingestion(failing(1, ZeroDivisionError())), job_id)
    job = ingester.job(job_id)
    assert job.status is IngestionJobStatus.FAILED
    assert "ZeroDivisionError" in job.failure_reasons[0]
    assert ingester.document().status is DocumentStatus.PENDING


def test_a_failed_job_leaves_no_document_that_seems_to_be_at_work(ingester: Ingester) -> None:
    # One worker meets the end of the model while another embeds the next document.
    ingester.upload("a.md")
    ingester.upload("b.md", guide(9, "summed"))
    job_id = ingester.start()
    fails = ingester.ingestion(failing(1, ModelError("Gone.")))
    first, second = fails.begin(job_id)
    works = ingester.ingestion(HashEmbedder(during=lambda _: fails.ingest(job_id, second)))
    works.ingest(job_id, first)
    assert ingester.job(job_id).status is IngestionJobStatus.FAILED
    states = {d.key: d.status for d in ingester.knowledge.catalogue.list_documents()}
    assert set(states.values()) == {DocumentStatus.PENDING}


@pytest.mark.parametrize("error", [Interrupted(), ConnectionLost("Gone.")])
def test_a_worker_that_ends_leaves_the_job_to_the_next_one(
    error: BaseException, ingester: Ingester
) -> None:
    ingester.upload(content=guide(CHUNKS))
    job_id = ingester.start()
    with pytest.raises(type(error)):
        ingester.run(ingester.ingestion(failing(20, error)), job_id)
    left = ingester.job(job_id)
    assert left.status is IngestionJobStatus.IN_PROGRESS
    job = ingester.run(ingester.ingestion(embedder := HashEmbedder()), job_id)
    assert job.status is IngestionJobStatus.COMPLETE
    assert len(embedder.texts) == CHUNKS - left.progress.embedding_calls < CHUNKS


def test_a_worker_that_is_told_to_end_gives_its_document_back(ingester: Ingester) -> None:
    ingester.upload(content=guide(CHUNKS))
    job_id = ingester.start()
    embedder = HashEmbedder(during=lambda _: ingestion.interrupted.set())
    ingestion = ingester.ingestion(embedder)
    with pytest.raises(Interrupted):
        ingester.run(ingestion, job_id)
    assert ingester.job(job_id).status is IngestionJobStatus.IN_PROGRESS
    assert ingester.run(ingester.ingestion(), job_id).status is IngestionJobStatus.COMPLETE


class Counting(LocalFolder):
    """A bucket that knows how often its objects were read."""

    reads = 0

    def local_copy(self, key: str) -> AbstractContextManager[Path]:
        self.reads += 1
        return super().local_copy(key)


@pytest.mark.parametrize(("changed", "reads"), [(False, 0), (True, 1)])
def test_what_is_staged_is_read_again_only_if_it_has_changed(
    changed: bool, reads: int, ingester: Ingester, tmp_path: Path
) -> None:
    ingester.upload()
    ingester.sync(failing(1, ModelError("Gone.")))
    if changed:
        ingester.upload(content=guide(9))
    bucket = Counting(tmp_path / "bucket", bucket="kb")
    assert ingester.sync(bucket=bucket).status is IngestionJobStatus.COMPLETE
    assert bucket.reads == reads
    assert len(ingester.texts()) == (9 if changed else 5)


def test_what_a_crash_of_the_server_has_taken_is_read_again(
    ingester: Ingester, observer: psycopg.Connection
) -> None:
    def crash(call: int) -> None:
        if call == 2:
            observer.execute("DELETE FROM workbench.staged_chunk WHERE ordinal = 0")

    ingester.upload()
    job = ingester.sync(HashEmbedder(during=crash))
    assert job.status is IngestionJobStatus.COMPLETE
    assert len(ingester.texts()) == 5


def test_a_completed_job_forgets_the_vectors_of_texts_that_are_nowhere(
    ingester: Ingester,
) -> None:
    ingester.upload(content=guide(CHUNKS))
    first = ingester.sync(failing(20, ModelError("Gone.")))
    ingester.bucket.delete("guide.md")
    ingester.sync()
    ingester.upload(content=guide(CHUNKS))
    assert first.progress.embedding_calls > 0
    assert ingester.sync().progress.embedding_calls == CHUNKS
