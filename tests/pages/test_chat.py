"""The page on which questions are asked and citations checked."""

from __future__ import annotations

import io

from streamlit.testing.v1 import AppTest

from kb.models import (
    AnswerPart,
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
    view,
    whole,
)
from tests.pages.conftest import OpenPage, sync
from tests.scripted import ScriptedGenerator


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
            AnswerPart(text=f"{number}. ", retrieved_references=whole(results[number:]))
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


def test_a_question_without_an_answer_shows_the_nearest_passages(guide: OpenPage) -> None:
    page = ask(guide("chat.py"), "Who won the football world cup of 1998?")
    turn = latest(page)
    assert turn.response and not turn.response.answered
    assert any("nearest passages" in caption.value for caption in page.caption)
    assert len(view(page, "Sources").expander) >= 5


def test_document_text_is_shown_as_it_is(open_page: OpenPage, bench: Workbench) -> None:
    trap = b"The setting costs $5 and $7, see ![x](http://example.invalid/x) <b>b</b> :red[no].\n"
    bench.data_source.upload("trap.txt", io.BytesIO(trap))
    sync(bench)
    page = ask(open_page("chat.py"), "The setting costs $5 and $7, see x")
    shown = markdown(page)
    assert "\\!\\[x\\]" in shown and "\\$5" in shown and "\\:red" in shown
    assert "![x]" not in shown.replace("\\!\\[x\\]", "")
