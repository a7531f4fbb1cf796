"""Test knowledge base: ask, read an answer whose sentences are cited, check each on its page."""

import streamlit as st

from kb.errors import KbError
from kb.screens import frame
from kb.screens.chat import conversations_panel, panes, place, replay, settings_panel, tour
from kb.screens.chat.choices import Choices
from kb.screens.inert import inert
from kb.workbench import Workbench

ABOUT = "Ask your documents. Each sentence of an answer carries a number: press it to see its page."


def toolbar(bench: Workbench, chosen: Choices) -> None:
    """Settings, conversations, a new one."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        settings_panel.show(bench, chosen)
        conversations_panel.show(bench)
        conversations_panel.manage(bench)
        st.button(
            "New",
            icon=":material/add_comment:",
            key="clear",
            on_click=place.go,
            args=(None,),
            disabled=place.conversation_id() is None,
            help="Begin a new conversation; this one stays in the list",
        )


def ask(bench: Workbench, question: str, chosen: Choices) -> None:
    """Begin to answer; a question that can not be asked leaves everything as it is."""
    try:
        live = bench.answering.ask(place.conversation_id(), question, chosen.configuration())
    except KbError as error:
        st.error(inert(str(error)), icon=":material/error:")
        return
    place.go(live.turn.conversation_id)
    panes.began(live)


with frame.page("Test knowledge base", ABOUT) as bench:
    frame.warm_up()
    place.restore()
    chosen = place.choices(bench.knowledge_base.generation_models)
    typed = st.chat_input("Ask about your documents", key="question")
    if not bench.status().chunks and place.conversation_id() is None:
        frame.nothing_yet("The knowledge base is empty: upload a document and sync it.")
    bar = st.container()
    tour.show(bench)
    question = typed or replay.pending()
    if not question and place.conversation_id() is None:
        question = frame.suggested(bench.suggested_questions())
        st.button("Take the tour", icon=":material/tour:", key="tour_begin", on_click=tour.begin)
    if question:
        ask(bench, question, chosen)
    with bar:
        toolbar(bench, chosen)
    if place.conversation_id():
        panes.show(bench)
