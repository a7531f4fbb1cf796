"""Several workers share one job: every document is taken up once, and nothing is embedded twice."""

from __future__ import annotations

import io
import itertools
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from kb.models import DocumentStatus, IngestionJobStatus
from kb.settings import Settings
from kb.workbench import Workbench, open_workbench
from tests.workbench.killing import WorkerProcesses, wait_until

pytestmark = pytest.mark.database

DOCUMENTS = 50
SENTENCE = "The view {0} counts what backends of kind {0} read, write and extend, {1} times over. "


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return replace(settings, workers=0, heartbeat_seconds=0.5)


@pytest.fixture
def bench(settings: Settings) -> Iterator[Workbench]:
    with open_workbench(settings) as bench:
        yield bench


@pytest.fixture
def workers(settings: Settings, tmp_path: Path) -> Iterator[list[WorkerProcesses]]:
    """Two processes with a log each."""
    both = [WorkerProcesses(settings, tmp_path / f"worker-{n}.log") for n in range(2)]
    yield both
    for worker in both:
        worker.end()


def test_two_workers_ingest_fifty_documents_once_each(
    bench: Workbench, workers: list[WorkerProcesses]
) -> None:
    for number in range(DOCUMENTS):
        own = "".join(SENTENCE.format(f"v{number}", n) for n in range(8))
        # The second section stands in every document.
        text = f"# View {number}\n\n{own}\n\n# For all\n\n{SENTENCE.format('all', 'many')}"
        bench.data_source.upload(f"note-{number:02}.md", io.BytesIO(text.encode()))
    for worker in workers:
        worker.start()
    wait_until(lambda: len(bench.data_source.list_workers()) == 2)

    job_id = bench.data_source.start_ingestion_job().ingestion_job_id
    *_, last = bench.data_source.watch(job_id, work=False)

    taken_up = [worker.taken_up() for worker in workers]
    assert last.status is IngestionJobStatus.COMPLETE
    assert sorted(itertools.chain(*taken_up)) == [f"note-{n:02}.md" for n in range(DOCUMENTS)]
    assert all(taken_up), "one worker did everything"
    assert last.statistics.new_documents_indexed == DOCUMENTS
    assert {d.status for d in bench.data_source.documents()} == {DocumentStatus.INDEXED}
    # One text of its own for each document, and one that they all share.
    assert last.progress.embedding_calls == DOCUMENTS + 1
    assert sum(worker.embedded_texts() for worker in workers) == DOCUMENTS + 1
