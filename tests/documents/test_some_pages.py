"""A few pages of a document, read without the others."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from kb.documents.parsers import has_page_images, read_pages, read_some_pages
from kb.errors import DocumentError, UnsupportedFormat
from kb.models import Page
from tests.documents.pdfs import Paper

FIRST, LAST = 20, 24


@pytest.fixture(scope="module")
def whole(chapter: Path) -> list[Page]:
    """All pages of the real chapter."""
    return list(read_pages(chapter, chapter.name))


@pytest.fixture(scope="module")
def some(chapter: Path) -> list[Page]:
    return list(read_some_pages(chapter, chapter.name, FIRST, LAST))


def table(path: Path, rows: int) -> Path:
    path.write_text("number\n" + "\n".join(f"row {n}" for n in range(rows)), encoding="utf-8")
    return path


def numbers(pages: Iterator[Page]) -> list[int]:
    return [page.number for page in pages]


def test_only_the_wanted_pages_are_given(some: list[Page]) -> None:
    assert [page.number for page in some] == list(range(FIRST, LAST + 1))


def test_their_text_is_that_of_the_whole_document(some: list[Page], whole: list[Page]) -> None:
    assert [page.text for page in some] == [page.text for page in whole[FIRST - 1 : LAST]]


def test_their_sections_have_the_headings_above_them(some: list[Page], whole: list[Page]) -> None:
    assert [page.sections for page in some] == [page.sections for page in whole[FIRST - 1 : LAST]]


def test_nearly_every_page_alone_is_as_in_the_whole(chapter: Path, whole: list[Page]) -> None:
    alone = [next(read_some_pages(chapter, chapter.name, n, n)) for n in range(1, 59)]
    same = [a.text == w.text for a, w in zip(alone, whole, strict=True)]
    assert sum(same) > 0.9 * len(whole)


def test_a_header_that_only_pages_before_repeat_is_dropped(tmp_path: Path) -> None:
    paper = Paper(tmp_path / "a.pdf")
    for number in range(1, 7):
        paper.write(60, 40, "Running header")
        paper.write(60, 90, f"What page {'abcdef'[number - 1]} says.")
        paper.next_page()
    (page,) = read_some_pages(paper.save(), "a.pdf", 6, 6)
    assert page.text == "What page f says."


def test_pages_beyond_the_end_are_none(chapter: Path) -> None:
    assert numbers(read_some_pages(chapter, chapter.name, 57, 99)) == [57, 58]


def test_a_table_s_pages_are_counted_off(tmp_path: Path) -> None:
    path = table(tmp_path / "a.csv", 3_500)
    assert numbers(read_some_pages(path, path.name, 2, 3)) == [2, 3]


def test_a_page_without_text_is_empty_and_no_error(tmp_path: Path) -> None:
    paper = Paper(tmp_path / "a.pdf")
    paper.picture()
    paper.next_page()
    (page,) = read_some_pages(paper.save(), "a.pdf", 1, 1)
    assert (page.text, page.outcome_reason) == ("", "no text on the page")


def test_what_is_no_document_is_refused_at_once(tmp_path: Path) -> None:
    path = tmp_path / "a.exe"
    path.write_bytes(b"MZ")
    with pytest.raises(UnsupportedFormat):
        read_some_pages(path, path.name, 1, 1)
    with pytest.raises(DocumentError):
        list(read_some_pages(path, "a.pdf", 1, 1))


@pytest.mark.parametrize(
    ("key", "drawn"), [("a/b.PDF", True), ("a.md", False), ("pdf", False), (".pdf", False)]
)
def test_pages_of_pdfs_have_images(key: str, drawn: bool) -> None:
    assert has_page_images(key) is drawn
