"""What to ask and how: the question set, its upload, the configuration, the button."""

from __future__ import annotations

import streamlit as st

from kb.errors import KbError
from kb.models import GenerationConfiguration, RetrievalConfiguration, SearchType
from kb.models.evaluation import DEPTH, EvaluationConfiguration, QuestionSet
from kb.retrieval.retriever import NUMBER_OF_RESULTS
from kb.screens.inert import inert
from kb.wording import counted
from kb.workbench import Workbench

CHOSEN = "question_set"


def show(bench: Workbench) -> None:
    """Choose and start; while a run goes on there is nothing to start."""
    with st.container(border=True):
        name, configuration, limit = _choose(bench)
        try:
            questions = bench.evaluation.question_set(name)
        except KbError as error:
            st.error(inert(str(error)), icon=":material/error:")
            questions = None
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            _start(bench, questions, configuration, limit)
            _add(bench)
            if bench.evaluation.is_file(name):
                _remove(bench, name)
            if questions:
                st.caption(_about(questions))


def _choose(bench: Workbench) -> tuple[str, EvaluationConfiguration, int | None]:
    sets, search, chunks, how_many = st.columns([5, 3, 2, 2])
    names = bench.evaluation.question_sets()
    if st.session_state.get(CHOSEN) not in names:
        st.session_state[CHOSEN] = names[0]
    name = sets.selectbox("Question set", names, key=CHOSEN)
    with search:
        search_type = st.segmented_control(
            "Search type",
            list(SearchType),
            default=SearchType.HYBRID,
            required=True,
            key="evaluation_search_type",
        )
    low, high = NUMBER_OF_RESULTS
    number = chunks.number_input(
        "Source chunks",
        low,
        high,
        RetrievalConfiguration().number_of_results,
        key="evaluation_number_of_results",
        help=f"What the answerer gets; ranks are always looked at {DEPTH} chunks deep",
    )
    limit = how_many.number_input(
        "At most (0: all)",
        0,
        None,
        0,
        key="evaluation_limit",
        help="Questions, evenly spread over the set",
    )
    return name, _configuration(bench, search_type, number), limit or None


def _configuration(
    bench: Workbench, search_type: SearchType, number: int
) -> EvaluationConfiguration:
    models = bench.knowledge_base.generation_models
    model = models[0]
    if len(models) > 1:
        model = st.selectbox("Who answers", models, key="evaluation_model")
    return EvaluationConfiguration(
        retrieval=RetrievalConfiguration(
            search_type=search_type, number_of_results=max(DEPTH, number)
        ),
        answering=RetrievalConfiguration(search_type=search_type, number_of_results=number),
        generation=GenerationConfiguration(generation_model=model),
    )


def _start(
    bench: Workbench,
    questions: QuestionSet | None,
    configuration: EvaluationConfiguration,
    limit: int | None,
) -> None:
    progress = bench.evaluation.task.progress
    running = progress is not None and not progress.status.is_final
    if st.button(
        "Evaluate",
        type="primary",
        icon=":material/fact_check:",
        key="evaluate",
        disabled=running or questions is None,
    ):
        assert questions
        bench.evaluation.task.start(questions, configuration, limit)
        st.rerun()


def _add(bench: Workbench) -> None:
    with st.popover("Add a question set", icon=":material/upload:", key="add_set"):
        st.markdown(
            "**JSONL**: an object a line with `question`, `answer` (null where the documents have "
            "none), `pages`, `keywords`. **CSV**: columns of these names, `;` between pages and "
            "between keywords."
        )
        # Another key empties the uploader.
        turn = st.session_state.setdefault("uploads_of_sets", 0)
        uploaded = st.file_uploader("Question set", type=["jsonl", "csv"], key=f"upload_set_{turn}")
        if uploaded is None:
            return
        try:
            name = bench.evaluation.add_question_set(uploaded.name, uploaded.getvalue())
        except KbError as error:
            st.error(inert(str(error)), icon=":material/error:")
            return
        st.session_state["uploads_of_sets"] = turn + 1
        st.session_state["added_set"] = name
        st.rerun()


def take_added() -> None:
    """Choose the set that was just added; before its widget is drawn."""
    if name := st.session_state.pop("added_set", None):
        st.session_state[CHOSEN] = name
        st.toast(f"Added {inert(name)}", icon=":material/check:")


def _remove(bench: Workbench, name: str) -> None:
    if st.button(
        "Remove it",
        icon=":material/delete:",
        key="remove_set",
        help="Its runs stay",
        type="tertiary",
    ):
        bench.evaluation.delete_question_set(name)
        st.rerun()


def _about(questions: QuestionSet) -> str:
    total, known = len(questions.questions), questions.answerable
    if known == total:
        return f"{counted(total, 'question')}, all with an answer in the documents"
    return (
        f"{counted(total, 'question')}: {known:,} with an answer in the documents, "
        f"{total - known:,} that should be refused"
    )
