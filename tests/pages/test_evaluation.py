"""The page that asks question sets: empty, busy, failed and full."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from streamlit.testing.v1 import AppTest

from kb.evaluation.question_sets import read_question_set
from kb.models.evaluation import EvaluationConfiguration
from kb.screens.frame import shared_workbench
from kb.workbench.evaluation import SAMPLE_NAME, SAMPLE_SET

from .conftest import OpenPage

pytestmark = pytest.mark.database
SECONDS = 60
QUESTIONS = read_question_set(SAMPLE_SET.name, SAMPLE_SET.read_bytes())


@pytest.fixture
def page(guide: OpenPage) -> Iterator[AppTest]:
    """The page over the sample; a run that goes on is ended with the test."""
    yield guide("evaluation.py")
    shared_workbench().evaluation.task.cancel()
    ended()


@pytest.fixture
def full(guide: OpenPage) -> AppTest:
    """The page with two kept runs: three questions of the sample, then five."""
    page = guide("evaluation.py")
    keep(3)
    keep(5)
    return page.run()


def keep(limit: int) -> str:
    evaluation = shared_workbench().evaluation
    *_, run = evaluation.measure(QUESTIONS, EvaluationConfiguration(), limit)
    return evaluation.keep(run)


def ended() -> None:
    """Wait until nothing runs."""
    deadline = time.monotonic() + SECONDS
    task = shared_workbench().evaluation.task
    while (progress := task.progress) and not progress.status.is_final:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def metric(page: AppTest, label: str) -> str:
    return next(str(m.value) for m in page.metric if m.label == label)


def texts(page: AppTest) -> str:
    """All captions and Markdown of the page."""
    return "\n".join(element.value for element in (*page.caption, *page.markdown))


def test_an_empty_knowledge_base_has_nothing_to_ask(open_page: OpenPage) -> None:
    page = open_page("evaluation.py")
    assert not page.exception
    assert "nothing to ask" in page.info[0].value


def test_without_a_run_the_sample_s_set_is_offered(page: AppTest) -> None:
    assert not page.exception
    assert page.selectbox("question_set").value == SAMPLE_NAME
    assert "12 with an answer in the documents, 3 that should be refused" in texts(page)
    assert "No run yet" in page.info[0].value


def test_a_run_in_the_background_survives_a_touched_widget_and_shows_its_figures(
    page: AppTest,
) -> None:
    page.number_input("evaluation_limit").set_value(4)
    page.button("evaluate").click().run()
    assert page.button("evaluate").disabled
    page.number_input("evaluation_limit").set_value(5).run()
    ended()
    page.run()
    assert not page.exception
    assert "Asked 4 of 4 questions" in page.success[0].value
    assert 0 <= float(metric(page, "hit@5")) <= 1
    assert metric(page, "citation precision") == "1.000"
    page.button("dismiss_run").click().run()
    assert not page.success


def test_cancel_keeps_what_was_found(page: AppTest) -> None:
    page.button("evaluate").click().run()
    deadline = time.monotonic() + SECONDS
    while not (found := shared_workbench().evaluation.task.progress) or not found.done:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    page.run().button("cancel_run").click().run()
    ended()
    page.run()
    assert not page.exception
    assert "Cancelled after" in page.warning[0].value
    assert "cancelled" in texts(page)


def test_a_failed_run_says_why(page: AppTest) -> None:
    shallow = EvaluationConfiguration(retrieval=EvaluationConfiguration().answering)
    shared_workbench().evaluation.task.start(QUESTIONS, shallow)
    ended()
    page.run()
    assert not page.exception
    assert "number\\_of\\_results of 10 or more" in page.error[0].value


def test_every_question_has_its_rank_and_its_outcome(full: AppTest) -> None:
    assert not full.exception
    table = full.dataframe[0].value
    assert len(table) == 5
    assert set(table["Outcome"]) <= {"answered", "refused", "answered wrongly", "refused wrongly"}


def test_a_selected_question_shows_its_ranked_chunks(full: AppTest) -> None:
    chosen = {"selection": {"rows": [1], "columns": [], "cells": []}}
    full.session_state["evaluation_questions"] = chosen
    full.run()
    assert not full.exception
    ranked = full.dataframe[1].value
    assert list(ranked["#"]) == list(range(1, 11))
    assert "Gold pages" in texts(full)


def test_a_filter_leaves_the_questions_that_are_like_that(full: AppTest) -> None:
    supported = full.dataframe[0].value["Supported"]
    lacking = [words for words in supported if words and words[0] != words[-1]]
    full.session_state["evaluation_filter"] = ["not supported"]
    full.run()
    assert not full.exception
    assert lacking and list(full.dataframe[0].value["Supported"]) == lacking


def test_two_runs_are_compared_over_their_common_questions(full: AppTest) -> None:
    assert "that both asked" in texts(full)
    changes = full.dataframe[-1].value
    assert {"hit@5", "MRR@10", "answer support"} <= set(changes["Measure"])


def test_a_deleted_run_is_gone(full: AppTest) -> None:
    full.button("delete_run").click().run()
    full.button("delete_run").click().run()
    assert not full.exception
    assert "No run yet" in full.info[0].value


def test_an_uploaded_set_is_chosen(page: AppTest) -> None:
    data = b"question,answer,pages\nWhy?,Because.,3\n"
    page.file_uploader[0].upload("mine.csv", data, "text/csv").run()
    assert not page.exception
    assert page.selectbox("question_set").value == "mine.jsonl"
    assert "1 question, all with an answer" in texts(page)
    page.button("remove_set").click().run()
    assert page.selectbox("question_set").value == SAMPLE_NAME


def test_a_wrong_set_is_one_sentence_with_its_line(page: AppTest) -> None:
    page.file_uploader[0].upload("mine.jsonl", b'{"question": "Why?"}\n', "text/plain").run()
    assert not page.exception
    assert "line 1" in page.error[0].value
