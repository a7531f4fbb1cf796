"""A bucket that can not be reached is not an empty one, before a job and in the middle of it."""

from __future__ import annotations

import psycopg
import pytest

from kb.errors import BucketUnreachable
from kb.models import DocumentStatus, IngestionJobStatus, IngestionMode
from tests.ingestion.ingesting import Ingester, guide
from tests.knowledge import PUBLISHED

pytestmark = pytest.mark.database


@pytest.fixture
def filled(ingester: Ingester) -> Ingester:
    """Two documents that are indexed."""
    ingester.upload("a.md")
    ingester.upload("b.md", guide(3, "summed"))
    ingester.sync()
    return ingester


def take_away(ingester: Ingester) -> None:
    """As when the disk of the bucket is not mounted."""
    folder = ingester.bucket._objects.parent
    folder.rename(folder.with_name("elsewhere"))


def bring_back(ingester: Ingester) -> None:
    folder = ingester.bucket._objects.parent
    folder.with_name("elsewhere").rename(folder)


@pytest.mark.parametrize("mode", [IngestionMode.SYNC, IngestionMode.PLAN])
def test_a_job_without_its_bucket_fails_with_the_bucket_s_sentence(
    mode: IngestionMode, filled: Ingester, observer: psycopg.Connection
) -> None:
    before = observer.execute(PUBLISHED).fetchone()
    take_away(filled)
    job = filled.sync(mode=mode, allow_deletions=True)
    assert job.status is IngestionJobStatus.FAILED
    assert "The bucket 'kb' can not be reached" in job.failure_reasons[0]
    assert observer.execute(PUBLISHED).fetchone() == before


def test_a_plan_without_the_bucket_is_the_bucket_s_sentence(filled: Ingester) -> None:
    take_away(filled)
    with pytest.raises(BucketUnreachable, match="bring it back"):
        filled.ingestion().plan()


def test_a_bucket_that_goes_in_the_middle_of_a_job_fails_it(filled: Ingester) -> None:
    before = filled.texts()
    filled.upload("a.md", guide(9))
    filled.upload("b.md", guide(4, "named"))
    ingestion, job_id = filled.ingestion(), filled.start()
    first, second = ingestion.begin(job_id)
    take_away(filled)
    ingestion.ingest(job_id, first)
    ingestion.ingest(job_id, second)
    job = filled.job(job_id)
    assert job.status is IngestionJobStatus.FAILED
    assert len(job.failure_reasons) == 1
    assert "The bucket 'kb' can not be reached" in job.failure_reasons[0]
    assert filled.texts() == before
    # The bucket is at fault, not the documents.
    states = {d.key: d.status for d in filled.knowledge.catalogue.list_documents()}
    assert DocumentStatus.FAILED not in states.values()


def test_the_sync_after_the_bucket_is_back_completes(filled: Ingester) -> None:
    filled.upload("a.md", guide(9))
    ingestion, job_id = filled.ingestion(), filled.start()
    (waiting,) = ingestion.begin(job_id)
    take_away(filled)
    ingestion.ingest(job_id, waiting)
    bring_back(filled)
    job = filled.sync()
    assert job.status is IngestionJobStatus.COMPLETE
    assert job.statistics.modified_documents_indexed == 1
    assert len(filled.texts()) == 9 + 3
    assert {d.status for d in filled.knowledge.catalogue.list_documents()} == {
        DocumentStatus.INDEXED
    }
