"""Pages on which chunks are outlined areas with a number."""

from __future__ import annotations

import io
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from kb.documents.boundaries import INKS, ChunkArea, Ink, draw_chunks, ink
from kb.documents.drawing import draw_page
from kb.errors import ResourceNotFound
from kb.models import Rectangle
from tests.documents.pdfs import HEIGHT, WIDTH, Paper

#: What people see to whom red, green or blue is missing (Machado, Oliveira and Fernandes, 2009),
#: as matrices on linear RGB.
SIGHTS = {
    "all colours": np.eye(3),
    "no red": [[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]],
    "no green": [[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]],
    "no blue": [[1.256, -0.077, -0.179], [-0.078, 0.931, 0.148], [0.005, 0.691, 0.304]],
}
#: Of CIELAB; two colours of 10 are told apart at a glance.
APART = 25


def line(top: float, left: float = 60, right: float = 400) -> Rectangle:
    return Rectangle(left=left, top=top, right=right, bottom=top + 10)


ONE = ChunkArea(number=1, rectangles=(line(100), line(115)))
TWO = ChunkArea(number=2, rectangles=(line(200), line(215)))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    paper = Paper(tmp_path / "a.pdf")
    paper.size = 30
    paper.write(60, 125, "Black")
    return paper.save()


def drawn(path: Path, *areas: ChunkArea) -> NDArray[np.uint8]:
    return np.asarray(Image.open(io.BytesIO(draw_chunks(path, 1, areas, scale=1))))


def changed(path: Path, *areas: ChunkArea) -> NDArray[np.bool_]:
    """Which pixels the areas change."""
    found: NDArray[np.bool_] = (drawn(path, *areas) != drawn(path)).any(axis=2)
    return found


def test_without_areas_it_is_the_page_itself(path: Path) -> None:
    assert draw_chunks(path, 1, []) == draw_page(path, 1, [])


def test_an_area_is_tinted_without_gaps_between_its_lines(path: Path) -> None:
    assert changed(path, ONE)[101:124, 61:399].mean() > 0.95


def test_an_area_has_a_line_around_it(path: Path) -> None:
    pixels = drawn(path, ONE)
    assert tuple(pixels[98, 300]) == tuple(pixels[126 - 1, 300]) == ink(1).line


def test_nothing_else_of_the_page_changes_but_for_the_number(path: Path) -> None:
    found = changed(path, ONE)
    found[97:128, 58:403] = False
    assert found.any() and not found[:, 60:].any() and not found[130:].any()


def test_letters_in_an_area_stay_black(path: Path) -> None:
    assert drawn(path, ONE)[103:124, 60:140].sum(axis=2).min() < 30


def test_neighbours_have_different_colours(path: Path) -> None:
    pixels = drawn(path, ONE, TWO)
    assert tuple(pixels[112, 350]) != tuple(pixels[212, 350])


def test_an_overlap_shows_the_colours_of_both(path: Path) -> None:
    other = ChunkArea(number=2, rectangles=(line(115), line(130)))
    shown = {tuple(pixel) for pixel in drawn(path, ONE, other)[118:122, 200:390].reshape(-1, 3)}
    assert {ink(1).tint, ink(2).tint} <= shown


def test_the_chosen_area_has_a_thicker_line(path: Path) -> None:
    chosen = ChunkArea(number=1, rectangles=ONE.rectangles, chosen=True)
    plain, thick = (
        (drawn(path, area) == ink(1).line).all(axis=2)[:, 60:].sum() for area in (ONE, chosen)
    )
    assert thick > 1.5 * plain


def test_chunks_that_begin_in_one_line_have_both_numbers(path: Path) -> None:
    parts = (line(100, 60, 200), line(100, 205, 400))
    areas = [ChunkArea(number=n, rectangles=(p,)) for n, p in enumerate(parts, start=1)]
    beside = drawn(path, *areas)[:, :60]
    both = [(beside == ink(n).line).all(axis=2).sum() for n in (1, 2)]
    assert min(both) > 30


def test_an_area_that_began_on_the_page_before_is_marked_so(path: Path) -> None:
    going_on = ChunkArea(number=1, rectangles=ONE.rectangles, goes_on=True)
    assert draw_chunks(path, 1, [going_on]) != draw_chunks(path, 1, [ONE])


def test_two_columns_are_not_painted_over_as_one(path: Path) -> None:
    columns = [*(line(t, 60, 200) for t in range(100, 400, 15)), line(100, 280, 400)]
    found = changed(path, ChunkArea(number=1, rectangles=tuple(columns)))
    assert not found[150:390, 285:395].any()


def test_an_area_beyond_the_edge_is_cut_off(path: Path) -> None:
    beyond = Rectangle(left=-20, top=-20, right=9999, bottom=10)
    assert drawn(path, ChunkArea(number=1, rectangles=(beyond,))).shape == (HEIGHT, WIDTH, 3)


def test_an_area_without_lines_is_nothing(path: Path) -> None:
    assert not changed(path, ChunkArea(number=1, rectangles=())).any()


def test_a_trimmed_page_has_no_empty_margins(path: Path) -> None:
    png = draw_chunks(path, 1, [ONE], scale=1, trimmed=True)
    height, width = np.asarray(Image.open(io.BytesIO(png))).shape[:2]
    assert height < HEIGHT / 2 and width < WIDTH / 2


def test_a_trimmed_page_keeps_its_words_and_numbers(path: Path) -> None:
    word = ChunkArea(number=1234, rectangles=(line(100, 60, 140), line(115, 60, 140)))
    whole, trimmed = (
        np.asarray(Image.open(io.BytesIO(draw_chunks(path, 1, [word], scale=1, trimmed=cut))))
        for cut in (False, True)
    )
    counts = [(image == ink(1234).line).all(axis=2).sum() for image in (whole, trimmed)]
    assert counts[0] == counts[1]
    assert (trimmed.sum(axis=2) < 30).sum() == (whole.sum(axis=2) < 30).sum()


def test_an_empty_page_is_not_trimmed(tmp_path: Path) -> None:
    paper = Paper(tmp_path / "empty.pdf")
    paper.next_page()
    png = draw_chunks(paper.save(), 1, [], scale=1, trimmed=True)
    assert np.asarray(Image.open(io.BytesIO(png))).shape == (HEIGHT, WIDTH, 3)


def test_a_page_that_is_not_there_is_named(path: Path) -> None:
    with pytest.raises(ResourceNotFound, match="no page 2; it has 1"):
        draw_chunks(path, 2, [ONE])


@pytest.mark.parametrize("sight", SIGHTS)
def test_the_lines_differ_whatever_colours_are_seen(sight: str) -> None:
    seen = [lab(np.asarray(SIGHTS[sight]) @ linear(one.line)) for one in INKS]
    apart = [float(np.linalg.norm(one - other)) for one, other in combinations(seen, 2)]
    assert min(apart) > APART


@pytest.mark.parametrize("one", INKS, ids=lambda one: one.name)
def test_black_letters_can_be_read_on_every_tint(one: Ink) -> None:
    assert luminance(one.tint) > 0.75


@pytest.mark.parametrize("one", INKS, ids=lambda one: one.name)
def test_white_numbers_can_be_read_on_every_colour(one: Ink) -> None:
    # 4.5 is WCAG's contrast for text.
    assert 1.05 / (luminance(one.line) + 0.05) > 4.5


def linear(colour: tuple[int, int, int]) -> NDArray[np.float64]:
    share = np.asarray(colour) / 255
    return np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)


def luminance(colour: tuple[int, int, int]) -> float:
    return float(linear(colour) @ [0.2126, 0.7152, 0.0722])


def lab(rgb: NDArray[np.float64]) -> NDArray[np.float64]:
    """CIELAB of a linear colour."""
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.95]])
    x, y, z = np.cbrt(to_xyz @ np.clip(rgb, 0.001, 1) / [0.95, 1.0, 1.089])
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])
