"""Test knowledge base: ask, read an answer whose sentences are cited, check each on its page."""

import streamlit as st

from kb.models import RetrievalConfiguration, RetrieveAndGenerateResponse, SearchType
from kb.retrieval.retriever import NUMBER_OF_RESULTS
from kb.screens import answer_panel, evidence_panel, frame
from kb.screens.answer_panel import Turn
from kb.workbench import Workbench

ABOUT = "Ask your documents. Each sentence of an answer carries a number: press it to see its page."


def settings() -> tuple[bool, SearchType, int]:
    """The panel with Bedrock's words, closed to one line."""
    generate = st.session_state.get("generate", True)
    search_type = st.session_state.get("search_type", SearchType.HYBRID)
    number = st.session_state.get("number_of_results", 5)
    answers = "generate responses" if generate else "source chunks only"
    with st.popover(f"{answers} · {search_type} · {number} source chunks", icon=":material/tune:"):
        generate = st.toggle("Generate responses", value=True, key="generate")
        search_type = st.segmented_control(
            "Search type", list(SearchType), default=SearchType.HYBRID, key="search_type"
        )
        low, high = NUMBER_OF_RESULTS
        number = st.slider("Source chunks", low, high, value=5, key="number_of_results")
        if st.button("Clear the conversation", icon=":material/mop:", key="clear"):
            st.session_state["turns"] = []
            st.rerun()
    return generate, search_type or SearchType.HYBRID, number


def ask(bench: Workbench, question: str, generate: bool, search: SearchType, number: int) -> None:
    """Answer, keep the turn and point the evidence at its first citation."""
    knowledge_base = bench.knowledge_base
    configuration = RetrievalConfiguration(search_type=search, number_of_results=number)
    if generate:
        parts = knowledge_base.stream(question, configuration)
        response = answer_panel.stream(question, parts)
    else:
        found = knowledge_base.retrieve(question, configuration)
        response = RetrieveAndGenerateResponse(
            session_id="",
            text="",
            citations=(),
            retrieval_results=found.results,
            generation_model="none",
            timings_ms=found.timings_ms,
        )
    st.session_state["turns"].append(
        Turn(question=question, response=response, generated=generate, search_type=search)
    )
    cite(len(st.session_state["turns"]) - 1, 1)
    st.rerun()


def cite(turn: int, citation: int) -> None:
    """Point the evidence at a citation."""
    st.session_state["cited"] = (turn, citation)


def evidence(bench: Workbench, turns: list[Turn]) -> None:
    """The cited page and the sources of the turn that was pointed at."""
    turn, number = st.session_state.get("cited", (len(turns) - 1, 1))
    response = turns[min(turn, len(turns) - 1)].response
    page, sources = st.tabs(["Page", "Sources"], default=None if response.citations else "Sources")
    with page:
        if len(response.citations) >= number:
            reference = response.citations[number - 1].retrieved_references[0]
            evidence_panel.cited_page(bench, reference, number)
        else:
            st.caption("This answer cites nothing.")
    with sources:
        evidence_panel.sources(response)


with frame.page("Test knowledge base", ABOUT) as bench:
    turns: list[Turn] = st.session_state.setdefault("turns", [])
    chosen = settings()
    typed = st.chat_input("Ask about your documents", key="question")
    if not bench.status().chunks:
        frame.nothing_yet("The knowledge base is empty: upload a document and sync it.")
    conversation, beside = st.columns(2, gap="large")
    with conversation:
        for number, turn in enumerate(turns):
            answer_panel.show(turn, number, cite)
        question = typed or (None if turns else frame.suggested(bench.suggested_questions()))
        if question:
            ask(bench, question, *chosen)
    if turns:
        with beside:
            evidence(bench, turns)
