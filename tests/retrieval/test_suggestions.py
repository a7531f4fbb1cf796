"""Questions to start with, made from headings."""

from __future__ import annotations

from kb.retrieval.suggestions import PG_STAT_IO, suggested_questions


def test_without_headings_there_is_nothing_to_suggest() -> None:
    assert suggested_questions([]) == []
    assert suggested_questions([()]) == []


def test_the_walk_through_s_question_comes_first() -> None:
    paths = [("28. Monitoring", "28.1. Tools"), ("28. Monitoring", "28.2.13. pg_stat_io")]
    assert suggested_questions(paths)[0] == PG_STAT_IO


def test_a_view_is_asked_for_by_its_name() -> None:
    assert suggested_questions([("28.2.3. pg_stat_activity",)]) == ["What is pg_stat_activity?"]


def test_other_headings_lose_their_number() -> None:
    (question,) = suggested_questions([("Part III. Server", "Chapter 28. Monitoring Activity")])
    assert "Monitoring Activity" in question
    assert "28" not in question


def test_no_question_is_suggested_twice() -> None:
    paths = [("1. Wait events",), ("1. Wait events",), ("2. Wait events",)]
    assert len(suggested_questions(paths)) == 1


def test_a_heading_that_is_no_subject_by_itself_is_not_asked_about() -> None:
    assert suggested_questions([("How to read it",), ("Preface",), ("One two three " * 3,)]) == []


def test_no_more_are_suggested_than_wanted() -> None:
    paths = [(f"{n}. Wait event {n}",) for n in range(9)]
    assert len(suggested_questions(paths)) == 4
    assert len(suggested_questions(paths, limit=2)) == 2
