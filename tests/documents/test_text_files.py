"""Text and Markdown files: one page without geometry, headings as sections."""

from __future__ import annotations

from pathlib import Path

import pytest

from kb.documents.parsers import page_count, read_pages
from kb.models import Page


def read(tmp_path: Path, content: str | bytes, name: str = "a.md") -> Page:
    path = tmp_path / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    (page,) = read_pages(path, name)
    return page


def headings(page: Page) -> list[tuple[str, ...]]:
    return [section.heading_path for section in page.sections]


def test_a_text_file_is_one_page_without_geometry(tmp_path: Path) -> None:
    page = read(tmp_path, "One\nTwo", "a.txt")
    assert (page.number, page.label, page.text, len(page.boxes)) == (1, "1", "One\nTwo", 0)


def test_a_text_file_counts_as_one_page(tmp_path: Path) -> None:
    assert page_count(tmp_path / "a.txt", "a.txt") == 1


def test_text_of_windows_reads_like_any_other(tmp_path: Path) -> None:
    page = read(tmp_path, "\ufeffOne\r\nTwo\u00a0words".encode("utf-16"), "a.txt")
    assert page.text == "One\nTwo words"


def test_headings_begin_sections_below_one_another(tmp_path: Path) -> None:
    page = read(tmp_path, "# Guide\n\nText.\n\n## Install\n\nMore.\n\n# Notes\n")
    assert headings(page) == [("Guide",), ("Guide", "Install"), ("Notes",)]


def test_a_section_begins_where_its_heading_does(tmp_path: Path) -> None:
    page = read(tmp_path, "Before.\n\n## Install ##\n\nText.")
    assert page.text[page.sections[0].offset :].startswith("## Install")


def test_an_underlined_line_is_a_heading(tmp_path: Path) -> None:
    page = read(tmp_path, "Guide\n=====\n\nInstall\n-------\n\nText.")
    assert headings(page) == [("Guide",), ("Guide", "Install")]


@pytest.mark.parametrize(
    "rule", ["Text.\n\n---\n\nMore.", "- item\n---\n", "| a | b |\n|---|---|\n"]
)
def test_rules_and_tables_are_no_headings(tmp_path: Path, rule: str) -> None:
    assert headings(read(tmp_path, rule)) == []


def test_comments_in_a_fenced_listing_are_no_headings(tmp_path: Path) -> None:
    page = read(tmp_path, "# Guide\n\n```sh\n# a comment\n```\n\n## Next\n")
    assert headings(page) == [("Guide",), ("Guide", "Next")]


def test_titles_are_plain_text(tmp_path: Path) -> None:
    page = read(tmp_path, "# The `pg_stat_io` *view*, [explained](http://x.test)\n")
    assert headings(page) == [("The pg_stat_io view, explained",)]


def test_a_plain_text_file_has_no_sections(tmp_path: Path) -> None:
    assert headings(read(tmp_path, "# not Markdown\n", "a.txt")) == []
