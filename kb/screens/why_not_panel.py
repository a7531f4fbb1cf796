"""Why not this page? Name a page or paste a passage; the first stage that lost it is named."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from kb.errors import KbError
from kb.models import Document, RetrievalConfiguration, RetrieveAndGenerateResponse
from kb.models.tracing import Explanation, LossStage
from kb.screens.inert import inert
from kb.workbench import Workbench

EXPLAINED = "why_not_explained"
ABOUT = "Name a page or paste a passage: the first stage that lost it is named, with its number."
PAGE, PASSAGE = "Page", "Passage"
#: Stages that lie with how the document was read or cut, to be seen on the page Chunks.
OF_THE_DOCUMENT = {
    LossStage.NO_TEXT,
    LossStage.SKIPPED,
    LossStage.UNREADABLE,
    LossStage.NO_CHUNK,
    LossStage.SPLIT,
}


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A page of a document, or a passage of any."""

    document_key: str | None = None
    page_number: int = 1
    passage: str = ""


@st.fragment
def show(
    bench: Workbench,
    question: str,
    configuration: RetrievalConfiguration,
    response: RetrieveAndGenerateResponse | None = None,
) -> None:
    """Ask for the page or passage and draw what lost it.

    `response` is the answer in which it is missing; without one, whether it is cited is not told.
    """
    documents = [document for document in bench.data_source.documents() if document.pages]
    if not documents:
        st.caption("No document has been read yet.")
        return
    st.caption(ABOUT)
    wanted, pressed = _form(documents)
    asked = (question, configuration, response.session_id if response else None)
    if pressed:
        try:
            with st.spinner("Searching with and without the index …"):
                found = _explain(bench, question, configuration, wanted, response)
        except KbError as error:
            st.session_state.pop(EXPLAINED, None)
            st.warning(inert(str(error)), icon=":material/warning:")
            return
        st.session_state[EXPLAINED] = (asked, wanted, found)
    before = st.session_state.get(EXPLAINED)
    # What was explained of another question says nothing of this one.
    if before and before[0] == asked:
        _explained(question, *before[1:])


def _form(documents: Sequence[Document]) -> tuple[_Wanted, bool]:
    """What is asked for, and whether the button was just pressed."""
    kind = st.segmented_control(
        "Look for",
        [PAGE, PASSAGE],
        default=PAGE,
        required=True,
        key="why_not_kind",
        label_visibility="collapsed",
    )
    with st.form("why_not", border=False):
        if kind == PAGE:
            wanted = _page(documents)
        else:
            passage = st.text_area("Passage, as it stands in a document", key="why_not_passage")
            wanted = _Wanted(passage=passage)
        pressed = st.form_submit_button("Explain", icon=":material/troubleshoot:", type="primary")
    return wanted, pressed


def _page(documents: Sequence[Document]) -> _Wanted:
    left, right = st.columns([3, 1], vertical_alignment="bottom")
    document = left.selectbox(
        "Document", documents, format_func=lambda d: d.key, key="why_not_document"
    )
    # Which document is chosen is only known when the form is sent.
    most = max(d.pages for d in documents)
    number = right.number_input("Page", 1, most, key="why_not_page", help="Physical, from 1")
    return _Wanted(document_key=document.key, page_number=int(number))


def _explain(
    bench: Workbench,
    question: str,
    configuration: RetrievalConfiguration,
    wanted: _Wanted,
    response: RetrieveAndGenerateResponse | None,
) -> Explanation:
    explanations = bench.explanations
    if wanted.document_key is None:
        return explanations.why_not_passage(
            question, configuration, passage=wanted.passage, response=response
        )
    return explanations.why_not_page(
        question,
        configuration,
        page_number=wanted.page_number,
        document_key=wanted.document_key,
        response=response,
    )


def _explained(question: str, wanted: _Wanted, found: Explanation) -> None:
    with st.container(border=True):
        if found.is_lost:
            st.badge(found.stage.value, icon=":material/step_out:", color="orange")
        else:
            st.badge(f"not lost: {found.stage.value}", icon=":material/check:", color="green")
        st.markdown(inert(found.sentence))
        _ranks(found)
        if found.best:
            with st.expander("The best of its chunks", icon=":material/notes:", type="compact"):
                st.caption(inert(" > ".join(found.best.heading_path)))
                st.text(found.best.text)
        _way_on(question, wanted, found)


def _ranks(found: Explanation) -> None:
    ranks = {"result": found.rank, **found.ranks}
    known = [f"{name} {rank:,}" for name, rank in ranks.items() if rank is not None]
    if known:
        with st.container(horizontal=True, gap="small"):
            for words in known:
                st.badge(words, color="gray")


def _way_on(question: str, wanted: _Wanted, found: Explanation) -> None:
    if found.stage is LossStage.MISSED_BY_INDEX and st.button(
        "Open Index tuning", icon=":material/tune:", key="why_not_tuning"
    ):
        st.switch_page("pages/index_tuning.py", query_params={"question": question})
    if wanted.document_key is None or found.stage not in OF_THE_DOCUMENT:
        return
    if st.button("Open this page in Chunks", icon=":material/grid_on:", key="why_not_chunks"):
        place = {"document": wanted.document_key, "page": str(wanted.page_number)}
        st.switch_page("pages/chunks.py", query_params=place)
