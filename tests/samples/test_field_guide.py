"""The sample document: reproducible, well made, and in words of its own."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pypdfium2
import pytest

ROOT = Path(__file__).resolve().parents[2]
COMMITTED = ROOT / "samples" / "postgresql-16-monitoring-field-guide.pdf"
QUESTIONS = ROOT / "samples" / "questions.jsonl"
CORPUS = ROOT.parent / "shared" / "corpus"
#: PDFium's sign for a hyphen at the end of a line, with the break that may follow it.
LINE_END_HYPHEN = re.compile("[\ufffe\x02]\\s*")
#: Words in a row that two texts may share by chance at most.
SHARED_WORDS = 9


@pytest.fixture(scope="module")
def rebuilt() -> bytes:
    """The PDF, built now from the Markdown."""
    pytest.importorskip("reportlab", reason="the sample is built with the development packages")
    pytest.importorskip("markdown_it", reason="the sample is built with the development packages")
    from samples.build_field_guide import build

    return build()


@pytest.fixture(scope="module")
def guide() -> Iterator[pypdfium2.PdfDocument]:
    """The committed PDF."""
    with pypdfium2.PdfDocument(COMMITTED) as document:
        yield document


def page_texts(document: pypdfium2.PdfDocument) -> list[str]:
    return [page.get_textpage().get_text_bounded() for page in document]


def normalised(text: str) -> str:
    return " ".join(LINE_END_HYPHEN.sub("", text).split())


def outline(document: pypdfium2.PdfDocument) -> list[tuple[int, str, int, list[float]]]:
    """Level, title, page index and position of every entry."""
    entries = []
    for bookmark in document.get_toc():
        destination = bookmark.get_dest()
        assert destination is not None
        _, position = destination.get_view()
        entries.append(
            (bookmark.level, bookmark.get_title(), destination.get_index(), list(position))
        )
    return entries


def words(text: str) -> list[str]:
    """The words of a text, whatever its hyphens and quotation marks."""
    joined = LINE_END_HYPHEN.sub("", text).lower()
    return re.findall(r"[a-z0-9_]+", re.sub("['\u2019-]", "", joined))


def runs(text_words: list[str], length: int) -> Iterator[tuple[str, ...]]:
    return zip(*(text_words[start:] for start in range(length)), strict=False)


def shared_runs(guide: pypdfium2.PdfDocument, manual: Path) -> set[tuple[str, ...]]:
    length = SHARED_WORDS + 1
    own = {run for text in page_texts(guide) for run in runs(words(text), length)}
    with pypdfium2.PdfDocument(manual) as document:
        theirs = [
            word for page in document for word in words(page.get_textpage().get_text_bounded())
        ]
    return own.intersection(runs(theirs, length))


def questions() -> list[dict[str, Any]]:
    return [json.loads(line) for line in QUESTIONS.read_text(encoding="utf-8").splitlines()]


def answered() -> list[dict[str, Any]]:
    return [question for question in questions() if question["answer"] is not None]


def test_building_twice_gives_identical_bytes(rebuilt: bytes) -> None:
    from samples.build_field_guide import build

    assert build() == rebuilt


def test_the_committed_pdf_has_the_pages_of_its_markdown(
    rebuilt: bytes, guide: pypdfium2.PdfDocument
) -> None:
    with pypdfium2.PdfDocument(rebuilt) as document:
        assert page_texts(guide) == page_texts(document)


def test_the_committed_pdf_has_the_outline_of_its_markdown(
    rebuilt: bytes, guide: pypdfium2.PdfDocument
) -> None:
    with pypdfium2.PdfDocument(rebuilt) as document:
        assert outline(guide) == outline(document)


def test_the_guide_is_short(guide: pypdfium2.PdfDocument) -> None:
    assert 10 <= len(guide) <= 20


def test_page_labels_are_roman_then_arabic_from_one(guide: pypdfium2.PdfDocument) -> None:
    labels = [guide.get_page_label(index) for index in range(len(guide))]
    assert labels == ["i", "ii", "iii", *(str(number) for number in range(1, len(guide) - 2))]


def test_every_page_after_the_title_prints_its_label(guide: pypdfium2.PdfDocument) -> None:
    for index in range(1, len(guide)):
        page = guide[index]
        foot = page.get_textpage().get_text_bounded(top=50)
        assert foot.strip() == guide.get_page_label(index)


def test_outline_titles_stand_where_the_outline_points(guide: pypdfium2.PdfDocument) -> None:
    for _, title, index, (left, top, _) in outline(guide):
        heading = (
            guide[index]
            .get_textpage()
            .get_text_bounded(left=left - 1, bottom=top - 30, top=top + 2)
        )
        assert normalised(heading).startswith(title)


def test_the_outline_has_chapters_and_sections(guide: pypdfium2.PdfDocument) -> None:
    levels = [level for level, *_ in outline(guide)]
    assert (levels.count(0) >= 10, levels.count(1) >= 25) == (True, True)


def test_a_table_that_runs_over_a_page_break_repeats_its_header(
    guide: pypdfium2.PdfDocument,
) -> None:
    header = "Symptom Look here first What to make of it"
    pages = [i for i, text in enumerate(page_texts(guide)) if header in normalised(text)]
    assert pages == [pages[0], pages[0] + 1]


def test_an_identifier_is_divided_at_a_line_end(guide: pypdfium2.PdfDocument) -> None:
    assert any(re.search("pg_stat_repli[\ufffe\x02]\\s*cation", t) for t in page_texts(guide))


def test_a_space_before_an_identifier_survives_hyphenation(guide: pypdfium2.PdfDocument) -> None:
    text = normalised(" ".join(page_texts(guide)))
    assert "last_autovacuum, last_autoanalyze" in text


@pytest.mark.parametrize("question", answered(), ids=lambda question: question["question"])
def test_keywords_occur_on_the_pages_given(
    question: dict[str, Any], guide: pypdfium2.PdfDocument
) -> None:
    texts = [normalised(page_texts(guide)[page - 1]) for page in question["pages"]]
    missing = [k for k in question["keywords"] if not any(k in text for text in texts)]
    assert (missing, bool(texts)) == ([], True)


def test_every_page_of_an_answer_holds_a_keyword(guide: pypdfium2.PdfDocument) -> None:
    texts = [normalised(text) for text in page_texts(guide)]
    for question in answered():
        for page in question["pages"]:
            assert any(keyword in texts[page - 1] for keyword in question["keywords"])


def test_there_are_twelve_answers_and_three_questions_without() -> None:
    assert (len(answered()), len(questions())) == (12, 15)


def test_questions_without_an_answer_name_no_page() -> None:
    without = [question for question in questions() if question["answer"] is None]
    assert all((question["pages"], question["keywords"]) == ([], []) for question in without)


@pytest.mark.parametrize(
    "manual",
    [
        "postgresql-16-monitoring-chapter.pdf",
        pytest.param("postgresql-16-A4.pdf", marks=pytest.mark.long),
    ],
)
def test_no_ten_words_in_a_row_come_from_the_manual(
    manual: str, guide: pypdfium2.PdfDocument
) -> None:
    path = CORPUS / manual
    if not path.exists():
        pytest.skip(f"{manual} is not in ../shared/corpus")
    assert shared_runs(guide, path) == set()
