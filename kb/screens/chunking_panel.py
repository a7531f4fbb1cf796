"""The choice of a chunking strategy, tried on the looked-at page before anything is stored."""

from __future__ import annotations

import streamlit as st

from kb.documents.chunking_configuration import from_setting, to_setting
from kb.documents.strategy_preview import StrategyPreview
from kb.embedding_sql.claimed_models import PRICES_OF, find_model
from kb.embedding_sql.planning import cost_dollars
from kb.errors import KbError
from kb.models.chunking import ChunkingStrategy
from kb.screens import chunk_panel, chunking_choice
from kb.screens.chunk_place import Place
from kb.screens.inert import inert
from kb.wording import counted
from kb.workbench import Workbench

CACHED_PREVIEWS = 100
#: A model that is paid for, to say what the same would cost there.
PAID_MODEL = "amazon.titan-embed-text-v2:0"
#: Chunks of a page without an image that are shown on either side.
SHOWN = 8


def show(bench: Workbench, place: Place) -> None:
    """Choose a strategy and its numbers, see what it would make, and store it when pressed."""
    stored = bench.chunking.strategy()
    try:
        strategy = chunking_choice.choose(stored)
    except KbError as error:
        # Numbers that do not go together; each alone is within its bounds.
        st.error(inert(str(error)), icon=":material/error:")
        return
    _use(bench, strategy, stored)
    try:
        with st.spinner("Cutting the pages around this one …"):
            seen = _preview(
                bench,
                place.document.key,
                place.document.etag,
                to_setting(strategy),
                place.page,
                place.document.pages or None,
            )
    except KbError as error:
        st.error(inert(str(error)), icon=":material/error:")
        return
    _figures(bench, seen)
    _side_by_side(bench, place, seen, to_setting(strategy))


def _use(bench: Workbench, strategy: ChunkingStrategy, stored: ChunkingStrategy) -> None:
    refusal = None
    try:
        bench.chunking.check(strategy)
    except KbError as error:
        refusal = str(error)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        if st.button(
            "Use this strategy",
            type="primary",
            icon=":material/check:",
            key="use_strategy",
            disabled=bool(refusal) or strategy == stored,
        ):
            bench.chunking.set_strategy(strategy)
            st.session_state["strategy_stored"] = to_setting(strategy)
            st.rerun()
        if strategy == stored:
            st.caption(f"In use: `{to_setting(stored)}`")
        else:
            st.caption(f"In use: `{to_setting(stored)}` · tried below: `{to_setting(strategy)}`")
    if refusal:
        st.error(inert(refusal), icon=":material/error:")
    if st.session_state.pop("strategy_stored", None):
        st.success("Stored. The next sync cuts all documents anew.", icon=":material/sync:")
    elif strategy != stored and not refusal:
        st.caption("Nothing changes before you press; then the next sync cuts all documents anew.")


def _figures(bench: Workbench, seen: StrategyPreview) -> None:
    counts, chunks = seen.counts, seen.document_chunks
    one, two, three, four = st.columns(4)
    estimated = seen.share is not None and seen.share < 1.0
    one.metric(
        "Chunks, about" if estimated else "Chunks", "not known" if chunks is None else f"{chunks:,}"
    )
    two.metric(
        "Tokens a chunk, median",
        f"{counts.median_tokens:,.0f}",
        f"{counts.min_tokens:,} to {counts.max_tokens:,}",
        delta_color="off",
        delta_arrow="off",
    )
    three.metric("Time, about", _time(seen.document_seconds))
    four.metric("Cost of embedding", _dollars(seen.document_dollars))
    st.caption(f"{_measured(seen)}{_elsewhere(seen)}")
    if warning := bench.chunking.too_long(seen):
        st.warning(inert(warning), icon=":material/warning:")


def _measured(seen: StrategyPreview) -> str:
    pages = (
        f"page {seen.first_page}"
        if seen.first_page == seen.last_page
        else f"pages {seen.first_page} to {seen.last_page}"
    )
    chunks = counted(seen.counts.chunks, "chunk")
    line = f"Measured on {pages}: {chunks} in {seen.seconds:.2f} s with embedding."
    if seen.share is None:
        return f"{line} How long the document is shows only after a sync."
    return line if seen.share == 1.0 else f"{line} The document's figures follow from these."


def _elsewhere(seen: StrategyPreview) -> str:
    if not seen.document_tokens or seen.document_dollars:
        return ""
    dollars = cost_dollars(find_model(PAID_MODEL), seen.document_tokens)
    price = f"about \\${dollars:,.4f}" if dollars >= 0.0001 else "less than \\$0.0001"
    return (
        f" The local model costs nothing; `{PAID_MODEL}` would cost {price} at prices of "
        f"{PRICES_OF}."
    )


def _dollars(dollars: float | None) -> str:
    if dollars is None:
        return "not known"
    return f"${dollars:,.4f}" if dollars else "$0"


def _time(seconds: float | None) -> str:
    if seconds is None:
        return "not known"
    return f"{max(seconds, 1):,.0f} s" if seconds < 90 else f"{seconds / 60:,.0f} min"


def _side_by_side(bench: Workbench, place: Place, seen: StrategyPreview, setting: str) -> None:
    left, right = st.columns(2, gap="large")
    with left:
        state = "" if place.document.chunks else " · not synced yet"
        st.markdown(f"**In the knowledge base now**{state}")
        _now(bench, place)
    with right:
        st.markdown(f"**Preview** · `{setting}`")
        if not seen.chunks:
            st.info("No text on this page.", icon=":material/inbox:")
        if place.has_images:
            areas = tuple(chunk.area for chunk in seen.chunks)
            chunk_panel.drawn(bench, place, areas, f"Page {place.page} as it would be cut")
            return
        for chunk in seen.chunks[:SHOWN]:
            chunk_panel.words(chunk.number, "", chunk.text)


def _now(bench: Workbench, place: Place) -> None:
    if not place.document.chunks:
        if place.has_images:
            chunk_panel.drawn(bench, place, (), f"Page {place.page}")
        return
    page = bench.chunk_browser.page(place.document.document_id, place.page)
    if place.has_images:
        chunk_panel.drawn(bench, place, page.areas(), f"Page {place.page} as it is cut now")
        return
    for chunk in page.chunks[:SHOWN]:
        chunk_panel.words(chunk.number, counted(chunk.tokens, "token"), chunk.text)


@st.cache_data(max_entries=CACHED_PREVIEWS, show_spinner=False)
def _preview(
    _bench: Workbench, key: str, etag: str, setting: str, page: int, pages: int | None
) -> StrategyPreview:
    return _bench.chunking.preview(key, from_setting(setting), page, known_pages=pages)
