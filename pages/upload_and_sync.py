"""Upload documents to the data source, start an ingestion job, watch it."""

import streamlit as st

from kb import frames
from kb.demo import SAMPLE
from kb.screens import frame, steps, sync_panel, upload_panel
from kb.workbench import Workbench

ABOUT = "Put documents into the data source, then sync: read, chunk, embed and store them."


def load_sample(bench: Workbench) -> None:
    """Store the project's own sample document."""
    with SAMPLE.open("rb") as stream:
        bench.data_source.upload(SAMPLE.name, stream)


with frame.page("Upload and sync", ABOUT) as bench:
    documents = bench.data_source.documents()
    waiting = bench.data_source.waiting()
    jobs = bench.data_source.list_ingestion_jobs()
    running = sync_panel.running_job(bench)
    pressed = steps.show(
        documents=len(documents),
        waiting=waiting,
        indexed=sum(document.chunks > 0 for document in documents),
        running=running is not None,
    )
    if pressed == "sample":
        load_sample(bench)
        st.rerun()
    allowed = sync_panel.deletions_allowed(bench.data_source.plan())
    if pressed == "sync":
        bench.data_source.start_ingestion_job(allow_deletions=allowed)
        st.rerun()
    if running:
        sync_panel.watch(bench, running.ingestion_job_id)
    elif jobs:
        sync_panel.last_result(jobs[0])
    upload_panel.show(bench)

    st.subheader("Documents")
    if documents:
        st.dataframe(
            frames.documents(documents),
            hide_index=True,
            column_config={"Size (MB)": st.column_config.NumberColumn(format="%.2f")},
            key="documents",
        )
    else:
        st.info("No documents yet. Drop some above or load the sample.", icon=":material/inbox:")
    if jobs:
        with st.expander("Sync history", icon=":material/history:"):
            st.dataframe(frames.ingestion_jobs(jobs), hide_index=True, key="jobs")
