"""The chunks of a document: on a drawn page with their boundaries, or as a list, and as cards."""

from __future__ import annotations

from typing import Literal

import streamlit as st

from kb import frames
from kb.documents.boundaries import ChunkArea, ink
from kb.errors import KbError
from kb.models import DocumentStatus
from kb.screens.chunk_place import SHEET, Place, go
from kb.screens.inert import inert
from kb.wording import counted
from kb.workbench import Workbench
from kb.workbench.chunk_browser import MOST_ON_PAGE, PageReceipt, StoredChunk, StoredPage

#: Drawn pages kept in memory, about 250 kB each.
CACHED_PAGES = 200
#: From so many characters on a text is scrolled within so many pixels.
LONG_CHARACTERS, LONG_HEIGHT = 500, 190
COLOURS: dict[str, Literal["green", "gray", "orange", "red"]] = {
    "text": "green",
    "empty": "gray",
    "skipped": "orange",
    "failed": "red",
}


def stored(bench: Workbench, place: Place) -> None:
    """The chunks of the place's page, or a sheet of the list of all."""
    if place.document.status is DocumentStatus.PENDING and place.has_images:
        st.warning(
            "The document has changed since the last sync: these are the chunks of the old "
            "version, drawn on the pages of the new one.",
            icon=":material/history:",
        )
    receipts(bench, place)
    if not place.has_images:
        _listed(bench, place)
        return
    page = bench.chunk_browser.page(place.document.document_id, place.page)
    left, right = st.columns(2, gap="large")
    with left:
        outcome(page)
        drawn(bench, place, page.areas(place.chunk), f"Page {place.page} with its chunks")
    with right:
        _on_page(place, page)


def receipts(bench: Workbench, place: Place) -> None:
    """What became of the document's pages, in a line and as a table."""
    document = place.document
    found = _receipts(bench, document.document_id, document.updated_at.isoformat())
    totals = {name: sum(r.pages for r in found if r.outcome == name) for name in COLOURS}
    line = " · ".join(f"{number:,} {name}" for name, number in totals.items() if number)
    label = f"{counted(document.pages, 'page')}: {line} · {counted(document.chunks, 'chunk')}"
    with st.expander(label, icon=":material/receipt_long:", type="compact"):
        st.dataframe(frames.page_receipts(found), hide_index=True, key="receipts")


def outcome(page: StoredPage) -> None:
    """What reading the page gave, as a badge with a word, and why."""
    printed = "" if page.page_label == str(page.page_number) else f", printed {page.page_label}"
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.badge(page.outcome, color=COLOURS.get(page.outcome, "gray"))
        reason = f" · {page.outcome_reason}" if page.outcome_reason else ""
        st.caption(inert(f"Page {page.page_number}{printed}{reason}"))


def drawn(bench: Workbench, place: Place, areas: tuple[ChunkArea, ...], alt: str) -> None:
    """The place's page with areas on it."""
    try:
        image = _page_image(bench, place.document.key, place.document.etag, place.page, areas)
    except KbError as error:
        # A damaged page, or a document that was changed or removed since.
        st.warning(inert(str(error)), icon=":material/broken_image:")
        return
    st.image(image, width="stretch", alt=alt)


def words(number: int, facts: str, text: str) -> None:
    """A chunk's number in its colour, what is to be said of it, and its words."""
    with st.container(border=True):
        st.markdown(f":{ink(number).name}-badge[{number}] {inert(facts)}")
        _text(text)


def _text(text: str, *, whole: bool = False) -> None:
    """Exactly the text; a long one is scrolled, since it would push its neighbours away."""
    scrolled = not whole and len(text) > LONG_CHARACTERS
    with st.container(height=LONG_HEIGHT if scrolled else "content", border=False):
        st.text(text)


def _on_page(place: Place, page: StoredPage) -> None:
    if not page.chunks:
        st.info("No chunk stands on this page.", icon=":material/inbox:")
    _neighbours(place, page.chunks)
    _cards(place, page.chunks)
    if page.has_more:
        st.caption(f"The first {MOST_ON_PAGE} chunks of this page; the next ones follow in order.")


def _listed(bench: Workbench, place: Place) -> None:
    """The chunks in order, so many at a time."""
    key = place.document.key
    sheets = -(-place.document.chunks // SHEET)
    sheet = ((place.chunk or 1) - 1) // SHEET + 1
    found = bench.chunk_browser.chunks(
        place.document.document_id, (sheet - 1) * SHEET + 1, limit=SHEET
    )
    _neighbours(place, found)
    _cards(place, found)
    if sheets > 1:
        st.session_state["chunk_sheet"] = sheet
        st.pagination(
            sheets,
            key="chunk_sheet",
            on_change=lambda: go(key, chunk=(st.session_state["chunk_sheet"] - 1) * SHEET + 1),
        )


def _neighbours(place: Place, chunks: tuple[StoredChunk, ...]) -> None:
    """Previous and next chunk, also over the end of the page."""
    key, total = place.document.key, place.document.chunks
    first = chunks[0].number if chunks else 1
    before = (place.chunk or first) - 1
    after = place.chunk + 1 if place.chunk else first
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.button(
            "Previous chunk",
            icon=":material/arrow_upward:",
            key="previous_chunk",
            disabled=before < 1,
            on_click=go,
            args=(key, None, before),
        )
        st.button(
            "Next chunk",
            icon=":material/arrow_downward:",
            key="next_chunk",
            disabled=after > total,
            on_click=go,
            args=(key, None, after),
        )
        st.caption(f"Chunk {place.chunk:,} of {total:,}" if place.chunk else f"{total:,} chunks")


def _cards(place: Place, chunks: tuple[StoredChunk, ...]) -> None:
    """From the chosen chunk on, beside the page that it is marked on; then those before it."""
    before = tuple(chunk for chunk in chunks if place.chunk and chunk.number < place.chunk)
    for chunk in (*chunks[len(before) :], *before):
        _card(place, chunk)


def _card(place: Place, chunk: StoredChunk) -> None:
    chosen = chunk.number == place.chunk
    with st.container(border=True, key=f"chunk_{chunk.number}"):
        with st.container(
            horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"
        ):
            mark = " :primary-badge[:material/check: chosen]" if chosen else ""
            facts = inert(f"{counted(chunk.tokens, 'token')} · {_pages(chunk)}")
            badge = f":{ink(chunk.number).name}-badge[{chunk.number}]"
            st.markdown(f"{badge} {facts}{mark}", width="content")
            st.button(
                "Choose",
                key=f"choose_{chunk.number}",
                disabled=chosen,
                on_click=go,
                args=(
                    place.document.key,
                    place.page if place.has_images else None,
                    chunk.number,
                ),
                help="Mark it on the page; the address then leads to it",
            )
        if chunk.heading_path:
            st.caption(inert(" > ".join(chunk.heading_path)))
        _text(chunk.text, whole=chosen)
        if chunk.parent:
            with st.expander(f"Parent, {counted(chunk.parent.tokens, 'token')}", type="compact"):
                st.text(chunk.parent.text)
        with st.expander("Metadata", icon=":material/data_object:", type="compact"):
            st.json(dict(chunk.metadata))


def _pages(chunk: StoredChunk) -> str:
    if chunk.first_page == chunk.last_page:
        return f"page {chunk.first_page}"
    return f"pages {chunk.first_page}–{chunk.last_page}"


@st.cache_data(max_entries=CACHED_PAGES, show_spinner="Drawing the page …")
def _page_image(
    _bench: Workbench, key: str, etag: str, page: int, areas: tuple[ChunkArea, ...]
) -> bytes:
    return _bench.chunk_browser.page_image(key, page, areas)


@st.cache_data(max_entries=CACHED_PAGES, show_spinner=False)
def _receipts(_bench: Workbench, document_id: str, changed: str) -> tuple[PageReceipt, ...]:
    return _bench.chunk_browser.receipts(document_id)
