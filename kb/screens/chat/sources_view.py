"""Every retrieved chunk of a turn, those that the answer cites first."""

from __future__ import annotations

import streamlit as st

from kb.generation.numbering import Numbering, number_sources
from kb.models import RetrievalResult, SourceState, SourceVersion, Turn
from kb.screens.chat import place
from kb.screens.chat.wording import STATES, file_of, page_of
from kb.screens.inert import inert
from kb.wording import counted


def show(turn: Turn, states: dict[SourceVersion, SourceState]) -> None:
    """Draw the list."""
    assert turn.response is not None
    numbering = number_sources(turn.response)
    ranked = list(enumerate(turn.response.retrieval_results, start=1))
    cited = [item for item in ranked if numbering.of_chunk(item[1].chunk_id)]
    others = [item for item in ranked if item not in cited]
    if not ranked:
        st.info("Nothing was retrieved.", icon=":material/inbox:")
    for title, group in (("cited", cited), ("retrieved but not cited", others)):
        if group:
            st.markdown(f"**{counted(len(group), 'source chunk')} {title}**")
        for rank, result in group:
            _source(turn, rank, result, numbering, states)


def _source(
    turn: Turn,
    rank: int,
    result: RetrievalResult,
    numbering: Numbering,
    states: dict[SourceVersion, SourceState],
) -> None:
    numbers = numbering.of_chunk(result.chunk_id)
    cited = f"cited as {', '.join(map(str, numbers))}" if numbers else "not cited"
    label = f"{rank}. {page_of(result)} · score {result.score:.3f} · {cited}"
    icon = ":material/check:" if numbers else None
    with st.expander(inert(label), icon=icon, key=f"source_{turn.turn_id}_{rank}"):
        st.caption(inert(f"{file_of(result)} · " + " > ".join(result.heading_path)))
        _facts(turn, rank, result, states)
        # With the copy button that a text has not.
        st.code(result.text, language=None, wrap_lines=True)
        with st.expander("Metadata", type="compact", icon=":material/data_object:"):
            st.json({"uri": result.uri, "chunk_id": result.chunk_id, **result.metadata})


def _facts(
    turn: Turn, rank: int, result: RetrievalResult, states: dict[SourceVersion, SourceState]
) -> None:
    ranks = [f"{method} rank {number}" for method, number in result.ranks.items()]
    facts = [f"similarity {result.similarity:.3f}", *ranks]
    version = turn.proof.sources[rank - 1] if len(turn.proof.sources) >= rank else None
    state = states.get(version) if version else None
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.button(
            "Show on its page",
            icon=":material/find_in_page:",
            type="tertiary",
            key=f"show_{turn.turn_id}_{rank}",
            on_click=place.point,
            args=(turn.turn_id, None, rank),
        )
        st.caption(inert(" · ".join(facts)))
        if state not in (None, SourceState.UNCHANGED):
            st.badge(STATES[state], icon=":material/history:", color="orange")
