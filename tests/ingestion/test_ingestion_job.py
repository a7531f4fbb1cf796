"""One job on real documents: what it indexes, embeds and deletes, and what its row says then."""

from __future__ import annotations

import pytest

from kb.errors import ResourceNotFound
from kb.models import (
    DocumentStatus,
    IngestionJobStatistics,
    IngestionJobStatus,
    IngestionProgress,
)
from kb.models.chunking import DefaultChunking
from tests.ingestion.ingesting import HashEmbedder, Ingester, guide

pytestmark = pytest.mark.database

CHUNKS = 5


def test_a_job_on_an_empty_bucket_completes(ingester: Ingester) -> None:
    job = ingester.sync()
    assert job.status is IngestionJobStatus.COMPLETE
    assert job.statistics == IngestionJobStatistics()


def test_a_new_document_is_indexed(ingester: Ingester) -> None:
    ingester.upload()
    job = ingester.sync()
    assert job.status is IngestionJobStatus.COMPLETE
    assert job.statistics == IngestionJobStatistics(documents_scanned=1, new_documents_indexed=1)
    document = ingester.document()
    assert document.status is DocumentStatus.INDEXED
    assert (document.pages, document.chunks, document.chunking) == (1, CHUNKS, "DEFAULT:100")
    assert all(f"Number {n} is" in text for n, text in enumerate(ingester.texts()))


def test_a_job_counts_pages_chunks_and_embedded_texts(ingester: Ingester) -> None:
    ingester.upload()
    ingester.upload("other.md", guide(verb="summed"))
    assert ingester.sync().progress == IngestionProgress(
        documents_total=2,
        documents_done=2,
        pages_read=2,
        pages_total=2,
        chunks_made=2 * CHUNKS,
        chunks_embedded=2 * CHUNKS,
        chunks_stored=2 * CHUNKS,
        embedding_calls=2 * CHUNKS,
        share=1.0,
    )


def test_a_text_is_embedded_with_its_headings(ingester: Ingester) -> None:
    ingester.upload(content="# Views\n\n## The pg_stat_io view\n\nReads are counted.")
    embedder = HashEmbedder()
    ingester.sync(embedder)
    assert embedder.texts[-1].startswith("Views > The pg_stat_io view\n")


def test_an_unchanged_document_is_not_embedded(ingester: Ingester) -> None:
    ingester.upload()
    ingester.sync()
    embedder = HashEmbedder()
    job = ingester.sync(embedder)
    assert (job.status, embedder.texts) == (IngestionJobStatus.COMPLETE, [])
    assert job.progress.embedding_calls == 0
    assert job.statistics == IngestionJobStatistics(documents_scanned=1)


def test_of_a_changed_document_only_new_texts_are_embedded(ingester: Ingester) -> None:
    ingester.upload()
    ingester.sync()
    ingester.upload(content=guide().replace("Number 1 is counted", "Number 1 is estimated"))
    job = ingester.sync()
    assert job.progress.embedding_calls == 1
    assert job.statistics == IngestionJobStatistics(
        documents_scanned=1, modified_documents_indexed=1
    )
    assert sum("estimated" in text for text in ingester.texts()) == 1
    assert len(ingester.texts()) == CHUNKS


def test_chunks_that_only_move_keep_their_ids(ingester: Ingester) -> None:
    ingester.upload()
    ingester.sync()
    before = {result.text: result.chunk_id for result in ingester.results()}
    ingester.upload(content="# Preface\n\nIt is new.\n\n" + guide())
    assert ingester.sync().progress.embedding_calls == 1
    after = {result.text: result.chunk_id for result in ingester.results()}
    assert before.items() <= after.items()
    assert len(after) == CHUNKS + 1


def test_a_renamed_document_is_not_embedded(ingester: Ingester) -> None:
    ingester.upload("before.md")
    ingester.sync()
    texts = ingester.texts()
    ingester.bucket.delete("before.md")
    ingester.upload("after.md")
    embedder = HashEmbedder()
    job = ingester.sync(embedder)
    assert (embedder.texts, job.progress.embedding_calls) == ([], 0)
    assert job.statistics == IngestionJobStatistics(
        documents_scanned=1, new_documents_indexed=1, documents_deleted=1
    )
    assert ingester.texts() == texts
    assert {result.uri for result in ingester.results()} == {"s3://kb/after.md"}


def test_a_text_that_moves_to_another_document_is_not_embedded(ingester: Ingester) -> None:
    ingester.upload("a.md", guide(3))
    ingester.upload("b.md", guide(1, "summed"))
    ingester.sync()
    ingester.upload("a.md", guide(1, "summed"))
    ingester.upload("b.md", guide(3))
    assert ingester.sync().progress.embedding_calls == 0


def test_a_text_that_stands_in_two_documents_is_embedded_once(ingester: Ingester) -> None:
    ingester.upload()
    ingester.upload("copy.md")
    assert ingester.sync().progress.embedding_calls == CHUNKS
    assert len(ingester.texts()) == 2 * CHUNKS


def test_a_text_that_a_document_has_twice_is_embedded_once(ingester: Ingester) -> None:
    ingester.upload(content="# A\n\nThe same.\n\n# B\n\nOther.\n\n# A\n\nThe same.\n")
    assert ingester.sync().progress.embedding_calls == 2
    assert len(ingester.texts()) == 3


def test_another_chunking_strategy_makes_every_document_changed(ingester: Ingester) -> None:
    ingester.upload()
    ingester.sync()
    job = ingester.sync(strategy=DefaultChunking(max_tokens=99))
    assert job.statistics.modified_documents_indexed == 1
    assert job.progress.embedding_calls == 0
    assert ingester.document().chunking == "DEFAULT:99"


def test_a_removed_document_s_chunks_leave(ingester: Ingester) -> None:
    ingester.upload()
    ingester.upload("other.md", "# Other\n\nSomething else.")
    ingester.sync()
    ingester.bucket.delete("guide.md")
    job = ingester.sync()
    assert job.statistics == IngestionJobStatistics(documents_scanned=1, documents_deleted=1)
    assert len(ingester.texts()) == 1
    assert [d.key for d in ingester.knowledge.catalogue.list_documents()] == ["other.md"]


def test_a_retained_document_s_chunks_stay_until_they_may_be_deleted(ingester: Ingester) -> None:
    ingester.upload()
    ingester.upload("other.md", "# Other\n\nSomething else.")
    ingester.sync()
    ingester.bucket.delete("guide.md")
    job = ingester.sync(retain=True)
    assert job.statistics == IngestionJobStatistics(documents_scanned=1)
    assert len(ingester.texts()) == CHUNKS + 1
    assert ingester.sync().statistics.documents_deleted == 1


def test_a_retained_document_that_comes_back_is_unchanged(ingester: Ingester) -> None:
    ingester.upload()
    ingester.sync()
    ingester.bucket.delete("guide.md")
    ingester.sync(retain=True, allow_deletions=False)
    ingester.upload()
    assert ingester.sync().statistics == IngestionJobStatistics(documents_scanned=1)


def test_a_bad_document_does_not_stop_the_others(ingester: Ingester) -> None:
    ingester.upload("a-program.exe", "MZ")
    ingester.upload("b-empty.pdf", "")
    ingester.upload("c-guide.md")
    ingester.upload("d-no.pdf", "no PDF at all")
    job = ingester.sync()
    assert job.status is IngestionJobStatus.COMPLETE
    assert job.statistics == IngestionJobStatistics(
        documents_scanned=4, new_documents_indexed=1, documents_failed=3
    )
    states = {d.key: d.status for d in ingester.knowledge.catalogue.list_documents()}
    assert states.pop("c-guide.md") is DocumentStatus.INDEXED
    assert set(states.values()) == {DocumentStatus.FAILED}


def test_a_bad_document_says_why_in_its_row_and_in_the_job_s(ingester: Ingester) -> None:
    ingester.upload("program.exe", "MZ")
    job = ingester.sync()
    reason = ingester.document("program.exe").status_reason
    assert reason is not None and "not supported" in reason
    assert job.failure_reasons == (f"program.exe: {reason}",)


def test_a_failed_document_is_tried_again_by_the_next_job(ingester: Ingester) -> None:
    ingester.upload(content="")
    ingester.sync()
    assert ingester.sync().statistics.documents_failed == 1
    ingester.upload()
    assert ingester.sync().statistics.new_documents_indexed == 1
    assert ingester.document().status_reason is None


def test_a_bad_new_version_leaves_the_old_one_to_be_found(ingester: Ingester) -> None:
    ingester.upload()
    ingester.sync()
    ingester.upload(content="")
    ingester.sync()
    assert ingester.document().status is DocumentStatus.FAILED
    assert len(ingester.texts()) == CHUNKS


def test_a_chunk_that_the_model_would_cut_fails_its_document(ingester: Ingester) -> None:
    ingester.upload(content="word " * 90)
    embedder = HashEmbedder()
    embedder.max_tokens = 60
    ingester.sync(embedder)
    reason = ingester.document().status_reason
    assert reason is not None
    assert "has 90 tokens" in reason and "takes 58" in reason


def test_an_object_that_goes_before_it_is_read_fails_alone(ingester: Ingester) -> None:
    ingester.upload()
    ingester.upload("other.md", guide(verb="summed"))
    ingestion, job_id = ingester.ingestion(), ingester.start()
    waiting = ingestion.begin(job_id)
    ingester.bucket.delete("guide.md")
    for document_id in waiting:
        ingestion.ingest(job_id, document_id)
    assert ingester.job(job_id).status is IngestionJobStatus.COMPLETE
    assert ingester.document().status is DocumentStatus.FAILED
    assert ingester.document("other.md").status is DocumentStatus.INDEXED


def test_a_job_that_is_asked_for_again_is_not_done_again(ingester: Ingester) -> None:
    # The queue runs a task twice when its worker dies just before it would have said so.
    ingester.upload()
    ingestion, job_id = ingester.ingestion(), ingester.start()
    waiting = ingestion.begin(job_id)
    assert ingestion.begin(job_id) == waiting
    for document_id in (*waiting, *waiting):
        ingestion.ingest(job_id, document_id)
    assert ingestion.begin(job_id) == []
    assert ingester.job(job_id).statistics.new_documents_indexed == 1


def test_a_job_that_is_unknown_is_not_found(ingester: Ingester) -> None:
    with pytest.raises(ResourceNotFound):
        ingester.ingestion().begin("NOSUCHJOB1")


def test_a_sync_that_would_delete_more_than_half_deletes_nothing(ingester: Ingester) -> None:
    ingester.upload()
    ingester.sync()
    before = ingester.texts()
    ingester.bucket.delete("guide.md")
    job = ingester.sync(allow_deletions=False)
    assert job.status is IngestionJobStatus.FAILED
    assert "would delete 1 document" in job.failure_reasons[0]
    assert ingester.texts() == before


def test_a_sync_that_is_allowed_to_deletes_more_than_half(ingester: Ingester) -> None:
    ingester.upload()
    ingester.sync()
    ingester.bucket.delete("guide.md")
    assert ingester.sync(allow_deletions=True).statistics.documents_deleted == 1
    assert ingester.texts() == []


def test_a_sync_that_deletes_less_than_half_need_not_be_allowed_to(ingester: Ingester) -> None:
    ingester.upload("a.md")
    ingester.upload("b.md", guide(9, "summed"))
    ingester.sync()
    ingester.bucket.delete("a.md")
    assert ingester.sync(allow_deletions=False).statistics.documents_deleted == 1
