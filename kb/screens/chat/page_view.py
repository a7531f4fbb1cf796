"""The page of a source, drawn with exactly its passage marked; other formats show their text."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from kb.documents.drawing import DrawnPage
from kb.documents.parsers import has_page_images
from kb.errors import KbError
from kb.generation.numbering import number_sources
from kb.models import (
    PageMark,
    Rectangle,
    RetrievedReference,
    SourceState,
    SourceVersion,
    Turn,
)
from kb.screens.chat import place, scroll
from kb.screens.chat.wording import STATES, file_of
from kb.screens.inert import inert
from kb.screens.opening import route
from kb.workbench import Workbench

#: Drawn pages kept in memory, about 150 kB each.
CACHED_PAGES = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A source and what is known of its place."""

    title: str
    reference: RetrievedReference
    version: SourceVersion | None
    marks: tuple[PageMark, ...]


def show(
    bench: Workbench,
    turn: Turn,
    pointed: place.Pointed | None,
    states: dict[SourceVersion, SourceState],
) -> None:
    """Draw the source that was pointed at."""
    shown = _shown(bench, turn, pointed) if pointed else None
    if shown is None:
        st.info(
            "This answer cites nothing, so there is no page to show. The retrieved passages are "
            "under Sources.",
            icon=":material/format_quote:",
        )
        return
    _head(shown, states)
    if not shown.marks or shown.version is None or not has_page_images(shown.version.key or ""):
        _in_its_text(shown.reference)
        return
    _pages(bench, shown, shown.version)


def _head(shown: Shown, states: dict[SourceVersion, SourceState]) -> None:
    result = shown.reference.result
    st.markdown(f"{shown.title} **{inert(file_of(result))}**")
    if result.heading_path:
        st.caption(inert(" > ".join(result.heading_path)))
    state = states.get(shown.version) if shown.version else None
    if state not in (None, SourceState.UNCHANGED):
        st.badge(STATES[state], icon=":material/history:", color="orange")


def _shown(bench: Workbench, turn: Turn, pointed: place.Pointed) -> Shown | None:
    assert turn.response is not None
    if pointed.rank is not None:
        return _by_rank(bench, turn, pointed.rank)
    for source in number_sources(turn.response).sources:
        if source.number == pointed.number:
            found = [p.marks for p in turn.proof.places if p.number == source.number]
            return Shown(
                title=f":blue-badge[{source.number}]",
                reference=source.reference,
                version=_version(bench, turn, source.rank),
                marks=found[0] if found else _marks(bench, source.reference),
            )
    return None


def _by_rank(bench: Workbench, turn: Turn, rank: int) -> Shown | None:
    assert turn.response is not None
    results = turn.response.retrieval_results
    if not 1 <= rank <= len(results):
        return None
    reference = RetrievedReference(result=results[rank - 1])
    return Shown(
        title=f":gray-badge[source chunk {rank}]",
        reference=reference,
        version=_version(bench, turn, rank),
        marks=_marks(bench, reference),
    )


def _version(bench: Workbench, turn: Turn, rank: int) -> SourceVersion | None:
    """While the answer is written nothing is kept yet: then the version is that of now."""
    assert turn.response is not None
    sources = turn.proof.sources or bench.proofs.versions(turn.response.retrieval_results)
    return sources[rank - 1] if len(sources) >= rank else None


def _marks(bench: Workbench, reference: RetrievedReference) -> tuple[PageMark, ...]:
    try:
        return bench.evidence.marks(reference)
    except KbError:
        # The chunk has gone; its words are shown instead.
        return ()


def _pages(bench: Workbench, shown: Shown, version: SourceVersion) -> None:
    marks = {mark.page_number: mark for mark in shown.marks}
    chosen = st.session_state.get("page_shown")
    _turn_pages(chosen or min(marks), chosen or max(marks), version)
    what = f"{shown.title} {shown.reference.result.chunk_id} {shown.reference.passage} {chosen}"
    for number in [chosen] if chosen else sorted(marks):
        mark = marks.get(number)
        try:
            drawn = _image(bench, version, number, mark.rectangles if mark else ())
        except KbError as error:
            st.warning(inert(str(error)), icon=":material/broken_image:")
            if mark:
                _in_its_text(shown.reference)
            continue
        alt = f"Page {number}" + (" with the passage marked" if mark else "")
        with st.container(key=f"page_{number}"):
            st.image(drawn.png, width="stretch", alt=alt)
        if mark and number == min(marks):
            scroll.to_mark("evidence_pane", f"page_{number}", drawn.mark, what)
        printed = "" if not mark or mark.page_label == str(number) else mark.page_label
        st.caption(inert(f"Page {number}" + (f", printed {printed}" if printed else "")))
    if len(marks) > 1 and not chosen:
        st.caption("The passage goes on over the page break: both pages are shown.")


def _turn_pages(first: int, last: int, version: SourceVersion) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        for label, icon, number in (
            ("Previous", ":material/chevron_left:", first - 1),
            ("Next", ":material/chevron_right:", last + 1),
        ):
            st.button(
                label,
                icon=icon,
                key=f"{label.lower()}_page",
                disabled=number < 1,
                on_click=_show_page,
                args=(number,),
            )
        if "page_shown" in st.session_state:
            st.button("Back to the passage", key="back_to_passage", on_click=_show_page)
        if version.key and version.etag:
            st.link_button(
                "Open the PDF",
                f"{route.address(version.key, version.etag)}#page={first}",
                icon=":material/open_in_new:",
                help="In a new tab, at this page",
            )


def _show_page(number: int | None = None) -> None:
    if number is None:
        st.session_state.pop("page_shown", None)
    else:
        st.session_state["page_shown"] = number


def _in_its_text(reference: RetrievedReference) -> None:
    """The passage within its chunk."""
    text, passage = reference.result.text, reference.passage
    start, end = (passage.start, passage.end) if passage else (0, len(text))
    with st.container(border=True):
        if before := text[:start].strip():
            st.text(before)
        st.markdown(f":orange-background[{inert(text[start:end])}]")
        if behind := text[end:].strip():
            st.text(behind)


@st.cache_data(max_entries=CACHED_PAGES, show_spinner=False)
def _image(
    _bench: Workbench, version: SourceVersion, number: int, rectangles: tuple[Rectangle, ...]
) -> DrawnPage:
    return _bench.proofs.page_image(version, number, rectangles)
