"""Follow-ups are searched as what they mean, compound questions part by part."""

from __future__ import annotations

import pytest

from kb.models import Exchange
from kb.retrieval.rewriting import MOST_PARTS, parts, standalone

FIRST = "What is the pg_stat_io view?"
HISTORY = (Exchange(question=FIRST, answer="It counts I/O."),)


@pytest.mark.parametrize(
    "question", ["And how do I reset it?", "how can I reset its counters", "What about writes?"]
)
def test_a_question_that_leans_on_the_one_before_is_searched_with_it(question: str) -> None:
    assert standalone(question, HISTORY) == f"{FIRST} {question}"


@pytest.mark.parametrize(
    "question",
    [
        "How is VACUUM started?",
        "Which parameter limits the connections?",
        "Is there any limit on the number of columns of a table?",
    ],
)
def test_a_question_that_stands_alone_is_searched_as_it_is(question: str) -> None:
    assert standalone(question, HISTORY) == question


def test_without_a_conversation_nothing_is_added() -> None:
    assert standalone("And how do I reset it?", ()) == "And how do I reset it?"


def test_a_follow_up_of_a_follow_up_reaches_the_question_that_names_the_subject() -> None:
    history = (*HISTORY, Exchange(question="How do I reset it?", answer="Call a function."))
    assert standalone("Who may do that?", history) == f"{FIRST} How do I reset it? Who may do that?"


def test_the_subject_changes_with_a_question_that_stands_alone() -> None:
    history = (*HISTORY, Exchange(question="What is VACUUM?", answer="It cleans."))
    assert standalone("How is it started?", history) == "What is VACUUM? How is it started?"


def test_two_questions_are_two_parts() -> None:
    question = "What does VACUUM do, and how do I see its progress?"
    assert parts(question) == [
        "What does VACUUM do",
        "What does VACUUM do how do I see its progress?",
    ]
    assert parts("What is a WAL file? How large is a WAL file?") == [
        "What is a WAL file?",
        "How large is a WAL file?",
    ]


@pytest.mark.parametrize(
    "question", ["What is pg_stat_io?", "How do reads and writes differ?", "What, and why?"]
)
def test_a_single_question_is_one_part(question: str) -> None:
    assert parts(question) == [question]


def test_parts_are_limited() -> None:
    assert len(parts(" ".join(f"What is the view number {n}?" for n in range(9)))) == MOST_PARTS
