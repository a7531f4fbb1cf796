"""The trace: the SQL of a retrieval as it ran, its bound values, its plan, all candidates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from kb.errors import KbError
from kb.frames import retrieval as frames
from kb.models import RetrievalConfiguration, RetrieveAndGenerateResponse
from kb.models.tracing import RetrievalTrace, TracedStatement
from kb.retrieval.tracing import plan_lines, vector_index
from kb.screens.inert import inert
from kb.wording import counted
from kb.workbench import Workbench

TRACED = "trace_traced"
ABOUT = (
    "Runs the retrieval again and shows its statements; with plans each runs once more, in a "
    "transaction that can only read."
)


@st.fragment
def show(
    bench: Workbench,
    question: str,
    configuration: RetrievalConfiguration,
    _response: RetrieveAndGenerateResponse | None = None,
    *,
    with_candidates: bool = True,
) -> None:
    """Trace on request and draw it; `with_candidates` adds the table of all candidates."""
    st.caption(ABOUT)
    with st.container(horizontal=True, vertical_alignment="center"):
        pressed = st.button("Trace the SQL", icon=":material/database_search:", key="trace")
        explain = st.toggle("With plans", value=True, key="trace_explain")
    asked = (question, configuration)
    if pressed:
        try:
            with st.spinner("Running the statements …"):
                trace = bench.explanations.trace(question, configuration, explain=explain)
        except KbError as error:
            st.session_state.pop(TRACED, None)
            st.warning(inert(str(error)), icon=":material/warning:")
            return
        st.session_state[TRACED] = (asked, trace)
    before = st.session_state.get(TRACED)
    if before and before[0] == asked:
        _traced(before[1], with_candidates=with_candidates)


def _traced(trace: RetrievalTrace, *, with_candidates: bool) -> None:
    with st.container(horizontal=True, gap="small"):
        for stage, milliseconds in trace.retrieval.timings_ms.items():
            st.badge(f"{stage} {milliseconds:,.1f} ms", color="gray")
    for number, statement in enumerate(trace.statements):
        _statement(statement, number)
    if with_candidates and trace.candidates:
        st.markdown(f"**{counted(len(trace.candidates), 'candidate')}, best first**")
        st.dataframe(
            frames.ranked(trace.candidates).round(4), hide_index=True, key="trace_candidates"
        )


def _statement(statement: TracedStatement, number: int) -> None:
    facts = f"{counted(statement.rows, 'row')} · {statement.milliseconds:,.1f} ms"
    with st.expander(f"`sql/{statement.name}.sql` · {facts}", icon=":material/code:"):
        if statement.plan:
            _plan(statement.plan, number)
        st.markdown("**Bound values**")
        st.dataframe(
            frames.parameters(statement.parameters),
            hide_index=True,
            key=f"trace_values_{number}",
        )
        st.markdown("**SQL**")
        st.code(statement.sql, language="sql", height=360)


def _plan(plan: Mapping[str, Any], number: int) -> None:
    index = vector_index(plan)
    st.markdown("**Plan**")
    st.caption(
        f"{plan['Execution Time']:,.1f} ms to run, {plan['Planning Time']:,.1f} ms to plan"
        + (f" · nearest vectors from `{index}`" if index else " · no vector index was read")
    )
    st.dataframe(
        frames.plan(plan_lines(plan)).round(2),
        hide_index=True,
        key=f"trace_plan_{number}",
        column_config={"Detail": st.column_config.TextColumn(width="large")},
    )
