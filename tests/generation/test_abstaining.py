"""The word for "nothing answers" is not shown, and is known in whatever pieces it comes."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from kb.generation.abstaining import Abstaining


def read(pieces: Iterable[str]) -> tuple[str, bool]:
    abstaining = Abstaining()
    shown = "".join(abstaining.feed(piece) for piece in pieces) + abstaining.finish()
    return shown, abstaining.abstained


@pytest.mark.parametrize(
    "reply", ["NO_ANSWER", "NO_ANSWER.", " \n**NO_ANSWER**", "`NO_ANSWER`\nBecause …"]
)
def test_the_word_is_an_abstention_and_not_shown(reply: str) -> None:
    assert read([reply]) == read(reply) == ("", True)


@pytest.mark.parametrize("reply", ["NO_ANSWERS exist.", "No answer.", "NO_", "**Bold** text", "A"])
def test_anything_else_is_shown_as_it_is(reply: str) -> None:
    assert read([reply]) == read(reply) == (reply, False)


def test_the_word_in_the_middle_is_text() -> None:
    assert read(["It says NO_ANSWER."]) == ("It says NO_ANSWER.", False)


def test_an_answer_begins_without_empty_lines() -> None:
    assert read(["\n\n", "One."]) == ("One.", False)
