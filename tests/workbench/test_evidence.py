"""The proof of a citation: its page, with the passage marked where PDFium finds it."""

from __future__ import annotations

import io
import uuid
from dataclasses import replace

import pypdfium2
import pytest
from PIL import Image

from kb.errors import KbError, ResourceNotFound
from kb.models import PageMark, RetrievedReference, Span
from kb.workbench import Workbench
from tests.made_up import SyncedChapter, result

pytestmark = pytest.mark.database

KEY = "postgresql-16-monitoring-chapter.pdf"
QUESTION = "What is the pg_stat_io view?"


@pytest.fixture(scope="module")
def bench(synced_chapter: SyncedChapter) -> Workbench:
    return synced_chapter.bench


@pytest.fixture(scope="module")
def reference(bench: Workbench) -> RetrievedReference:
    """What the first citation of the answer rests on."""
    answer = bench.knowledge_base.retrieve_and_generate(QUESTION)
    return answer.citations[0].retrieved_references[0]


def letters(text: str) -> str:
    return "".join(char for char in text if char.isalnum())


def text_in(bench: Workbench, mark: PageMark) -> str:
    """What PDFium, asked by nobody's code but its own, finds in the marked areas."""
    with bench.evidence._store.local_copy(KEY) as path:
        document = pypdfium2.PdfDocument(path)
    page = document[mark.page_number - 1]
    height = page.get_height()
    text_page = page.get_textpage()
    found = [
        text_page.get_text_bounded(r.left, height - r.bottom, r.right, height - r.top)
        for r in mark.rectangles
    ]
    document.close()
    return " ".join(found)


def test_the_marked_areas_hold_the_cited_passage(
    bench: Workbench, reference: RetrievedReference
) -> None:
    marks = bench.evidence.marks(reference)
    marked = "".join(letters(text_in(bench, mark)) for mark in marks)
    assert letters(reference.passage_text) in marked


def test_the_marks_are_on_the_pages_of_the_chunk(
    bench: Workbench, reference: RetrievedReference
) -> None:
    pages = [mark.page_number for mark in bench.evidence.marks(reference)]
    first, last = reference.result.page_number, reference.result.last_page_number
    assert first is not None and last is not None
    assert set(pages) <= set(range(first, last + 1))


def test_a_part_of_a_passage_is_marked_by_less(
    bench: Workbench, reference: RetrievedReference
) -> None:
    assert reference.passage is not None
    start = reference.passage.start
    part = replace(reference, passage=Span(start=start, end=start + 15))
    (mark,) = bench.evidence.marks(part)
    assert letters(part.passage_text) in letters(text_in(bench, mark))
    assert len(text_in(bench, mark)) < 40


def test_a_chunk_without_a_passage_is_marked_whole(
    bench: Workbench, reference: RetrievedReference
) -> None:
    whole = bench.evidence.marks(RetrievedReference(result=reference.result))
    part = bench.evidence.marks(reference)
    assert sum(len(m.rectangles) for m in whole) > sum(len(m.rectangles) for m in part)


def test_a_page_is_drawn_with_its_marks(bench: Workbench, reference: RetrievedReference) -> None:
    mark = bench.evidence.marks(reference)[0]
    plain = bench.evidence.page_image(KEY, mark.page_number, [])
    marked = bench.evidence.page_image(KEY, mark.page_number, mark.rectangles)
    with Image.open(io.BytesIO(plain)) as before, Image.open(io.BytesIO(marked)) as after:
        assert before.size == after.size
        assert before.convert("RGB").tobytes() != after.convert("RGB").tobytes()


def test_a_chunk_that_has_gone_is_not_found(bench: Workbench) -> None:
    gone = RetrievedReference(result=result("x", chunk_id=str(uuid.uuid4())))
    with pytest.raises(ResourceNotFound, match="no longer"):
        bench.evidence.marks(gone)


@pytest.mark.parametrize("page_number", [0, 59, -1])
def test_a_page_that_is_not_there_is_a_sentence(page_number: int, bench: Workbench) -> None:
    with pytest.raises(KbError):
        bench.evidence.page_image(KEY, page_number, [])


def test_a_page_of_a_document_that_is_not_there_is_a_sentence(bench: Workbench) -> None:
    with pytest.raises(ResourceNotFound, match=r"'no\.pdf'"):
        bench.evidence.page_image("no.pdf", 1, [])
