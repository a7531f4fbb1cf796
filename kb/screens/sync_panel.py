"""An ingestion job before, while and after it runs: its plan, its progress, its result."""

from __future__ import annotations

from typing import Literal

import streamlit as st

from kb import frames
from kb.errors import Conflict
from kb.models import (
    DocumentWorkStatus,
    IngestionJob,
    IngestionJobStatus,
    IngestionMode,
    IngestionPlan,
)
from kb.screens.inert import inert
from kb.wording import counted, dollars, duration, rebuilding, seconds_left, share
from kb.workbench import Workbench

Colour = Literal["green", "red", "orange", "blue"]
COLOURS: dict[IngestionJobStatus, Colour] = {
    IngestionJobStatus.COMPLETE: "green",
    IngestionJobStatus.FAILED: "red",
    IngestionJobStatus.STOPPED: "orange",
}
POLL_SECONDS = 0.7
#: The others are in the table of documents and in the history.
SHOWN_REASONS = 5
#: Documents of a running job that are shown one by one.
SHOWN_DOCUMENTS = 8


def plan(bench: Workbench, todo: IngestionPlan) -> None:
    """What a sync will do, and a way to know it exactly."""
    with st.container(border=True):
        st.markdown("**What the next sync will do**")
        with st.container(horizontal=True, gap="small"):
            for count, word, colour in (
                (len(todo.new), "new", "green"),
                (len(todo.changed), "changed", "blue"),
                (len(todo.metadata_changed), "with new metadata", "blue"),
                (len(todo.removed), "removed", "red"),
                (len(todo.unchanged), "unchanged", "gray"),
            ):
                if count:
                    st.badge(f"{count:,} {word}", color=colour)  # type: ignore[arg-type]
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption(_estimate(bench, todo))
            if st.button("Plan exactly", icon=":material/fact_check:", key="plan_exactly"):
                job = bench.data_source.start_ingestion_job(mode=IngestionMode.PLAN)
                st.session_state["plan_job"] = job.ingestion_job_id
                st.rerun()
        exact(bench)


def _estimate(bench: Workbench, todo: IngestionPlan) -> str:
    chunks, seconds = bench.data_source.estimate(todo)
    about = f"By size about {counted(chunks, 'chunk')}" if chunks else "Nothing to embed"
    if chunks and seconds:
        about += f" and {duration(seconds)}"
    return (
        f"{about}; vectors of texts that stay are kept. An exact plan reads what differs and "
        "writes nothing to the knowledge base."
    )


def exact(bench: Workbench) -> None:
    """The result of the last exact plan of this session, as long as it holds."""
    if not (job_id := st.session_state.get("plan_job")):
        return
    job = bench.data_source.get_ingestion_job(job_id)
    if job.status is not IngestionJobStatus.COMPLETE:
        return
    found = bench.data_source.exact_plan(job_id)
    if not found.is_current:
        st.caption(
            "The data source or the knowledge base has changed since it was planned exactly."
        )
        return
    pages, chunks, calls, seconds = st.columns(4)
    pages.metric("Documents", f"{len(found.documents):,}")
    chunks.metric("Chunks", f"{found.chunks:,}")
    with calls.container(key="plan_calls"):
        st.metric("Texts to embed", f"{found.embedding_calls:,}")
    price = "" if found.dollars is None else f" · {dollars(found.dollars)}"
    about = "unknown" if found.seconds is None else duration(found.seconds)
    seconds.metric("Time and cost" if price else "Time", f"{about}{price}")
    st.dataframe(frames.exact_plan(found), hide_index=True, key="exact_plan")


@st.fragment(run_every=POLL_SECONDS)
def watch(bench: Workbench, ingestion_job_id: str) -> None:
    """Follow the job; the page is drawn anew when it ends."""
    job = bench.data_source.get_ingestion_job(ingestion_job_id)
    if job.status.is_final:
        st.rerun()
    with st.container(border=True):
        left, right = st.columns([5, 1], vertical_alignment="center")
        left.progress(min(1.0, share(job)), text=_headline(job))
        if right.button("Stop", icon=":material/stop:", key="stop_sync", width="stretch"):
            _stop(bench, ingestion_job_id)
        _stages(job)
        if not bench.data_source.list_workers():
            st.warning(
                "No worker is alive. One is started within seconds; if none comes, run "
                "`python -m kb worker` on a machine that reaches the database and the bucket.",
                icon=":material/hourglass_empty:",
            )
        work = bench.data_source.list_documents_of(ingestion_job_id, SHOWN_DOCUMENTS)
        begun = [w for w in work if w.status is not DocumentWorkStatus.PENDING]
        if begun:
            st.dataframe(frames.document_work(begun), hide_index=True, key="document_work")


def _headline(job: IngestionJob) -> str:
    p = job.progress
    parts = [job.status.value]
    if job.mode is IngestionMode.PLAN:
        parts.append("planning")
    if rebuilding(job):
        return f"REBUILD · {counted(p.embedding_calls, 'text')} embedded anew"
    parts.append(f"{p.documents_done:,} of {counted(p.documents_total, 'document')}")
    elapsed = (job.updated_at - job.started_at).total_seconds()
    if p.chunks_embedded and elapsed > 1:
        parts.append(f"{p.chunks_embedded / elapsed:.1f} chunks/s")
    if (left := seconds_left(job)) is not None:
        parts.append(f"{duration(left)} left")
    return " · ".join(parts)


def _stages(job: IngestionJob) -> None:
    p = job.progress
    stages = [("Reading", p.pages_read, f"of {p.pages_total:,} pages")]
    stages.append(("Chunking", p.chunks_made, "chunks"))
    if job.mode is not IngestionMode.PLAN:
        known = max(0, p.chunks_embedded - p.embedding_calls)
        stages.append(("Embedding", p.chunks_embedded, f"{known:,} reused"))
        stages.append(("Storing", p.chunks_stored, "stored"))
    for column, (name, count, about) in zip(st.columns(len(stages)), stages, strict=True):
        column.metric(name, f"{count:,}", about, delta_color="off", delta_arrow="off")


def deletions_allowed(todo: IngestionPlan) -> bool:
    """Ask before a job that would delete more than half of the knowledge base."""
    if not todo.needs_permission:
        return False
    st.warning(
        f"The bucket no longer has {counted(len(todo.removed), 'document')} with "
        f"{todo.removed_chunks:,} of {todo.known_chunks:,} chunks. A sync stops here unless you "
        "allow it to delete them.",
        icon=":material/delete_forever:",
    )
    return st.checkbox("Delete them with the next sync", key="allow_deletions")


def last_result(bench: Workbench, job: IngestionJob) -> None:
    """How the latest job ended, as a coloured badge with a word, its counts and its reasons."""
    s = job.statistics
    elapsed = (job.updated_at - job.started_at).total_seconds()
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.badge(job.status.value, color=COLOURS.get(job.status, "blue"))
        st.caption(
            f"Last sync: {s.documents_scanned:,} scanned, {s.new_documents_indexed:,} new, "
            f"{s.modified_documents_indexed:,} modified, {s.documents_deleted:,} deleted, "
            f"{s.documents_failed:,} failed, {counted(job.progress.embedding_calls, 'text')} "
            f"embedded, {duration(elapsed)}"
        )
        if job.failure_reasons and st.button("Retry", icon=":material/refresh:", key="retry"):
            bench.data_source.start_ingestion_job()
            st.rerun()
    for reason in job.failure_reasons[:SHOWN_REASONS]:
        if job.status is IngestionJobStatus.FAILED:
            st.error(inert(reason), icon=":material/error:")
        else:
            st.warning(inert(reason), icon=":material/warning:")
    if (more := len(job.failure_reasons) - SHOWN_REASONS) > 0:
        st.caption(f"{more:,} more in the table below.")


def _stop(bench: Workbench, ingestion_job_id: str) -> None:
    try:
        bench.data_source.stop_ingestion_job(ingestion_job_id)
    except Conflict:
        # It ended between drawing and pressing; the next look shows how.
        st.rerun()
