"""Upload, Sync, Ask: three steps side by side; the one that comes next is the primary button."""

from __future__ import annotations

from typing import Literal

import streamlit as st

from kb.wording import counted

Pressed = Literal["sample", "sync", None]


def show(*, documents: int, waiting: int, indexed: int, running: bool) -> Pressed:
    """Draw the steps and return what was pressed."""
    following = _next(documents=documents, waiting=waiting, indexed=indexed, running=running)
    pressed: Pressed = None
    upload, sync, ask = st.columns(3)
    with upload, st.container(border=True, height="stretch"):
        st.markdown("**1 · Upload**")
        st.caption(
            f"{counted(documents, 'document')} in the bucket" if documents else "Nothing here yet"
        )
        if st.button(
            "Load the sample",
            icon=":material/description:",
            type="primary" if following == "upload" else "secondary",
            key="load_sample",
            help="A short field guide to monitoring PostgreSQL, as a PDF",
            width="stretch",
        ):
            pressed = "sample"
    with sync, st.container(border=True, height="stretch"):
        st.markdown("**2 · Sync**")
        st.caption(_sync_words(waiting=waiting, indexed=indexed, running=running))
        if st.button(
            "Sync",
            icon=":material/sync:",
            type="primary" if following == "sync" else "secondary",
            disabled=running or not (documents or waiting),
            key="sync",
            width="stretch",
        ):
            pressed = "sync"
    with ask, st.container(border=True, height="stretch"):
        st.markdown("**3 · Ask**")
        st.caption(
            "Every sentence of an answer has its page" if indexed else "After the first sync"
        )
        if st.button(
            "Test knowledge base",
            icon=":material/forum:",
            type="primary" if following == "ask" else "secondary",
            disabled=not indexed,
            key="ask",
            width="stretch",
        ):
            st.switch_page("pages/chat.py")
    return pressed


def _next(*, documents: int, waiting: int, indexed: int, running: bool) -> str:
    if running:
        return "wait"
    if not documents and not waiting:
        return "upload"
    return "sync" if waiting or not indexed else "ask"


def _sync_words(*, waiting: int, indexed: int, running: bool) -> str:
    if running:
        return "Running"
    if waiting:
        verb = "differs" if waiting == 1 else "differ"
        return f"{counted(waiting, 'document')} {verb} from the knowledge base"
    return "The knowledge base agrees with the bucket" if indexed else "Upload something first"
