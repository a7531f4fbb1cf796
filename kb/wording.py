"""Numbers in sentences, the same in the terminal and on the pages."""

from __future__ import annotations

from datetime import datetime

from kb.models import IngestionJob, IngestionJobStatus, IngestionMode
from kb.models.evaluation import LostStage

#: Below this share of a job nothing can be said of its end.
FIRST_SHARE = 0.02


def counted(number: int, noun: str) -> str:
    """1 document, 2 documents, 1,000 documents."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def duration(seconds: float) -> str:
    """45 s, 3 min 20 s, 2 h 5 min."""
    whole = round(seconds)
    if whole < 60:
        return f"{max(whole, 1)} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60} min"


def share(job: IngestionJob) -> float:
    """How much of a job is done, 0 to 1."""
    if job.status is IngestionJobStatus.COMPLETE:
        return 1.0
    p = job.progress
    if job.mode is IngestionMode.PLAN:
        return p.pages_read / p.pages_total if p.pages_total else 0.0
    return p.share


def rebuilding(job: IngestionJob) -> bool:
    """Whether a job still embeds what is published, with another model, before it syncs."""
    return job.mode is IngestionMode.REBUILD and not (job.is_planned or job.status.is_final)


def seconds_left(job: IngestionJob) -> float | None:
    """By how long the job has taken for its share so far; None while that says nothing."""
    done = share(job)
    if job.status.is_final or done < FIRST_SHARE:
        return None
    return (job.updated_at - job.started_at).total_seconds() * (1 - done) / done


def binary_size(size_bytes: int) -> str:
    """A limit as Bedrock writes it: 50 MB for 52,428,800 bytes."""
    for unit, size in (("GB", 2**30), ("MB", 2**20)):
        if size_bytes >= size:
            return f"{round(size_bytes / size, 1):,g} {unit}"
    return counted(size_bytes, "byte")


def dollars(amount: float) -> str:
    """$1.2345, and what is too little to be shown so."""
    return "less than $0.0001" if 0 < amount < 0.0001 else f"${amount:,.4f}"


#: Measures of an evaluation by their field, as they are read.
MEASURES = {
    "hit_at_1": "hit@1",
    "hit_at_5": "hit@5",
    "hit_at_10": "hit@10",
    "mrr_at_10": "MRR@10",
    "ndcg_at_10": "nDCG@10 by page",
    "answer_support": "answer support",
    "answer_support_half": "answer support, half",
    "answer_support_keywords": "keywords found",
    "citation_precision": "citation precision",
    "citation_coverage": "citation coverage",
    "refused_unanswerable": "rightly refused",
    "refused_answerable": "wrongly refused",
    "retrieve_p50_ms": "retrieve p50",
    "embed_p50_ms": "  of it embedding",
    "answer_p50_ms": "answer p50",
}


def measure_name(name: str) -> str:
    """A measure's field, as it is read."""
    return MEASURES[name]


def lost_at(stage: LostStage) -> str:
    """Where the right page was lost, as it is read."""
    return stage.value.lower().replace("_", " ").replace("number of results", "number_of_results")


def evaluation_label(name: str) -> str:
    """The name of a kept run: 24 Nov 2026, 19:33:52 UTC · chapter."""
    stamp, _, rest = name.removesuffix(".json").partition(" ")
    try:
        began = datetime.strptime(stamp[:15], "%Y%m%dT%H%M%S")
    except ValueError:
        return name
    return f"{began:%d %b %Y, %H:%M:%S} UTC · {rest}"
