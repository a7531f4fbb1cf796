"""Marks lie on the words that were drawn, and boxes survive being packed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kb.documents.chunking import chunk_pages
from kb.documents.marks import (
    PageGeometry,
    line_rectangles,
    marks,
    pack_boxes,
    rectangles_on_page,
    unpack_boxes,
)
from kb.documents.parsers import read_pages
from kb.models import PageMark, Placement, Rectangle, Span
from tests.documents.areas import marks_of, overlap
from tests.documents.corpus import count_words
from tests.documents.pdfs import HEIGHT, Paper


@pytest.fixture
def paper(tmp_path: Path) -> Paper:
    return Paper(tmp_path / "made up.pdf")


def marked(paper: Paper, words: str) -> tuple[PageMark, ...]:
    pages = list(read_pages(paper.save(), "made up.pdf"))
    return marks_of(words, chunk_pages(pages, count_words), pages)


def part(paper: Paper, x: float, y: float, line: str, words: str) -> Rectangle:
    """Where some words of a line stand."""
    before = line[: line.index(words)]
    left = paper.area(x, y, before).right if before else x
    return paper.area(left, y, words)


def test_a_mark_covers_the_words_and_no_others(paper: Paper) -> None:
    line = "Only four words of this are marked by the pen"
    paper.write(60, 80, line)
    (mark,) = marked(paper, "words of this are")
    assert overlap(mark.rectangles, [part(paper, 60, 80, line, "words of this are")]) > 0.9


def test_a_mark_of_two_lines_has_two_rectangles(paper: Paper) -> None:
    areas = paper.paragraph(60, 80, ["All of this first line and quite", "all of the second, too."])
    words = "All of this first line and quite all of the second, too."
    (mark,) = marked(paper, words)
    assert overlap(mark.rectangles, areas) > 0.9


def test_a_word_broken_by_a_hyphen_is_marked_on_both_lines(paper: Paper) -> None:
    paper.paragraph(60, 80, ["It has one row for each pg_stat_ac-", "tivity entry of the server."])
    true = [
        part(paper, 60, 80, "It has one row for each pg_stat_ac", "pg_stat_ac"),
        paper.area(60, 93, "tivity"),
    ]
    (mark,) = marked(paper, "pg_stat_activity")
    assert overlap(mark.rectangles, true) > 0.9


def test_a_passage_in_one_of_two_columns_is_marked_there_alone(paper: Paper) -> None:
    lefts = [f"In the left column stands line number {n} here" for n in range(10, 22)]
    rights = [f"On the right hand side line number {n} goes on" for n in range(10, 22)]
    true = []
    for at, (left, right) in enumerate(zip(lefts, rights, strict=True)):
        true.append(paper.write(20, 80 + 13 * at, left))
        paper.write(245, 80 + 13 * at, right)
    (mark,) = marked(paper, " ".join(lefts[3:6]))
    assert overlap(mark.rectangles, true[3:6]) > 0.9


def test_cells_of_a_row_are_marked_apart(paper: Paper) -> None:
    paper.table(80, (60, 160, 260), [("Name", "Type", "Use"), ("pid", "integer", "Number")])
    true = [paper.area(60, 101, "pid"), paper.area(160, 101, "integer")]
    (mark,) = marked(paper, "pid\tinteger")
    assert overlap(mark.rectangles, true) > 0.9


def test_a_turned_page_is_marked_as_it_is_displayed(paper: Paper) -> None:
    paper.canvas.setPageRotation(90)
    paper.canvas.translate(HEIGHT, 0)
    paper.canvas.rotate(90)
    line = "Upright once the page is turned by its reader"
    paper.write(60, 80, line)
    (mark,) = marked(paper, "the page is turned by")
    assert overlap(mark.rectangles, [part(paper, 60, 80, line, "the page is turned by")]) > 0.9


def test_turned_text_is_marked_where_it_runs_up_the_page(paper: Paper) -> None:
    paper.canvas.saveState()
    paper.canvas.translate(100, HEIGHT - 400)
    paper.canvas.rotate(90)
    paper.canvas.setFont("Helvetica", 10)
    paper.canvas.drawString(0, 0, "Turned text")
    paper.canvas.restoreState()
    width = paper.area(0, 0, "Turned text").right
    true = Rectangle(left=100 - 9.4, top=400 - width, right=100 + 2.2, bottom=400)
    (mark,) = marked(paper, "Turned text")
    assert overlap(mark.rectangles, [true]) > 0.9


def test_a_passage_over_a_page_break_is_marked_on_both_pages(paper: Paper) -> None:
    long = "This line is as long as the column that it stands in"
    paper.paragraph(60, 500, [long, "and the sentence that began above goes on to the"])
    paper.next_page()
    second = paper.write(60, 80, "page after this one.")
    found = marked(paper, "goes on to the page after this one.")
    assert [mark.page_number for mark in found] == [1, 2]
    assert overlap(found[1].rectangles, [second]) > 0.9


def test_a_mark_bears_the_label_of_its_page() -> None:
    boxes = np.array([[0, 0, 5, 9], [5, 0, 10, 9]], np.float32)
    place = Placement(start=0, end=2, page_number=7, page_start=0)
    geometry = {7: PageGeometry(label="vii", boxes=boxes)}
    (mark,) = marks([place], Span(start=1, end=2), geometry)
    assert mark == PageMark(
        page_number=7,
        page_label="vii",
        rectangles=(Rectangle(left=5, top=0, right=10, bottom=9),),
    )


def test_text_without_geometry_has_no_marks() -> None:
    place = Placement(start=0, end=2, page_number=1, page_start=0)
    geometry = {1: PageGeometry(label="1", boxes=unpack_boxes(b""))}
    assert marks([place], Span(start=0, end=2), geometry) == ()


def test_spaces_alone_are_not_marked() -> None:
    assert line_rectangles(np.array([[5, 0, 5, 9]], np.float32)) == ()


def made_up_boxes(count: int, extent: float) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    random = np.random.default_rng(3)
    corners = random.uniform(0, extent, (count, 2))
    sizes = random.uniform(0, extent / 50, (count, 2))
    return np.hstack([corners, corners + sizes]).astype(np.float32)


def test_packed_boxes_are_exact_to_a_hundredth_of_a_point() -> None:
    boxes = made_up_boxes(3000, 840)
    assert np.abs(unpack_boxes(pack_boxes(boxes)) - boxes).max() <= 0.0101


def test_boxes_of_a_poster_are_packed_too() -> None:
    boxes = made_up_boxes(300, 14_400)
    assert np.abs(unpack_boxes(pack_boxes(boxes)) - boxes).max() < 0.2


def test_boxes_beyond_the_edge_of_the_page_are_packed_too() -> None:
    boxes = made_up_boxes(300, 800) - np.float32(50)
    assert np.abs(unpack_boxes(pack_boxes(boxes)) - boxes).max() <= 0.0101


def test_no_boxes_are_packed_into_nothing() -> None:
    assert pack_boxes(unpack_boxes(b"")) == b""


def test_only_the_lines_of_the_asked_page_are_given() -> None:
    boxes = np.array([[10, 10, 20, 20], [20, 10, 30, 20], [10, 40, 20, 50]], np.float32)
    placements = [
        Placement(start=0, end=2, page_number=1, page_start=0),
        Placement(start=2, end=3, page_number=2, page_start=2),
    ]
    (found,) = rectangles_on_page(placements, 2, boxes)
    assert (found.top, found.bottom) == (40, 50)
    assert rectangles_on_page(placements, 3, boxes) == ()
