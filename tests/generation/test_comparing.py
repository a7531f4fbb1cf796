"""Two answers to one question: what differs is named, what does not is not."""

from __future__ import annotations

from dataclasses import replace

from kb.generation.comparing import compare
from kb.models import RetrievalConfiguration, TurnConfiguration
from tests.generation.made_up_answers import answer, citation, reference, result, turn

SAID = "The view counts reads."
FIRST = turn(
    answer(
        SAID,
        citation(SAID, SAID, reference(result("one"))),
        results=(result("one"), result("two")),
    )
)


def test_the_same_answer_differs_in_nothing() -> None:
    found = compare(FIRST, FIRST)
    assert found.is_same and not found.settings


def test_chunks_and_citations_of_one_alone_are_named() -> None:
    said = "Something else."
    second = turn(
        answer(
            said,
            citation(said, said, reference(result("three"))),
            results=(result("two"), result("three")),
        )
    )
    found = compare(FIRST, second)
    assert [[r.chunk_id for r in part] for part in (found.both, found.first_only)] == [
        ["two"],
        ["one"],
    ]
    assert found.cited_second_only == {"three"} and not found.same_text


def test_changed_settings_are_named() -> None:
    other = TurnConfiguration(retrieval=RetrievalConfiguration(number_of_results=9))
    (setting,) = compare(FIRST, replace(FIRST, configuration=other)).settings
    assert (setting.name, setting.before, setting.after) == ("number_of_results", "5", "9")


def test_a_turn_without_an_answer_can_be_compared() -> None:
    found = compare(FIRST, turn(None))
    assert len(found.first_only) == 2 and found.cited_first_only == {"one"}
