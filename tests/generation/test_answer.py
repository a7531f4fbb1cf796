"""Streamed parts become one text whose citations stand where they say."""

from __future__ import annotations

from collections.abc import Sequence

from kb.generation.answer import NO_ANSWER, Writing
from kb.models import (
    AnswerPart,
    GenerationReport,
    Retrieval,
    RetrieveAndGenerateResponse,
    RetrievedReference,
    Span,
)
from tests.made_up import result

REFERENCE = RetrievedReference(result=result("One. Two."))


def join(parts: Sequence[AnswerPart]) -> RetrieveAndGenerateResponse:
    writing = Writing()
    for part in parts:
        writing.add(part)
    return writing.response(
        Retrieval(results=(REFERENCE.result,), timings_ms={}),
        GenerationReport(stop_reason="end_turn"),
        session_id="session",
        generation_model="extractive",
        timings_ms={"generate": 1.0},
    )


def cited(text: str) -> AnswerPart:
    return AnswerPart(text=text, retrieved_references=(REFERENCE,))


def test_the_text_is_what_was_streamed() -> None:
    assert join([cited("One."), AnswerPart(text=" And "), cited("Two.")]).text == "One. And Two."


def test_a_citation_s_span_holds_its_text() -> None:
    answer = join([AnswerPart(text="So: "), cited("One."), cited("\n\nTwo."), cited(" Two. ")])
    assert [c.text for c in answer.citations] == ["One.", "Two.", "Two."]
    for citation in answer.citations:
        assert answer.text[citation.span.start : citation.span.end] == citation.text


def test_a_part_without_references_is_no_citation() -> None:
    assert join([AnswerPart(text="So: ")]).citations == ()


def test_characters_beyond_the_basic_plane_count_as_one() -> None:
    answer = join([cited("🐘."), cited(" 資料.")])
    span = answer.citations[1].span
    assert answer.text[span.start : span.end] == "資料."


def test_without_a_part_the_text_says_that_nothing_answers() -> None:
    answer = join([])
    assert (answer.text, answer.answered, answer.citations) == (NO_ANSWER, False, ())


def test_an_answer_knows_what_was_retrieved_and_who_wrote_it() -> None:
    answer = join([cited("One.")])
    assert answer.answered
    assert answer.retrieval_results == (REFERENCE.result,)
    assert (answer.session_id, answer.generation_model) == ("session", "extractive")
    assert answer.timings_ms == {"generate": 1.0}
    assert answer.report.stop_reason == "end_turn"


def test_a_source_that_is_named_after_the_words_is_cited_at_its_span() -> None:
    late = AnswerPart(text="", retrieved_references=(REFERENCE,), span=Span(start=4, end=8))
    (citation,) = join([AnswerPart(text="So: One."), late]).citations
    assert (citation.span, citation.text) == (Span(start=4, end=8), "One.")
