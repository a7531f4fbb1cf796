"""Questions made from headings and passages."""

from __future__ import annotations

from kb.tuning.questions import FEWEST_WORDS, MOST_WORDS, questions_from_corpus

LONG = " ".join(f"word{n}" for n in range(40))
CHUNKS = [
    (("Chapter 28. Monitoring", f"28.{n}. View {n}"), f"{LONG} about view {n} and its columns")
    for n in range(20)
]


def test_headings_lose_their_numbers() -> None:
    questions = questions_from_corpus([(("Chapter 28. Monitoring", "28.2.13. pg_stat_io"), "")], 5)

    assert set(questions) == {"Monitoring", "pg_stat_io"}


def test_a_heading_that_many_chunks_share_is_one_question() -> None:
    questions = questions_from_corpus(CHUNKS, 100)

    assert questions.count("Monitoring") == 1


def test_snippets_have_6_to_16_words() -> None:
    questions = questions_from_corpus([((), text) for _, text in CHUNKS], 100)

    lengths = {len(question.split()) for question in questions}
    assert lengths and min(lengths) >= FEWEST_WORDS and max(lengths) <= MOST_WORDS


def test_snippets_stand_in_the_middle_of_a_chunk() -> None:
    texts = [text for _, text in CHUNKS]

    questions = questions_from_corpus([((), text) for text in texts], 100)

    for question in questions:
        text = next(text for text in texts if question in text)
        assert not text.startswith(question) and not text.endswith(question)


def test_no_question_is_a_chunk() -> None:
    chunks = [(("Overview",), "overview"), (("Overview",), LONG)]

    assert "Overview" not in questions_from_corpus(chunks, 10)


def test_questions_are_distinct() -> None:
    questions = questions_from_corpus(CHUNKS * 3, 100)

    assert len({question.casefold() for question in questions}) == len(questions)


def test_the_same_seed_gives_the_same_questions() -> None:
    assert questions_from_corpus(CHUNKS, 10, seed=1) == questions_from_corpus(CHUNKS, 10, seed=1)


def test_another_seed_gives_other_questions() -> None:
    assert questions_from_corpus(CHUNKS, 10, seed=1) != questions_from_corpus(CHUNKS, 10, seed=2)


def test_there_are_never_more_than_asked_for() -> None:
    assert len(questions_from_corpus(CHUNKS, 7)) == 7


def test_half_are_headings_when_there_are_enough() -> None:
    questions = questions_from_corpus(CHUNKS, 10)

    assert (
        sum(question.startswith("View") or question == "Monitoring" for question in questions) == 5
    )


def test_short_chunks_without_headings_give_no_questions() -> None:
    assert questions_from_corpus([((), "too short to cut a snippet from")], 10) == ()
