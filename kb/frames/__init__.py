"""kb's nouns as DataFrames, with the column names that people read. No Streamlit."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from kb.models import Document, DocumentWork, ExactPlan, IngestionJob, Measurement
from kb.workbench.chunk_browser import PageReceipt


def documents(found: Iterable[Document]) -> pd.DataFrame:
    """One row per document, by name."""
    return pd.DataFrame(
        [
            {
                "Document": d.key,
                "Status": d.status.value,
                "Pages": d.pages,
                "Without text": _receipt(d),
                "Chunks": d.chunks,
                "Size (MB)": d.size_bytes / 1e6,
                "Last change": d.updated_at,
                "Reason": d.status_reason or "",
            }
            for d in found
        ]
    )


def _receipt(document: Document) -> str:
    """Pages that gave no text: "2 empty, 12 skipped"; every other one was read."""
    counts = (
        (document.pages_empty, "empty"),
        (document.pages_skipped, "skipped"),
        (document.pages_failed, "failed"),
    )
    return ", ".join(f"{count:,} {word}" for count, word in counts if count)


def document_work(found: Iterable[DocumentWork]) -> pd.DataFrame:
    """One row per document of a running job."""
    return pd.DataFrame(
        [
            {
                "Document": w.key,
                "Action": w.action.value,
                "Stage": w.progress.stage or w.status.value,
                "Pages": f"{w.progress.pages_read:,} / {w.progress.pages_total:,}",
                "Chunks": w.progress.chunks_made,
                "Embedded": w.progress.chunks_embedded,
                "Stored": w.progress.chunks_stored,
                "Reason": w.status_reason or "",
            }
            for w in found
        ]
    )


def page_receipts(found: Iterable[PageReceipt]) -> pd.DataFrame:
    """One row for each outcome and its reason."""
    return pd.DataFrame(
        [
            {
                "Outcome": r.outcome,
                "Why": r.reason or "",
                "Pages": r.pages,
                "First on page": r.first_page,
            }
            for r in found
        ]
    )


def exact_plan(found: ExactPlan) -> pd.DataFrame:
    """One row per document that differs, those that leave last."""
    rows = [
        (d.key, d.action.value, d.pages, d.chunks, d.embedding_calls, d.reason or "")
        for d in found.documents
    ]
    rows += [(d.key, "DELETED", d.pages, d.chunks, 0, "") for d in found.plan.removed]
    columns = ["Document", "Action", "Pages", "Chunks", "Texts to embed", "Reason"]
    return pd.DataFrame(rows, columns=columns)


def ingestion_jobs(found: Iterable[IngestionJob]) -> pd.DataFrame:
    """One row per job, newest first."""
    return pd.DataFrame(
        [
            {
                "Started": j.started_at,
                "Status": j.status.value,
                "Seconds": (j.updated_at - j.started_at).total_seconds(),
                "Scanned": j.statistics.documents_scanned,
                "New": j.statistics.new_documents_indexed,
                "Modified": j.statistics.modified_documents_indexed,
                "New metadata": j.statistics.metadata_documents_modified,
                "Deleted": j.statistics.documents_deleted,
                "Failed": j.statistics.documents_failed,
                "Embedded": j.progress.embedding_calls,
                "Reasons": "; ".join(j.failure_reasons),
            }
            for j in found
        ]
    )


def measurements(found: Iterable[Measurement]) -> pd.DataFrame:
    """One row per measured setting."""
    return pd.DataFrame(
        [
            {
                "Setting": m.name,
                "Index": str(m.index) if m.index else "exact scan",
                "Recall": m.recall,
                "Low": m.recall_low,
                "High": m.recall_high,
                "Worst question": m.recall_min,
                "p50 (ms)": m.p50_ms,
                "p95 (ms)": m.p95_ms,
                "Server p50 (ms)": m.server_p50_ms,
                "Build (s)": m.build_seconds,
                "Size (MB)": m.index_bytes / 1e6,
                "Plan verified": m.plan_verified,
                "Planner's own choice": m.natural_plan,
            }
            for m in found
        ]
    )
