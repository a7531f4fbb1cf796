"""An answer in pieces is the answer, with each number behind what it supports."""

from __future__ import annotations

from kb.generation.pieces import pieces
from kb.generation.quotes import check_quotes
from kb.models import Verdict
from tests.generation.made_up_answers import answer, citation, reference, result

SAID = "  The view counts reads. The view counts writes.\n\nI think so. "
ANSWER = answer(
    SAID,
    citation(SAID, "The view counts reads.", reference(result(), "counts reads")),
    citation(SAID, "The view counts writes.", reference(result(), "counts reads")),
    citation(SAID, "counts writes.", reference(result(), "counts writes")),
)


def test_the_pieces_joined_are_the_answer() -> None:
    found = pieces(ANSWER, check_quotes(ANSWER, {}))
    assert "".join(piece.text for piece in found) == SAID


def test_a_number_ends_the_words_that_it_supports() -> None:
    numbered = [(p.text.strip(), p.numbers) for p in pieces(ANSWER, None) if p.numbers]
    assert numbered == [("The view counts reads.", (1,)), ("The view counts writes.", (1, 2))]


def test_every_sentence_has_its_verdict() -> None:
    found = pieces(ANSWER, check_quotes(ANSWER, {}))
    assert [p.verdict for p in found if p.verdict] == [
        Verdict.NOT_FOUND,
        Verdict.NOT_FOUND,
        Verdict.UNCITED,
    ]
