"""Markers become citations of the sentence they close, however the text was cut on its way."""

from __future__ import annotations

import random
from collections.abc import Iterable

import pytest

from kb.generation.answer import Writing
from kb.generation.numbered import NumberedCitations
from tests.made_up import result

RESULTS = [result(f"Text {n}.", n) for n in range(1, 6)]
Cited = list[tuple[str, list[int]]]


def read(pieces: Iterable[str]) -> tuple[str, Cited, int]:
    """The text, each cited part with its numbers, and how many numbers led nowhere."""
    citing, writing = NumberedCitations(RESULTS), Writing()
    for piece in pieces:
        for part in citing.feed(piece):
            writing.add(part)
    for part in citing.finish():
        writing.add(part)
    cited = [
        (c.text, [RESULTS.index(r.result) + 1 for r in c.retrieved_references])
        for c in writing.citations
    ]
    return writing.text, cited, citing.unresolved


@pytest.mark.parametrize(
    ("reply", "text", "cited"),
    [
        ("It counts reads [1].", "It counts reads.", [("It counts reads", [1])]),
        ("It counts reads. [1]", "It counts reads.", [("It counts reads.", [1])]),
        ("It counts reads.[1] More.", "It counts reads. More.", [("It counts reads.", [1])]),
        ("One. Two [1][2].", "One. Two.", [("Two", [1, 2])]),
        ("One [1], [2].", "One.", [("One", [1, 2])]),
        ("One [2, 3] [1].", "One.", [("One", [2, 3, 1])]),
        ("One [1-3].", "One.", [("One", [1, 2, 3])]),
        ("One [1; 3].", "One.", [("One", [1, 3])]),
        ("One [1][1].", "One.", [("One", [1])]),
        ("One [1]. Two [2].", "One. Two.", [("One", [1]), ("Two", [2])]),
        ("One [1] and two [2].", "One and two.", [("One", [1]), ("and two", [2])]),
        (
            "One.\n\n- Two [1]\n- Three [2]",
            "One.\n\n- Two\n- Three",
            [("Two", [1]), ("Three", [2])],
        ),
        ("1. First [1]\n2. Second [2]", "1. First\n2. Second", [("First", [1]), ("Second", [2])]),
        ("One.\n[1]\nTwo.", "One.\n\nTwo.", [("One.", [1])]),
        ("See e.g. the view [1].", "See e.g. the view.", [("See e.g. the view", [1])]),
        ("A view. pg_x counts [1].", "A view. pg_x counts.", [("pg_x counts", [1])]),
        ("表示します。統計です。[1]", "表示します。統計です。", [("統計です。", [1])]),
        (
            "In version 9.6 it reads [1].",
            "In version 9.6 it reads.",
            [("In version 9.6 it reads", [1])],
        ),
    ],
)
def test_a_marker_cites_the_sentence_it_closes(reply: str, text: str, cited: Cited) -> None:
    assert read([reply]) == (text, cited, 0)


@pytest.mark.parametrize(
    "text",
    [
        "Write `arr[1]` for the first.",
        "```sql\nSELECT arr[1], arr[2];\n```\n",
        "````\n```\na[1]\n````\n",
        "``a`b[1]``",
        "An [aside], a [year 2024], the year [2024].",
        "An open [",
        "[](x)",
    ],
)
def test_other_brackets_are_left_alone(text: str) -> None:
    assert read([text + "."]) == (text + ".", [], 0)


def test_behind_code_markers_count_again() -> None:
    text, cited, _ = read(["```\na[1]\n```\nThat is `b[2]` [3]."])
    assert text == "```\na[1]\n```\nThat is `b[2]`."
    assert cited == [("That is `b[2]`", [3])]


def test_a_stray_backtick_makes_no_more_than_its_line_code() -> None:
    assert read(["A ` here [1].\nTwo [2]."])[1] == [("Two", [2])]


def test_three_backticks_within_a_line_open_no_block() -> None:
    assert read(["```x[1]``` is code [1].\nTwo [2]."])[1][-1] == ("Two", [2])


@pytest.mark.parametrize("reply", ["One [7].", "One [0].", "One [6, 999]."])
def test_a_number_that_names_no_result_is_not_shown(reply: str) -> None:
    text, cited, unresolved = read([reply])
    assert (text, cited) == ("One.", [])
    assert unresolved >= 1


def test_of_a_group_the_numbers_that_name_results_remain() -> None:
    assert read(["One [2, 9]."]) == ("One.", [("One", [2])], 1)


def test_a_marker_before_any_word_cites_nothing() -> None:
    assert read(["[1] One."]) == ("One.", [], 1)


def test_a_marker_that_the_reply_breaks_off_in_is_not_shown() -> None:
    assert read(["One [1]. Two [", "2"]) == ("One. Two", [("One", [1])], 0)


def test_text_is_passed_on_before_the_reply_has_ended() -> None:
    citing = NumberedCitations(RESULTS)
    assert [part.text for part in citing.feed("The view")] == ["The view"]
    assert list(citing.feed(" [1")) == []
    assert [part.text for part in citing.feed("] shows")] == ["", " shows"]


PIECES = (
    *("[1]", "[2, 3]", "[9]", "[", "]", " ", "  ", "\n", "\n\n", "- ", "`", "```", "``", "word"),
    *("Sentence.", " 資料。", "arr[1]", ", ", ". ", "(", "[1", "1]", "[-", "🐘", "e.g. ", "[1-2]"),
    *("1. ", "**", "[2024]", "[1" + ", 1" * 30 + "]", "\u00a0", "\t"),
)


@pytest.mark.parametrize("seed", range(300))
def test_however_a_reply_is_cut_the_answer_is_the_same(seed: int) -> None:
    drawn = random.Random(seed)
    reply = "".join(drawn.choices(PIECES, k=drawn.randint(1, 25)))
    places = sorted(drawn.choices(range(len(reply) + 1), k=drawn.randint(0, 20)))
    cut = [reply[a:b] for a, b in zip([0, *places], [*places, len(reply)], strict=True)]
    whole = read([reply])
    assert read(cut) == whole
    assert read(reply) == whole


@pytest.mark.parametrize("seed", range(100))
def test_each_cited_span_is_whole_words_of_the_answer(seed: int) -> None:
    drawn = random.Random(seed)
    _, cited, _ = read(["".join(drawn.choices(PIECES, k=25))])
    for text, numbers in cited:
        assert text == text.strip() and any(c.isalnum() for c in text) and numbers
