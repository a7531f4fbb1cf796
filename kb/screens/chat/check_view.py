"""The quote check in full: each source, and each sentence that is not cited or not found."""

from __future__ import annotations

import streamlit as st

from kb.generation.numbering import number_sources
from kb.models import CheckedSource, Turn, TurnStatus, Verdict
from kb.screens.chat.wording import page_of
from kb.screens.inert import inert

ABOUT = (
    "Each cited passage is held against the stored chunk, and the chunk against the text of the "
    "document's pages, character by character at the recorded places. Nothing is repaired."
)
FOUND = ":green-badge[:material/verified: found]"
VERDICTS = {
    Verdict.VERIFIED: ":green-badge[:material/verified: cited and verified]",
    Verdict.NOT_FOUND: ":red-badge[:material/error: cited but not found]",
    Verdict.UNCITED: ":orange-badge[:material/warning: uncited]",
}


def show(turn: Turn) -> None:
    """Draw what the check found when the answer ended."""
    response, check = turn.response, turn.proof.check
    st.caption(ABOUT)
    if response is None or check is None:
        waiting = turn.status is TurnStatus.IN_PROGRESS
        st.info("Checked when the answer ends." if waiting else "This turn was not checked.")
        return
    if not turn.configuration.generate_responses:
        st.info("Source chunks only: there is no answer to be checked.", icon=":material/info:")
        return
    if not check.sources:
        sentence = "This answer cites nothing: none of its sentences can be checked."
        if response.answered:
            st.warning(sentence, icon=":material/warning:")
        else:
            st.info("Nothing was answered, so nothing is cited.", icon=":material/info:")
    st.markdown("**Sources**" if check.sources else "")
    pages = {s.number: page_of(s.reference.result) for s in number_sources(response).sources}
    for source in check.sources:
        _source(source, pages)
    if check.sentences:
        st.markdown("**Sentences**")
    for checked in check.sentences:
        words = response.text[checked.span.start : checked.span.end]
        numbers = "".join(f" :blue-badge[{number}]" for number in checked.numbers)
        st.markdown(f"{VERDICTS[checked.verdict]}{numbers}  \n{inert(words)}")


def _source(source: CheckedSource, pages: dict[int, str]) -> None:
    mark = FOUND if source.found else VERDICTS[Verdict.NOT_FOUND]
    number = f":blue-badge[{source.number}] " if source.number else ""
    place = f"{pages.get(source.number, '')} · " if source.number else ""
    st.markdown(f"{number}{mark} {inert(place + source.reason)}")
