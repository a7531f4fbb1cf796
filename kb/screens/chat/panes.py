"""The conversation and, beside it, its evidence: two panes that scroll on their own."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from kb.errors import ResourceNotFound
from kb.models import TurnStatus
from kb.screens.chat import evidence, live, place, scroll, turns
from kb.screens.inert import inert
from kb.workbench import Workbench
from kb.workbench.answering import LiveTurn
from kb.workbench.conversations import OpenConversation

STYLE = Path(__file__).with_name("panes.css")
#: Turns that are drawn; "Show earlier turns" draws as many more.
TURNS = 8
#: In pixels, until the style sheet fits it to the window.
HEIGHT = 620


def began(answer: LiveTurn) -> None:
    """A question was asked: its answer is what the reader looks at now."""
    st.session_state.pop("page_shown", None)
    st.session_state[place.VIEW_CHOSEN] = False
    st.session_state[live.ASKED] = answer.turn.turn_id


@st.fragment
def show(bench: Workbench) -> None:
    """Draw both panes; a press within them draws only them anew."""
    conversation_id = place.conversation_id()
    if conversation_id is None:
        st.rerun()
    shown = st.session_state.get("turns_shown", TURNS)
    try:
        opened = bench.conversations.open(conversation_id, turns=shown)
    except ResourceNotFound as error:
        st.warning(inert(str(error)), icon=":material/search_off:")
        return
    st.html(STYLE)
    left, right = st.columns([6, 5], gap="medium")
    with left, st.container(height=HEIGHT, border=False, key="conversation", autoscroll=False):
        _conversation(bench, opened, shown)
    with right:
        found = tuple(
            live.current(bench, turn) if turn.status is TurnStatus.IN_PROGRESS else turn
            for turn in opened.turns
        )
        evidence.show(bench, found, place.pointed(), opened.states)


def _conversation(bench: Workbench, opened: OpenConversation, shown: int) -> None:
    if opened.conversation.turns > len(opened.turns):
        st.button(
            "Show earlier turns",
            key="earlier_turns",
            type="tertiary",
            icon=":material/expand_less:",
            on_click=lambda: st.session_state.update(turns_shown=shown + TURNS),
        )
    pointed = place.pointed() or place.Pointed(turn_id=opened.turns[-1].turn_id, number=1)
    for turn in opened.turns:
        turns.question(turn)
        now = live.settle(bench, turn) if turn.status is TurnStatus.IN_PROGRESS else turn
        if now.status is TurnStatus.IN_PROGRESS:
            live.watch(bench, now)
        else:
            turns.show(bench, now, pointed, opened)
    # Once more when it has ended: only then is there enough below the question.
    scroll.to_top("conversation", f"turn_{now.turn_id}", f"{now.turn_id} {now.status}")
