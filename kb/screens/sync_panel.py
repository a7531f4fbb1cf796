"""An ingestion job as it runs: progress, Stop, and the sentence it ends with."""

from __future__ import annotations

from typing import Literal

import streamlit as st

from kb.errors import Conflict
from kb.models import IngestionJob, IngestionJobStatus, IngestionPlan
from kb.screens.inert import inert
from kb.wording import counted
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


def running_job(bench: Workbench) -> IngestionJob | None:
    """The job that is running now, whoever started it."""
    jobs = bench.data_source.list_ingestion_jobs()
    return jobs[0] if jobs and not jobs[0].status.is_final else None


@st.fragment(run_every=POLL_SECONDS)
def watch(bench: Workbench, ingestion_job_id: str) -> None:
    """Follow the job; the page is drawn anew when it ends."""
    job = bench.data_source.get_ingestion_job(ingestion_job_id)
    if job.status.is_final:
        st.rerun()
    p = job.progress
    share = min(1.0, p.pages_read / p.pages_total) if p.pages_total else 0.0
    with st.container(border=True):
        left, right = st.columns([5, 1], vertical_alignment="center")
        left.progress(share, text=f"{job.status.value} · {p.stage or 'looking at the bucket'}")
        if right.button("Stop", icon=":material/stop:", key="stop_sync", width="stretch"):
            _stop(bench, ingestion_job_id)
        st.caption(
            f"{p.pages_read:,} of {p.pages_total:,} pages read · {p.chunks_made:,} chunks · "
            f"{p.chunks_embedded:,} embedded"
        )
        if p.document_key:
            st.text(p.document_key)


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


def last_result(job: IngestionJob) -> None:
    """How the latest job ended, as a coloured badge with a word, its counts and its reasons."""
    s = job.statistics
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.badge(job.status.value, color=COLOURS.get(job.status, "blue"))
        st.caption(
            f"Last sync: {s.documents_scanned} scanned, {s.new_documents_indexed} new, "
            f"{s.modified_documents_indexed} modified, {s.documents_deleted} deleted, "
            f"{s.documents_failed} failed"
        )
    for reason in job.failure_reasons[:SHOWN_REASONS]:
        if job.status is IngestionJobStatus.FAILED:
            st.error(inert(reason), icon=":material/error:")
        else:
            st.warning(inert(reason), icon=":material/warning:")


def _stop(bench: Workbench, ingestion_job_id: str) -> None:
    try:
        bench.data_source.stop_ingestion_job(ingestion_job_id)
    except Conflict:
        # It ended between drawing and pressing; the next look shows how.
        st.rerun()
