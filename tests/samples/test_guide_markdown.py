"""The Markdown in which the field guide is written."""

from __future__ import annotations

import pytest

pytest.importorskip("markdown_it", reason="the sample is built with the development packages")

from samples import guide_markdown as md


@pytest.mark.parametrize("text", ["![a figure](x.png)", "- one\n\n  two", "<b>bold</b>", "---"])
def test_markdown_outside_the_subset_stops_the_build(text: str) -> None:
    with pytest.raises(md.GuideError, match="The guide"):
        md.parse(text)


def test_widths_of_columns_are_the_dashes_under_the_header() -> None:
    (table,) = md.parse("| a | b |\n| -- | ------ |\n| 1 | 2 |")
    assert isinstance(table, md.Table)
    assert table.widths == (2, 6)


def test_a_paragraph_that_begins_with_table_is_a_caption() -> None:
    (caption,) = md.parse("Table: What `x` means")
    assert isinstance(caption, md.Caption)
    assert (caption.kind, md.plain(caption.runs)) == ("Table", "What x means")


def test_code_keeps_its_straight_quotes() -> None:
    (paragraph,) = md.parse("It's `'io'`.")
    assert isinstance(paragraph, md.Paragraph)
    assert md.plain(paragraph.runs) == "It\N{RIGHT SINGLE QUOTATION MARK}s 'io'."
