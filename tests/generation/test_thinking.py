"""What a model thinks before it answers is left out, in whatever pieces it comes."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from kb.generation.thinking import Thinking


def read(pieces: Iterable[str]) -> str:
    thinking = Thinking()
    return "".join(thinking.feed(piece) for piece in pieces) + thinking.finish()


@pytest.mark.parametrize(
    ("reply", "answer"),
    [
        ("<think>Hm, [1]?\n</think>\n\nYes [1].", "\n\nYes [1]."),
        ("\n<think></think>Yes.", "Yes."),
        ("<think>never ends", ""),
        ("Yes <think>no</think>.", "Yes <think>no</think>."),
        ("<thin", "<thin"),
        ("<thinking is hard", "<thinking is hard"),
        ("< is less", "< is less"),
        ("<think>a < b </thin </think>One", "One"),
        ("", ""),
    ],
)
def test_only_the_answer_remains(reply: str, answer: str) -> None:
    assert read([reply]) == read(reply) == answer
    assert read([reply[:5], reply[5:]]) == answer
