"""What every page has: the shared workbench, the sidebar that says where one is, honest errors."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NoReturn

import streamlit as st

from kb.errors import KbError
from kb.wording import counted
from kb.workbench import Status, Workbench, open_workbench


@st.cache_resource(
    show_spinner="Opening the knowledge base; a database that wakes up may take a minute …",
    on_release=Workbench.close,
)
def shared_workbench() -> Workbench:
    """One workbench for all browsers; it holds a pool, never a connection."""
    return open_workbench()


@st.cache_resource(show_spinner=False)
def warm_up() -> None:
    """Have the local model loaded before the first question; once, whoever visits."""
    bench = shared_workbench()
    if bench.settings.embeds_locally:
        bench.warm_up()


@contextmanager
def page(title: str, about: str) -> Iterator[Workbench]:
    """Draw title and sidebar; an expected failure inside becomes one sentence on the page."""
    # A page that is visited first runs without streamlit_app.py, and would be narrow.
    st.set_page_config(page_title=title, layout="wide")
    st.title(title)
    st.caption(about)
    try:
        bench = shared_workbench()
        status = bench.status()
        with st.sidebar:
            where_am_i(status)
        yield bench
    except KbError as error:
        st.error(str(error), icon=":material/error:")
        # The next visit opens a fresh one, for instance after the database came back.
        if st.button("Try again", icon=":material/refresh:", key="try_again"):
            shared_workbench.clear()
            st.rerun()
        st.stop()


def where_am_i(status: Status) -> None:
    """Database, model, answerer and counts, at the foot of the sidebar."""
    with st.container(border=True, gap="xsmall"):
        kind = "embedded" if status.embedded else "external"
        st.markdown(f"**PostgreSQL {status.postgres_version}** · {kind}")
        st.caption(f"pgvector {status.pgvector_version}")
        st.caption(f"Bucket `{status.data_source}`")
        st.caption(f"Model `{status.embedding_model.model}`")
        st.caption(f"Answers `{status.generation_model}`")
        st.caption(f"{counted(status.documents, 'document')} · {counted(status.chunks, 'chunk')}")


def nothing_yet(sentence: str) -> NoReturn:
    """The empty face of a page, with the way to fill it."""
    st.info(sentence, icon=":material/inbox:")
    if st.button("Upload and sync", icon=":material/cloud_sync:", type="primary", key="go_upload"):
        st.switch_page("pages/upload_and_sync.py")
    st.stop()


def suggested(questions: Sequence[str]) -> str | None:
    """Questions to press while nothing has been asked; returns the pressed one."""
    st.markdown("**Try one of these**")
    for number, question in enumerate(questions):
        if st.button(question, key=f"suggested_{number}", icon=":material/help:", width="stretch"):
            return question
    return None
