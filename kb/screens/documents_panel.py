"""The documents of the data source as a table: filter by state, select, remove."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import streamlit as st

from kb import frames
from kb.models import Document
from kb.wording import counted
from kb.workbench import Workbench

COLUMNS = {
    "Status": st.column_config.TextColumn(width=110),
    "Size (MB)": st.column_config.NumberColumn(format="%.2f"),
    "Pages": st.column_config.NumberColumn(format="localized"),
    "Chunks": st.column_config.NumberColumn(format="localized"),
    "Last change": st.column_config.DatetimeColumn(format="distance"),
}


def show(bench: Workbench, documents: Sequence[Document]) -> None:
    """The table, and what can be done with the selected rows."""
    st.subheader("Documents")
    if not documents:
        st.info("No documents yet. Drop some above or load the sample.", icon=":material/inbox:")
        return
    shown = _filtered(documents)
    event = st.dataframe(
        frames.documents(shown),
        hide_index=True,
        column_config=COLUMNS,
        on_select="rerun",
        selection_mode="multi-row",
        key="documents",
    )
    rows = event["selection"]["rows"] if event else []
    selected = [shown[row] for row in rows if row < len(shown)]
    if selected:
        _actions(bench, selected)


def _filtered(documents: Sequence[Document]) -> list[Document]:
    states = Counter(document.status.value for document in documents)
    if len(states) < 2:
        return list(documents)
    chosen = st.pills(
        "State",
        sorted(states),
        format_func=lambda state: f"{state} {states[state]:,}",
        selection_mode="multi",
        label_visibility="collapsed",
        key="document_states",
    )
    return [d for d in documents if not chosen or d.status.value in chosen]


def _actions(bench: Workbench, selected: Sequence[Document]) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(f"{counted(len(selected), 'document')} selected")
        if len(selected) == 1 and st.button(
            "Show its chunks", icon=":material/view_agenda:", key="show_chunks"
        ):
            st.switch_page("pages/chunks.py", query_params={"document": selected[0].key})
        if st.button("Remove from the bucket", icon=":material/delete:", key="remove_documents"):
            for document in selected:
                bench.data_source.delete(document.key)
            # Their chunks leave with the next sync; until then answers still cite them.
            st.rerun()
