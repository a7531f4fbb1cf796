"""The question sets of the benchmarks: their shape, and their keywords against the real PDFs."""

from __future__ import annotations

import json
import re
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import pypdfium2
import pytest

from tests.documents.corpus import CHAPTER, MANUAL, ROOT, needs_chapter, needs_manual

SETS = ROOT / "benchmarks" / "questions"
KINDS = {
    *("definition", "howto", "identifier", "limit", "default"),
    *("comparison", "paraphrase", "typo", "unanswerable"),
}
FIELDS = ["question", "answer", "pages", "keywords", "kind", "part"]
#: PDFium's sign for a hyphen at the end of a line, with the break that may follow it.
LINE_END_HYPHEN = re.compile("[\ufffe\x02]\\s*")
#: A keyword is a pointer into the manual, not a copy of it.
MOST_WORDS = 6
Line = dict[str, Any]

both_sets = pytest.mark.parametrize("name", ["manual", "chapter"])
with_pdf = pytest.mark.parametrize(
    ("name", "pdf"),
    [
        pytest.param("manual", MANUAL, marks=needs_manual),
        pytest.param("chapter", CHAPTER, marks=needs_chapter),
    ],
)


@cache
def lines(name: str) -> tuple[Line, ...]:
    """Every line of the set, in the file's order."""
    text = (SETS / f"{name}.jsonl").read_text(encoding="utf-8")
    return tuple(json.loads(line) for line in text.splitlines())


def answerable(name: str) -> list[Line]:
    return [line for line in lines(name) if line["kind"] != "unanswerable"]


def listed_texts(name: str, pdf: Path) -> dict[int, str]:
    """Text by page number of the pages that the set lists, blanks collapsed and hyphens joined."""
    numbers = {page for line in lines(name) for page in line["pages"]}
    with pypdfium2.PdfDocument(pdf) as document:
        assert max(numbers) <= len(document)
        texts = {n: document[n - 1].get_textpage().get_text_bounded() for n in sorted(numbers)}
    return {n: " ".join(LINE_END_HYPHEN.sub("", text).split()) for n, text in texts.items()}


@both_sets
def test_every_line_has_the_same_fields_and_a_known_kind(name: str) -> None:
    assert [line for line in lines(name) if [*line] != FIELDS or line["kind"] not in KINDS] == []


@both_sets
def test_no_question_is_asked_twice(name: str) -> None:
    asked = Counter(line["question"].casefold() for line in lines(name))
    assert [question for question, times in asked.items() if times > 1] == []


@both_sets
def test_pages_are_physical_ones_in_ascending_order(name: str) -> None:
    wrong = [
        line["question"]
        for line in answerable(name)
        if not line["pages"]
        or line["pages"] != sorted(set(line["pages"]))
        or not all(type(page) is int and page > 0 for page in line["pages"])
    ]
    assert wrong == []


@both_sets
def test_every_answer_is_a_sentence_and_has_keywords_of_a_few_words(name: str) -> None:
    wrong = [
        line["question"]
        for line in answerable(name)
        if not line["answer"].endswith(".")
        or not line["keywords"]
        or not all(0 < len(word.split()) <= MOST_WORDS for word in line["keywords"])
    ]
    assert wrong == []


@both_sets
def test_what_can_not_be_answered_has_neither_answer_nor_pages(name: str) -> None:
    unanswerable = [line for line in lines(name) if line["kind"] == "unanswerable"]
    assert [
        line["question"]
        for line in unanswerable
        if line["answer"] is not None or line["pages"] or line["keywords"]
    ] == []


@pytest.mark.parametrize(("name", "known", "unknown"), [("manual", 220, 40), ("chapter", 30, 10)])
def test_the_sets_are_large_enough_to_measure_with(name: str, known: int, unknown: int) -> None:
    found = len(answerable(name))
    assert found >= known and len(lines(name)) - found >= unknown


def test_the_readme_counts_every_kind_as_it_is() -> None:
    readme = (SETS / "README.md").read_text(encoding="utf-8")
    counts = {name: Counter(line["kind"] for line in lines(name)) for name in ("manual", "chapter")}
    rows = [f"| {kind} | {counts['manual'][kind]} | {counts['chapter'][kind]} |" for kind in KINDS]
    assert [row for row in rows if row not in readme] == []


@with_pdf
def test_every_keyword_stands_on_a_listed_page(name: str, pdf: Path) -> None:
    texts = listed_texts(name, pdf)
    assert [
        (line["question"], keyword)
        for line in answerable(name)
        for keyword in line["keywords"]
        if not any(keyword in texts[page] for page in line["pages"])
    ] == []


@needs_manual
def test_the_manual_s_contents_and_index_answer_nothing() -> None:
    contents = {*range(1, 32), *range(2965, 2995)}
    assert [line["question"] for line in lines("manual") if contents & {*line["pages"]}] == []
