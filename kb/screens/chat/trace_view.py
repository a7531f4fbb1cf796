"""How an answer came about: time per stage, candidates with ranks, prompt, tokens, settings."""

from __future__ import annotations

import streamlit as st

from kb.frames import retrieval as frames
from kb.generation.records import encode
from kb.models import RetrieveAndGenerateResponse, Turn, TurnStatus
from kb.screens import trace_panel
from kb.screens.inert import inert
from kb.workbench import Workbench

#: Candidates that are shown without scrolling.
SHORT = 8


def show(bench: Workbench, turn: Turn) -> None:
    """Draw the trace; it is read from the database only here."""
    if turn.status is not TurnStatus.IN_PROGRESS:
        turn = bench.conversations.turn(turn.turn_id)
    response = turn.response
    assert response is not None
    _timings(response)
    if response.queries:
        st.markdown("**Searched for**")
        st.code("\n".join(response.queries), language=None, wrap_lines=True)
    _candidates(response)
    _prompt(response)
    st.markdown("**SQL and plan**")
    trace_panel.show(
        bench, turn.question, turn.configuration.retrieval, response, with_candidates=False
    )
    with st.expander("Query configurations", icon=":material/tune:", type="compact"):
        st.json(encode(turn.configuration))


def _timings(response: RetrieveAndGenerateResponse) -> None:
    st.markdown("**Time per stage**")
    with st.container(horizontal=True, gap="small"):
        for stage, ms in response.timings_ms.items():
            st.badge(f"{stage} {ms:,.0f} ms", color="gray")


def _candidates(response: RetrieveAndGenerateResponse) -> None:
    found = response.candidates or response.retrieval_results
    st.markdown(f"**Candidates**, {len(found)}")
    st.dataframe(
        frames.candidates(found, response).round(4),
        hide_index=True,
        key="candidates",
        height="content" if len(found) <= SHORT else 320,
    )


def _prompt(response: RetrieveAndGenerateResponse) -> None:
    report = response.report
    tokens = [
        f"{number:,} {what}"
        for number, what in (
            (report.input_tokens, "input tokens"),
            (report.output_tokens, "output tokens"),
        )
        if number is not None
    ]
    st.markdown("**Prompt as sent**")
    if not report.prompt:
        st.caption("No language model was asked.")
    else:
        st.code(report.prompt, language=None, wrap_lines=True, height=320)
    if tokens or report.stop_reason:
        st.caption(inert(" · ".join([*tokens, report.stop_reason or ""])))
