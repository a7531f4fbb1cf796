"""The same question once more, under the present settings, and the two answers side by side."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from kb.generation.comparing import TurnComparison, compare
from kb.generation.exporting import checked, cited_text
from kb.models import RetrievalResult, Turn
from kb.screens.chat.wording import page_of
from kb.screens.inert import inert
from kb.wording import counted

#: The question that the next run is to ask.
AGAIN = "ask_again"


def ask_again(turn: Turn) -> None:
    """For callbacks: the page's next run asks it."""
    st.session_state[AGAIN] = turn.question


def pending() -> str | None:
    """The question that is to be asked again; once."""
    question: str | None = st.session_state.pop(AGAIN, None)
    return question


def earlier(turn: Turn, turns: Sequence[Turn]) -> Turn | None:
    """The latest turn before this one with the same question."""
    before = [t for t in turns if t.created_at < turn.created_at and t.question == turn.question]
    return before[-1] if before else None


@st.dialog("Two answers to one question", width="large", icon=":material/compare_arrows:")
def side_by_side(first: Turn, second: Turn) -> None:
    """Show both with what differs."""
    st.markdown(inert(first.question))
    found = compare(first, second)
    _differences(found)
    left, right = st.columns(2, gap="medium")
    for column, title, turn in ((left, "Before", first), (right, "After", second)):
        with column, st.container(border=True):
            when = turn.created_at.astimezone().strftime("%Y-%m-%d %H:%M:%S")
            st.markdown(f"**{title}** · {inert(when)}")
            st.markdown(inert(cited_text(turn) or "No answer."))
            st.caption(inert(checked(turn)))
    left, right = st.columns(2, gap="medium")
    with left:
        _chunks("Only before", found.first_only, found.cited_first_only)
    with right:
        _chunks("Only after", found.second_only, found.cited_second_only)
    _chunks("In both", found.both, found.cited_by_both)


def _differences(found: TurnComparison) -> None:
    for setting in found.settings:
        st.markdown(
            f":gray-badge[{inert(setting.name)}] {inert(setting.before)} → {inert(setting.after)}"
        )
    if not found.settings:
        st.caption("Both were asked with the same settings.")
    if found.is_same:
        st.success("The answers, their chunks and their citations are the same.")


def _chunks(title: str, results: Sequence[RetrievalResult], cited: frozenset[str]) -> None:
    st.markdown(f"**{title}**: {counted(len(results), 'source chunk')}")
    for result in results:
        mark = " · cited" if result.chunk_id in cited else ""
        heading = " > ".join(result.heading_path[-1:])
        st.caption(inert(f"{page_of(result)} · {heading}{mark}"))
