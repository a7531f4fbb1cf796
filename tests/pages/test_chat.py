"""The page on which questions are asked and citations checked."""

from __future__ import annotations

import io
import re
import uuid
from collections.abc import Mapping, Sequence

import pytest
from streamlit.testing.v1 import AppTest

from kb.models import (
    AnswerPart,
    Comparison,
    Junction,
    Rating,
    RetrievalResult,
    RetrievedReference,
    Turn,
    TurnStatus,
)
from kb.screens.frame import shared_workbench
from kb.workbench import Workbench
from tests.scripted import ScriptedGenerator

from .conftest import OpenPage, sync

QUESTION = "What is the pg_stat_io view?"
LOOKS = 100


def ask(page: AppTest, question: str = QUESTION) -> AppTest:
    """Type a question, press Enter, and look until it is answered."""
    page.chat_input[0].set_value(question).run()
    for _ in range(LOOKS):
        if not keys(page, "stop"):
            return page
        page.run()
    raise AssertionError("the answer does not end")


def markdown(page: AppTest) -> str:
    """All Markdown of the page."""
    return "\n".join(element.value for element in page.markdown)


def keys(page: AppTest, prefix: str) -> list[str]:
    """Keys of the buttons that begin so."""
    return [str(b.key) for b in page.button if (b.key or "").startswith(prefix)]


def query(page: AppTest) -> dict[str, str]:
    """What the address says."""
    found: Mapping[str, object] = page.query_params
    return {name: str(v[0] if isinstance(v, list) else v) for name, v in found.items()}


def latest(page: AppTest) -> Turn:
    """The last turn of the conversation that is open, as it is kept."""
    bench = shared_workbench()
    opened = bench.conversations.open(query(page)["conversation"], turns=1)
    return bench.conversations.turn(opened.turns[0].turn_id)


def opened(page: AppTest, popover: str) -> AppTest:
    """The page with a popover open."""
    page.session_state[popover] = True
    return page.run()


def view(page: AppTest, name: str) -> AppTest:
    """The page with another tab of the evidence open."""
    page.segmented_control("evidence").set_value(name)
    return page.run()


def test_an_empty_knowledge_base_sends_the_reader_to_upload(open_page: OpenPage) -> None:
    page = open_page("chat.py")
    assert not page.exception
    assert "empty" in page.info[0].value


def test_suggested_questions_come_from_the_loaded_document(guide: OpenPage) -> None:
    page = guide("chat.py")
    assert [b.label for b in page.button if b.key == "suggested_0"] == [QUESTION]


def test_an_answer_has_numbered_citations_and_the_marked_page(guide: OpenPage) -> None:
    page = ask(guide("chat.py"))
    assert not page.exception
    (first, *_) = keys(page, "cite_")
    assert page.button(first).label.startswith("1 · page ")
    assert len(page.image) >= 1


def test_an_answer_says_how_many_of_its_sentences_are_verified(guide: OpenPage) -> None:
    page = ask(guide("chat.py"))
    assert "cited and verified" in markdown(page)


def test_the_conversation_is_in_the_address_and_survives_a_reload(guide: OpenPage) -> None:
    page = ask(guide("chat.py"))
    again = AppTest.from_file("../../pages/chat.py", default_timeout=60)
    again.query_params.update(query(page))
    again.run()
    assert not again.exception
    assert keys(again, "cite_") == keys(page, "cite_")


def test_pressing_another_citation_shows_its_page(guide: OpenPage) -> None:
    guide("chat.py")
    shared_workbench().knowledge_base._generators["two"] = ScriptedGenerator(
        lambda results: [
            AnswerPart(text=f"{number}. ", retrieved_references=_whole(results[number:]))
            for number in range(2)
        ]
    )
    page = ask(at({"model": "two"}))
    (_, second, *_) = keys(page, "cite_")
    page.button(second).click().run()
    assert not page.exception
    assert any(element.value.startswith(":blue-badge[2] **") for element in page.markdown)
    assert query(page)["cite"].endswith(".2")


def test_the_next_page_and_the_way_back(guide: OpenPage) -> None:
    page = ask(guide("chat.py"))
    marked = page.image[0].value if hasattr(page.image[0], "value") else None
    page.button("next_page").click().run()
    assert not page.exception and keys(page, "back_to_passage")
    page.button("back_to_passage").click().run()
    assert (page.image[0].value if hasattr(page.image[0], "value") else None) == marked


def test_every_source_is_listed_the_cited_ones_first(guide: OpenPage) -> None:
    page = view(ask(guide("chat.py")), "Sources")
    labels = [e.label for e in page.expander if "score" in e.label]
    cited = ["not cited" not in label for label in labels]
    assert len(labels) == 5 and cited == sorted(cited, reverse=True)


def test_the_quote_check_names_each_source_and_sentence(guide: OpenPage) -> None:
    page = view(ask(guide("chat.py")), "Check")
    assert not page.exception
    assert "Sentences" in markdown(page) and "found" in markdown(page)


def test_the_trace_has_stages_and_candidates(guide: OpenPage) -> None:
    page = view(ask(guide("chat.py")), "Trace")
    assert not page.exception
    shown = markdown(page)
    assert all(f"{stage} " in shown for stage in ("embed", "search", "generate", "total"))
    assert len(page.dataframe) == 1


def test_source_chunks_only_lists_chunks_and_no_answer(guide: OpenPage) -> None:
    page = opened(guide("chat.py"), "settings")
    page.toggle("chat_generate").set_value(False).run()
    assert query(page)["generate"] == "off"
    ask(page)
    assert not page.exception
    assert "5 source chunks" in markdown(page)
    assert not keys(page, "cite_") and len(page.image) >= 1


@pytest.mark.parametrize(
    ("address", "kept"),
    [
        ({"chunks": "3"}, 3),
        ({"chunks": "101"}, 5),
        ({"chunks": "many"}, 5),
    ],
)
def test_the_number_of_source_chunks_comes_from_the_address(
    guide: OpenPage, address: dict[str, str], kept: int
) -> None:
    guide("chat.py")
    page = AppTest.from_file("../../pages/chat.py", default_timeout=60)
    page.query_params.update(address)
    ask(page.run())
    assert latest(page).configuration.retrieval.number_of_results == kept


def test_a_changed_setting_is_in_the_address_and_in_the_next_question(guide: OpenPage) -> None:
    page = opened(guide("chat.py"), "settings")
    page.slider("chat_chunks").set_value(7).run()
    opened(page, "settings").segmented_control("chat_search").set_value("SEMANTIC").run()
    assert (query(page)["chunks"], query(page)["search"]) == ("7", "SEMANTIC")
    kept = latest(ask(page)).configuration.retrieval
    assert (kept.number_of_results, kept.search_type.value) == (7, "SEMANTIC")


def test_a_change_of_what_is_generated_begins_a_new_conversation(guide: OpenPage) -> None:
    page = opened(ask(guide("chat.py")), "settings")
    page.toggle("chat_generate").set_value(False).run()
    assert "conversation" not in query(page)


@pytest.fixture
def scripted(guide: OpenPage) -> ScriptedGenerator:
    """Another answerer, which waits in the middle of its answer."""
    guide("chat.py")
    generator = ScriptedGenerator(
        lambda results: [
            AnswerPart(text=f"{results[0].text[:40]}. ", retrieved_references=_whole(results)),
            AnswerPart(text="The rest."),
        ],
        pause=1,
    )
    shared_workbench().knowledge_base._generators["scripted"] = generator
    return generator


def _whole(results: Sequence[RetrievalResult]) -> tuple[RetrievedReference, ...]:
    return (RetrievedReference(result=results[0]),)


def at(address: dict[str, str]) -> AppTest:
    """The page at an address."""
    page = AppTest.from_file("../../pages/chat.py", default_timeout=60)
    page.query_params.update(address)
    return page.run()


def test_stop_keeps_what_was_written(scripted: ScriptedGenerator) -> None:
    page = at({"model": "scripted"})
    page.chat_input[0].set_value(QUESTION).run()
    page.button("stop").click().run()
    scripted.go_on.set()
    turn = latest(page)
    assert not page.exception
    assert turn.status is TurnStatus.STOPPED
    assert turn.response and turn.response.citations and "The rest" not in turn.response.text
    assert "Stopped" in page.info[0].value


def test_a_widget_that_is_touched_while_an_answer_is_written_does_not_end_it(
    scripted: ScriptedGenerator,
) -> None:
    page = at({"model": "scripted"})
    page.chat_input[0].set_value(QUESTION).run()
    opened(page, "settings").slider("chat_chunks").set_value(7).run()
    opened(page, "conversations").text_input("search_conversations").set_value("io").run()
    scripted.go_on.set()
    for _ in range(LOOKS):
        if not keys(page, "stop"):
            break
        page.run()
    turn = latest(page)
    assert turn.status is TurnStatus.COMPLETE
    assert turn.response and turn.response.text.endswith("The rest.")


def test_what_is_not_cited_is_counted(scripted: ScriptedGenerator) -> None:
    scripted.go_on.set()
    page = ask(at({"model": "scripted"}))
    assert re.search(r"warning: 1 of \d+ sentences uncited", markdown(page))


def test_inference_parameters_are_kept_with_the_turn(scripted: ScriptedGenerator) -> None:
    scripted.go_on.set()
    page = opened(at({"model": "scripted"}), "settings")
    page.number_input("chat_temperature").set_value(0.5).run()
    opened(page, "settings").number_input("chat_max_tokens").set_value(100).run()
    opened(page, "settings").text_input("chat_guardrail").set_value("guard").run()
    opened(page, "settings").text_input("chat_guardrail_version").set_value("DRAFT").run()
    kept = latest(ask(page)).configuration.generation
    assert (kept.temperature, kept.max_tokens, kept.guardrail_id) == (0.5, 100, "guard")


def test_a_prompt_template_is_checked_and_reset(scripted: ScriptedGenerator) -> None:
    page = opened(at({"model": "scripted"}), "settings")
    page.text_area("chat_template").set_value("Just say $query$").run()
    page = opened(page, "settings")
    assert any("template lacks" in error.value for error in page.error)
    page.button("reset_template").click().run()
    assert "template" not in query(page)


def test_why_not_and_the_exact_twin_stand_beside_the_answer(guide: OpenPage) -> None:
    page = view(ask(guide("chat.py")), "Why not")
    assert not page.exception
    page.button("exact_twin").click().run()
    assert not page.exception and "exact 5/5" in markdown(page)


def test_the_trace_runs_the_sql_again(guide: OpenPage) -> None:
    page = view(ask(guide("chat.py")), "Trace")
    page.button("trace").click().run()
    assert not page.exception
    assert any("sql/queries/" in expander.label for expander in page.expander)


def test_another_model_begins_a_new_conversation(scripted: ScriptedGenerator) -> None:
    page = opened(ask(at({})), "settings")
    page.selectbox("chat_model").set_value("scripted").run()
    assert query(page) == {"model": "scripted"}


def test_a_second_question_while_one_is_answered_is_refused(scripted: ScriptedGenerator) -> None:
    page = at({"model": "scripted"})
    page.chat_input[0].set_value(QUESTION).run()
    page.chat_input[0].set_value("Another one?").run()
    scripted.go_on.set()
    assert "still being answered" in page.error[0].value


def test_a_typed_filter_is_used(guide: OpenPage) -> None:
    page = opened(guide("chat.py"), "settings")
    typed = "x-amz-bedrock-kb-document-page-number <= 3"
    page.text_area("chat_filter").set_value(typed).run()
    turn = latest(ask(page))
    assert query(page)["filter"] == typed
    assert turn.response
    assert all((r.page_number or 0) <= 3 for r in turn.response.retrieval_results)


def test_a_filter_that_is_none_says_where_and_asks_nothing(guide: OpenPage) -> None:
    page = opened(guide("chat.py"), "settings")
    page.text_area("chat_filter").set_value("year >>> 3").run()
    assert "filter" in opened(page, "settings").error[0].value.lower()
    ask(page)
    assert "conversation" not in query(page)


def test_a_filter_is_built_row_by_row(guide: OpenPage) -> None:
    page = opened(at({"filter": "year >= 2020"}), "settings")
    page = opened(page, "filter_builder")
    page.button("add_condition_0").click().run()
    page.text_input("filter_0_1_value").set_value("false").run()
    page.selectbox("filter_0_1_key").set_value("x-workbench-last-page-number").run()
    page.button("add_group").click().run()
    page.selectbox("filter_1_0_key").set_value("x-workbench-heading-path").run()
    page.selectbox("filter_1_0_comparison").set_value(Comparison.STRING_CONTAINS).run()
    page.text_input("filter_1_0_value").set_value("Monitoring").run()
    page.segmented_control("filter_junction_groups").set_value(Junction.OR_ALL).run()
    page.button("use_filter").click().run()
    assert query(page)["filter"] == (
        "(year >= 2020 and x-workbench-last-page-number = false) or "
        'x-workbench-heading-path stringContains "Monitoring"'
    )


def test_reranking_can_be_switched_off(guide: OpenPage) -> None:
    page = opened(guide("chat.py"), "settings")
    page.selectbox("chat_reranking").set_value("none").run()
    assert query(page)["reranking"] == "none"
    assert latest(ask(page)).configuration.retrieval.reranking_model == "none"


def test_streaming_off_is_kept_with_the_turn(guide: OpenPage) -> None:
    page = opened(guide("chat.py"), "settings")
    page.toggle("chat_streaming").set_value(False).run()
    assert latest(ask(page)).configuration.streaming is False


def test_reset_takes_every_setting_back(guide: OpenPage) -> None:
    page = opened(guide("chat.py"), "settings")
    page.slider("chat_chunks").set_value(7).run()
    opened(page, "settings").button("reset_settings").click().run()
    assert query(page) == {}


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


def test_a_question_without_an_answer_shows_the_nearest_passages(guide: OpenPage) -> None:
    page = ask(guide("chat.py"), "Who won the football world cup of 1998?")
    turn = latest(page)
    assert turn.response and not turn.response.answered
    assert any("nearest passages" in caption.value for caption in page.caption)
    assert len(view(page, "Sources").expander) >= 5


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


def test_document_text_is_shown_as_it_is(open_page: OpenPage, bench: Workbench) -> None:
    trap = b"The setting costs $5 and $7, see ![x](http://example.invalid/x) <b>b</b> :red[no].\n"
    bench.data_source.upload("trap.txt", io.BytesIO(trap))
    sync(bench)
    page = ask(open_page("chat.py"), "The setting costs $5 and $7, see x")
    shown = markdown(page)
    assert "\\!\\[x\\]" in shown and "\\$5" in shown and "\\:red" in shown
    assert "![x]" not in shown.replace("\\!\\[x\\]", "")
