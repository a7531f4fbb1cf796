"""What an extract is made of: whole sentences, rows, items; never a piece between two."""

from __future__ import annotations

from itertools import pairwise

import pytest

from kb.generation.units import MAX_CHARACTERS, MIN_CHARACTERS, units

FIRST = "The view contains one row for each backend."
SECOND = "Its counters are reset by pg_stat_reset_shared()."
ROW = "columns per table | 1,600 | further limited by tuple size"


def cut(text: str) -> list[str]:
    return [text[span.start : span.end] for span in units(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"{FIRST} {SECOND}", [FIRST, SECOND]),
        (f"{FIRST}  \n\n {SECOND}\n", [FIRST, SECOND]),
        (f"  {FIRST}", [FIRST]),
        (f'"{FIRST}" ({SECOND})', [f'"{FIRST}"', f"({SECOND})"]),
        (f"{ROW}\n\n{FIRST}", [ROW, FIRST]),
        ("Tools (e.g. The pg_top program) show the sessions.", None),
        ("Only version 16.1 and later of the server have it.", None),
        ("The first version of this view is J. Smith's.", None),
        (
            "It was called the “stats collector.” (It has been gone for years.)",
            ["It was called the “stats collector.”", "(It has been gone for years.)"],
        ),
        (
            "When is the counter reset? “Never” is the usual answer!",
            ["When is the counter reset?", "“Never” is the usual answer!"],
        ),
        ("- reads: blocks that were read\n- writes: blocks written", None),
        ("SELECT *\nFROM pg_stat_io\nWHERE reads > 0;", None),
    ],
)
def test_a_text_is_cut_between_units(text: str, expected: list[str] | None) -> None:
    assert cut(text) == ([text] if expected is None else expected)


@pytest.mark.parametrize("text", ["", " \n ", "28.2.13. pg_stat_io", "x" * (MIN_CHARACTERS - 1)])
def test_headings_and_fragments_are_no_units(text: str) -> None:
    assert cut(text) == []


def test_a_long_block_of_lines_is_cut_into_its_sentences() -> None:
    lines = [f"Line {n} is a sentence of its own, with a full stop." for n in range(12)]
    text = "\n".join(lines)
    assert len(text) > MAX_CHARACTERS
    assert cut(text) == lines


@pytest.mark.parametrize(
    "text",
    [
        f"{FIRST} {SECOND}\n\n{ROW}\n{ROW}\n\n  {FIRST}",
        "a " * 900,
        "A b. " * 300,
        "\n".join(["word"] * 400),
        "資料。データベース。" * 30,
        "\u2029x\u2028" * 90,
    ],
)
def test_units_are_in_order_and_never_overlap(text: str) -> None:
    spans = units(text)
    assert all(span.start < span.end <= len(text) for span in spans)
    assert all(a.end <= b.start for a, b in pairwise(spans))


@pytest.mark.parametrize("text", [f"  {FIRST}\n   {SECOND}  \n\n   {ROW}   ", f"\t{FIRST}\t"])
def test_a_unit_neither_begins_nor_ends_with_space(text: str) -> None:
    assert [unit.strip() for unit in cut(text)] == cut(text)
