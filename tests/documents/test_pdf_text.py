"""What is read from PDFs: words, paragraphs, tables, listings, in the right order."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont

from kb.documents.parsers import read_pages
from kb.models import Page
from tests.documents.pdfs import HEIGHT, Paper, hebrew_pdf, text_pdf

Draw = Callable[[Paper], None]


@pytest.fixture
def paper(tmp_path: Path) -> Paper:
    return Paper(tmp_path / "made up.pdf")


def read(path: Path) -> list[Page]:
    return list(read_pages(path, path.name))


def only_page(paper: Paper) -> Page:
    (page,) = read(paper.save())
    return page


def test_lines_of_a_paragraph_are_joined_by_spaces(paper: Paper) -> None:
    paper.paragraph(60, 80, ["The first line of the paragraph", "and the second one of it."])
    assert only_page(paper).text == "The first line of the paragraph and the second one of it."


def test_paragraphs_are_parted_by_an_empty_line(paper: Paper) -> None:
    paper.paragraph(60, 80, ["A line that is long enough to", "be followed by another."])
    paper.paragraph(60, 120, ["A new paragraph begins here."])
    assert only_page(paper).text.split("\n\n") == [
        "A line that is long enough to be followed by another.",
        "A new paragraph begins here.",
    ]


def test_lines_stay_apart_where_the_next_word_would_have_fitted(paper: Paper) -> None:
    lines = ["Apples", "Pears", "A line that shows how far this column reaches"]
    paper.paragraph(60, 80, lines)
    assert only_page(paper).text == "\n".join(lines)


def test_a_word_broken_at_the_line_end_is_rejoined(paper: Paper) -> None:
    paper.paragraph(
        60, 80, ["It shows one row for each pg_stat_ac-", "tivity entry of the server."]
    )
    assert "each pg_stat_activity entry" in only_page(paper).text


def test_a_hyphen_that_the_document_spells_elsewhere_stays_at_the_line_end(paper: Paper) -> None:
    lines = ["Use a cluster-wide setting or another cluster-", "wide setting of the same kind."]
    paper.paragraph(60, 80, lines)
    assert "another cluster-wide setting" in only_page(paper).text


def test_a_later_page_teaches_how_a_word_is_spelled(tmp_path: Path) -> None:
    first = ["This is said to be a write-", "ahead log, whatever that means."]
    path = text_pdf(tmp_path / "a.pdf", first, ["The write-ahead log is a log."])
    assert "a write-ahead log" in read(path)[0].text


def test_the_dashes_of_an_option_stay(paper: Paper) -> None:
    paper.paragraph(
        60, 80, ["Call the program with the option --", "jobs to make it do two things."]
    )
    assert "option --jobs to" in only_page(paper).text


def test_a_listing_keeps_its_line_breaks_and_indentation(paper: Paper) -> None:
    paper.font = "Courier"
    lines = ["SELECT pid,", "       state", "  FROM pg_stat_activity;"]
    paper.paragraph(60, 80, lines)
    assert only_page(paper).text == "\n".join(lines)


def test_a_term_stands_in_one_block_with_its_definition(paper: Paper) -> None:
    for y, term in ((80, "fsync"), (124, "wal_level")):
        paper.write(60, y, term)
        paper.paragraph(80, y + 22, [f"Says what {term} is good for."])
    assert only_page(paper).text.split("\n\n") == [
        "fsync\nSays what fsync is good for.",
        "wal_level\nSays what wal_level is good for.",
    ]


def test_a_path_broken_after_a_slash_gets_no_space(paper: Paper) -> None:
    paper.paragraph(
        60, 80, ["The files are below the folder /usr/local/", "pgsql/data of the server."]
    )
    assert "/usr/local/pgsql/data" in only_page(paper).text


def test_cells_of_a_row_stay_together_and_apart_by_tabs(paper: Paper) -> None:
    rows = [
        ("Name", "Type", "Meaning"),
        ("pid", "integer", "Number of the\nprocess"),
        ("state", "text", "What it does"),
    ]
    paper.table(80, (60, 140, 220), rows)
    assert only_page(paper).text.split("\n\n") == [
        "Name\tType\tMeaning",
        "pid\tinteger\tNumber of the process",
        "state\ttext\tWhat it does",
    ]


def test_an_empty_cell_leaves_its_tab(paper: Paper) -> None:
    rows = [("Name", "Old", "New"), ("alpha", "yes", "yes"), ("beta", "", "yes")]
    paper.table(80, (60, 140, 220), rows)
    assert "beta\t\tyes" in only_page(paper).text


LEFT = [f"In the left column stands line number {n} here" for n in range(1, 13)]
RIGHT = [f"On the right hand side line number {n} goes on" for n in range(1, 13)]


def test_columns_written_line_by_line_are_read_one_after_the_other(paper: Paper) -> None:
    for at, (left, right) in enumerate(zip(LEFT, RIGHT, strict=True)):
        paper.write(20, 80 + 13 * at, left)
        paper.write(245, 80 + 13 * at, right)
    text = only_page(paper).text
    assert text.index(LEFT[-1]) < text.index(RIGHT[0])


def test_a_table_with_two_columns_is_read_row_by_row(paper: Paper) -> None:
    rows = [(f"name {n}", f"Explains what name {n} is good for") for n in range(1, 13)]
    paper.table(80, (20, 245), rows)
    assert "\t".join(rows[5]) in only_page(paper).text


def test_a_paragraph_goes_on_in_the_next_column(paper: Paper) -> None:
    paper.paragraph(20, 80, LEFT)
    paper.paragraph(245, 80, RIGHT)
    assert f"{LEFT[-1]} {RIGHT[0]}" in only_page(paper).text.replace("\n\n", " ")


def test_ligatures_become_letters_that_share_the_box(paper: Paper) -> None:
    pdfmetrics.registerFont(TTFont("Vera", "Vera.ttf"))
    paper.font = "Vera"
    area = paper.write(60, 80, "o\ufb01ce")
    page = only_page(paper)
    assert page.text == "ofice"
    assert page.boxes[:, 2].max() == pytest.approx(area.right, abs=0.2)
    assert len(page.boxes) == len("ofice")


def test_no_break_spaces_become_spaces(paper: Paper) -> None:
    paper.write(60, 80, "Chapter\u00a028")
    assert only_page(paper).text == "Chapter 28"


def test_raised_figures_are_no_part_of_the_number_before(paper: Paper) -> None:
    line = paper.canvas.beginText(60, HEIGHT - 80)
    line.setFont("Helvetica", 10)
    line.textOut("up to 2")
    line.setFont("Helvetica", 6)
    line.setRise(4)
    line.textOut("32")
    line.setFont("Helvetica", 10)
    line.setRise(0)
    line.textOut(" rows")
    paper.canvas.drawText(line)
    assert only_page(paper).text == "up to 2³² rows"


def test_every_character_has_a_box(paper: Paper) -> None:
    paper.paragraph(60, 80, ["One row of pg_stat_ac-", "tivity,  spaces and", "", "more."])
    page = only_page(paper)
    assert len(page.text) == len(page.boxes)


def test_characters_without_ink_have_no_width(paper: Paper) -> None:
    paper.paragraph(60, 80, ["A line and", "another one."])
    page = only_page(paper)
    widths = page.boxes[:, 2] - page.boxes[:, 0]
    blank = [character.isspace() for character in page.text]
    assert (widths[blank] == 0).all()


def test_right_to_left_words_keep_their_places(tmp_path: Path) -> None:
    (page,) = read(hebrew_pdf(tmp_path / "hebrew.pdf"))
    words = page.text.split()
    assert sorted("".join(sorted(word)) for word in words) == ["בגד", "הוז"]
    lefts = {word: page.boxes[page.text.index(word) :][:3, 0].min() for word in words}
    assert [lefts[word] for word in words] == pytest.approx([100, 60], abs=1)
