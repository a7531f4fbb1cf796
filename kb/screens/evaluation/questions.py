"""The questions of a run: a table to filter, and one question with ranks, passages and answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import streamlit as st

from kb.frames import evaluation as frames
from kb.models.evaluation import EvaluationRun, QuestionOutcome
from kb.screens.inert import inert
from kb.wording import lost_at

#: What a filter lets through.
FILTERS: Mapping[str, Callable[[QuestionOutcome], bool]] = {
    "page missed": lambda o: bool(o.gold_pages) and not o.hit(5),
    "page not cited": lambda o: o.lost_at is not None,
    "not supported": lambda o: bool(o.keywords) and not o.is_supported,
    "refused wrongly": lambda o: o.answerable and not o.answered,
    "answered wrongly": lambda o: not o.answerable and o.answered,
    "unsound citation": lambda o: not all(citation.is_sound for citation in o.citations),
}
COLUMNS = {
    "Question": st.column_config.TextColumn(width=280),
    "Rank": st.column_config.NumberColumn(help="Of the first chunk on a gold page"),
    "nDCG": st.column_config.NumberColumn(format="%.2f"),
    "Lost": st.column_config.TextColumn(width=150, help="The stage that lost the right page"),
    "Outcome": st.column_config.TextColumn(width=120),
    "Answer (ms)": st.column_config.NumberColumn(format="%.0f"),
}
TABLE_HEIGHT = 320
#: Rows that are shown without scrolling.
FEW = 8


def show(name: str, run: EvaluationRun) -> None:
    """The table, and the question that was chosen in it."""
    shown = _filtered(run.outcomes)
    if not shown:
        st.info("No question is like that.", icon=":material/check:")
        return
    event = st.dataframe(
        frames.evaluation_questions(shown).drop(columns=["Answer", "Keywords"]),
        hide_index=True,
        column_config=COLUMNS,
        height=TABLE_HEIGHT if len(shown) > FEW else "content",
        placeholder="",
        on_select="rerun",
        selection_mode="single-row",
        key="evaluation_questions",
    )
    rows = event["selection"]["rows"] if event else []
    row = rows[0] if rows and rows[0] < len(shown) else 0
    chosen = st.selectbox(
        "Question",
        range(len(shown)),
        index=row,
        format_func=lambda place: shown[place].question,
        # Another selection, filter or run begins anew.
        key=f"question_of_{name}_{len(shown)}_{row}",
    )
    _question(shown[chosen])


def _filtered(outcomes: Sequence[QuestionOutcome]) -> list[QuestionOutcome]:
    counts = {name: sum(map(rule, outcomes)) for name, rule in FILTERS.items()}
    chosen = st.pills(
        "Show",
        [name for name, count in counts.items() if count],
        format_func=lambda name: f"{name} {counts[name]:,}",
        selection_mode="multi",
        key="evaluation_filter",
    )
    return [o for o in outcomes if not chosen or any(FILTERS[name](o) for name in chosen)]


def _question(outcome: QuestionOutcome) -> None:
    _verdict(outcome)
    left, right = st.columns(2, gap="large")
    with left:
        st.markdown("**Ranked chunks**")
        st.dataframe(frames.ranked_results(outcome.results), hide_index=True, key="ranked_results")
    with right:
        st.markdown("**Answer**")
        if not outcome.answered:
            st.caption(inert(outcome.refusal or ""))
        for number, citation in enumerate(outcome.citations, start=1):
            with st.container(border=True):
                st.text(citation.text)
                pages = ", ".join(str(page) for page in citation.pages if page)
                where = f"page {pages}" if pages else "no pages"
                gold = " · a gold page" if citation.is_gold else ""
                sound = "" if citation.is_sound else " · not in its source"
                st.caption(f"{number} · {where}{gold}{sound}")


def _verdict(outcome: QuestionOutcome) -> None:
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        if outcome.gold_pages:
            place = f"rank {outcome.rank}" if outcome.rank else "no gold page found"
            st.badge(place, color="green" if outcome.hit(5) else "red")
            if outcome.lost_at and outcome.answered:
                st.badge(lost_at(outcome.lost_at), color="orange")
        right = outcome.answered == outcome.answerable
        st.badge("answered" if outcome.answered else "refused", color="green" if right else "red")
        if not outcome.answerable:
            st.caption("The documents do not answer it.", width="content")
        if outcome.gold_pages:
            st.caption("Gold pages " + ", ".join(map(str, outcome.gold_pages)), width="content")
    if outcome.keywords:
        with st.container(horizontal=True, gap="small", vertical_alignment="center"):
            st.caption("Keywords in the cited passages", width="content")
            for word in outcome.keywords:
                found = word in outcome.keywords_found
                mark = ":material/check:" if found else ":material/close:"
                st.badge(inert(word), icon=mark, color="green" if found else "gray")
