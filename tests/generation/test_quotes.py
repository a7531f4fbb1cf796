"""The quote check: no altered passage passes, no true one fails."""

from __future__ import annotations

import random

import pytest

from kb.generation.quotes import StoredText, check_quotes
from kb.models import Placement, QuoteCheck, RetrievedReference, Span, Verdict
from tests.generation.made_up_answers import TEXT, answer, citation, reference, result

PAGE = f"Heading\n{TEXT}\nFooter"


def stored(text: str = TEXT, page: str = PAGE) -> dict[str, StoredText]:
    """The chunk as stored, cut from one page."""
    run = Placement(start=0, end=len(text), page_number=7, page_start=len("Heading\n"))
    return {"one": StoredText(text=text, placements=(run,), pages={7: page})}


def check(found: RetrievedReference, texts: dict[str, StoredText]) -> QuoteCheck:
    """Check an answer of one cited sentence."""
    text = "The view counts reads."
    return check_quotes(answer(text, citation(text, text, found)), texts)


def test_a_passage_that_stands_in_chunk_and_page_is_verified() -> None:
    checked = check(reference(result(), "counts reads"), stored())
    assert [s.verdict for s in checked.sentences] == [Verdict.VERIFIED]


@pytest.mark.parametrize(
    "texts",
    [
        {},
        stored(text=TEXT.replace("reads", "feeds")),
        stored(page=PAGE.replace("reads", "feeds")),
        {"one": StoredText(text=TEXT, placements=(), pages={})},
        {"one": StoredText(text=TEXT, placements=stored()["one"].placements, pages={})},
    ],
    ids=["chunk gone", "chunk differs", "page differs", "no places", "no page"],
)
def test_a_passage_that_does_not_stand_there_is_not_found(texts: dict[str, StoredText]) -> None:
    checked = check(reference(result(), "counts reads"), texts)
    assert [s.verdict for s in checked.sentences] == [Verdict.NOT_FOUND]


def test_a_passage_outside_of_its_chunk_is_not_found() -> None:
    outside = RetrievedReference(result=result(), passage=Span(start=5, end=len(TEXT) + 1))
    assert check(outside, stored()).count(Verdict.NOT_FOUND) == 1


def test_a_chunk_that_was_never_retrieved_is_not_found_and_has_no_number() -> None:
    checked = check(reference(result("other")), stored())
    assert checked.sentences[0].numbers == ()
    assert checked.sentences[0].verdict is Verdict.NOT_FOUND
    assert checked.sources[0].number is None


def test_one_source_that_is_not_there_spoils_the_sentence() -> None:
    text = "The view counts reads."
    both = citation(text, text, reference(result(), "reads"), reference(result("other")))
    assert check_quotes(answer(text, both), stored()).count(Verdict.NOT_FOUND) == 1


def test_a_change_elsewhere_in_the_chunk_does_not_touch_the_passage() -> None:
    texts = stored(text=TEXT.replace("sleeps", "snores"))
    assert check(reference(result(), "counts reads"), texts).count(Verdict.VERIFIED) == 1


def test_a_passage_over_a_page_break_is_held_against_both_pages() -> None:
    cut = TEXT.index("writes")
    runs = (
        Placement(start=0, end=cut - 1, page_number=7, page_start=0),
        Placement(start=cut, end=len(TEXT), page_number=8, page_start=3),
    )
    pages = {7: TEXT[: cut - 1], 8: f"-8-{TEXT[cut:]}"}
    passage = reference(result(), "counts writes")
    both = {"one": StoredText(text=TEXT, placements=runs, pages=pages)}
    wrong = {"one": StoredText(text=TEXT, placements=runs, pages={**pages, 8: "another page"})}
    assert check(passage, both).count(Verdict.VERIFIED) == 1
    assert check(passage, wrong).count(Verdict.NOT_FOUND) == 1


def test_an_uncited_sentence_is_told_apart() -> None:
    text = "The view counts reads. I think so too."
    cited = citation(text, "The view counts reads.", reference(result(), "counts reads"))
    checked = check_quotes(answer(text, cited), stored())
    assert [s.verdict for s in checked.sentences] == [Verdict.VERIFIED, Verdict.UNCITED]


def test_each_item_of_a_list_is_a_sentence() -> None:
    text = "- It counts reads.\n- It counts writes."
    cited = citation(text, "It counts writes.", reference(result(), "counts writes"))
    checked = check_quotes(answer(text, cited), stored())
    assert [s.verdict for s in checked.sentences] == [Verdict.UNCITED, Verdict.VERIFIED]


def test_a_row_that_is_cited_whole_is_one_sentence() -> None:
    row = "reads\tbigint\nNumber of reads."
    chunk = result(text=row)
    run = Placement(start=0, end=len(row), page_number=7, page_start=0)
    texts = {"one": StoredText(text=row, placements=(run,), pages={7: row})}
    response = answer(row, citation(row, row, reference(chunk, row)), results=(chunk,))
    assert [s.verdict for s in check_quotes(response, texts).sentences] == [Verdict.VERIFIED]


def test_an_answer_that_cites_nothing_has_no_sources() -> None:
    checked = check_quotes(answer("I just know it. Trust me."), stored())
    assert (checked.count(Verdict.UNCITED), checked.sources) == (2, ())


def test_of_200_planted_quotes_no_altered_one_passes_and_no_true_one_fails() -> None:
    random.seed(4)
    words = [f"word{number}" for number in range(400)]
    text = " ".join(words)
    chunk = result(text=text)
    for number in range(200):
        start = random.randrange(len(text) - 60)
        passage = RetrievedReference(result=chunk, passage=Span(start=start, end=start + 60))
        at = start + random.randrange(60)
        is_altered = number % 2 == 1
        now = text[:at] + "#" + text[at + 1 :] if is_altered else text
        run = Placement(start=0, end=len(text), page_number=7, page_start=0)
        texts = {"one": StoredText(text=text, placements=(run,), pages={7: now})}
        said = "It says so."
        response = answer(said, citation(said, said, passage), results=(chunk,))
        assert check_quotes(response, texts).sources[0].found is not is_altered
