"""Embed with SQL: the database embeds a text column of its own, and is searched by meaning."""

import streamlit as st

from kb.embedding_sql.tables import EmbeddingPlan, TableEmbeddingJob, TableState
from kb.errors import KbError
from kb.screens import checks_panel, frame, sql_panel, table_panel
from kb.screens.inert import inert
from kb.wording import counted
from kb.workbench.sql_embeddings import SqlEmbeddings

ABOUT = (
    "Aurora ML's `aws_bedrock.invoke_model_get_embeddings` on a table of yours: see what lacks an "
    "embedding, read the SQL, run it, search."
)


def embed(embeddings: SqlEmbeddings) -> None:
    """The table, what it lacks, the SQL, the run, the search."""
    tables = embeddings.tables()
    if all(table.is_bedrocks for table in tables):
        table_panel.offer_documents(embeddings, "No table of yours has a text column yet.")
    if not tables:
        return
    try:
        plan = table_panel.choose(embeddings, tables)
        found = embeddings.state(plan)
    except KbError as error:
        st.error(inert(str(error)), icon=":material/error:")
        return
    table_panel.state(embeddings, plan, found)
    run(embeddings, plan, found)
    if found.missing < found.rows:
        st.subheader("Search")
        table_panel.search(embeddings, plan)


def run(embeddings: SqlEmbeddings, plan: EmbeddingPlan, found: TableState) -> None:
    """The SQL that will run and its button; while it runs, its progress."""
    job = latest(embeddings, plan)
    if job and not job.status.is_final:
        table_panel.watch(embeddings, job.job_id)
        return
    if job:
        table_panel.last_job(embeddings, job)
    press = st.container()
    with st.expander("The SQL that will run", icon=":material/code:", expanded=not job):
        st.code("\n\n".join(embeddings.statements(plan, found)), language="sql")
    if press.button(
        f"Embed {counted(found.missing, 'row')}",
        type="primary",
        icon=":material/play_arrow:",
        key="embed",
        disabled=not found.missing,
    ):
        try:
            embeddings.start(plan)
        except KbError as error:
            st.error(inert(str(error)), icon=":material/error:")
            return
        st.rerun()


def latest(embeddings: SqlEmbeddings, plan: EmbeddingPlan) -> TableEmbeddingJob | None:
    """The latest job of this column."""
    wanted = (plan.table.target, plan.embedding_column)
    jobs = (j for j in embeddings.jobs() if (j.target, j.embedding_column) == wanted)
    return next(jobs, None)


with frame.page("Embed with SQL", ABOUT) as bench:
    embeddings = bench.sql_embeddings
    embeddings.prepare()
    checks_panel.banner(embeddings)
    table, sql, check = st.tabs(["Table", "SQL", "Checks"])
    with table:
        embed(embeddings)
    with sql:
        sql_panel.pane(embeddings)
    with check:
        checks_panel.show(embeddings)
