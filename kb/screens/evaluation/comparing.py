"""Two runs side by side: measures with the interval of their difference, changed questions."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from kb.errors import KbError
from kb.evaluation.comparing import compare
from kb.frames import evaluation as frames
from kb.models.evaluation import EvaluationComparison, EvaluationRun, MeasureChange
from kb.screens.inert import inert
from kb.wording import counted, evaluation_label, measure_name

#: Below this p a difference is called more than chance.
SIGNIFICANT = 0.05
COLUMNS = {
    **{name: st.column_config.NumberColumn(format="%.3f") for name in ("Before", "After", "p")},
    **{
        name: st.column_config.NumberColumn(format="%+.3f")
        for name in ("Difference", "Low", "High")
    },
}


def show(
    name: str, run: EvaluationRun, names: Sequence[str], load: Callable[[str], EvaluationRun]
) -> None:
    """Choose the other run and see what changed from it to this one."""
    others = [other for other in names if other != name]
    if not others:
        st.info("There is no other run to compare with yet.", icon=":material/inbox:")
        return
    # Runs of the same set first: only those have all questions in common.
    others.sort(key=lambda other: _set_of(other) != _set_of(name))
    earlier = st.selectbox(
        "Compared with", others, format_func=evaluation_label, key="compared_run"
    )
    try:
        before = load(earlier)
        found = compare(before, run)
    except KbError as error:
        st.warning(inert(str(error)), icon=":material/warning:")
        return
    st.markdown(_sentence(found))
    if differs := _configurations(before, run):
        st.caption(inert(differs))
    st.dataframe(
        frames.measure_changes(found.measures),
        hide_index=True,
        column_config=COLUMNS,
        height="content",
        placeholder="",
        key="measure_changes",
    )
    st.markdown(f"**{counted(len(found.changes), 'question')} changed**")
    if found.changes:
        st.dataframe(
            frames.question_changes(found.changes), hide_index=True, key="question_changes"
        )


def _set_of(name: str) -> str:
    return evaluation_label(name).rpartition(" · ")[2]


def _sentence(found: EvaluationComparison) -> str:
    over = f"Over {counted(found.questions, 'question')} that both asked,"
    certain = [
        f"{measure_name(change.name)} {change.difference:+.3f}"
        for change in found.measures
        if change.difference and _is_certain(change)
    ]
    how = "95 %: McNemar's test for shares, the bootstrap's interval for means"
    if certain:
        return f"{over} more than chance: **{', '.join(certain)}** ({how})."
    return f"{over} nothing differs by more than chance ({how})."


def _is_certain(change: MeasureChange) -> bool:
    if change.p_value is not None:
        return change.p_value < SIGNIFICANT
    return change.low is not None and change.high is not None and change.low * change.high > 0


def _configurations(before: EvaluationRun, after: EvaluationRun) -> str:
    old, new = before.configuration, after.configuration
    names = [name for name in {**old, **new} if old.get(name) != new.get(name)]
    return " · ".join(f"{name}: {old.get(name)} → {new.get(name)}" for name in names)
