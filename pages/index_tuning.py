"""Index tuning: measure HNSW and IVFFlat against the exact scan on the user's own chunks."""

import streamlit as st

from kb import charts, frames
from kb.models import SweepResult, SweepSpec
from kb.screens import frame
from kb.tuning.spec import default_spec
from kb.workbench import Workbench

ABOUT = (
    "HNSW and IVFFlat against the exact scan, on a copy of your own chunks; the live table is "
    "never touched."
)


def choose(chunks: int) -> tuple[SweepSpec, int]:
    """Target recall, neighbours and questions on one line."""
    target, neighbours, questions = st.columns(3)
    recall = target.slider("Target recall", 0.80, 1.0, value=0.95, step=0.01, key="target_recall")
    k = neighbours.slider("Neighbours (k)", 1, 50, value=10, key="k")
    number = questions.slider("Questions", 30, 500, value=200, step=10, key="questions")
    return default_spec(chunks, k=k, target_recall=recall), number


def measure(bench: Workbench, spec: SweepSpec, number_of_questions: int) -> SweepResult | None:
    """Run the sweep with its progress on the page."""
    result = None
    bar = st.progress(0.0, text="Copying the vectors …")
    for event in bench.index_tuning.sweep(spec, number_of_questions=number_of_questions):
        bar.progress(event.done / max(1, event.total), text=event.step)
        result = event.result or result
    bar.empty()
    return result


def show(result: SweepResult) -> None:
    """The recommendation as a sentence, the chart, the table."""
    st.success(result.recommendation.sentence, icon=":material/recommend:")
    st.caption(
        f"{result.chunks:,} chunks of {result.dimensions} dimensions · {result.questions} "
        f"questions ({result.questions_source}) · PostgreSQL {result.postgres_version}, "
        f"pgvector {result.pgvector_version} · {result.seconds:.0f} s"
    )
    st.plotly_chart(charts.recall_latency(result), key="chart", alt="Recall against latency")
    table = frames.measurements(result.measurements)
    st.dataframe(table.round(3), hide_index=True, key="measurements")
    st.download_button(
        "Download CSV", table.to_csv(index=False), "index_tuning.csv", icon=":material/download:"
    )


with frame.page("Index tuning", ABOUT) as bench:
    chunks = bench.status().chunks
    if not chunks:
        frame.nothing_yet("There is nothing to measure yet: upload a document and sync it.")
    spec, number_of_questions = choose(chunks)
    builds = len(spec.hnsw) + len(spec.ivfflat)
    st.caption(f"{builds} index builds on a copy of {chunks:,} chunks.")
    if st.button("Measure", type="primary", icon=":material/speed:", key="measure"):
        st.session_state["sweep"] = measure(bench, spec, number_of_questions)
    if st.session_state.get("sweep"):
        show(st.session_state["sweep"])
