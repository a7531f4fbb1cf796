"""The answer that is being written: looked at four times a second, stopped by a button or Esc."""

from __future__ import annotations

import streamlit as st

from kb.models import Turn
from kb.screens.chat import answer, place
from kb.workbench import Workbench

#: Seconds between two looks.
LOOK_SECONDS = 0.25
#: That the run which asks waits for the first words; and for the end when there are some.
FIRST_SECONDS, END_SECONDS = 0.9, 0.15
ASKED = "turn_just_asked"
CITES = "turn_that_cites"


def current(bench: Workbench, turn: Turn) -> Turn:
    """The turn as far as it is written, by this process or another one."""
    live = bench.answering.live(turn.turn_id)
    return live.turn if live else bench.conversations.turn(turn.turn_id)


def settle(bench: Workbench, turn: Turn) -> Turn:
    """The turn as it is written; a question just asked waits a moment, most answers are quick."""
    live = bench.answering.live(turn.turn_id)
    if live and st.session_state.pop(ASKED, None) == turn.turn_id:
        first = live.wait(FIRST_SECONDS, _has_words)
        if _has_words(first):
            live.wait(END_SECONDS, lambda now: now.status.is_final)
    return current(bench, turn)


def _has_words(turn: Turn) -> bool:
    return turn.status.is_final or bool(turn.response and turn.response.text)


@st.fragment(run_every=LOOK_SECONDS)
def watch(bench: Workbench, turn: Turn) -> None:
    """Draw the answer until it ends; then the page draws it as one that has ended."""
    now = current(bench, turn)
    if now.status.is_final:
        st.rerun()
    with st.chat_message("assistant", avatar=":material/menu_book:"):
        stop = False
        if now.response and now.response.text and now.configuration.streaming:
            pointed = place.pointed()
            mine = pointed is not None and pointed.turn_id == now.turn_id
            chosen = pointed.number if pointed and mine else None
            pressed, stop = answer.draw(now, chosen, writing=True)
            if pressed:
                place.point(now.turn_id, pressed)
            if pressed or _is_first_citation(now):
                st.rerun()
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.caption(_stage(now))
            stop |= st.button("Stop", icon=":material/stop:", key="stop", help="Esc stops too")
    if stop:
        bench.answering.stop(now.turn_id)
        st.rerun()


def _is_first_citation(turn: Turn) -> bool:
    """Whether the evidence has something to show that it did not have before; once a turn."""
    cites = turn.response is not None and bool(turn.response.citations)
    if not cites or st.session_state.get(CITES) == turn.turn_id:
        return False
    st.session_state[CITES] = turn.turn_id
    return True


def _stage(turn: Turn) -> str:
    if turn.response is None:
        return ":material/search: Looking for source chunks …"
    return ":material/edit: Writing the answer …"
