"""What a metadata file beside a document does to its chunks, and when anything is embedded."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kb.adapters.copy_in import CHUNK_ID, DATA_SOURCE_ID, PAGE_NUMBER, SOURCE_URI
from kb.models import DocumentStatus, IngestionJobStatistics, RetrievalResult, SearchType
from tests.documents.pdfs import text_pdf
from tests.ingestion.ingesting import HashEmbedder, Ingester

pytestmark = pytest.mark.database

CHUNKS = 5
RESERVED = {SOURCE_URI, DATA_SOURCE_ID, CHUNK_ID}
#: Bedrock's two forms of the same attributes.
PLAIN: dict[str, Any] = {"year": 2026, "draft": False, "title": "Views", "tags": ["a", "b"]}
TYPED = {
    "year": {"value": {"type": "NUMBER", "numberValue": 2026}},
    "draft": {"value": {"type": "BOOLEAN", "booleanValue": False}},
    "title": {"value": {"type": "STRING", "stringValue": "Views"}},
    "tags": {"value": {"type": "STRING_LIST", "stringListValue": ["a", "b"]}},
}


def embedded(title: str) -> dict[str, Any]:
    """An attribute that is embedded in front of each chunk."""
    value = {"type": "STRING", "stringValue": title}
    return {"title": {"value": value, "includeForEmbedding": True}}


def own(result: RetrievalResult) -> dict[str, Any]:
    """A chunk's attributes without Bedrock's reserved ones."""
    return {k: v for k, v in result.metadata.items() if k not in {*RESERVED, PAGE_NUMBER}}


@pytest.mark.parametrize("attributes", [PLAIN, TYPED])
def test_both_of_bedrock_s_forms_end_up_beside_every_chunk(
    attributes: dict[str, Any], ingester: Ingester
) -> None:
    ingester.upload()
    ingester.describe(attributes)
    job = ingester.sync()
    assert job.statistics == IngestionJobStatistics(
        documents_scanned=1, metadata_documents_scanned=1, new_documents_indexed=1
    )
    assert [own(result) for result in ingester.results()] == [PLAIN] * CHUNKS


def test_a_metadata_file_is_no_document(ingester: Ingester) -> None:
    ingester.upload()
    ingester.describe(PLAIN)
    ingester.sync()
    assert [d.key for d in ingester.knowledge.catalogue.list_documents()] == ["guide.md"]


def test_a_metadata_file_of_no_document_is_ignored(ingester: Ingester) -> None:
    ingester.describe(PLAIN, "missing.md")
    job = ingester.sync()
    assert job.statistics == IngestionJobStatistics(metadata_documents_scanned=1)
    assert job.failure_reasons == ()


@pytest.mark.parametrize("after", [{"year": 2027}, {}])
def test_changed_metadata_reaches_every_chunk_and_embeds_nothing(
    after: dict[str, Any], ingester: Ingester
) -> None:
    ingester.upload()
    ingester.describe(PLAIN)
    ingester.sync()
    before = {r.chunk_id: {k: r.metadata[k] for k in RESERVED} for r in ingester.results()}
    ingester.describe(after)
    embedder = HashEmbedder()
    job = ingester.sync(embedder)
    assert embedder.texts == []
    assert job.statistics == IngestionJobStatistics(
        documents_scanned=1, metadata_documents_scanned=1, metadata_documents_modified=1
    )
    found = {r.chunk_id: {k: v for k, v in r.metadata.items()} for r in ingester.results()}
    assert found == {chunk_id: {**reserved, **after} for chunk_id, reserved in before.items()}
    assert ingester.sync().statistics.metadata_documents_modified == 0


def test_a_metadata_file_that_has_gone_takes_its_attributes_along(ingester: Ingester) -> None:
    ingester.upload()
    ingester.describe(PLAIN)
    ingester.sync()
    ingester.bucket.delete("guide.md.metadata.json")
    assert ingester.sync().statistics.metadata_documents_modified == 1
    assert [own(result) for result in ingester.results()] == [{}] * CHUNKS


def test_a_paged_document_keeps_its_page_numbers(ingester: Ingester, tmp_path: Path) -> None:
    pdf = text_pdf(tmp_path / "a.pdf", ["Reads are counted by the view."])
    ingester.upload("a.pdf", pdf.read_bytes())
    ingester.sync()
    (before,) = ingester.results()
    ingester.describe({"year": 1}, "a.pdf")
    ingester.sync()
    (after,) = ingester.results()
    assert before.metadata[PAGE_NUMBER] == 1
    assert dict(after.metadata) == {**before.metadata, "year": 1}


def test_included_metadata_is_embedded_in_front_of_every_chunk(ingester: Ingester) -> None:
    ingester.upload()
    ingester.describe(embedded("Views"))
    embedder = HashEmbedder()
    ingester.sync(embedder)
    assert len(embedder.texts) == CHUNKS
    assert all(text.startswith("title: Views\n\nSection ") for text in embedder.texts)
    assert not any("Views" in text for text in ingester.texts())


def test_changed_included_metadata_is_embedded_again(ingester: Ingester) -> None:
    ingester.upload()
    ingester.describe(embedded("Views"))
    ingester.sync()
    ingester.describe(embedded("Tables"))
    job = ingester.sync()
    assert job.progress.embedding_calls == CHUNKS
    assert job.statistics.metadata_documents_modified == 1
    assert [own(result) for result in ingester.results()] == [{"title": "Tables"}] * CHUNKS
    assert ingester.document().embedding_prefix == "title: Tables\n\n"


def test_a_vector_is_that_of_the_text_with_its_included_metadata(ingester: Ingester) -> None:
    ingester.upload(content="# Views\n\nReads are counted.")
    ingester.sync()
    ingester.describe(embedded("Views"))
    embedder = HashEmbedder()
    ingester.sync(embedder)
    found = ingester.knowledge.vectors.retrieve(
        embedder.embed_query(embedder.texts[-1]),
        question="",
        identifiers=[],
        search_type=SearchType.SEMANTIC,
        number_of_results=1,
    )
    assert found[0].similarity == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"{", "is not valid JSON"),
        (b"[]", 'has no object "metadataAttributes"'),
        (b'{"metadataAttributes": {"x-amz-bedrock-kb-chunk-id": "1"}}', "reserved name"),
        (b'{"metadataAttributes": {"a": "' + b"x" * 10_240 + b'"}}', "shorten it to 10,240"),
    ],
)
def test_a_broken_metadata_file_fails_its_document_with_the_sentence(
    content: bytes, words: str, ingester: Ingester
) -> None:
    ingester.upload()
    ingester.upload("guide.md.metadata.json", content)
    job = ingester.sync()
    document = ingester.document()
    assert document.status is DocumentStatus.FAILED
    assert document.status_reason is not None
    assert document.status_reason.startswith("The metadata file guide.md.metadata.json")
    assert words in document.status_reason
    assert job.failure_reasons == (f"guide.md: {document.status_reason}",)


def test_a_metadata_file_that_breaks_leaves_what_is_published(ingester: Ingester) -> None:
    ingester.upload()
    ingester.describe(PLAIN)
    ingester.sync()
    ingester.upload("guide.md.metadata.json", b"{")
    assert ingester.sync().statistics.documents_failed == 1
    assert [own(result) for result in ingester.results()] == [PLAIN] * CHUNKS
    ingester.describe({"year": 1})
    job = ingester.sync()
    assert job.progress.embedding_calls == 0
    assert [own(result) for result in ingester.results()] == [{"year": 1}] * CHUNKS
