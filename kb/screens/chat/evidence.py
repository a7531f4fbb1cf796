"""The evidence beside the conversation: sources, the marked page, the quote check, the trace."""

from __future__ import annotations

import streamlit as st

from kb.generation.numbering import number_sources
from kb.models import SourceState, SourceVersion, Turn, TurnStatus
from kb.screens import exact_twin_panel, why_not_panel
from kb.screens.chat import check_view, page_view, place, sources_view, trace_view
from kb.workbench import Workbench

VIEWS = ["Page", "Sources", "Check", "Trace", "Why not"]
#: In pixels, until the style sheet fits it to the window.
HEIGHT = 580


def show(
    bench: Workbench,
    turns: tuple[Turn, ...],
    pointed: place.Pointed | None,
    states: dict[SourceVersion, SourceState],
) -> None:
    """Draw what the pointed source, or else the latest turn, rests on."""
    turn = _turn(turns, pointed)
    if turn is None or turn.response is None:
        st.caption("The sources of the answer appear here.")
        return
    pointed = pointed if pointed and pointed.turn_id == turn.turn_id else _first(turn)
    if not st.session_state.get(place.VIEW_CHOSEN) or "evidence" not in st.session_state:
        st.session_state["evidence"] = "Page" if pointed else "Sources"
    view = st.segmented_control(
        "Evidence",
        VIEWS,
        key="evidence",
        required=True,
        label_visibility="collapsed",
        on_change=lambda: st.session_state.update({place.VIEW_CHOSEN: True}),
    )
    with st.container(height=HEIGHT, border=False, key="evidence_pane", autoscroll=False):
        if view == "Sources":
            sources_view.show(turn, states)
        elif view == "Check":
            check_view.show(turn)
        elif view == "Trace":
            trace_view.show(bench, turn)
        elif view == "Why not":
            _explained(bench, turn)
        else:
            page_view.show(bench, turn, pointed, states)


def _explained(bench: Workbench, turn: Turn) -> None:
    """What lost a page or passage, and what the index missed; asked of the present documents."""
    answered = turn.response if turn.configuration.generate_responses else None
    asked = (bench, turn.question, turn.configuration.retrieval, answered)
    st.markdown("**Why not this page?**")
    why_not_panel.show(*asked)
    st.markdown("**Exact twin**")
    exact_twin_panel.show(*asked)


def _turn(turns: tuple[Turn, ...], pointed: place.Pointed | None) -> Turn | None:
    chosen = [turn for turn in turns if pointed and turn.turn_id == pointed.turn_id]
    latest = turns[-1] if turns else None
    return chosen[0] if chosen else latest


def _first(turn: Turn) -> place.Pointed | None:
    """The first citation; of a turn without an answer the best chunk."""
    assert turn.response is not None
    if number_sources(turn.response).sources:
        return place.Pointed(turn_id=turn.turn_id, number=1)
    is_done = turn.status is not TurnStatus.IN_PROGRESS
    if is_done and turn.response.retrieval_results and not turn.configuration.generate_responses:
        return place.Pointed(turn_id=turn.turn_id, rank=1)
    return None
