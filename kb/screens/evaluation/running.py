"""The run in the background: its progress while it goes on, one sentence when it has ended."""

from __future__ import annotations

import streamlit as st

from kb.models.evaluation import EvaluationProgress, EvaluationStatus
from kb.screens.inert import inert
from kb.wording import counted, duration
from kb.workbench.evaluation_task import EvaluationTask

POLL_SECONDS = 0.7
#: Fewer answers say nothing of the time that is left.
FIRST_DONE = 3


def show(task: EvaluationTask) -> None:
    """The run's face; nothing when there was none."""
    progress = task.progress
    if progress is None:
        return
    if progress.status.is_final:
        _ended(task, progress)
    else:
        _watch(task)


@st.fragment(run_every=POLL_SECONDS)
def _watch(task: EvaluationTask) -> None:
    progress = task.progress
    if progress is None or progress.status.is_final:
        st.rerun()
    with st.container(border=True):
        left, right = st.columns([5, 1], vertical_alignment="center")
        left.progress(progress.done / max(1, progress.planned), text=_headline(progress))
        if right.button("Cancel", icon=":material/stop:", key="cancel_run", width="stretch"):
            task.cancel()
        st.caption(
            "It goes on whatever you do on the pages; what it found is kept when you cancel."
        )


def _headline(progress: EvaluationProgress) -> str:
    questions = counted(progress.planned, "question")
    line = f"{inert(progress.question_set)} · {progress.done:,} of {questions}"
    if progress.done < FIRST_DONE:
        return line
    seconds = progress.seconds / progress.done * (progress.planned - progress.done)
    return f"{line} · {duration(seconds)} left"


def _ended(task: EvaluationTask, progress: EvaluationProgress) -> None:
    done = f"{progress.done:,} of {counted(progress.planned, 'question')}"
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        if progress.status is EvaluationStatus.FAILED:
            kept = " What it found until then is kept." if progress.run else ""
            failure = progress.failure or ""
            st.error(inert(f"Failed after {done}: {failure}{kept}"), icon=":material/error:")
        elif progress.status is EvaluationStatus.STOPPED:
            kept = "they are kept" if progress.run else "nothing is kept"
            st.warning(f"Cancelled after {done}; {kept}.", icon=":material/stop_circle:")
        else:
            took = duration(progress.seconds)
            st.success(f"Asked {done} in {took}.", icon=":material/check_circle:")
        st.button("Dismiss", key="dismiss_run", type="tertiary", on_click=task.dismiss)
