"""Question sets from JSONL and CSV, and the line that is wrong."""

from __future__ import annotations

import json

import pytest

from kb.errors import ValidationError
from kb.evaluation.question_sets import read_question_set, write_question_set
from kb.models.evaluation import Question
from tests.documents.corpus import CORPUS, ROOT

GOOD = {"question": "Why?", "answer": "Because.", "pages": [3, 4], "keywords": ["cause"]}
SETS = [
    *sorted((ROOT / "benchmarks" / "questions").glob("*.jsonl")),
    ROOT / "samples" / "questions.jsonl",
    CORPUS / "questions_public.jsonl",
]


def jsonl(*lines: object) -> bytes:
    return "\n".join(json.dumps(line) for line in lines).encode()


def read(*lines: object) -> tuple[Question, ...]:
    return read_question_set("set.jsonl", jsonl(*lines)).questions


@pytest.mark.parametrize("path", SETS, ids=lambda path: path.stem)
def test_every_set_at_hand_is_read_and_written_as_it_is(path) -> None:  # type: ignore[no-untyped-def]
    if not path.is_file():
        pytest.skip(f"{path.name} is not there")
    written = write_question_set(read_question_set(path.name, path.read_bytes()).questions)
    assert [json.loads(line) for line in written.splitlines()] == [
        json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()
    ]


def test_further_fields_are_kept() -> None:
    (question,) = read({**GOOD, "kind": "howto"})
    assert question.extra == {"kind": "howto"}


def test_null_is_the_answer_of_what_the_documents_do_not_answer() -> None:
    (question,) = read({"question": "Why?", "answer": None})
    assert not question.answerable


def test_empty_lines_and_a_byte_order_mark_do_not_count() -> None:
    data = b"\xef\xbb\xbf\n" + jsonl(GOOD) + b"\r\n\r\n"
    assert len(read_question_set("a.jsonl", data).questions) == 1


def test_csv_separates_pages_and_keywords_by_semicolons() -> None:
    data = b"question,answer,pages,keywords,kind\nWhy?,Because.,3; 4,a b;c,howto\nWho?,,,,\n"
    first, second = read_question_set("set.csv", data).questions
    assert (first.pages, first.keywords, first.extra) == ((3, 4), ("a b", "c"), {"kind": "howto"})
    assert not second.answerable


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({**GOOD, "question": " "}, 'no "question"'),
        ({"question": "Why?"}, 'needs an "answer"'),
        ({**GOOD, "answer": ""}, 'needs an "answer"'),
        ({**GOOD, "answer": 7}, 'needs an "answer"'),
        ({**GOOD, "answer": None}, "no answer"),
        ({**GOOD, "pages": 3}, '"pages" is a list'),
        ({**GOOD, "pages": [0]}, '"pages" is a list'),
        ({**GOOD, "pages": [True]}, '"pages" is a list'),
        ({**GOOD, "pages": ["3"]}, '"pages" is a list'),
        ({**GOOD, "keywords": [""]}, '"keywords" is a list'),
        ({**GOOD, "keywords": "cause"}, '"keywords" is a list'),
        ({**GOOD, "document": 3}, '"document" is the key'),
        ({**GOOD, "question": "x" * 20_001}, "longer than 20,000"),
        ({**GOOD, "question": "\ud800"}, "no text"),
        ({**GOOD, "question": "a\x00b"}, "no text"),
        ([1], "no JSON object"),
        ({**GOOD, "question": "why? "}, "asks what line 1 asks"),
    ],
)
def test_a_wrong_line_is_named(wrong: object, why: str) -> None:
    with pytest.raises(ValidationError, match=rf"^set\.jsonl, line 3: .*{why}"):
        read_question_set("set.jsonl", jsonl(GOOD) + b"\n\n" + jsonl(wrong))


@pytest.mark.parametrize("line", [b"{", b"NaN x", b"[" * 100_000])
def test_a_line_that_is_no_json_is_named(line: bytes) -> None:
    with pytest.raises(ValidationError, match=r"line 2: it is not JSON"):
        read_question_set("set.jsonl", jsonl(GOOD) + b"\n" + line)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"question;answer\nWhy?;x\n", "line 1: name the columns"),
        (b"", "line 1: name the columns"),
        (b"question,answer\nWhy?,x,3\n", "line 2: it has not as many columns"),
        (b"question,answer,pages\nWhy?,x\n", "line 2: it has not as many columns"),
        (b'question,answer\n"Why\nso?",x\nWho?,y,z\n', "line 4: it has not as many"),
        (b'question,answer\nWhy?,"x"y\n', "line 2: it is not CSV"),
        (b"question,answer,pages\nWhy?,x,3-4\n", "line 2: pages are whole numbers"),
        (b"question,answer,pages\nWhy?,x,0\n", 'line 2: "pages" is a list'),
        (b"question,answer,pages\nWhy?,x," + b"9" * 5000, 'line 2: "pages" is a list'),
    ],
)
def test_a_wrong_line_of_csv_is_named(data: bytes, why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        read_question_set("set.csv", data)


@pytest.mark.parametrize(
    ("name", "data", "why"),
    [
        ("set.txt", b"", "give a .jsonl or .csv file"),
        ("set.jsonl", b"\xff", "save it as UTF-8"),
        ("set.jsonl", b"\n", "has no question"),
        ("set.csv", b"question,answer\n", "has no question"),
    ],
)
def test_what_is_no_question_set_is_refused(name: str, data: bytes, why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        read_question_set(name, data)
