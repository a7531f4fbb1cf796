"""A table being embedded: the choice of table and column, the run as it goes, the search."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from kb.embedding_sql.claimed_models import PRICES_OF
from kb.embedding_sql.planning import BOUNDS, cost_dollars
from kb.embedding_sql.tables import (
    EmbeddingPlan,
    TableEmbeddingJob,
    TableSearch,
    TableState,
    TextTable,
)
from kb.errors import KbError
from kb.models import IngestionJobStatus
from kb.screens.inert import inert
from kb.wording import counted, dollars
from kb.workbench.sql_embeddings import SqlEmbeddings

COLOURS = {
    IngestionJobStatus.COMPLETE: "green",
    IngestionJobStatus.FAILED: "red",
    IngestionJobStatus.STOPPED: "orange",
}
POLL_SECONDS = 0.7
FITTING = "fits the column"
#: Columns of a search beside the text.
OWN_COLUMNS = ("Similarity", "Row")


def offer_documents(embeddings: SqlEmbeddings, why: str) -> None:
    """The walk-through's table, for whoever has none or wants to try its statements."""
    st.info(why, icon=":material/inbox:")
    if st.button(
        "Create the walk-through's table",
        icon=":material/table:",
        key="create_documents",
        help="Seven lines of PostgreSQL 16's release notes, in public.documents",
    ):
        embeddings.create_documents()
        st.rerun()


def choose(embeddings: SqlEmbeddings, tables: list[TextTable]) -> EmbeddingPlan:
    """Table, columns and model on one line, the rest folded away."""
    one, two, three, four = st.columns(4)
    by_name = {str(table): table for table in tables}
    table = by_name[one.selectbox("Table", list(by_name), key="table")]
    text_column = two.selectbox("Text column", table.text_columns, key=f"text_column_{table}")
    known = next(iter(table.vector_columns), "embedding")
    column = three.text_input("Embedding column", known, key=f"embedding_column_{table}")
    models = [FITTING, *(model.model_id for model in embeddings.models())]
    model = four.selectbox(
        "Model",
        models,
        key="model",
        accept_new_options=not embeddings.is_local,
        help="As Bedrock calls it" + ("" if embeddings.is_local else "; an inference profile too"),
    )
    options = _options(embeddings.sessions)
    return embeddings.plan(
        str(table),
        text_column,
        embedding_column=column,
        model_id=None if model == FITTING else model,
        **options,
    )


def _options(sessions_at_once: int) -> dict[str, Any]:
    with st.expander("Options", icon=":material/tune:"):
        one, two, three, four = st.columns(4)
        low, high = BOUNDS["batch_size"]
        batch = one.number_input("Rows a commit", low, high, 1, key="batch_size")
        low, high = BOUNDS["sessions"]
        sessions = two.number_input("Sessions at once", low, high, sessions_at_once, key="sessions")
        pause = three.number_input("Pause after a commit (s)", 0.0, 60.0, 0.0, key="pause")
        limit = four.number_input("At most rows (0: all)", 0, None, 0, key="row_limit")
        with_index = one.toggle("Build the HNSW index", value=True, key="with_index")
        keep_fresh = two.toggle("Mark rows whose text changes", value=False, key="keep_fresh")
    return {
        "batch_size": batch,
        "sessions": sessions,
        "pause_seconds": pause,
        "row_limit": limit or None,
        "with_index": with_index,
        "keep_fresh": keep_fresh,
    }


def state(embeddings: SqlEmbeddings, plan: EmbeddingPlan, found: TableState) -> None:
    """What lacks an embedding, and what a run costs."""
    one, two, three, four = st.columns(4)
    one.metric("Rows with text", f"{found.rows:,}")
    two.metric("Lack an embedding", f"{found.missing:,}")
    three.metric("Tokens, about", f"{found.missing_tokens:,}")
    on_bedrock = dollars(cost_dollars(plan.model, found.missing_tokens))
    note = f"At Bedrock's prices of {PRICES_OF}, us-east-1, on demand."
    cost = "$0" if embeddings.is_local else on_bedrock
    four.metric("Cost, about", cost, help=note)
    model = f"`{plan.model_id}`, {plan.dimensions} dimensions"
    if embeddings.is_local:
        st.caption(
            f"{model}, answered by `{embeddings.answered_by}`, padded with zeros: distances stay. "
            f"On Bedrock: {inert(on_bedrock)} (estimate)."
        )
    else:
        st.caption(f"{model}, answered by {embeddings.answered_by}.")


@st.fragment(run_every=POLL_SECONDS)
def watch(embeddings: SqlEmbeddings, job_id: int) -> None:
    """Follow the job; the page is drawn anew when it ends."""
    try:
        job = embeddings.job(job_id)
    except KbError as error:
        # The next look comes by itself.
        st.error(inert(str(error)), icon=":material/error:")
        return
    if job.status.is_final:
        st.rerun()
    done = job.rows_embedded + job.rows_failed
    share = min(1.0, done / job.rows_total) if job.rows_total else 0.0
    with st.container(border=True):
        left, right = st.columns([5, 1], vertical_alignment="center")
        left.progress(share, text=f"{job.status.value} · {job.stage or 'starting'}")
        if right.button("Stop", icon=":material/stop:", key="stop_job", width="stretch"):
            embeddings.stop(job_id)
        rate = f"{job.rows_per_second:,.1f} rows/s" if job.rows_per_second else "no rate yet"
        left_seconds = job.seconds_left
        seconds = f" · {left_seconds:,.0f} s left" if left_seconds is not None else ""
        st.caption(
            f"{job.rows_embedded:,} of {counted(job.rows_total, 'row')} · "
            f"{job.rows_failed:,} failed · {rate}{seconds}"
        )


def last_job(embeddings: SqlEmbeddings, job: TableEmbeddingJob) -> None:
    """How the latest run of this column ended, with Resume where something is left."""
    left, right = st.columns([5, 1], vertical_alignment="center")
    with left.container(horizontal=True, vertical_alignment="center"):
        st.badge(job.status.value, color=COLOURS.get(job.status, "blue"))  # type: ignore[arg-type]
        rows = f"{job.rows_embedded:,} of {counted(job.rows_total, 'row')}"
        st.caption(f"{rows} embedded, {job.rows_failed:,} failed")
    if job.failure_reason:
        st.caption(inert(job.failure_reason))
    ended_early = job.status is not IngestionJobStatus.COMPLETE
    if ended_early and right.button("Resume", icon=":material/play_arrow:", key="resume"):
        try:
            embeddings.resume(job)
        except KbError as error:
            st.error(inert(str(error)), icon=":material/error:")
            return
        st.rerun()
    if job.rows_failed:
        with st.expander("Rows that failed", icon=":material/error:"):
            st.dataframe(pd.DataFrame(embeddings.errors(job.job_id)), hide_index=True)


def search(embeddings: SqlEmbeddings, plan: EmbeddingPlan) -> None:
    """Rows by meaning, with the statement and the plan that it was run with."""
    phrase = st.text_input("Search by meaning", key="phrase", placeholder="A phrase or a question")
    if not phrase.strip():
        return
    try:
        found: TableSearch = embeddings.search(plan, phrase)
    except KbError as error:
        st.error(inert(str(error)), icon=":material/error:")
        return
    # A column of the user's may be called as ours are.
    text = plan.text_column if plan.text_column not in OWN_COLUMNS else f"{plan.text_column} (text)"
    rows = [(row.similarity, row.content, row.row_key) for row in found.rows]
    st.dataframe(
        pd.DataFrame(rows, columns=[OWN_COLUMNS[0], text, OWN_COLUMNS[1]]),
        hide_index=True,
        key="found",
        column_config={OWN_COLUMNS[0]: st.column_config.NumberColumn(format="%.3f")},
    )
    st.caption(f"{found.milliseconds:.1f} ms, the embedding of the phrase included")
    statement, query_plan = st.tabs(["SQL", "Plan"])
    statement.code(found.sql, language="sql")
    query_plan.code(found.plan, language=None)
