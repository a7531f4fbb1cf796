"""Which document, page and chunk is looked at.

The address says it, so that every chunk is linkable: `?document=manual.pdf&page=27&chunk=12`, or
`?chunk=` with the chunk's id alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from kb.documents.parsers import has_page_images
from kb.errors import KbError
from kb.models import Document
from kb.screens.inert import inert
from kb.workbench import Workbench

#: Chunks on one sheet of the list of a document without page images.
SHEET = 10
REMEMBERED = "chunks_place"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What is looked at."""

    document: Document
    #: How many the document has; 0 while that is not known.
    pages: int
    page: int
    #: Its number, from 1; None when none is chosen.
    chunk: int | None

    @property
    def has_images(self) -> bool:
        """Whether the document's pages can be drawn."""
        return has_page_images(self.document.key)


def go(document: str, page: int | None = None, chunk: int | None = None) -> None:
    """Look at another place; for callbacks of widgets."""
    wanted = {"document": document, "page": page, "chunk": chunk}
    st.query_params.from_dict({name: str(value) for name, value in wanted.items() if value})


def choose(bench: Workbench, documents: Sequence[Document]) -> Place:
    """Draw the choice of document and page; the address decides what is shown."""
    found = _wanted(bench, documents)
    left, right = st.columns(2, gap="large", vertical_alignment="bottom")
    with left:
        # A widget shows what the address says, also when that was changed by a link.
        st.session_state["chunk_document"] = found.document.key
        st.selectbox(
            "Document",
            [document.key for document in documents],
            key="chunk_document",
            on_change=lambda: go(st.session_state["chunk_document"]),
        )
    if found.has_images and found.pages:
        with right:
            _pages(found)
    st.session_state[REMEMBERED] = (found.document.key, found.page, found.chunk)
    return found


def _pages(place: Place) -> None:
    key = place.document.key
    st.session_state["chunk_page"] = place.page
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        st.button(
            "Previous",
            icon=":material/chevron_left:",
            key="previous_page",
            disabled=place.page <= 1,
            on_click=go,
            args=(key, place.page - 1),
        )
        st.number_input(
            f"Page, 1 to {place.pages:,}",
            1,
            place.pages,
            key="chunk_page",
            on_change=lambda: go(key, st.session_state["chunk_page"]),
            width=130,
        )
        st.button(
            "Next",
            icon=":material/chevron_right:",
            icon_position="right",
            key="next_page",
            disabled=place.page >= place.pages,
            on_click=go,
            args=(key, place.page + 1),
        )


def _wanted(bench: Workbench, documents: Sequence[Document]) -> Place:
    key, page, chunk = _asked(bench)
    known = {document.key: document for document in documents}
    if key and key not in known:
        st.warning(f"The bucket has no document {inert(repr(key))}.", icon=":material/search_off:")
        page = chunk = None
    synced = (document for document in documents if document.chunks)
    document = known.get(key or "") or next(synced, documents[0])
    if chunk and not 1 <= chunk <= document.chunks:
        st.warning(
            f"This document has no chunk {chunk:,}; it has {document.chunks:,}.",
            icon=":material/search_off:",
        )
        chunk = None
    if document.chunks and (chunk or page is None):
        page = bench.chunk_browser.page_of(document.document_id, chunk or 1, near=page)
    pages = document.pages or _count_pages(bench, document)
    page = max(1, min(page or 1, pages or 1))
    return Place(document=document, pages=pages, page=page, chunk=chunk)


def _asked(bench: Workbench) -> tuple[str | None, int | None, int | None]:
    """Document, page and chunk of the address, or those that this session saw last."""
    asked = st.query_params
    if not {"document", "chunk"} & set(asked):
        remembered: tuple[str | None, int | None, int | None] = st.session_state.get(
            REMEMBERED, (None, None, None)
        )
        return remembered
    chunk = asked.get("chunk", "")
    if chunk and not chunk.isdecimal():
        try:
            place = bench.chunk_browser.find(chunk)
        except KbError as error:
            st.warning(inert(str(error)), icon=":material/search_off:")
        else:
            return place.key, place.page_number, place.number
    return asked.get("document"), _number(asked.get("page", "")), _number(chunk)


def _number(text: str) -> int | None:
    return int(text) if text.isdecimal() and len(text) < 9 else None


def _count_pages(bench: Workbench, document: Document) -> int:
    try:
        return _pages_of_file(bench, document.key, document.etag)
    except KbError:
        # What is wrong with the document is said where its chunks would be.
        return 0


@st.cache_data(max_entries=500, show_spinner=False)
def _pages_of_file(_bench: Workbench, key: str, etag: str) -> int:
    return _bench.chunking.page_count(key)
