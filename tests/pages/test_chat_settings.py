"""The settings of the chat, and answerers that are slow or cite little."""

from __future__ import annotations

import re

import pytest
from streamlit.testing.v1 import AppTest

from kb.models import (
    AnswerPart,
    Comparison,
    Junction,
    TurnStatus,
)
from kb.screens.frame import shared_workbench
from tests.pages.chatting import (
    LOOKS,
    QUESTION,
    ask,
    at,
    keys,
    latest,
    markdown,
    opened,
    query,
    whole,
)
from tests.pages.conftest import OpenPage
from tests.scripted import ScriptedGenerator


@pytest.fixture
def scripted(guide: OpenPage) -> ScriptedGenerator:
    """Another answerer, which waits in the middle of its answer."""
    guide("chat.py")
    generator = ScriptedGenerator(
        lambda results: [
            AnswerPart(text=f"{results[0].text[:40]}. ", retrieved_references=whole(results)),
            AnswerPart(text="The rest."),
        ],
        pause=1,
    )
    shared_workbench().knowledge_base._generators["scripted"] = generator
    return generator


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


def test_a_question_of_two_parts_is_searched_part_by_part(guide: OpenPage) -> None:
    page = opened(guide("chat.py"), "settings")
    page.toggle("chat_decomposition").set_value(True).run()
    assert query(page)["decomposition"] == "on"
    turn = latest(ask(page, "What is a view? How is a view stored?"))
    assert turn.response
    assert turn.response.queries == ("What is a view?", "How is a view stored?")


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
