"""Pages of PDFs: labels, sizes, headers and footers, sections, pages without text of their own."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from kb.documents.marks import line_rectangles
from kb.documents.parsers import page_count, read_pages
from kb.models import Page, PageOutcome
from tests.documents.areas import overlap
from tests.documents.pdfs import HEIGHT, WIDTH, Paper, text_pdf

BODY = ["The body of the page has lines of text", "that nobody should ever drop."]


def read(path: Path) -> list[Page]:
    return list(read_pages(path, path.name))


def book(path: Path, headers: Sequence[str], *, first: str = "") -> Path:
    """Pages with a header, a body and their number."""
    paper = Paper(path)
    for number, header in enumerate(headers, start=1):
        paper.write(60, 40, header)
        paper.paragraph(60, 90, [first, *BODY] if first and number == 1 else BODY)
        paper.write(200, 570, f"Page {number} of {len(headers)}")
        paper.next_page()
    return paper.save()


def test_a_header_that_neighbours_repeat_is_dropped(tmp_path: Path) -> None:
    pages = read(book(tmp_path / "a.pdf", ["Guide"] * 3))
    assert [page.text for page in pages] == [" ".join(BODY)] * 3


def test_headers_of_left_and_right_pages_are_dropped(tmp_path: Path) -> None:
    pages = read(book(tmp_path / "a.pdf", ["Left", "Right"] * 3))
    assert {page.text for page in pages} == {" ".join(BODY)}


def test_a_heading_that_appears_once_is_never_dropped(tmp_path: Path) -> None:
    pages = read(book(tmp_path / "a.pdf", ["Guide", "Guide", "A heading", "Guide"]))
    assert pages[2].text.startswith("A heading")


def test_the_first_line_of_the_body_stays_though_neighbours_repeat_it(tmp_path: Path) -> None:
    lines = ["Column Type", "and then what this page alone says"]
    pages = read(text_pdf(tmp_path / "a.pdf", *([lines] * 3)))
    assert all(page.text.startswith("Column Type") for page in pages)


def test_a_page_number_that_equals_the_label_is_dropped(tmp_path: Path) -> None:
    paper = Paper(tmp_path / "a.pdf")
    for roman in ("i", "ii", "iii"):
        paper.paragraph(60, 90, [f"What page {roman} has to say"])
        paper.write(200, 570, roman)
        paper.canvas.addPageLabel(paper.canvas.getPageNumber() - 1, "ROMAN_LOWER", 1)
        paper.next_page()
    paper.canvas.addPageLabel(0, "ROMAN_LOWER", 1)
    pages = read(paper.save())
    assert pages[0].text == "What page i has to say"


def test_labels_are_roman_where_the_document_says_so(tmp_path: Path) -> None:
    paper = Paper(tmp_path / "a.pdf")
    paper.canvas.addPageLabel(0, "ROMAN_LOWER", 1)
    paper.canvas.addPageLabel(2, "ARABIC", 1)
    for number in range(1, 5):
        paper.write(60, 90, f"Physical page {number}")
        paper.next_page()
    pages = read(paper.save())
    assert [(page.number, page.label) for page in pages] == [
        (1, "i"),
        (2, "ii"),
        (3, "1"),
        (4, "2"),
    ]


def test_a_page_without_a_label_is_labelled_by_its_number(tmp_path: Path) -> None:
    pages = read(text_pdf(tmp_path / "a.pdf", ["one"], ["two"]))
    assert [page.label for page in pages] == ["1", "2"]


def test_boxes_of_a_turned_page_are_those_of_the_page_as_displayed(tmp_path: Path) -> None:
    paper = Paper(tmp_path / "a.pdf")
    # The sheet lies on its side; so does the text on it, until the page is turned.
    paper.canvas.setPageRotation(90)
    paper.canvas.translate(HEIGHT, 0)
    paper.canvas.rotate(90)
    area = paper.write(60, 80, "Upright once the page is turned")
    (page,) = read(paper.save())
    assert (page.width, page.height) == (WIDTH, HEIGHT)
    assert overlap(line_rectangles(page.boxes), [area]) > 0.9


def test_boxes_count_from_the_corner_of_what_is_shown_of_the_page(tmp_path: Path) -> None:
    paper = Paper(tmp_path / "a.pdf")
    paper.canvas.setCropBox((50, 100, WIDTH, HEIGHT - 30))
    area = paper.write(110, 110, "Within the crop box")
    (page,) = read(paper.save())
    assert page.boxes[0, 0] == pytest.approx(area.left - 50, abs=0.5)
    assert page.boxes[:, 1].min() == pytest.approx(area.top - 30, abs=0.5)


def test_a_blank_page_is_empty(tmp_path: Path) -> None:
    pages = read(text_pdf(tmp_path / "a.pdf", ["Some text"], []))
    assert pages[1].outcome is PageOutcome.EMPTY


def test_a_page_of_images_says_why_it_is_empty(tmp_path: Path) -> None:
    paper = Paper(tmp_path / "a.pdf")
    paper.write(60, 90, "Some text")
    paper.next_page()
    paper.picture()
    assert read(paper.save())[1].outcome_reason == "no text on the page"


def test_a_contents_list_is_skipped(tmp_path: Path) -> None:
    lines = [f"{n}. Chapter number {n} {'.' * 40} {n * 7}" for n in range(1, 9)]
    pages = read(text_pdf(tmp_path / "a.pdf", lines, BODY))
    assert [page.outcome_reason for page in pages] == ["contents list", None]


def test_a_contents_list_below_running_text_is_not_skipped(tmp_path: Path) -> None:
    prose = ["This part is about things that everyone should know about,", "and here they are:"]
    lines = [f"{n}. Chapter number {n} {'.' * 40} {n * 7}" for n in range(1, 9)]
    long = [*prose[:1], "and it says so in more than one line of text to be read", *lines]
    (page,) = read(text_pdf(tmp_path / "a.pdf", long))
    assert page.outcome is PageOutcome.TEXT


def test_an_index_is_skipped(tmp_path: Path) -> None:
    paper = Paper(tmp_path / "a.pdf")
    paper.paragraph(60, 90, BODY)
    paper.next_page()
    paper.section("Index")
    paper.paragraph(60, 90, ["Index", "alpha, 3, 17", "beta, 4", "gamma, 12-14", "delta, 2"])
    assert [page.outcome_reason for page in read(paper.save())] == [None, "index"]


def test_a_chapter_about_indexes_is_not_skipped(tmp_path: Path) -> None:
    paper = Paper(tmp_path / "a.pdf")
    paper.section("Index")
    paper.paragraph(60, 90, ["Index", *BODY])
    assert read(paper.save())[0].outcome is PageOutcome.TEXT


def test_sections_begin_at_their_headings_and_not_at_the_top_of_the_page(tmp_path: Path) -> None:
    paper = Paper(tmp_path / "a.pdf")
    paper.section("1. One")
    paper.section("1.1. Inner", level=1)
    paper.paragraph(60, 90, BODY)
    paper.paragraph(60, 140, ["1. One"])
    paper.paragraph(60, 170, BODY)
    paper.paragraph(60, 220, ["1.1. Inner"])
    (page,) = read(paper.save())
    assert [page.text[section.offset :].split("\n")[0] for section in page.sections] == [
        "1. One",
        "1.1. Inner",
    ]
    assert page.sections[1].heading_path == ("1. One", "1.1. Inner")


def test_a_heading_that_wraps_is_found(tmp_path: Path) -> None:
    paper = Paper(tmp_path / "a.pdf")
    paper.section("2. A heading of many words that goes on")
    paper.paragraph(60, 90, BODY)
    paper.size = 16
    paper.write(60, 150, "2. A heading of many words")
    paper.write(60, 170, "that goes on")
    (page,) = read(paper.save())
    assert page.text[page.sections[0].offset :].startswith("2. A heading")


def test_spaces_of_titles_are_plain_even_where_a_euro_sign_stands_for_one(tmp_path: Path) -> None:
    paper = Paper(tmp_path / "a.pdf")
    paper.section("28.1.€Standard\u00a0Unix Tools")
    paper.paragraph(60, 90, ["28.1. Standard Unix Tools"])
    (page,) = read(paper.save())
    assert page.sections[0].heading_path == ("28.1. Standard Unix Tools",)


def test_a_title_that_is_nowhere_on_the_page_begins_it(tmp_path: Path) -> None:
    paper = Paper(tmp_path / "a.pdf")
    paper.section("Called otherwise")
    paper.paragraph(60, 90, BODY)
    assert read(paper.save())[0].sections[0].offset == 0


def test_pages_are_counted_without_being_read(tmp_path: Path) -> None:
    path = text_pdf(tmp_path / "a.pdf", ["one"], ["two"], ["three"])
    assert page_count(path, "a.pdf") == 3


def test_two_threads_read_at_the_same_time(tmp_path: Path) -> None:
    paths = [text_pdf(tmp_path / f"{n}.pdf", *[[f"{n} {at}"] for at in range(30)]) for n in "ab"]
    with ThreadPoolExecutor(2) as threads:
        found = list(threads.map(read, paths))
    assert [[page.text for page in pages] for pages in found] == [
        [f"{n} {at}" for at in range(30)] for n in "ab"
    ]
