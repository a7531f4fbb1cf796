"""Question sets as files: JSONL and CSV in, JSONL out. Pure.

A line has `question` and `answer` (null or empty when the documents have none), and may have
`pages`, `keywords` and `document`; whatever else it has is kept. In CSV `;` separates pages and
keywords.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePath
from typing import Any

from kb.errors import ValidationError
from kb.models import SavedQuestion
from kb.models.evaluation import Question, QuestionSet
from kb.retrieval.retriever import MAX_QUERY_CHARACTERS

SUFFIXES = (".jsonl", ".csv")
MAX_QUESTIONS = 10_000
MAX_PAGE = 10_000_000
OWN_FIELDS = ("question", "answer", "pages", "keywords", "document")
SEPARATOR = ";"
#: A number and the fields of that line.
Line = tuple[int, Mapping[str, Any]]


def read_question_set(file_name: str, data: bytes) -> QuestionSet:
    """Read a file by its suffix.

    Raises ValidationError with the line's number and what is wrong with it.
    """
    path = PurePath(file_name)
    if path.suffix.lower() not in SUFFIXES:
        raise ValidationError(f"{path.name} is no question set; give a .jsonl or .csv file.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValidationError(f"{path.name} is not UTF-8 text; save it as UTF-8.") from error
    lines = _csv_lines(text) if path.suffix.lower() == ".csv" else _json_lines(text)
    try:
        questions = tuple(_questions(lines))
    except _Wrong as wrong:
        raise ValidationError(f"{path.name}, line {wrong.number}: {wrong.why}.") from wrong
    if not questions:
        raise ValidationError(f"{path.name} has no question; give it one a line.")
    return QuestionSet(name=path.stem, questions=questions)


def write_question_set(questions: Iterable[Question]) -> bytes:
    """The questions as JSONL, with the fields in the usual order."""
    return "".join(f"{json.dumps(_fields(q), ensure_ascii=False)}\n" for q in questions).encode()


def from_conversations(name: str, saved: Iterable[SavedQuestion]) -> QuestionSet:
    """A set that was saved in the chat; what was refused there has no answer."""
    questions = tuple(
        Question(
            question=q.question,
            answer=q.answer or None,
            pages=q.pages if q.answer else (),
            keywords=q.keywords if q.answer else (),
            extra={"note": q.note} if q.note else {},
        )
        for q in saved
    )
    return QuestionSet(name=name, questions=questions)


class _Wrong(Exception):
    """What is wrong with a line."""

    def __init__(self, number: int, why: str) -> None:
        super().__init__(why)
        self.number, self.why = number, why


def _fields(question: Question) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "question": question.question,
        "answer": question.answer,
        "pages": list(question.pages),
        "keywords": list(question.keywords),
    }
    if question.document:
        fields["document"] = question.document
    return fields | dict(question.extra)


def _json_lines(text: str) -> Iterator[Line]:
    # Not splitlines(): JSON strings may hold its rarer line breaks as they are.
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            fields = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise _Wrong(number, "it is not JSON; write one object a line") from error
        if not isinstance(fields, dict):
            raise _Wrong(number, "it is no JSON object; write {...} with a question")
        yield number, fields


def _csv_lines(text: str) -> Iterator[Line]:
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    number = 1
    try:
        if not {"question", "answer"} <= set(reader.fieldnames or ()):
            why = "name the columns question, answer, pages, keywords, with commas between them"
            raise _Wrong(1, why)
        number = reader.line_num + 1
        for row in reader:
            # DictReader's marks of a line that is longer, or shorter, than the first one.
            if None in row or None in row.values():
                raise _Wrong(number, "it has not as many columns as the first line; quote commas")
            yield number, _typed(number, row)
            number = reader.line_num + 1
    except csv.Error as error:
        raise _Wrong(number, "it is not CSV; quote fields that hold quotes or breaks") from error


def _typed(number: int, row: Mapping[str, str]) -> dict[str, Any]:
    fields: dict[str, Any] = {name: value for name, value in row.items() if value.strip()}
    fields["answer"] = fields.get("answer")
    if "pages" in fields:
        fields["pages"] = [_page(number, part) for part in _parts(fields["pages"])]
    if "keywords" in fields:
        fields["keywords"] = _parts(fields["keywords"])
    return fields


def _parts(value: str) -> list[str]:
    return [part.strip() for part in value.split(SEPARATOR) if part.strip()]


def _page(number: int, written: str) -> int:
    if not (written.isascii() and written.isdigit()):
        raise _Wrong(number, f"pages are whole numbers with {SEPARATOR} between them")
    # int() refuses thousands of digits; twenty are out of bounds all the same.
    return int(written[:20])


def _questions(lines: Iterable[Line]) -> Iterator[Question]:
    seen: dict[str, int] = {}
    for number, fields in lines:
        question = _question(number, fields)
        key = " ".join(question.question.split()).casefold()
        if first := seen.get(key):
            raise _Wrong(number, f"it asks what line {first} asks; keep one of them")
        seen[key] = number
        if len(seen) > MAX_QUESTIONS:
            raise _Wrong(number, f"a set has {MAX_QUESTIONS:,} questions at most; split it")
        yield question


def _question(number: int, fields: Mapping[str, Any]) -> Question:
    if not _is_text(fields):
        raise _Wrong(number, "it holds a character that is no text (half of a pair, or NUL)")
    question, answer = fields.get("question"), fields.get("answer")
    if not isinstance(question, str) or not question.strip():
        raise _Wrong(number, 'it has no "question"')
    if len(question) > MAX_QUERY_CHARACTERS:
        raise _Wrong(number, f"its question is longer than {MAX_QUERY_CHARACTERS:,} characters")
    if "answer" not in fields or not isinstance(answer, str | None) or answer == "":
        raise _Wrong(number, 'it needs an "answer": a text, or null where there is none')
    pages, keywords = _pages(number, fields), _keywords(number, fields)
    if answer is None and (pages or keywords):
        raise _Wrong(number, "it has pages or keywords but no answer; give both or none")
    document = fields.get("document")
    if not isinstance(document, str | None):
        raise _Wrong(number, '"document" is the key of a document')
    extra = {name: value for name, value in fields.items() if name not in OWN_FIELDS}
    return Question(
        question=question.strip(),
        answer=answer,
        pages=pages,
        keywords=keywords,
        document=document or None,
        extra=extra,
    )


def _is_text(fields: Mapping[str, Any]) -> bool:
    written = json.dumps(fields, ensure_ascii=False)
    return "\\u0000" not in written and not any("\ud800" <= char <= "\udfff" for char in written)


def _pages(number: int, fields: Mapping[str, Any]) -> tuple[int, ...]:
    pages = fields.get("pages", [])
    # bool is an int to Python.
    if not isinstance(pages, list) or not all(
        type(page) is int and 1 <= page <= MAX_PAGE for page in pages
    ):
        raise _Wrong(number, '"pages" is a list of page numbers, the first page is 1')
    return tuple(dict.fromkeys(pages))


def _keywords(number: int, fields: Mapping[str, Any]) -> tuple[str, ...]:
    keywords = fields.get("keywords", [])
    if not isinstance(keywords, list) or not all(
        isinstance(word, str) and word.strip() for word in keywords
    ):
        raise _Wrong(number, '"keywords" is a list of texts, none of them empty')
    return tuple(dict.fromkeys(keywords))
