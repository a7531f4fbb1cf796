"""Two who work at once: on two documents with the same texts, or one on what the other has left."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import psycopg
import pytest

from kb.errors import ConnectionLost
from kb.models import IngestionJobStatus
from tests.ingestion.ingesting import HashEmbedder, Ingester, failing, guide
from tests.knowledge import PUBLISHED

pytestmark = pytest.mark.database

CHUNKS = 60


def together(*calls: Callable[[], object]) -> None:
    """Run each in a thread of its own; an error in any of them is raised here."""
    barrier = threading.Barrier(len(calls), timeout=30)

    def run(call: Callable[[], object]) -> None:
        barrier.wait()
        call()

    with ThreadPoolExecutor(len(calls)) as pool:
        for future in [pool.submit(run, call) for call in calls]:
            future.result()


def test_two_documents_with_the_same_texts_embed_each_of_them_once(ingester: Ingester) -> None:
    ingester.upload("a.md", guide(CHUNKS))
    ingester.upload("b.md", guide(CHUNKS))
    embedder = HashEmbedder()
    workers = [ingester.ingestion(embedder) for _ in range(2)]
    job_id = ingester.start()
    one, other = workers[0].begin(job_id)
    together(lambda: workers[0].ingest(job_id, one), lambda: workers[1].ingest(job_id, other))
    job = ingester.job(job_id)
    assert (job.status, job.progress.embedding_calls) == (IngestionJobStatus.COMPLETE, CHUNKS)
    assert sorted(embedder.texts) == sorted(set(embedder.texts))
    assert len(ingester.texts()) == 2 * CHUNKS


def test_one_document_by_two_workers_is_published_once(ingester: Ingester) -> None:
    ingester.upload(content=guide(CHUNKS))
    workers = [ingester.ingestion() for _ in range(2)]
    job_id = ingester.start()
    (waiting,) = workers[0].begin(job_id)
    together(*(partial(worker.ingest, job_id, waiting) for worker in workers))
    job = ingester.job(job_id)
    assert job.status is IngestionJobStatus.COMPLETE
    assert job.statistics.new_documents_indexed == 1
    assert len(ingester.texts()) == CHUNKS


def test_two_workers_begin_a_job_once(ingester: Ingester) -> None:
    for n in range(9):
        ingester.upload(f"{n}.md", guide(1, f"counted {n} times"))
    workers = [ingester.ingestion() for _ in range(2)]
    job_id = ingester.start()
    together(*(partial(ingester.run, worker, job_id) for worker in workers))
    job = ingester.job(job_id)
    assert job.status is IngestionJobStatus.COMPLETE
    assert (job.progress.documents_total, job.statistics.new_documents_indexed) == (9, 9)


def test_what_a_dead_worker_had_claimed_is_embedded_by_another(ingester: Ingester) -> None:
    ingester.upload("a.md", guide(CHUNKS))
    ingester.upload("b.md", guide(CHUNKS))
    job_id = ingester.start()
    dying = ingester.ingestion(failing(20, ConnectionLost("Gone.")))
    one, other = dying.begin(job_id)
    with pytest.raises(ConnectionLost):
        dying.ingest(job_id, one)
    left = ingester.job(job_id).progress.embedding_calls
    embedder = HashEmbedder()
    workers = [ingester.ingestion(embedder) for _ in range(2)]
    together(lambda: workers[0].ingest(job_id, one), lambda: workers[1].ingest(job_id, other))
    assert ingester.job(job_id).status is IngestionJobStatus.COMPLETE
    assert len(embedder.texts) == CHUNKS - left
    assert len(ingester.texts()) == 2 * CHUNKS


def test_a_superseded_attempt_changes_nothing_and_counts_for_nothing(
    ingester: Ingester, observer: psycopg.Connection, at_once: None
) -> None:
    ingester.upload(content=guide(CHUNKS))
    ingester.sync()
    ingester.upload(content=guide(CHUNKS, "summed"))
    job_id = ingester.start()

    def take_over(call: int) -> None:
        if call == 10:
            assert ingester.knowledge.jobs.begin_document(job_id, waiting)

    slow = ingester.ingestion(HashEmbedder(during=take_over))
    (waiting,) = slow.begin(job_id)
    before = observer.execute(PUBLISHED).fetchone()
    slow.ingest(job_id, waiting)
    job = ingester.job(job_id)
    assert (job.status, job.progress.documents_done) == (IngestionJobStatus.IN_PROGRESS, 0)
    assert all("summed" not in text for text in ingester.texts())
    ingester.run(ingester.ingestion(), job_id)
    assert observer.execute(PUBLISHED).fetchone() != before
    assert all("summed" in text for text in ingester.texts())
