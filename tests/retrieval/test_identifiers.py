"""Exact names are found whole, in questions and in chunks."""

from __future__ import annotations

import pytest

from kb.retrieval.identifiers import identifiers


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("What is pg_stat_io?", ["pg_stat_io"]),
        ("Set autovacuum_naptime, then maintenance_work_mem.", None),
        ("PG_STAT_IO and pg_stat_io are one name", ["pg_stat_io"]),
        ("pg_catalog.pg_class", ["pg_catalog", "pg_class"]),
        ("pg_stat_io's columns", ["pg_stat_io"]),
        ('"pg_stat_io"(pg_stat_wal)', ["pg_stat_io", "pg_stat_wal"]),
        ("use --jobs or --schema-only", ["--jobs", "--schema-only"]),
        ("error 40P01 and 23505", ["40p01", "23505"]),
        ("INDEX", ["index"]),
        ("What is a table?", []),
        ("a hyphen-ated word", []),
        ("", []),
        ("__init__ _x", []),
    ],
)
def test_names_are_found_once_in_lower_case(text: str, found: list[str] | None) -> None:
    expected = ["autovacuum_naptime", "maintenance_work_mem"] if found is None else found
    assert identifiers(text) == expected


def test_a_name_at_the_start_of_a_line_is_found() -> None:
    assert identifiers("views:\npg_stat_io\npg_stat_wal") == ["pg_stat_io", "pg_stat_wal"]


def test_a_long_text_takes_no_longer_than_its_length() -> None:
    assert identifiers("a_" * 10_000 + "!") == []
