"""Upload documents to the data source, start an ingestion job, watch it."""

import streamlit as st

from kb import frames
from kb.demo import SAMPLE
from kb.screens import documents_panel, frame, steps, sync_panel, upload_panel
from kb.workbench import Workbench

ABOUT = "Put documents into the data source, then sync: read, chunk, embed and store them."


def load_sample(bench: Workbench) -> None:
    """Store the project's own sample document."""
    with SAMPLE.open("rb") as stream:
        bench.data_source.upload(SAMPLE.name, stream)


with frame.page("Upload and sync", ABOUT) as bench:
    documents, todo = bench.data_source.overview()
    jobs = bench.data_source.list_ingestion_jobs()
    running = bench.data_source.running_ingestion_job()
    pressed = steps.show(
        documents=len(documents),
        waiting=todo.waiting,
        indexed=sum(document.chunks > 0 for document in documents),
        running=running is not None,
    )
    if pressed == "sample":
        load_sample(bench)
        st.rerun()
    allowed = sync_panel.deletions_allowed(todo)
    if pressed == "sync":
        bench.data_source.start_ingestion_job(allow_deletions=allowed)
        st.rerun()
    if running:
        sync_panel.watch(bench, running.ingestion_job_id)
    else:
        if jobs:
            sync_panel.last_result(bench, jobs[0])
        if todo.waiting:
            sync_panel.plan(bench, todo)
    upload_panel.show(bench)
    documents_panel.show(bench, documents)
    if jobs:
        with st.expander("Sync history", icon=":material/history:"):
            st.dataframe(frames.ingestion_jobs(jobs), hide_index=True, key="jobs")
