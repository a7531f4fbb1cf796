"""What embeddings from SQL need of the database: found, or missing with the way to mend it."""

from __future__ import annotations

import streamlit as st

from kb.embedding_sql.findings import Finding
from kb.screens.inert import inert
from kb.wording import counted
from kb.workbench.sql_embeddings import SqlEmbeddings

FOUND = "sql_findings"


def banner(embeddings: SqlEmbeddings) -> None:
    """Look once a visit, for it is a call of a model that Aurora charges for; warn above all."""
    if FOUND not in st.session_state:
        st.session_state[FOUND] = embeddings.findings()
    lacking = [finding for finding in _found() if not finding.ok]
    if lacking:
        names = ", ".join(finding.name for finding in lacking)
        st.error(
            inert(f"{counted(len(lacking), 'thing')} missing for embeddings from SQL: {names}.")
            + " The tab **Checks** says how to mend it.",
            icon=":material/error:",
        )


def show(embeddings: SqlEmbeddings) -> None:
    """Each thing with its state; what is missing with the words to mend it."""
    if st.button("Check again", icon=":material/refresh:", key="check"):
        st.session_state[FOUND] = embeddings.findings()
        st.rerun()
    for finding in _found():
        with st.container(border=True, gap="xsmall"):
            with st.container(horizontal=True, vertical_alignment="center"):
                if finding.ok:
                    st.badge("OK", icon=":material/check:", color="green")
                else:
                    st.badge("MISSING", icon=":material/close:", color="red")
                st.markdown(inert(finding.name))
                st.caption(inert(finding.found))
            if finding.mend:
                st.code(finding.mend, language=None, wrap_lines=True)


def _found() -> list[Finding]:
    found: list[Finding] = st.session_state[FOUND]
    return found
