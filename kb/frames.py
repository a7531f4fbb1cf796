"""kb's nouns as DataFrames, with the column names that people read. No Streamlit."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from kb.models import Document, IngestionJob, Measurement
from kb.workbench.chunk_browser import PageReceipt


def documents(found: Iterable[Document]) -> pd.DataFrame:
    """One row per document, by name."""
    return pd.DataFrame(
        [
            {
                "Document": d.key,
                "Status": d.status.value,
                "Pages": d.pages,
                "Chunks": d.chunks,
                "Size (MB)": d.size_bytes / 1e6,
                "Last change": d.updated_at,
                "Reason": d.status_reason or "",
            }
            for d in found
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
                "Deleted": j.statistics.documents_deleted,
                "Failed": j.statistics.documents_failed,
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
