"""Demo mode: a tour in a few steps with questions of the loaded documents. `?demo` begins it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from kb.screens.chat import place, replay
from kb.screens.inert import inert
from kb.workbench import Workbench

STEP = "demo"
#: No document about anything answers it, but one about football.
UNANSWERABLE = "Who won the football world cup of 1998?"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What is shown, and the question that is asked for it."""

    title: str
    text: str
    question: str | None = None


def steps(questions: Sequence[str]) -> tuple[Step, ...]:
    """The tour over documents that can be asked these questions."""
    asked = [
        Step(
            title="Ask",
            text="The answer carries a number at each sentence: that is where it stands.",
            question=questions[0],
        ),
        Step(
            title="Check",
            text="Press a number: the page is drawn beside the answer with the passage marked. "
            "Check holds every sentence against the document, character by character.",
        ),
    ]
    if len(questions) > 1:
        text = "A second question stays in the conversation, which is kept with all its evidence."
        asked.append(Step(title="Go on", text=text, question=questions[1]))
    return (
        *asked,
        Step(
            title="Nothing is invented",
            text="What the documents do not answer stays unanswered; the nearest passages are "
            "shown.",
            question=UNANSWERABLE,
        ),
        Step(
            title="Look behind",
            text="Trace has the time of each stage and the SQL with its plan; Why not names what "
            "lost a page; More exports the conversation.",
        ),
    )


def show(bench: Workbench) -> None:
    """Draw the step that the address names; nothing without one."""
    if STEP not in st.query_params:
        return
    questions = bench.suggested_questions()
    if not questions:
        return
    tour = steps(questions)
    at = min(max(_number(st.query_params[STEP]), 1), len(tour))
    step = tour[at - 1]
    with st.container(border=True, key="tour"):
        st.markdown(f":primary-badge[Tour {at} of {len(tour)}] **{step.title}** · {step.text}")
        with st.container(horizontal=True, gap="small"):
            _next(step, at, len(tour))
            st.button("Start over", icon=":material/restart_alt:", key="tour_reset", on_click=begin)
            st.button("End the tour", key="tour_end", type="tertiary", on_click=_end)


def begin() -> None:
    """The first step, with no conversation and no settings; for callbacks."""
    st.query_params.from_dict({STEP: "1"})
    place.remember()


def _next(step: Step, at: int, last: int) -> None:
    if step.question:
        st.button(
            inert(step.question),
            type="primary",
            icon=":material/send:",
            key="tour_ask",
            on_click=_go_on,
            args=(at, step.question),
        )
    elif at < last:
        st.button("Next", type="primary", key="tour_next", on_click=_go_on, args=(at, None))


def _go_on(at: int, question: str | None) -> None:
    st.query_params[STEP] = str(at + 1)
    place.remember()
    if question:
        st.session_state[replay.AGAIN] = question


def _end() -> None:
    st.query_params.pop(STEP, None)
    place.remember()


def _number(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 4 else 1
