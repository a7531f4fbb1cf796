"""The rules of conversations: what may be stored, what a follow-up hears, what changed. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from kb.errors import ValidationError
from kb.evaluation.question_sets import write_question_set
from kb.generation.numbering import number_sources
from kb.models import Exchange, SavedQuestion, SourceState, SourceVersion, Turn
from kb.models.evaluation import Question

MAX_TITLE_CHARACTERS = 200
MAX_NOTE_CHARACTERS = 10_000
#: A title made from the first question is cut to this.
TITLE_CHARACTERS = 80
#: Exchanges that a follow-up hears.
MAX_HISTORY = 10
#: Names and rare words that a saved question's answer is recognised by.
MAX_KEYWORDS = 6
IDENTIFIER = re.compile(r"\b[A-Za-z]\w*(?:[_.]\w+)+\b")
#: NUL, which PostgreSQL's text does not take, and halves of characters.
NO_TEXT = re.compile("[\x00\ud800-\udfff]")


def title_of(question: str) -> str:
    """A conversation's first title."""
    words = " ".join(question.split())
    if len(words) <= TITLE_CHARACTERS:
        return words
    return words[:TITLE_CHARACTERS].rsplit(" ", 1)[0] + " …"


def check_text(text: str, what: str, *, longest: int) -> str:
    """The text; ValidationError when it can not be stored as it is."""
    if NO_TEXT.search(text):
        raise ValidationError(f"The {what} has a character that is no text (NUL?); remove it.")
    if len(text) > longest:
        raise ValidationError(f"The {what} is longer than {longest:,} characters; shorten it.")
    return text


def check_title(title: str) -> str:
    """A title on one line; ValidationError when there is nothing in it."""
    words = " ".join(check_text(title, "title", longest=MAX_TITLE_CHARACTERS).split())
    if not words:
        raise ValidationError("The title is empty; type one.")
    return words


def searchable(text: str) -> str:
    """The text without what PostgreSQL's text can not hold."""
    return NO_TEXT.sub("", text)


def history(turns: Sequence[Turn]) -> tuple[Exchange, ...]:
    """What a follow-up hears of the turns before it: those that were answered."""
    heard = [
        Exchange(question=turn.question, answer=turn.response.text)
        for turn in turns
        if turn.response and turn.response.answered and turn.configuration.generate_responses
    ]
    return tuple(heard[-MAX_HISTORY:])


def session_id(turns: Sequence[Turn]) -> str | None:
    """The session that a follow-up continues."""
    known = [turn.response.session_id for turn in turns if turn.response]
    return known[-1] if known else None


def source_state(
    source: SourceVersion, *, has_document: bool, etag: str | None, text_sha256: str | None
) -> SourceState:
    """What has become of a source; the arguments are what there is of it now."""
    if source.document_id is not None and not has_document:
        return SourceState.REMOVED
    if text_sha256 is None:
        return SourceState.REMOVED if source.document_id is None else SourceState.CHANGED
    if text_sha256 != source.text_sha256:
        return SourceState.CHANGED
    if source.etag is not None and etag != source.etag:
        return SourceState.DOCUMENT_CHANGED
    return SourceState.UNCHANGED


def question_set(rows: Sequence[SavedQuestion]) -> bytes:
    """Saved questions as JSONL; of questions that differ in case or spaces alone the last one."""
    distinct = {" ".join(row.question.split()).casefold(): row for row in rows}
    return write_question_set(
        Question(
            question=row.question,
            answer=row.answer or None,
            pages=row.pages,
            keywords=row.keywords,
            extra={"note": row.note} if row.note else {},
        )
        for row in distinct.values()
    )


def saved_question(turn: Turn) -> SavedQuestion:
    """A turn as a row of a question set: its answer, the cited pages and the names in it."""
    if turn.response is None:
        raise ValidationError("This question has no answer yet; ask it again and save it then.")
    sources = number_sources(turn.response).sources
    pages = {s.reference.result.page_number for s in sources} - {None}
    names = dict.fromkeys(IDENTIFIER.findall(turn.response.text if turn.response.answered else ""))
    return SavedQuestion(
        question=turn.question,
        answer=searchable(turn.response.text) if turn.response.answered else "",
        pages=tuple(sorted(page for page in pages if page is not None)),
        keywords=tuple(names)[:MAX_KEYWORDS],
        note=turn.feedback.note,
    )
