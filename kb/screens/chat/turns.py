"""The turns of a conversation: question, answer, what was checked, what the reader thinks of it."""

from __future__ import annotations

import streamlit as st

from kb.generation.conversations import question_set
from kb.generation.numbering import NumberedSource, number_sources
from kb.models import (
    Feedback,
    Rating,
    RetrievalResult,
    SourceState,
    SourceVersion,
    Turn,
    TurnStatus,
    Verdict,
)
from kb.screens.chat import answer, place, replay
from kb.screens.chat.wording import STATES, page_of
from kb.screens.inert import inert
from kb.wording import counted
from kb.workbench import Workbench
from kb.workbench.conversations import OpenConversation

#: Source chunks that are listed in the conversation itself; all are beside it.
LISTED_CHUNKS = 10
#: Of such a chunk; all of it is under Sources.
SHOWN_CHARACTERS = 400
NEAREST = "The nearest passages are beside, under Sources."
THUMBS = {Rating.DOWN: 0, Rating.UP: 1}


def show(
    bench: Workbench,
    turn: Turn,
    pointed: place.Pointed | None,
    opened: OpenConversation,
) -> None:
    """Draw the answer of a turn that has ended."""
    with st.chat_message("assistant", avatar=":material/menu_book:"):
        if turn.response is not None:
            _response(turn, pointed)
        _outcome(turn)
        if turn.response is not None:
            _checked(turn)
            _changed(turn, opened.states)
            st.caption(inert(_facts(turn)))
        _actions(bench, turn, replay.earlier(turn, opened.turns))


def question(turn: Turn) -> None:
    """Draw what was asked."""
    with st.container(key=f"turn_{turn.turn_id}"):
        st.chat_message("user", avatar=":material/person:").markdown(inert(turn.question))


def _response(turn: Turn, pointed: place.Pointed | None) -> None:
    assert turn.response is not None
    if not turn.configuration.generate_responses:
        _source_chunks(turn)
        return
    chosen = pointed.number if pointed and pointed.turn_id == turn.turn_id else None
    pressed, _ = answer.draw(turn, chosen)
    if pressed:
        place.point(turn.turn_id, pressed)
        st.rerun(scope="fragment")
    sources = number_sources(turn.response).sources
    if sources:
        with st.container(horizontal=True, gap="small"):
            for source in sources:
                _citation(turn, source, chosen)
    elif not turn.response.answered:
        st.caption(NEAREST)


def _citation(turn: Turn, source: NumberedSource, chosen: int | None) -> None:
    st.button(
        inert(f"{source.number} · {page_of(source.reference.result)}"),
        icon=":material/find_in_page:",
        key=f"cite_{turn.turn_id}_{source.number}",
        type="primary" if source.number == chosen else "secondary",
        on_click=place.point,
        args=(turn.turn_id, source.number),
        help="Show the page with this passage marked",
    )


def _source_chunks(turn: Turn) -> None:
    assert turn.response is not None
    results = turn.response.retrieval_results
    st.markdown(f"{counted(len(results), 'source chunk')}, best first:")
    for rank, result in enumerate(results[:LISTED_CHUNKS], start=1):
        _chunk(turn, rank, result)
    if len(results) > LISTED_CHUNKS:
        st.caption(f"The first {LISTED_CHUNKS}; all {len(results)} are beside, under Sources.")


def _chunk(turn: Turn, rank: int, result: RetrievalResult) -> None:
    with st.container(border=True):
        st.button(
            inert(f"{rank} · {page_of(result)} · similarity {result.similarity:.3f}"),
            icon=":material/find_in_page:",
            key=f"rank_{turn.turn_id}_{rank}",
            type="tertiary",
            on_click=place.point,
            args=(turn.turn_id, None, rank),
        )
        shown = result.text[:SHOWN_CHARACTERS]
        st.text(shown + (" …" if len(result.text) > len(shown) else ""))


def _outcome(turn: Turn) -> None:
    """Why a turn did not come to its end."""
    if turn.status is TurnStatus.FAILED:
        st.error(inert(turn.failure or ""), icon=":material/error:")
    elif turn.status is TurnStatus.STOPPED:
        st.info(inert(turn.failure or ""), icon=":material/stop_circle:")


def _checked(turn: Turn) -> None:
    """What the quote check found, as badges with words."""
    check, response = turn.proof.check, turn.response
    if check is None or response is None or not turn.configuration.generate_responses:
        return
    if not response.answered:
        return
    if unresolved := response.report.unresolved_citations:
        st.badge(
            f"{counted(unresolved, 'citation')} of no retrieved chunk left out",
            icon=":material/link_off:",
            color="red",
        )
    if not check.sources:
        st.badge("This answer cites nothing", icon=":material/warning:", color="orange")
        return
    total = counted(len(check.sentences), "sentence")
    with st.container(horizontal=True, gap="small"):
        if verified := check.count(Verdict.VERIFIED):
            st.badge(
                f"{verified} of {total} cited and verified",
                icon=":material/verified:",
                color="green",
            )
        if missing := check.count(Verdict.NOT_FOUND):
            st.badge(
                f"{missing} of {total} cited but not found", icon=":material/error:", color="red"
            )
        if uncited := check.count(Verdict.UNCITED):
            st.badge(f"{uncited} of {total} uncited", icon=":material/warning:", color="orange")


def _changed(turn: Turn, states: dict[SourceVersion, SourceState]) -> None:
    """That cited documents are not what they were."""
    assert turn.response is not None
    ranks = {s.rank for s in number_sources(turn.response).sources}
    cited = [version for rank, version in enumerate(turn.proof.sources, 1) if rank in ranks]
    found = {states[version] for version in cited or turn.proof.sources if version in states}
    worst = [state for state in reversed(SourceState) if state in found][:1]
    for state in worst:
        if state is not SourceState.UNCHANGED:
            st.badge(STATES[state], icon=":material/history:", color="orange")


def _facts(turn: Turn) -> str:
    response = turn.response
    assert response is not None
    total = response.timings_ms.get("total")
    parts = [
        response.generation_model if turn.configuration.generate_responses else "",
        turn.configuration.retrieval.search_type.value.lower(),
        counted(len(response.retrieval_results), "source chunk"),
        f"{total:,.0f} ms" if total else "",
        turn.created_at.astimezone().strftime("%Y-%m-%d %H:%M"),
    ]
    return " · ".join(filter(None, parts))


def _actions(bench: Workbench, turn: Turn, before: Turn | None) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        _again(turn, before)
        if turn.response is None:
            return
        key = f"thumb_{turn.turn_id}"
        rating = turn.feedback.rating
        st.session_state[key] = THUMBS[rating] if rating else None
        st.feedback("thumbs", key=key, on_change=_rate, args=(bench, turn, key))
        _note(bench, turn)


def _again(turn: Turn, before: Turn | None) -> None:
    pressed = st.button(
        "Ask again",
        icon=":material/replay:",
        type="tertiary",
        key=f"again_{turn.turn_id}",
        on_click=replay.ask_again,
        args=(turn,),
        help="The same question under the present settings",
    )
    if pressed:
        # The question is asked by the whole page, not by its panes.
        st.rerun()
    if before and st.button(
        "Compare", icon=":material/compare_arrows:", type="tertiary", key=f"compare_{turn.turn_id}"
    ):
        replay.side_by_side(before, turn)


def _rate(bench: Workbench, turn: Turn, key: str) -> None:
    chosen = {value: rating for rating, value in THUMBS.items()}.get(st.session_state[key])
    bench.conversations.set_feedback(turn.turn_id, Feedback(rating=chosen, note=turn.feedback.note))


def _note(bench: Workbench, turn: Turn) -> None:
    """A note, and the way into a question set."""
    panel = st.popover(
        "Note and save",
        icon=":material/rate_review:",
        type="tertiary",
        key=f"note_{turn.turn_id}",
        on_change="rerun",
    )
    if not panel.open:
        return
    with panel:
        key = f"note_text_{turn.turn_id}"
        note = st.text_area("Note", value=turn.feedback.note, key=key, max_chars=10_000)
        if note != turn.feedback.note:
            bench.conversations.set_feedback(
                turn.turn_id, Feedback(rating=turn.feedback.rating, note=note)
            )
        name = st.text_input("Question set", value="questions", key=f"set_{turn.turn_id}")
        if st.button(
            "Save into the set", key=f"save_{turn.turn_id}", icon=":material/playlist_add:"
        ):
            saved = bench.conversations.save_question(turn, name)
            rows = bench.conversations.list_questions(name)
            bench.evaluation.add_question_set(f"{name}.jsonl", question_set(rows))
            pages = ", ".join(map(str, saved.pages)) or "no pages"
            st.success(inert(f"Saved into '{name}' with {pages}."), icon=":material/check:")
