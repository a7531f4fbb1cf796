"""Every chunk of a document on its page, and the choice of the strategy that cuts them."""

import streamlit as st

from kb.models import DocumentStatus
from kb.screens import chunk_panel, chunk_place, chunking_panel, frame
from kb.screens.chunk_place import Place
from kb.screens.inert import inert
from kb.workbench import Workbench

ABOUT = (
    "What the knowledge base made of each page, chunk by chunk; and what another chunking strategy "
    "would make of it."
)


def chunks(bench: Workbench, place: Place) -> None:
    """The document's chunks, or why it has none."""
    document = place.document
    if document.status is DocumentStatus.FAILED:
        reason = document.status_reason or "See the sync's history."
        st.error(inert(f"{document.key} failed: {reason}"), icon=":material/error:")
    if document.chunks:
        chunk_panel.stored(bench, place)
        return
    if document.status is DocumentStatus.IN_PROGRESS:
        st.info("It is being synced; its chunks come all at once.", icon=":material/sync:")
    elif document.status is not DocumentStatus.FAILED:
        st.info(
            "This document is not synced yet, so it has no chunks. Sync it, or try a chunking "
            "strategy on it first.",
            icon=":material/inbox:",
        )
    if st.button("Upload and sync", icon=":material/cloud_sync:", type="primary", key="go_upload"):
        st.switch_page("pages/upload_and_sync.py")


with frame.page("Chunks", ABOUT) as bench:
    documents = bench.data_source.documents()
    if not documents:
        frame.nothing_yet("No documents yet, so there are no chunks: upload one and sync it.")
    place = chunk_place.choose(bench, documents)
    stored, strategy = st.tabs(
        ["Chunks", "Chunking strategy"], key="chunks_view", on_change="rerun"
    )
    if stored.open:
        with stored:
            chunks(bench, place)
    if strategy.open:
        with strategy:
            chunking_panel.show(bench, place)
