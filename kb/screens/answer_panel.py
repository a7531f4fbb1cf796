"""One turn of the conversation: the question, the answer with numbered citations, its facts."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass

import streamlit as st

from kb.models import AnswerPart, RetrieveAndGenerateResponse, SearchType
from kb.screens.evidence_panel import citation_label
from kb.screens.inert import inert

NEAREST = "The nearest passages are listed beside, under Sources."


@dataclass(slots=True)
class Turn:
    """A question of this browser session and its answer, None when only chunks were asked for."""

    question: str
    response: RetrieveAndGenerateResponse
    generated: bool
    search_type: SearchType


def show(turn: Turn, number: int, on_cite: Callable[[int, int], None]) -> None:
    """Draw a finished turn; `on_cite(turn, citation)` hears of a click on a citation."""
    st.chat_message("user", avatar=":material/person:").markdown(inert(turn.question))
    with st.chat_message("assistant", avatar=":material/menu_book:"):
        response = turn.response
        if not turn.generated:
            st.markdown(f"{len(response.retrieval_results)} source chunks, best first:")
            for place, result in enumerate(response.retrieval_results, start=1):
                page = f"page {result.page_number}" if result.page_number else "no page"
                st.caption(f"{place}. {page} · similarity {result.similarity:.3f}")
                st.text(result.text)
            return
        if not response.answered:
            st.markdown(inert(response.text))
            st.caption(NEAREST)
        for place, citation in enumerate(response.citations, start=1):
            st.markdown(f"{inert(citation.text)} :blue-badge[{place}]")
        _citations(response, number, on_cite)
        st.caption(_facts(turn))


def stream(
    question: str, parts: Generator[AnswerPart, None, RetrieveAndGenerateResponse]
) -> RetrieveAndGenerateResponse:
    """Draw an answer while it comes and return the whole."""
    st.chat_message("user", avatar=":material/person:").markdown(inert(question))
    answers: list[RetrieveAndGenerateResponse] = []

    def written() -> Iterator[str]:
        place = 0
        while True:
            try:
                part = next(parts)
            except StopIteration as end:
                answers.append(end.value)
                return
            place += bool(part.retrieved_references)
            badge = f" :blue-badge[{place}]" if part.retrieved_references else ""
            yield f"{inert(part.text)}{badge}\n\n"

    with st.chat_message("assistant", avatar=":material/menu_book:"):
        st.write_stream(written())
    return answers[0]


def _citations(
    response: RetrieveAndGenerateResponse, number: int, on_cite: Callable[[int, int], None]
) -> None:
    if not response.citations:
        return
    with st.container(horizontal=True, gap="small"):
        for place, citation in enumerate(response.citations, start=1):
            st.button(
                citation_label(citation.retrieved_references[0], place),
                icon=":material/find_in_page:",
                key=f"cite_{number}_{place}",
                help="Show the page with this passage marked",
                on_click=on_cite,
                args=(number, place),
            )


def _facts(turn: Turn) -> str:
    response = turn.response
    stages = ", ".join(f"{name} {ms:.0f} ms" for name, ms in response.timings_ms.items())
    return (
        f"{response.generation_model} · {turn.search_type.value} · "
        f"{len(response.retrieval_results)} chunks · {stages}"
    )
