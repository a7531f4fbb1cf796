"""The evidence beside an answer: the cited page with its passage marked, and every source chunk."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from kb.errors import KbError, ResourceNotFound
from kb.models import PageMark, RetrieveAndGenerateResponse, RetrievedReference
from kb.screens.inert import inert
from kb.workbench import Workbench

#: Marked pages kept in memory, about 150 kB each.
CACHED_PAGES = 200


def cited_page(bench: Workbench, reference: RetrievedReference, number: int) -> None:
    """Draw the page of a citation, or the passage alone where the document has no pages."""
    result = reference.result
    st.markdown(f":blue-badge[{number}] **{inert(_title(reference))}**")
    if result.heading_path:
        st.caption(inert(" > ".join(result.heading_path)))
    try:
        marks = bench.evidence.marks(reference)
    except KbError as error:
        st.warning(str(error))
        marks = ()
    if not marks:
        with st.container(border=True):
            st.text(reference.passage_text)
    # The database has the passage, also when the bucket can not be reached.
    try:
        _draw(bench, reference, marks)
        url = bench.evidence.document_url(result.uri, marks[0].page_number if marks else None)
    except KbError as error:
        st.warning(inert(str(error)))
        st.text(reference.passage_text)
        return
    if url:
        st.link_button("Open the document", url, icon=":material/open_in_new:")


def _draw(bench: Workbench, reference: RetrievedReference, marks: Sequence[PageMark]) -> None:
    result = reference.result
    for mark in marks:
        image = _page_image(bench, result.uri, result.chunk_id, mark)
        st.image(image, width="stretch", alt=f"Page {mark.page_number} with the passage marked")
        st.caption(f"Page {mark.page_number}{_printed(mark.page_label, mark.page_number)}")


def sources(response: RetrieveAndGenerateResponse) -> None:
    """All retrieved chunks, those that the answer cites first."""
    numbers = citation_numbers(response)
    ranked = list(enumerate(response.retrieval_results, start=1))
    ranked.sort(key=lambda item: (item[1].chunk_id not in numbers, item[0]))
    for rank, result in ranked:
        cited = numbers.get(result.chunk_id, [])
        mark = "cited as " + ", ".join(map(str, cited)) if cited else "not cited"
        page = f"page {result.page_number}" if result.page_number else "no pages"
        label = f"{rank}. {page} · similarity {result.similarity:.3f} · {mark}"
        with st.expander(label, icon=":material/check:" if cited else None):
            st.caption(inert(" > ".join(result.heading_path) or result.uri))
            st.text(result.text)
            st.json(dict(result.metadata), expanded=False)


def citation_numbers(response: RetrieveAndGenerateResponse) -> dict[str, list[int]]:
    """Chunk id to the numbers of the citations that rest on it."""
    numbers: dict[str, list[int]] = {}
    for number, citation in enumerate(response.citations, start=1):
        for reference in citation.retrieved_references:
            numbers.setdefault(reference.result.chunk_id, []).append(number)
    return numbers


def citation_label(reference: RetrievedReference, number: int) -> str:
    """What a citation's button says."""
    page = reference.result.page_number
    return f"{number} · page {page}" if page else f"{number}"


def _title(reference: RetrievedReference) -> str:
    return reference.result.uri.rsplit("/", 1)[-1]


def _printed(label: str, number: int) -> str:
    return "" if label == str(number) else f", printed {label}"


@st.cache_data(max_entries=CACHED_PAGES, show_spinner=False)
def _page_image(_bench: Workbench, uri: str, chunk_id: str, mark: PageMark) -> bytes:
    # chunk_id is part of the key of the cache: another version of the document has other chunks.
    key = _bench.evidence.key(uri)
    if key is None:
        raise ResourceNotFound("The cited document is in another bucket; see KB_BUCKET.")
    return _bench.evidence.page_image(key, mark.page_number, mark.rectangles)
