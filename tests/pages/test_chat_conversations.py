"""Conversations in the chat: followed up, found, rated, saved, deleted; and the tour."""

from __future__ import annotations

import io
import uuid

import pytest
from streamlit.testing.v1 import AppTest

from kb.models import (
    Rating,
)
from kb.screens.frame import shared_workbench
from kb.workbench import Workbench
from tests.pages.chatting import (
    QUESTION,
    ask,
    at,
    keys,
    latest,
    markdown,
    opened,
    query,
)
from tests.pages.conftest import OpenPage, sync


def test_a_follow_up_stays_in_the_conversation_and_its_session(guide: OpenPage) -> None:
    page = ask(guide("chat.py"))
    first = latest(page)
    second = latest(ask(page, "And which contexts does it have?"))
    assert second.conversation_id == first.conversation_id
    assert first.response and second.response
    assert second.response.session_id == first.response.session_id


def test_a_question_is_asked_again_under_other_settings_and_compared(guide: OpenPage) -> None:
    page = ask(guide("chat.py"))
    first = latest(page)
    page = opened(page, "settings")
    page.slider("chat_chunks").set_value(3).run()
    page.button(f"again_{first.turn_id}").click().run()
    while keys(page, "stop"):
        page.run()
    second = latest(page)
    assert second.question == first.question and second.turn_id != first.turn_id
    page.button(f"compare_{second.turn_id}").click().run()
    assert not page.exception
    assert "number\\_of\\_results" in markdown(page)


def test_the_tour_asks_its_questions_and_starts_over(guide: OpenPage) -> None:
    page = guide("chat.py")
    page.button("tour_begin").click().run()
    page.button("tour_ask").click().run()
    while keys(page, "stop"):
        page.run()
    assert query(page)["demo"] == "2" and keys(page, "cite_")
    page.button("tour_next").click().run()
    assert query(page)["demo"] == "3" and "conversation" in query(page)
    page.button("tour_reset").click().run()
    assert query(page) == {"demo": "1"}
    page.button("tour_end").click().run()
    assert not page.exception and not keys(page, "tour_ask")


@pytest.mark.parametrize("step", ["", "0", "99", "-1", "x"])
def test_the_tour_takes_any_step_of_an_address(guide: OpenPage, step: str) -> None:
    guide("chat.py")
    page = at({"demo": step})
    assert not page.exception and "Tour" in markdown(page)


def test_new_begins_another_conversation_and_keeps_the_old_one(guide: OpenPage) -> None:
    page = ask(guide("chat.py"))
    page.button("clear").click().run()
    assert "conversation" not in query(page)
    assert len(shared_workbench().conversations.list_conversations()) == 1


def test_a_conversation_is_opened_from_the_list(guide: OpenPage) -> None:
    page = ask(guide("chat.py"))
    conversation_id = query(page)["conversation"]
    page.button("clear").click().run()
    opened(page, "conversations").button(f"open_{conversation_id}").click().run()
    assert keys(page, "cite_")


def test_the_list_is_searched(guide: OpenPage) -> None:
    page = opened(ask(guide("chat.py")), "conversations")
    assert keys(page, "open_")
    page.text_input("search_conversations").set_value("no such words").run()
    assert not keys(opened(page, "conversations"), "open_")


def test_a_conversation_is_renamed(guide: OpenPage) -> None:
    page = opened(ask(guide("chat.py")), "manage")
    conversation_id = query(page)["conversation"]
    page.text_input(f"title_{conversation_id}").set_value("Counting *reads*").run()
    (conversation,) = shared_workbench().conversations.list_conversations()
    assert conversation.title == "Counting *reads*"


def test_a_conversation_is_deleted_once_that_is_confirmed(guide: OpenPage) -> None:
    page = opened(ask(guide("chat.py")), "manage")
    assert page.button("delete_conversation").disabled
    page.checkbox(f"sure_{query(page)['conversation']}").check().run()
    opened(page, "manage").button("delete_conversation").click().run()
    assert shared_workbench().conversations.list_conversations() == []
    assert "conversation" not in query(page)


def test_a_note_is_kept_and_the_question_saved_into_a_set(guide: OpenPage) -> None:
    page = ask(guide("chat.py"))
    turn_id = latest(page).turn_id
    opened(page, f"note_{turn_id}").text_area(f"note_text_{turn_id}").set_value("Right.").run()
    opened(page, f"note_{turn_id}").button(f"save_{turn_id}").click().run()
    assert not page.exception
    assert latest(page).feedback.note == "Right."
    (saved,) = shared_workbench().conversations.list_questions("questions")
    assert saved.question == QUESTION and saved.pages and "pg_stat_io" in saved.keywords
    asked = shared_workbench().evaluation.question_set("questions.jsonl").questions
    assert [question.question for question in asked] == [QUESTION]


def test_a_thumb_is_kept(guide: OpenPage) -> None:
    page = ask(guide("chat.py"))
    turn_id = latest(page).turn_id
    page.feedback(f"thumb_{turn_id}").set_value(1).run()
    assert latest(page).feedback.rating is Rating.UP


def test_a_conversation_that_is_gone_says_so(guide: OpenPage) -> None:
    guide("chat.py")
    page = AppTest.from_file("../../pages/chat.py", default_timeout=60)
    page.query_params["conversation"] = str(uuid.uuid4())
    page.run()
    assert not page.exception
    assert "deleted" in page.warning[0].value


def test_a_removed_document_leaves_the_answer_and_gets_a_badge(
    open_page: OpenPage, bench: Workbench
) -> None:
    bench.data_source.upload("note.txt", io.BytesIO(b"The pg_stat_io view counts reads.\n"))
    sync(bench)
    page = ask(open_page("chat.py"))
    before = latest(page).response
    bench.data_source.delete("note.txt")
    bench.data_source.upload("other.txt", io.BytesIO(b"Something else is told here instead.\n"))
    job = bench.data_source.start_ingestion_job(detached=False, allow_deletions=True)
    for _ in bench.data_source.watch(job.ingestion_job_id, work=True):
        pass
    page.run()
    assert latest(page).response == before
    assert "Source was removed" in markdown(page)
