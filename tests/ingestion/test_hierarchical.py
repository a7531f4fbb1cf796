"""HIERARCHICAL chunking: small chunks are found, and the large ones around them are returned."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from kb.models import RetrievalResult, RetrievedReference, Span
from kb.models.chunking import HierarchicalChunking
from kb.workbench.evidence import Evidence
from tests.documents.pdfs import text_pdf
from tests.ingestion.ingesting import Ingester

pytestmark = pytest.mark.database

STRATEGY = HierarchicalChunking(parent_max_tokens=60, child_max_tokens=20, overlap_tokens=5)
#: Two pages of numbered words, so that each can be found again.
PAGES = [
    [" ".join(f"word{page}{line}{place}" for place in range(8)) for line in range(10)]
    for page in (1, 2)
]


@pytest.fixture
def synced(ingester: Ingester, tmp_path: Path) -> Ingester:
    ingester.upload("a.pdf", text_pdf(tmp_path / "a.pdf", *PAGES).read_bytes())
    ingester.sync(strategy=STRATEGY)
    return ingester


def parents(observer: psycopg.Connection) -> list[str]:
    query = "SELECT text FROM workbench.parent_chunk ORDER BY ordinal"
    return [row[0] for row in observer.execute(query)]


def test_children_are_stored_with_their_parent(
    synced: Ingester, observer: psycopg.Connection
) -> None:
    query = """
        SELECT kb.chunks, p.text, c.tokens, p.tokens
        FROM workbench.chunk c
        JOIN bedrock_integration.bedrock_kb kb USING (id)
        JOIN workbench.parent_chunk p ON p.document_id = c.document_id AND p.ordinal = c.parent
    """
    found = observer.execute(query).fetchall()
    assert len(found) == synced.document("a.pdf").chunks > len(parents(observer)) > 1
    assert all(child in parent for child, parent, _, _ in found)
    assert all(small <= 20 and large <= 60 for _, _, small, large in found)


def test_each_parent_is_returned_once_with_its_whole_text(
    synced: Ingester, observer: psycopg.Connection
) -> None:
    found = synced.results()
    assert sorted(result.text for result in found) == sorted(parents(observer))
    assert len({result.parent_id for result in found}) == len(found)


def test_a_parent_knows_the_pages_on_which_it_stands(synced: Ingester) -> None:
    for result in synced.results():
        pages = {int(word[4]) for word in result.text.split()}
        assert (result.page_number, result.last_page_number) == (min(pages), max(pages))


def marked_pages(synced: Ingester, reference: RetrievedReference) -> set[int]:
    evidence = Evidence(synced.engine, synced.bucket)
    return {mark.page_number for mark in evidence.marks(reference) if mark.rectangles}


def both_pages(result: RetrievalResult) -> bool:
    return result.page_number != result.last_page_number


def test_the_marks_of_a_parent_lie_on_its_pages(synced: Ingester) -> None:
    found = synced.results()
    assert any(both_pages(result) for result in found)
    for result in found:
        first, last = result.page_number, result.last_page_number
        assert first is not None and last is not None
        marked = marked_pages(synced, RetrievedReference(result=result))
        assert marked == set(range(first, last + 1))


def test_a_passage_of_a_parent_is_marked_where_it_stands(synced: Ingester) -> None:
    (result,) = [result for result in synced.results() if both_pages(result)]
    start = result.text.index("word2")
    for passage, page in ((Span(start=0, end=7), 1), (Span(start=start, end=start + 7), 2)):
        reference = RetrievedReference(result=result, passage=passage)
        assert marked_pages(synced, reference) == {page}


def test_parents_leave_with_their_document(synced: Ingester, observer: psycopg.Connection) -> None:
    synced.bucket.delete("a.pdf")
    synced.sync()
    assert parents(observer) == []


def test_another_strategy_takes_the_parents_away(
    synced: Ingester, observer: psycopg.Connection
) -> None:
    synced.sync()
    assert parents(observer) == []
    assert {result.parent_id for result in synced.results()} == {None}
