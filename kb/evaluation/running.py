"""Asks a knowledge base the questions of a set, one after another, as a user would."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence

from kb.errors import ValidationError
from kb.evaluation.judging import judge
from kb.models.evaluation import DEPTH, EvaluationConfiguration, Question, QuestionOutcome
from kb.protocols.evaluation import QuestionAnswering


def evaluate(
    questions: Iterable[Question],
    knowledge_base: QuestionAnswering,
    configuration: EvaluationConfiguration,
) -> Iterator[QuestionOutcome]:
    """Yield what comes of each question: retrieved as deep as the ranks need, then answered.

    Raises ValidationError for fewer than DEPTH results, and whatever a question raises.
    """
    if configuration.retrieval.number_of_results < DEPTH:
        raise ValidationError(f"hit@{DEPTH} needs number_of_results of {DEPTH} or more.")
    for question in questions:
        began = time.perf_counter()
        retrieval = knowledge_base.retrieve(question.question, configuration.retrieval)
        retrieved = time.perf_counter()
        response = knowledge_base.retrieve_and_generate(
            question.question, configuration.answering, configuration.generation
        )
        answered = time.perf_counter()
        yield judge(
            question,
            retrieval,
            response,
            retrieve_ms=(retrieved - began) * 1000,
            answer_ms=(answered - retrieved) * 1000,
        )


def spread(questions: Sequence[Question], limit: int | None) -> tuple[Question, ...]:
    """At most `limit` of them, evenly over the set: sets are often sorted by subject."""
    if limit is None or limit >= len(questions):
        return tuple(questions)
    if limit < 1:
        raise ValidationError("Ask one question at least.")
    return tuple(questions[(place * len(questions)) // limit] for place in range(limit))
