"""The answerer that quotes: the right unit, word for word, in the document's order, or nothing."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from kb.adapters.extractive import MAX_RESULTS, MAX_UNITS, ExtractiveGenerator, words
from kb.adapters.minilm import MiniLm
from kb.errors import ValidationError
from kb.models import (
    AnswerPart,
    Exchange,
    GenerationConfiguration,
    GenerationRequest,
    RetrievalResult,
)
from tests.made_up import result

FIRST = "The pg_stat_io view will contain one row for each combination of backend type and context."
SECOND = "The pg_stat_io view shows reads, writes and extends of relations in blocks."
THIRD = "Bread is baked from flour, water and salt in a hot oven for an hour."
QUESTION = "What does the pg_stat_io view contain?"


@pytest.fixture(scope="module")
def embedder() -> MiniLm:
    return MiniLm()


@pytest.fixture(scope="module")
def generator(embedder: MiniLm) -> ExtractiveGenerator:
    return ExtractiveGenerator(embedder, threshold=0.18)


def quoted(parts: Sequence[AnswerPart]) -> list[str]:
    return [part.text.strip() for part in parts]


def answer(generator: ExtractiveGenerator, question: str, *texts: str) -> list[str]:
    results = [result(text, number) for number, text in enumerate(texts, start=1)]
    return quoted(
        list(generator.generate(GenerationRequest(question=question, results=tuple(results))))
    )


def test_each_part_is_its_passage_word_for_word(generator: ExtractiveGenerator) -> None:
    results = [result(f"{THIRD} {FIRST}", 1), result(SECOND, 2)]
    for part in generator.generate(GenerationRequest(question=QUESTION, results=tuple(results))):
        assert [r.passage_text for r in part.retrieved_references] == [part.text.strip()]


def test_the_sentence_that_answers_is_quoted(generator: ExtractiveGenerator) -> None:
    assert FIRST in answer(generator, QUESTION, f"{THIRD} {FIRST} {THIRD}")


def test_what_does_not_answer_is_not_quoted(generator: ExtractiveGenerator) -> None:
    assert THIRD not in answer(generator, QUESTION, f"{FIRST} {THIRD}", THIRD)


def test_parts_of_a_chunk_stand_in_its_order(generator: ExtractiveGenerator) -> None:
    assert answer(generator, QUESTION, f"{SECOND}\n\n{FIRST}") == [SECOND, FIRST]


def test_sentences_of_a_short_paragraph_are_quoted_together(
    generator: ExtractiveGenerator,
) -> None:
    paragraph = f"{SECOND} {FIRST}"
    assert answer(generator, QUESTION, f"{THIRD}\n\n{paragraph} {THIRD}") == [paragraph]


def test_the_chunk_that_answers_best_is_quoted_first(generator: ExtractiveGenerator) -> None:
    assert answer(generator, QUESTION, SECOND, FIRST) == [FIRST, SECOND]


def test_a_repeated_sentence_is_quoted_once(generator: ExtractiveGenerator) -> None:
    assert answer(generator, QUESTION, FIRST, FIRST.upper(), f"{FIRST}  ") == [FIRST]


def test_no_more_than_three_units_are_quoted(generator: ExtractiveGenerator) -> None:
    views = [f"The pg_stat_io view contains statistics number {n} of backends." for n in range(9)]
    assert len(answer(generator, QUESTION, " ".join(views))) <= MAX_UNITS


def test_only_the_first_results_are_quoted(generator: ExtractiveGenerator) -> None:
    assert answer(generator, QUESTION, *[THIRD[:-1] + str(n) + "." for n in range(5)], FIRST) == []
    assert MAX_RESULTS == 5


@pytest.mark.parametrize(
    "question",
    [
        "How do I bake sourdough bread?",
        "Who won the football world cup in 1998?",
        "What is the capital of France?",
    ],
)
def test_a_question_about_something_else_is_not_answered(
    question: str, generator: ExtractiveGenerator
) -> None:
    assert answer(generator, question, FIRST, SECOND) == []


def test_the_threshold_decides_what_is_answered(embedder: MiniLm) -> None:
    strict = ExtractiveGenerator(embedder, threshold=1.0)
    lenient = ExtractiveGenerator(embedder, threshold=0.0)
    assert answer(strict, QUESTION, FIRST) == []
    assert answer(lenient, "Unrelated?", FIRST) == [FIRST]


def test_a_table_row_is_a_unit(generator: ExtractiveGenerator) -> None:
    row = "columns per table | 1,600 | further limited by tuple size"
    table = f"item | upper limit | comment\n\n{row}\n\nfield size | 1 GB | per field value"
    assert answer(generator, "How many columns per table are there?", table)[0] == row


@pytest.mark.parametrize("text", ["", "   \n ", "Short.", "28.2.13."])
def test_a_chunk_without_a_quotable_unit_answers_nothing(
    text: str, generator: ExtractiveGenerator
) -> None:
    assert answer(generator, QUESTION, text) == []


def test_a_question_of_stop_words_is_no_error(generator: ExtractiveGenerator) -> None:
    assert answer(generator, "What is it?", FIRST) == []


def test_the_words_of_a_question_are_those_that_carry_meaning() -> None:
    assert words("What is the pg_stat_io View?") == {"pg_stat_io", "view"}


def test_a_guardrail_is_refused_and_not_left_out(generator: ExtractiveGenerator) -> None:
    request = GenerationRequest(
        question=QUESTION,
        results=(result(FIRST, 1),),
        configuration=GenerationConfiguration(guardrail_id="abc", guardrail_version="1"),
    )
    with pytest.raises(ValidationError, match="no guardrail"):
        list(generator.generate(request))


def test_a_follow_up_is_answered_as_what_it_means(generator: ExtractiveGenerator) -> None:
    history = (Exchange(question="What is the pg_stat_io view?", answer="A view."),)
    results = (result(f"{THIRD}\n\n{SECOND}", 1),)
    request = GenerationRequest(question="What does it show?", results=results, history=history)
    assert SECOND in quoted(list(generator.generate(request)))


def test_nothing_is_streamed_after_the_reader_has_gone(generator: ExtractiveGenerator) -> None:
    results: list[RetrievalResult] = [result(FIRST, 1), result(SECOND, 2)]
    stream = generator.generate(GenerationRequest(question=QUESTION, results=tuple(results)))
    assert next(stream).text == FIRST
