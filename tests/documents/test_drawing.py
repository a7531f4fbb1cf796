"""Pages as images, with passages marked."""

from __future__ import annotations

import io
import time
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from kb.documents.drawing import HIGHLIGHT, draw_page
from kb.errors import DocumentError, ResourceNotFound
from kb.models import Rectangle
from tests.documents.corpus import MANUAL, needs_manual
from tests.documents.pdfs import HEIGHT, WIDTH, Paper

MARK = Rectangle(left=50, top=60, right=150, bottom=90)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    paper = Paper(tmp_path / "a.pdf")
    paper.size = 30
    paper.write(60, 85, "Black")
    return paper.save()


def pixels(png: bytes) -> NDArray[np.uint8]:
    return np.asarray(Image.open(io.BytesIO(png)))


def test_an_image_is_as_large_as_the_scale_says(path: Path) -> None:
    assert pixels(draw_page(path, 1, [], scale=2.0)).shape == (2 * HEIGHT, 2 * WIDTH, 3)


def test_a_mark_colours_its_area_and_nothing_else(path: Path) -> None:
    before, after = (pixels(draw_page(path, 1, marks, scale=1)) for marks in ([], [MARK]))
    changed = (before != after).any(axis=2)
    assert changed[60:90, 50:150].mean() > 0.5
    changed[60:90, 50:150] = False
    assert not changed.any()


def test_paper_below_a_mark_is_yellow(path: Path) -> None:
    assert tuple(pixels(draw_page(path, 1, [MARK], scale=1))[62, 52]) == HIGHLIGHT


def test_letters_below_a_mark_stay_black(path: Path) -> None:
    assert pixels(draw_page(path, 1, [MARK]))[100:140, 90:230].sum(axis=2).min() < 30


def test_marks_that_overlap_are_no_darker(path: Path) -> None:
    assert draw_page(path, 1, [MARK, MARK]) == draw_page(path, 1, [MARK])


def test_a_mark_beyond_the_edge_is_cut_off(path: Path) -> None:
    beyond = Rectangle(left=-20, top=-20, right=9999, bottom=10)
    assert tuple(pixels(draw_page(path, 1, [beyond], scale=1))[5, 5]) == HIGHLIGHT


def test_a_poster_is_drawn_smaller(tmp_path: Path) -> None:
    paper = Paper(tmp_path / "a.pdf")
    paper.canvas.setPageSize((10_000, 5_000))
    paper.write(60, 80, "Poster")
    assert max(pixels(draw_page(paper.save(), 1, [])).shape) == 5_000


@pytest.mark.parametrize("number", [0, 2])
def test_a_page_that_is_not_there_is_named(path: Path, number: int) -> None:
    with pytest.raises(ResourceNotFound, match=f"no page {number}; it has 1"):
        draw_page(path, number, [])


def test_a_file_that_is_no_pdf_can_not_be_drawn(tmp_path: Path) -> None:
    other = tmp_path / "a.txt"
    other.write_text("text", encoding="utf-8")
    with pytest.raises(DocumentError):
        draw_page(other, 1, [])


@needs_manual
def test_a_page_of_the_manual_is_drawn_before_anybody_waits() -> None:
    draw_page(MANUAL, 858, [MARK])
    started = time.process_time()
    draw_page(MANUAL, 858, [MARK])
    assert time.process_time() - started < 0.3
