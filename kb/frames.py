"""kb's nouns as DataFrames, with the column names that people read. No Streamlit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from kb.models import (
    Document,
    DocumentWork,
    ExactPlan,
    IngestionJob,
    Measurement,
    RetrievalResult,
)
from kb.models.evaluation import MeasureChange, QuestionChange, QuestionOutcome, RankedResult
from kb.retrieval.tracing import PlanLine, shown_parameters
from kb.wording import lost_at, measure_name
from kb.workbench.chunk_browser import PageReceipt

#: What a candidate may have a place in.
RANKINGS = ("semantic", "lexical", "reranking")
#: Of a candidate's text.
SHOWN_CHARACTERS = 200


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


def plan(lines: Iterable[PlanLine]) -> pd.DataFrame:
    """One row per node of a query's plan, set in by its depth."""
    return pd.DataFrame(
        [
            {
                # An ordinary space at the beginning is not shown.
                "Node": "\u2003" * line.depth + line.node,
                "Time (ms)": line.milliseconds,
                "Rows": line.rows,
                "Detail": line.detail,
                "Loops": line.loops,
                "Blocks hit": line.blocks_hit,
                "Blocks read": line.blocks_read,
            }
            for line in lines
        ]
    )


def ranked(found: Iterable[RetrievalResult]) -> pd.DataFrame:
    """One row per candidate of a search, best first, with its place in each ranking."""
    return pd.DataFrame(
        [
            {
                "Rank": number,
                **{name.capitalize(): result.ranks.get(name) for name in RANKINGS},
                "Similarity": result.similarity,
                "Page": result.page_number,
                "Section": result.heading_path[-1] if result.heading_path else "",
                "Text": result.text[:SHOWN_CHARACTERS],
            }
            for number, result in enumerate(found, start=1)
        ]
    ).astype({name.capitalize(): "Int64" for name in (*RANKINGS, "page")})


def parameters(values: Mapping[str, Any]) -> pd.DataFrame:
    """One row per bound value."""
    shown = shown_parameters(values)
    return pd.DataFrame({"Parameter": [f":{name}" for name in shown], "Value": [*shown.values()]})


def evaluation_questions(found: Iterable[QuestionOutcome]) -> pd.DataFrame:
    """One row per asked question."""
    rows = [
        {
            "Question": o.question,
            "Rank": o.rank,
            "nDCG": o.ndcg,
            "Supported": f"{len(o.keywords_found)} / {len(o.keywords)}" if o.keywords else "",
            "Outcome": _outcome(o),
            "Lost": lost_at(o.lost_at) if o.lost_at else "",
            "Gold pages": ", ".join(map(str, o.gold_pages)),
            "Cited pages": ", ".join(
                dict.fromkeys(str(page) for c in o.citations for page in c.pages if page)
            ),
            "Answer (ms)": o.answer_ms,
            "Answer": o.answer,
            "Keywords": "; ".join(o.keywords),
        }
        for o in found
    ]
    return pd.DataFrame(rows).astype({"Rank": "Int64", "nDCG": "float64"})


def _outcome(outcome: QuestionOutcome) -> str:
    done = "answered" if outcome.answered else "refused"
    return done if outcome.answered == outcome.answerable else f"{done} wrongly"


def ranked_results(found: Iterable[RankedResult]) -> pd.DataFrame:
    """One row per retrieved chunk, best first."""
    columns = ["#", "Gold", "Page", "Heading", "Similarity", "Begins with"]
    rows = [
        (
            r.rank,
            "✓" if r.is_gold else "",
            _pages(r.page_number, r.last_page_number),
            r.heading,
            round(r.similarity, 3),
            r.excerpt,
        )
        for r in found
    ]
    return pd.DataFrame(rows, columns=columns)


def _pages(first: int | None, last: int | None) -> str:
    if first is None:
        return ""
    return str(first) if last in (None, first) else f"{first}-{last}"


def measure_changes(found: Iterable[MeasureChange]) -> pd.DataFrame:
    """One row per measure of two runs."""
    columns = ["Measure", "Before", "After", "Difference", "Low", "High", "p"]
    rows = [
        (measure_name(c.name).strip(), c.before, c.after, c.difference, c.low, c.high, c.p_value)
        for c in found
    ]
    return pd.DataFrame(rows, columns=columns).astype({name: "float64" for name in columns[1:]})


def question_changes(found: Iterable[QuestionChange]) -> pd.DataFrame:
    """One row per question that fared differently."""
    rows = [(c.after.question, ", ".join(c.better), ", ".join(c.worse)) for c in found]
    return pd.DataFrame(rows, columns=["Question", "Better", "Worse"])
