"""The page on which questions are asked and citations checked."""

from __future__ import annotations

import io

from streamlit.testing.v1 import AppTest

from kb.workbench import Workbench

from .conftest import OpenPage, sync

QUESTION = "What is the pg_stat_io view?"


def ask(page: AppTest, question: str) -> AppTest:
    """Type a question and press Enter."""
    return page.chat_input[0].set_value(question).run()


def markdown(page: AppTest) -> str:
    """All Markdown of the page."""
    return "\n".join(element.value for element in page.markdown)


def test_an_empty_knowledge_base_sends_the_reader_to_upload(open_page: OpenPage) -> None:
    page = open_page("chat.py")
    assert not page.exception
    assert "empty" in page.info[0].value


def test_suggested_questions_come_from_the_loaded_document(guide: OpenPage) -> None:
    page = guide("chat.py")
    assert [b.label for b in page.button if b.key == "suggested_0"] == [QUESTION]


def test_an_answer_has_numbered_citations_and_the_marked_page(guide: OpenPage) -> None:
    page = ask(guide("chat.py"), QUESTION)
    assert not page.exception
    assert ":blue-badge[1]" in markdown(page)
    assert next(b.label for b in page.button if b.key == "cite_0_1").startswith("1 · page ")
    assert len(page.image) >= 1


def test_pressing_another_citation_shows_its_page(guide: OpenPage) -> None:
    page = ask(guide("chat.py"), "Which columns and contexts does pg_stat_io have?")
    citations = [b for b in page.button if (b.key or "").startswith("cite_0_")]
    assert len(citations) >= 2
    citations[1].click().run()
    assert not page.exception
    assert any(element.value.startswith(":blue-badge[2] **") for element in page.markdown)


def test_source_chunks_only_lists_chunks_and_no_answer(guide: OpenPage) -> None:
    page = guide("chat.py")
    page.toggle("generate").set_value(False).run()
    ask(page, QUESTION)
    assert not page.exception
    assert "5 source chunks" in markdown(page)
    assert not [b for b in page.button if (b.key or "").startswith("cite_")]


def test_clear_forgets_the_conversation(guide: OpenPage) -> None:
    page = ask(guide("chat.py"), QUESTION)
    page.button("clear").click().run()
    assert page.session_state["turns"] == []


def test_document_text_is_shown_as_it_is(open_page: OpenPage, bench: Workbench) -> None:
    trap = b"The setting costs $5 and $7, see ![x](http://example.invalid/x) <b>b</b> :red[no].\n"
    bench.data_source.upload("trap.txt", io.BytesIO(trap))
    sync(bench)
    page = ask(open_page("chat.py"), "The setting costs $5 and $7, see x")
    shown = markdown(page)
    assert "\\!\\[x\\]" in shown and "\\$5" in shown and "\\:red" in shown
    assert "![x]" not in shown.replace("\\!\\[x\\]", "")
