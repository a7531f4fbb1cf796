"""Why not, exact twin and trace, drawn on a page of their own over the sample."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from streamlit.testing.v1 import AppTest

from kb.demo import SAMPLE
from kb.models import RetrievalConfiguration
from kb.screens.frame import shared_workbench
from kb.screens.inert import inert
from kb.workbench import Workbench

from .conftest import SECONDS, OpenPage

QUESTION = "What does pg_stat_io count?"
SCRIPT = """
from kb.models import RetrievalConfiguration, SearchType
from kb.retrieval.filter_expression import parse_filter
from kb.screens import {panel}
from kb.screens.frame import shared_workbench
configuration = RetrievalConfiguration(number_of_results={number}, filter=parse_filter({filter!r}))
bench = shared_workbench()
response = {response}
{panel}.show(bench, {question!r}, configuration, response)
"""
ANSWER = "bench.knowledge_base.retrieve_and_generate({question!r}, configuration)"


def drawn(
    panel: str, *, number: int = 5, filter: str = "", question: str = QUESTION, answer: bool = False
) -> AppTest:
    """A panel on a page of its own."""
    response = ANSWER.format(question=question) if answer else "None"
    script = SCRIPT.format(
        panel=panel, number=number, filter=filter, question=question, response=response
    )
    return AppTest.from_string(script, default_timeout=SECONDS).run()


def press(page: AppTest, label: str) -> AppTest:
    button = next(button for button in page.button if button.label == label)
    return button.click().run()


def words(page: AppTest) -> str:
    """All Markdown and captions of the page."""
    assert not page.exception
    return "\n".join(element.value for element in (*page.markdown, *page.caption))


@pytest.fixture
def sample(guide: OpenPage) -> Iterator[Workbench]:
    """A workbench that knows the sample, as the panels see it."""
    yield shared_workbench()


def page_of(sample: Workbench, place: int) -> int:
    """The page of a result, by its 0-based place."""
    configuration = RetrievalConfiguration(number_of_results=40)
    results = sample.knowledge_base.retrieve(QUESTION, configuration).results
    page_number = results[place].page_number
    assert page_number
    return page_number


def test_why_not_explains_nothing_before_it_is_asked(sample: Workbench) -> None:
    page = drawn("why_not_panel")
    assert "badge" not in words(page)
    assert [b.label for b in page.button] == ["Explain"]


def test_why_not_names_the_stage_of_a_page(sample: Workbench) -> None:
    page = drawn("why_not_panel", number=1, filter="year = 1999")
    page.number_input("why_not_page").set_value(page_of(sample, 0))
    shown = words(press(page, "Explain"))
    assert "excluded by the filter" in shown
    assert "chunk" in shown


def test_why_not_says_that_a_page_is_not_lost(sample: Workbench) -> None:
    page = drawn("why_not_panel")
    page.number_input("why_not_page").set_value(page_of(sample, 0))
    assert "not lost: retrieved" in words(press(page, "Explain"))


def test_why_not_looks_at_the_answer(sample: Workbench) -> None:
    answer = sample.knowledge_base.retrieve_and_generate(QUESTION)
    cited = answer.citations[0].retrieved_references[0].result.page_number
    page = drawn("why_not_panel", answer=True)
    page.number_input("why_not_page").set_value(cited)
    assert "not lost: cited" in words(press(page, "Explain"))


def test_why_not_shows_the_ranks_of_a_page_further_down(sample: Workbench) -> None:
    first, last = page_of(sample, 0), page_of(sample, 20)
    assert first != last
    page = drawn("why_not_panel", number=1)
    page.number_input("why_not_page").set_value(last)
    shown = words(press(page, "Explain"))
    assert "below the result count" in shown
    assert "semantic " in shown
    assert page.expander[0].label == "The best of its chunks"


def test_why_not_takes_a_pasted_passage(sample: Workbench) -> None:
    page = drawn("why_not_panel")
    page.segmented_control("why_not_kind").set_value("Passage").run()
    page.text_area("why_not_passage").set_value("Sourdough needs a starter.")
    assert "passage on no page" in words(press(page, "Explain"))


def test_why_not_says_what_is_wrong_with_a_passage(sample: Workbench) -> None:
    page = drawn("why_not_panel")
    page.segmented_control("why_not_kind").set_value("Passage").run()
    press(page, "Explain")
    assert [warning.value for warning in page.warning] == [
        inert("The passage has no words; paste some from the document.")
    ]


def test_why_not_forgets_what_it_said_of_another_question(sample: Workbench) -> None:
    page = drawn("why_not_panel")
    assert "badge" in words(press(page, "Explain"))
    other = drawn("why_not_panel", question="Which locks conflict?")
    other.session_state["why_not_explained"] = page.session_state["why_not_explained"]
    assert "badge" not in words(other.run())


def test_why_not_of_an_empty_knowledge_base_says_so(open_page: OpenPage) -> None:
    page = drawn("why_not_panel")
    assert words(page) == "No document has been read yet."


def test_the_exact_twin_compares_when_it_is_asked_to(sample: Workbench) -> None:
    page = drawn("exact_twin_panel")
    assert "5/5" not in words(page)
    shown = words(press(page, "Compare with the exact scan"))
    assert "exact 5/5" in shown
    assert "nearest neighbours alone: 5 of 5" in shown


def test_the_exact_twin_of_a_filter_that_lets_nothing_through(sample: Workbench) -> None:
    page = press(drawn("exact_twin_panel", filter="year = 1999"), "Compare with the exact scan")
    assert [info.value for info in page.info] == [
        "Nothing was found, with the index or without it."
    ]


def test_the_trace_shows_statements_values_plans_and_candidates(sample: Workbench) -> None:
    page = press(drawn("trace_panel"), "Trace the SQL")
    assert "candidates, best first" in words(page)
    labels = [expander.label for expander in page.expander]
    assert any("retrieve\\_hybrid" in label or "retrieve_hybrid" in label for label in labels)
    assert any(":question" in code.value for code in page.code)
    columns = [set(frame.value.columns) for frame in page.dataframe]
    for wanted in ({"Node", "Time (ms)"}, {"Parameter", "Value"}, {"Semantic", "Lexical", "Rank"}):
        assert any(wanted <= found for found in columns)


def test_a_trace_without_plans_runs_nothing_twice(sample: Workbench) -> None:
    page = drawn("trace_panel")
    page.toggle("trace_explain").set_value(False)
    press(page, "Trace the SQL")
    assert not any("Node" in frame.value.columns for frame in page.dataframe)


def test_a_trace_shows_a_question_as_text(sample: Workbench) -> None:
    question = "$1 :red[x] <b>pg_stat_io</b> ![](http://example.invalid/x.png)"
    page = press(drawn("trace_panel", question=question), "Trace the SQL")
    frames = [frame.value for frame in page.dataframe]
    values = next(f for f in frames if ":question" in set(f.get("Parameter", ())))
    assert question in set(values["Value"])
    assert "example.invalid" not in words(page)


def test_the_sample_is_the_document_that_is_offered(sample: Workbench) -> None:
    page = drawn("why_not_panel")
    assert page.selectbox("why_not_document").options == [SAMPLE.name]
