"""Chunks as they are stored, by page, in order and by their ids."""

from __future__ import annotations

import io
from pathlib import Path

import psycopg
import pytest
from PIL import Image

from kb.errors import ResourceNotFound
from kb.models import Document
from kb.workbench import Workbench
from kb.workbench.chunk_browser import MOST_ON_PAGE, ChunkBrowser
from tests.documents.pdfs import text_pdf
from tests.made_up import SyncedChapter

pytestmark = pytest.mark.database


@pytest.fixture(scope="module")
def bench_of_chapter(synced_chapter: SyncedChapter) -> Workbench:
    return synced_chapter.bench


@pytest.fixture(scope="module")
def browser(bench_of_chapter: Workbench) -> ChunkBrowser:
    return bench_of_chapter.chunk_browser


@pytest.fixture(scope="module")
def document(bench_of_chapter: Workbench) -> Document:
    (document,) = bench_of_chapter.data_source.documents()
    return document


def sync(bench: Workbench) -> Document:
    job = bench.data_source.start_ingestion_job(detached=False)
    for _ in bench.data_source.watch(job.ingestion_job_id, work=True):
        pass
    return bench.data_source.documents()[0]


def test_all_pages_together_have_every_chunk(browser: ChunkBrowser, document: Document) -> None:
    numbers = {
        chunk.number
        for page in range(1, document.pages + 1)
        for chunk in browser.page(document.document_id, page).chunks
    }
    assert numbers == set(range(1, document.chunks + 1))


def test_the_chunks_of_a_page_stand_on_it(browser: ChunkBrowser, document: Document) -> None:
    page = browser.page(document.document_id, 27)
    assert page.chunks
    assert all(chunk.first_page <= 27 <= chunk.last_page for chunk in page.chunks)


def test_a_chunk_is_shown_as_it_is_stored(
    browser: ChunkBrowser, document: Document, synced_chapter: SyncedChapter
) -> None:
    chunk = browser.page(document.document_id, 27).chunks[0]
    with psycopg.connect(synced_chapter.environ["KB_DATABASE_URL"]) as connection:
        (stored,) = connection.execute(
            "SELECT chunks, custom_metadata FROM bedrock_integration.bedrock_kb WHERE id = %s",
            (chunk.chunk_id,),
        )
    assert (chunk.text, chunk.metadata) == stored
    assert chunk.metadata["x-amz-bedrock-kb-chunk-id"] == chunk.chunk_id


def test_every_chunk_of_a_page_has_an_area(browser: ChunkBrowser, document: Document) -> None:
    page = browser.page(document.document_id, 27)
    areas = page.areas(chosen=page.chunks[-1].number)
    assert [area.number for area in areas] == [chunk.number for chunk in page.chunks]
    assert all(area.rectangles for area in areas)
    assert [area.chosen for area in areas] == [False] * (len(areas) - 1) + [True]


def test_a_chunk_over_a_page_s_end_goes_on_on_the_next(
    browser: ChunkBrowser, document: Document
) -> None:
    over = next(
        chunk
        for page in range(1, document.pages)
        for chunk in browser.page(document.document_id, page).chunks
        if chunk.last_page > chunk.first_page
    )
    following = browser.page(document.document_id, over.last_page).areas()
    assert following[0].number == over.number and following[0].goes_on


def test_the_order_goes_on_over_the_pages(browser: ChunkBrowser, document: Document) -> None:
    found = browser.chunks(document.document_id, 5, 20)
    assert [chunk.number for chunk in found] == list(range(5, 25))
    assert len({chunk.first_page for chunk in found}) > 1


def test_beyond_the_last_chunk_there_is_none(browser: ChunkBrowser, document: Document) -> None:
    assert browser.chunks(document.document_id, document.chunks + 1, 5) == ()
    assert browser.page_of(document.document_id, document.chunks + 1) is None


@pytest.mark.parametrize("number", [0, -1])
def test_before_the_first_chunk_there_is_none(
    number: int, browser: ChunkBrowser, document: Document
) -> None:
    assert browser.page_of(document.document_id, number) is None


def test_a_chunk_is_found_by_its_number_and_by_its_id(
    browser: ChunkBrowser, document: Document
) -> None:
    chunk = browser.page(document.document_id, 27).chunks[-1]
    place = browser.find(chunk.chunk_id)
    assert (place.key, place.number) == (document.key, chunk.number)
    assert place.page_number == browser.page_of(document.document_id, chunk.number)


@pytest.mark.parametrize("chunk_id", ["00000000-0000-4000-8000-000000000000", "no id", ""])
def test_an_id_of_no_chunk_is_a_sentence(chunk_id: str, browser: ChunkBrowser) -> None:
    with pytest.raises(ResourceNotFound):
        browser.find(chunk_id)


@pytest.mark.parametrize("page", [0, 59])
def test_a_page_that_is_not_there_is_a_sentence(
    page: int, browser: ChunkBrowser, document: Document
) -> None:
    with pytest.raises(ResourceNotFound, match=f"no page {page}"):
        browser.page(document.document_id, page)


def test_the_receipts_add_up_to_the_pages(browser: ChunkBrowser, document: Document) -> None:
    receipts = browser.receipts(document.document_id)
    assert sum(receipt.pages for receipt in receipts) == document.pages


def test_a_receipt_says_why_pages_have_no_text(bench: Workbench, tmp_path: Path) -> None:
    contents = [f"Section {n} of the guide ............ {n}" for n in range(1, 9)]
    path = text_pdf(tmp_path / "a.pdf", ["Words that stand on a page."], [], contents)
    bench.data_source.upload("a.pdf", io.BytesIO(path.read_bytes()))
    document = sync(bench)
    found = {(r.outcome, r.reason) for r in bench.chunk_browser.receipts(document.document_id)}
    assert found == {("text", None), ("empty", "blank page"), ("skipped", "contents list")}


def test_a_page_that_could_not_be_read_failed(bench: Workbench, database_url: str) -> None:
    bench.data_source.upload("a.md", io.BytesIO(b"# A\n\nWords."))
    document = sync(bench)
    with psycopg.connect(database_url) as connection:
        connection.execute(
            "UPDATE workbench.document_page SET outcome = 'empty', "
            "outcome_reason = 'page can not be read'"
        )
    (receipt,) = bench.chunk_browser.receipts(document.document_id)
    assert receipt.outcome == "failed"
    assert bench.chunk_browser.page(document.document_id, 1).outcome == "failed"


def test_a_document_that_is_not_synced_has_no_receipts(bench: Workbench) -> None:
    assert bench.chunk_browser.receipts("00000000-0000-4000-8000-000000000000") == ()


def test_of_a_page_with_very_many_chunks_the_first_are_given(bench: Workbench) -> None:
    rows = "\n".join(f"{n},{'word ' * 150}" for n in range(MOST_ON_PAGE + 20))
    bench.data_source.upload("rows.csv", io.BytesIO(f"number,note\n{rows}".encode()))
    page = bench.chunk_browser.page(sync(bench).document_id, 1)
    assert (len(page.chunks), page.has_more) == (MOST_ON_PAGE, True)


def test_a_document_without_geometry_has_areas_without_lines(bench: Workbench) -> None:
    bench.data_source.upload("a.md", io.BytesIO(b"# A\n\nWords."))
    page = bench.chunk_browser.page(sync(bench).document_id, 1)
    assert [area.rectangles for area in page.areas()] == [()]


def test_the_page_is_drawn_with_its_areas(browser: ChunkBrowser, document: Document) -> None:
    page = browser.page(document.document_id, 27)
    plain = browser.page_image(document.key, 27, [])
    drawn = browser.page_image(document.key, 27, page.areas())
    with Image.open(io.BytesIO(plain)) as before, Image.open(io.BytesIO(drawn)) as after:
        assert before.size == after.size and before.tobytes() != after.tobytes()


def test_looking_at_a_page_reads_no_other_chunk(synced_chapter: SyncedChapter) -> None:
    with psycopg.connect(synced_chapter.environ["KB_DATABASE_URL"]) as connection:
        connection.execute("SET enable_seqscan = off")
        plan = "\n".join(
            str(line)
            for (line,) in connection.execute(
                "EXPLAIN SELECT ordinal FROM workbench.chunk WHERE document_id = "
                "'00000000-0000-0000-0000-000000000001' AND first_page <= 7 AND last_page >= 7"
            )
        )
    assert "chunk_pages_idx" in plan and "Filter" not in plan
