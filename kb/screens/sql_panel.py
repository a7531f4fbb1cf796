"""The read-only SQL pane: examples, one statement, its rows."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from kb.errors import KbError
from kb.screens import table_panel
from kb.screens.inert import inert
from kb.wording import counted
from kb.workbench.sql_embeddings import SqlEmbeddings

#: Characters of a value that are shown; a vector has thousands.
SHOWN_CHARACTERS = 500
ABOUT = (
    "One statement in a read-only transaction, as the role `workbench_reader`, at most 10 s and "
    "500 rows."
)


def pane(embeddings: SqlEmbeddings) -> None:
    """Choose an example or write a statement, run it, see its rows."""
    st.caption(ABOUT)
    examples = embeddings.examples()
    chosen = st.segmented_control("Examples", list(examples), key="example")
    start = examples[chosen] if chosen else ""
    if "FROM documents" in start and not embeddings.has_documents():
        table_panel.offer_documents(embeddings, "This example reads the walk-through's table.")
    statement = st.text_area("SQL", start, key=f"sql_{chosen}", height=240)
    if st.button("Run", icon=":material/play_arrow:", key="run_sql") and statement.strip():
        _run(embeddings, statement)


def _run(embeddings: SqlEmbeddings, statement: str) -> None:
    try:
        found = embeddings.read(statement)
    except KbError as error:
        st.error(inert(str(error)), icon=":material/error:")
        return
    rows = [[_shown(value) for value in row] for row in found.rows]
    # Two columns may have one name.
    names = [f"{n} ({i})" if n in found.columns[:i] else n for i, n in enumerate(found.columns)]
    st.dataframe(pd.DataFrame(rows, columns=names), hide_index=True, key="rows")
    more = ", and more that are not shown" if found.cut else ""
    st.caption(f"{counted(len(rows), 'row')}{more} · {found.milliseconds:.1f} ms")


def _shown(value: object) -> object:
    if value is None or isinstance(value, (int, float, bool)):
        return value
    text = str(value)
    return text if len(text) <= SHOWN_CHARACTERS else text[:SHOWN_CHARACTERS] + " …"
