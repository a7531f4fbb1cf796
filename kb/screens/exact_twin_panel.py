"""The exact twin: what the approximate index missed for this very question."""

from __future__ import annotations

import streamlit as st

from kb.errors import KbError
from kb.models import RetrievalConfiguration, RetrieveAndGenerateResponse
from kb.models.tracing import ExactTwin, MissedPassage
from kb.screens.inert import inert
from kb.workbench import Workbench

COMPARED = "exact_twin_compared"
ABOUT = (
    "An approximate index may miss what lies nearest. The exact twin asks the same question with "
    "all vectors read, and compares."
)


@st.fragment
def show(
    bench: Workbench,
    question: str,
    configuration: RetrievalConfiguration,
    _response: RetrieveAndGenerateResponse | None = None,
) -> None:
    """Compare on request and draw the difference; both searches run now."""
    st.caption(ABOUT)
    asked = (question, configuration)
    if st.button("Compare with the exact scan", icon=":material/balance:", key="exact_twin"):
        try:
            with st.spinner("Asking with all vectors read …"):
                twin = bench.explanations.exact_twin(question, configuration)
        except KbError as error:
            st.session_state.pop(COMPARED, None)
            st.warning(inert(str(error)), icon=":material/warning:")
            return
        st.session_state[COMPARED] = (asked, twin)
    before = st.session_state.get(COMPARED)
    if before and before[0] == asked:
        _compared(question, before[1])


def _compared(question: str, twin: ExactTwin) -> None:
    if not twin.exact:
        st.info("Nothing was found, with the index or without it.", icon=":material/info:")
        return
    if twin.missed:
        st.badge(twin.sentence, icon=":material/priority_high:", color="orange")
    else:
        st.badge(twin.sentence, icon=":material/check:", color="green")
    index = f"Index `{twin.index_name}` · " if twin.index_name else ""
    st.caption(f"{index}nearest neighbours alone: {twin.neighbours_found} of {twin.neighbours}")
    for missed in twin.missed:
        _missed(missed)
    if twin.missed or twin.neighbours_found < twin.neighbours:
        st.caption("A larger ef_search, or an index with a larger m, finds more.")
        if st.button("Open Index tuning", icon=":material/tune:", key="exact_twin_tuning"):
            st.switch_page("pages/index_tuning.py", query_params={"question": question})


def _missed(missed: MissedPassage) -> None:
    result = missed.result
    with st.container(border=True):
        page = f"page {result.page_number}" if result.page_number else "no page"
        with st.container(horizontal=True, vertical_alignment="center"):
            st.badge("missed", icon=":material/close:", color="orange")
            st.markdown(inert(f"Number {missed.rank} · {page} · {result.uri}"))
        distance = 1 - result.similarity
        st.caption(f"similarity {result.similarity:.3f}, cosine distance {distance:.3f}")
        st.text(result.text)
