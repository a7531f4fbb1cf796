"""One job on real documents: what it embeds, what stops it, and what its row says at the end."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from kb.adapters.catalogue import Catalogue
from kb.adapters.local_folder import LocalFolder
from kb.adapters.pgvector_store import PgvectorStore
from kb.errors import ModelError
from kb.ingestion.job import IngestionRun
from kb.models import (
    Document,
    DocumentStatus,
    IngestionJob,
    IngestionJobStatistics,
    IngestionJobStatus,
    IngestionProgress,
    ModelIdentity,
    SearchType,
)
from kb.protocols import Embedder, IngestionRecords
from tests.made_up import IDENTITY, unit_vectors

pytestmark = pytest.mark.database

#: Each heading begins a chunk.
SECTIONS = ["Reads", "Writes", "Extends", "Evictions", "Reuses"]
GUIDE = "\n\n".join(f"# {name}\n\n{name} are counted by the view." for name in SECTIONS)
CHUNKS = len(SECTIONS)


class NumberedEmbedder:
    """An Embedder whose nth text gets the nth vector; it remembers what it embedded."""

    identity: ModelIdentity = IDENTITY
    batch_size = 2

    def __init__(self) -> None:
        self.texts: list[str] = []

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [len(text.split()) for text in texts]

    def embed_documents(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.texts.extend(texts)
        vectors: NDArray[np.float32] = unit_vectors(len(self.texts))[-len(texts) :]
        return vectors

    def embed_query(self, text: str) -> NDArray[np.float32]:
        vector: NDArray[np.float32] = unit_vectors(1)[0]
        return vector


class FailingEmbedder(NumberedEmbedder):
    """Fails at its nth call."""

    def __init__(self, call: int, error: Exception) -> None:
        super().__init__()
        self._calls_left = call
        self._error = error

    def embed_documents(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self._calls_left -= 1
        if self._calls_left == 0:
            raise self._error
        return super().embed_documents(texts)


class StoppingRecords:
    """IngestionRecords that ask the job to stop once it has embedded some chunks."""

    def __init__(self, catalogue: Catalogue, after_chunks: int) -> None:
        self._catalogue = catalogue
        self._after_chunks = after_chunks
        self.list_documents = catalogue.list_documents
        self.put_document = catalogue.put_document
        self.get_ingestion_job = catalogue.get_ingestion_job
        self.finish_ingestion_job = catalogue.finish_ingestion_job

    def record_progress(
        self,
        ingestion_job_id: str,
        statistics: IngestionJobStatistics,
        progress: IngestionProgress,
        failure_reasons: Sequence[str],
    ) -> IngestionJobStatus:
        if progress.embedding_calls >= self._after_chunks:
            self._catalogue.stop_ingestion_job(ingestion_job_id)
        return self._catalogue.record_progress(
            ingestion_job_id, statistics, progress, failure_reasons
        )


@pytest.fixture
def bucket(tmp_path: Path) -> LocalFolder:
    return LocalFolder(tmp_path, bucket="kb")


@pytest.fixture
def sync(
    bucket: LocalFolder, catalogue: Catalogue, vectors: PgvectorStore
) -> Callable[..., IngestionJob]:
    """Runs a job and returns its row as it ended."""

    def run(
        embedder: Embedder | None = None,
        records: IngestionRecords | None = None,
        allow_deletions: bool = True,
    ) -> IngestionJob:
        job = catalogue.create_ingestion_job(allow_deletions=allow_deletions)
        IngestionRun(
            job.ingestion_job_id,
            store=bucket,
            records=records or catalogue,
            vectors=vectors,
            embedder=embedder or NumberedEmbedder(),
            chunk_tokens=100,
        ).run()
        return catalogue.get_ingestion_job(job.ingestion_job_id)

    return run


Sync = Callable[..., IngestionJob]


def upload(bucket: LocalFolder, key: str = "guide.md", text: str = GUIDE) -> None:
    bucket.put(key, io.BytesIO(text.encode()), max_bytes=1 << 20)


def texts(vectors: PgvectorStore) -> list[str]:
    found = vectors.retrieve(
        unit_vectors(1)[0],
        question="",
        identifiers=[],
        search_type=SearchType.SEMANTIC,
        number_of_results=100,
    )
    return sorted(result.text for result in found)


def only(catalogue: Catalogue) -> Document:
    (document,) = catalogue.list_documents()
    return document


def test_a_job_on_an_empty_bucket_completes(sync: Sync) -> None:
    job = sync()
    assert job.status is IngestionJobStatus.COMPLETE
    assert job.statistics == IngestionJobStatistics()


def test_a_new_document_is_indexed(
    sync: Sync, bucket: LocalFolder, catalogue: Catalogue, vectors: PgvectorStore
) -> None:
    upload(bucket)
    job = sync()
    assert job.statistics == IngestionJobStatistics(documents_scanned=1, new_documents_indexed=1)
    document = only(catalogue)
    assert (document.status, document.pages, document.chunks) == (
        DocumentStatus.INDEXED,
        1,
        CHUNKS,
    )
    assert all(any(name in text for text in texts(vectors)) for name in SECTIONS)


def test_a_job_counts_pages_chunks_and_embedded_texts(sync: Sync, bucket: LocalFolder) -> None:
    upload(bucket)
    upload(bucket, "other.md", GUIDE.replace("counted", "summed"))
    progress = sync().progress
    assert progress == IngestionProgress(
        pages_read=2,
        pages_total=2,
        chunks_made=2 * CHUNKS,
        chunks_embedded=2 * CHUNKS,
        embedding_calls=2 * CHUNKS,
    )


def test_a_text_is_embedded_with_its_headings(sync: Sync, bucket: LocalFolder) -> None:
    upload(bucket, text="# Views\n\n## The pg_stat_io view\n\nReads are counted.")
    embedder = NumberedEmbedder()
    sync(embedder)
    assert embedder.texts[-1].startswith("Views > The pg_stat_io view\n")


def test_an_unchanged_document_is_not_embedded(sync: Sync, bucket: LocalFolder) -> None:
    upload(bucket)
    sync()
    embedder = NumberedEmbedder()
    job = sync(embedder)
    assert (job.status, embedder.texts) == (IngestionJobStatus.COMPLETE, [])
    assert job.progress.embedding_calls == 0
    assert job.statistics == IngestionJobStatistics(documents_scanned=1)


def test_of_a_changed_document_only_new_texts_are_embedded(
    sync: Sync, bucket: LocalFolder, vectors: PgvectorStore
) -> None:
    upload(bucket)
    sync()
    upload(bucket, text=GUIDE.replace("Writes are counted", "Writes are estimated"))
    job = sync()
    assert job.progress.embedding_calls == 1
    assert job.statistics == IngestionJobStatistics(
        documents_scanned=1, modified_documents_indexed=1
    )
    assert sum("estimated" in text for text in texts(vectors)) == 1
    assert len(texts(vectors)) == CHUNKS


def test_a_text_that_stands_in_two_documents_is_embedded_once(
    sync: Sync, bucket: LocalFolder, vectors: PgvectorStore
) -> None:
    upload(bucket)
    upload(bucket, "copy.md")
    assert sync().progress.embedding_calls == CHUNKS
    assert len(texts(vectors)) == 2 * CHUNKS


def test_a_removed_document_s_chunks_leave(
    sync: Sync, bucket: LocalFolder, catalogue: Catalogue, vectors: PgvectorStore
) -> None:
    upload(bucket)
    upload(bucket, "other.md", "# Other\n\nSomething else.")
    sync()
    bucket.delete("guide.md")
    job = sync()
    assert job.statistics == IngestionJobStatistics(documents_scanned=1, documents_deleted=1)
    assert len(texts(vectors)) == 1
    assert only(catalogue).key == "other.md"


def test_a_bad_document_does_not_stop_the_others(
    sync: Sync, bucket: LocalFolder, catalogue: Catalogue
) -> None:
    upload(bucket, "a-program.exe", "MZ")
    upload(bucket, "b-empty.pdf", "")
    upload(bucket, "c-guide.md")
    upload(bucket, "d-no.pdf", "no PDF at all")
    job = sync()
    assert job.status is IngestionJobStatus.COMPLETE
    assert job.statistics == IngestionJobStatistics(
        documents_scanned=4, new_documents_indexed=1, documents_failed=3
    )
    states = {d.key: d.status for d in catalogue.list_documents()}
    assert states["c-guide.md"] is DocumentStatus.INDEXED
    assert [s for s in states.values() if s is DocumentStatus.FAILED] == [DocumentStatus.FAILED] * 3


def test_a_bad_document_says_why_in_its_row_and_in_the_job_s(
    sync: Sync, bucket: LocalFolder, catalogue: Catalogue
) -> None:
    upload(bucket, "program.exe", "MZ")
    job = sync()
    reason = only(catalogue).status_reason
    assert reason is not None and "not supported" in reason
    assert job.failure_reasons == (f"program.exe: {reason}",)


def test_a_failed_document_is_tried_again_by_the_next_job(
    sync: Sync, bucket: LocalFolder, catalogue: Catalogue
) -> None:
    upload(bucket, "empty.md", "")
    sync()
    assert sync().statistics.documents_failed == 1
    upload(bucket, "empty.md", GUIDE)
    assert sync().statistics.new_documents_indexed == 1
    assert only(catalogue).status_reason is None


def test_a_bad_new_version_leaves_the_old_one_to_be_found(
    sync: Sync, bucket: LocalFolder, catalogue: Catalogue, vectors: PgvectorStore
) -> None:
    upload(bucket)
    sync()
    upload(bucket, text="")
    sync()
    assert only(catalogue).status is DocumentStatus.FAILED
    assert len(texts(vectors)) == CHUNKS


def test_a_job_that_is_asked_to_stop_ends_stopped(
    sync: Sync, bucket: LocalFolder, catalogue: Catalogue, vectors: PgvectorStore
) -> None:
    upload(bucket)
    job = sync(records=StoppingRecords(catalogue, after_chunks=2))
    assert job.status is IngestionJobStatus.STOPPED
    assert only(catalogue).status is DocumentStatus.PENDING
    assert texts(vectors) == []


def test_a_sync_after_a_stop_does_not_embed_again_what_was_embedded(
    sync: Sync, bucket: LocalFolder, catalogue: Catalogue, vectors: PgvectorStore
) -> None:
    upload(bucket)
    stopped = sync(records=StoppingRecords(catalogue, after_chunks=2))
    assert 0 < stopped.progress.embedding_calls < CHUNKS
    job = sync()
    assert job.status is IngestionJobStatus.COMPLETE
    assert job.progress.embedding_calls == CHUNKS - stopped.progress.embedding_calls
    assert job.statistics.new_documents_indexed == 1
    assert len(texts(vectors)) == CHUNKS


def test_a_job_that_is_to_stop_before_it_begins_does_nothing(
    sync: Sync, bucket: LocalFolder, catalogue: Catalogue
) -> None:
    upload(bucket)
    embedder = NumberedEmbedder()
    job = sync(embedder, StoppingRecords(catalogue, after_chunks=0))
    assert (job.status, embedder.texts) == (IngestionJobStatus.STOPPED, [])


def test_a_model_that_fails_ends_the_job_with_its_sentence(
    sync: Sync, bucket: LocalFolder, catalogue: Catalogue
) -> None:
    upload(bucket)
    job = sync(FailingEmbedder(2, ModelError("The model is gone; bring it back.")))
    assert job.status is IngestionJobStatus.FAILED
    assert job.failure_reasons == ("The model is gone; bring it back.",)
    assert only(catalogue).status is not DocumentStatus.IN_PROGRESS


def test_a_sync_after_a_failure_embeds_only_what_is_missing(
    sync: Sync, bucket: LocalFolder
) -> None:
    upload(bucket)
    sync(FailingEmbedder(2, ModelError("Gone.")))
    assert sync().progress.embedding_calls == CHUNKS - NumberedEmbedder.batch_size


def test_an_unexpected_error_still_ends_the_job_s_row(
    sync: Sync, bucket: LocalFolder, catalogue: Catalogue
) -> None:
    upload(bucket)
    with pytest.raises(ZeroDivisionError):
        sync(FailingEmbedder(1, ZeroDivisionError("division by zero")))
    job = catalogue.list_ingestion_jobs()[0]
    assert job.status is IngestionJobStatus.FAILED
    assert "ZeroDivisionError" in job.failure_reasons[0]


def test_an_object_that_goes_before_it_is_read_fails_alone(
    sync: Sync, bucket: LocalFolder, catalogue: Catalogue
) -> None:
    class Forgetful(LocalFolder):
        def local_copy(self, key: str):  # type: ignore[no-untyped-def]
            self.delete("guide.md")
            return super().local_copy(key)

    upload(bucket)
    upload(bucket, "other.md")
    run = IngestionRun(
        catalogue.create_ingestion_job().ingestion_job_id,
        store=Forgetful(bucket._objects.parent, bucket="kb"),
        records=catalogue,
        vectors=PgvectorStore(catalogue._engine, bucket="kb", data_source_id="x"),
        embedder=NumberedEmbedder(),
        chunk_tokens=100,
    )
    assert run.run() is IngestionJobStatus.COMPLETE
    states = {d.key: d.status for d in catalogue.list_documents()}
    assert states == {
        "guide.md": DocumentStatus.FAILED,
        "other.md": DocumentStatus.INDEXED,
    }


def test_a_completed_job_forgets_the_vectors_of_texts_that_are_nowhere(
    sync: Sync, bucket: LocalFolder, vectors: PgvectorStore
) -> None:
    upload(bucket)
    sync(FailingEmbedder(3, ModelError("Gone.")))
    bucket.delete("guide.md")
    sync()
    upload(bucket)
    assert sync().progress.embedding_calls == CHUNKS


def test_a_sync_that_would_delete_more_than_half_stops_and_deletes_nothing(
    bucket: LocalFolder, sync: Sync, vectors: PgvectorStore
) -> None:
    upload(bucket)
    sync()
    before = texts(vectors)
    bucket.delete("guide.md")

    job = sync(allow_deletions=False)

    assert job.status is IngestionJobStatus.FAILED
    assert "would delete 1 document" in job.failure_reasons[0]
    assert texts(vectors) == before


def test_a_sync_that_is_allowed_to_deletes_more_than_half(
    bucket: LocalFolder, sync: Sync, vectors: PgvectorStore
) -> None:
    upload(bucket)
    sync()
    bucket.delete("guide.md")

    job = sync(allow_deletions=True)

    assert job.statistics.documents_deleted == 1
    assert texts(vectors) == []


def test_a_sync_that_deletes_less_than_half_need_not_be_allowed_to(
    bucket: LocalFolder, sync: Sync
) -> None:
    upload(bucket, "a.md")
    upload(bucket, "b.md", GUIDE + GUIDE.replace("a", "o"))
    sync()
    bucket.delete("a.md")

    assert sync(allow_deletions=False).statistics.documents_deleted == 1
