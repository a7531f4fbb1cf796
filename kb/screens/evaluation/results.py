"""A kept run: its figures with their intervals, its questions, its comparison, its files."""

from __future__ import annotations

import json

import streamlit as st

from kb.evaluation.measures import measures
from kb.evaluation.records import run_json
from kb.frames import evaluation as frames
from kb.models.evaluation import EvaluationRun, Measure
from kb.screens.evaluation import comparing, questions
from kb.screens.inert import inert
from kb.wording import counted, evaluation_label, measure_name
from kb.workbench import Workbench

CHOSEN = "evaluation_run"
CACHED_RUNS = 20
RETRIEVAL = ("hit_at_1", "hit_at_5", "hit_at_10", "mrr_at_10", "ndcg_at_10")
ANSWERS = (
    *("answer_support", "citation_precision", "citation_coverage"),
    *("refused_unanswerable", "refused_answerable"),
)
ABOUT = {
    "hit_at_1": "The first chunk is on a gold page.",
    "hit_at_5": "A gold page is among the pages of the first 5 chunks.",
    "hit_at_10": "A gold page is among the pages of the first 10 chunks.",
    "mrr_at_10": "The mean of 1 / rank of the first gold page; 0 beyond rank 10.",
    "ndcg_at_10": "How far up all gold pages stand, not only the first; 1 is the best order.",
    "answer_support": "The cited passages hold every keyword.",
    "citation_precision": "The cited passage stands in its chunk and holds what the answer says.",
    "citation_coverage": "Sentences of the answers that carry a citation.",
    "refused_unanswerable": "Unanswerable questions that were refused: more is better.",
    "refused_answerable": "Answerable questions that were refused: less is better.",
}


def show(bench: Workbench) -> None:
    """Choose a run and see what came of it."""
    names = bench.evaluation.runs()
    if not names:
        st.info(
            "No run yet. Choose a question set and press Evaluate; the sample's set fits the "
            "sample document.",
            icon=":material/inbox:",
        )
        return
    finished = bench.evaluation.task.progress
    if finished and finished.run and st.session_state.get("seen_run") != finished.run:
        st.session_state["seen_run"] = st.session_state[CHOSEN] = finished.run
    if st.session_state.get(CHOSEN) not in names:
        st.session_state[CHOSEN] = names[0]
    left, right = st.columns([3, 2], vertical_alignment="bottom")
    name = left.selectbox("Run", names, format_func=evaluation_label, key=CHOSEN)
    run = load(bench, name)
    with right:
        _files(bench, name, run)
    _figures(run)
    table, comparison = st.tabs(["Questions", "Compare"])
    with table:
        questions.show(name, run)
    with comparison:
        comparing.show(name, run, names, lambda other: load(bench, other))


def load(bench: Workbench, name: str) -> EvaluationRun:
    """A kept run; it never changes, so it is read once."""
    return _load(bench, str(bench.settings.data_dir), name)


@st.cache_resource(max_entries=CACHED_RUNS, show_spinner=False)
def _load(_bench: Workbench, _folder: str, name: str) -> EvaluationRun:
    return _bench.evaluation.run(name)


def _files(bench: Workbench, name: str, run: EvaluationRun) -> None:
    with st.container(horizontal=True, gap="small"):
        st.download_button(
            "JSON",
            lambda: json.dumps(run_json(run), ensure_ascii=False, indent=1),
            name,
            icon=":material/download:",
            key="download_json",
        )
        st.download_button(
            "CSV",
            frames.evaluation_questions(run.outcomes).to_csv(index=False),
            f"{name.removesuffix('.json')}.csv",
            icon=":material/download:",
            key="download_csv",
        )
        if st.button("Delete", icon=":material/delete:", key="delete_run", type="tertiary"):
            bench.evaluation.delete_run(name)
            st.rerun()


def _figures(run: EvaluationRun) -> None:
    found = measures(run.outcomes)
    with st.container(border=True):
        st.markdown("**The right page**")
        for column, name in zip(st.columns(len(RETRIEVAL)), RETRIEVAL, strict=True):
            with column:
                _metric(name, found[name])
    with st.container(border=True):
        st.markdown("**Answers and refusals**")
        for column, name in zip(st.columns(len(ANSWERS)), ANSWERS, strict=True):
            with column:
                _metric(name, found[name])
    st.caption(_facts(run, found))


def _metric(name: str, measure: Measure) -> None:
    about = ABOUT[name]
    if measure.value is None:
        st.metric(measure_name(name), "–", help=f"{about} No question of this set can tell.")
        return
    st.metric(
        measure_name(name),
        f"{measure.value:.3f}",
        f"{measure.low:.2f} to {measure.high:.2f}",
        delta_color="off",
        delta_arrow="off",
        help=f"{about} Of {measure.count:,}; below it the 95 % interval.",
    )


def _facts(run: EvaluationRun, found: dict[str, Measure]) -> str:
    made_of = run.configuration
    half = found["answer_support_half"].value
    parts = [
        counted(len(run.outcomes), "question")
        + ("" if run.is_complete else f" of {run.planned:,}, cancelled"),
        str(made_of.get("search_type", "")),
        f"{made_of.get('answering_number_of_results')} source chunks",
        str(made_of.get("generation_model") or "default answerer"),
        str(made_of.get("embedding_model", "")),
        f"{made_of.get('chunks', 0):,} chunks",
        f"retrieve p50 {found['retrieve_p50_ms'].value:.0f} ms "
        f"(embedding {found['embed_p50_ms'].value:.0f} ms)",
        f"answer p50 {found['answer_p50_ms'].value:.0f} ms",
    ]
    if half is not None:
        parts.append(f"half of the keywords or more in {half:.3f}")
    return inert(" · ".join(part for part in parts if part))
