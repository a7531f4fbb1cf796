"""How the command line shows a sync: its plan, its progress and how it ended."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any, Self

from kb.models import (
    Document,
    ExactPlan,
    IngestionJob,
    IngestionJobStatus,
    IngestionMode,
    IngestionPlan,
    ObjectInfo,
)
from kb.terminal import bar, redraw, table
from kb.wording import counted, dollars, duration, rebuilding, seconds_left, share

#: Documents that are listed by name; the others are counted.
LISTED = 50


def deletions(todo: IngestionPlan) -> str:
    """What a job would delete that takes more than half of the knowledge base."""
    return (
        f"The bucket no longer has {counted(len(todo.removed), 'document')} with "
        f"{todo.removed_chunks:,} of {todo.known_chunks:,} chunks."
    )


def show_job(job: IngestionJob) -> None:
    """How a job stands or ended."""
    s = job.statistics
    print(
        f"{job.ingestion_job_id} {job.status.value}: {s.documents_scanned} scanned, "
        f"{s.new_documents_indexed} new, {s.modified_documents_indexed} modified, "
        f"{s.metadata_documents_modified} with new metadata, "
        f"{s.documents_deleted} deleted, {s.documents_failed} failed"
    )
    for reason in job.failure_reasons:
        print(f"  {reason}")
    if job.status is IngestionJobStatus.STARTING:
        print("A worker takes it from here; see `python -m kb documents`.")


def show_jobs(jobs: Sequence[IngestionJob]) -> None:
    """One line per job, newest first, and why those that failed did."""
    if not jobs:
        print("No sync yet; start one with `python -m kb sync`.")
        return
    rows = []
    for job in jobs:
        s = job.statistics
        changes = (s.new_documents_indexed, s.modified_documents_indexed, s.documents_deleted)
        seconds = (job.updated_at - job.started_at).total_seconds()
        when = f"{job.started_at:%Y-%m-%d %H:%M:%S}"
        row = (job.ingestion_job_id, when, job.status.value, duration(seconds), *changes)
        reason = job.failure_reasons[0] if job.failure_reasons else ""
        rows.append((*row, s.documents_failed, job.progress.embedding_calls, reason))
    names = ("job", "started", "status", "took", "new", "modified", "deleted", "failed")
    table((*names, "embedded", "reason"), rows)


def show_plan(exact: ExactPlan) -> None:
    """Every document that differs, and what a sync will embed."""
    rows = [
        (d.key, d.action.value, d.pages, d.chunks, d.embedding_calls, d.reason or "")
        for d in exact.documents
    ]
    rows += [(d.key, "DELETED", d.pages, d.chunks, 0, "") for d in exact.plan.removed]
    if rows:
        table(("document", "action", "pages", "chunks", "to embed", "reason"), rows[:LISTED])
    if len(rows) > LISTED:
        print(f"… and {counted(len(rows) - LISTED, 'document')} more; --json lists all.")
    print(
        f"{counted(len(exact.plan.unchanged), 'document')} unchanged. A sync will embed "
        f"{counted(exact.embedding_calls, 'text')} ({exact.tokens:,} tokens){_estimate(exact)}."
    )
    if exact.plan.needs_permission:
        print(f"{deletions(exact.plan)} It will ask, or needs --allow-deletions.")


def _estimate(exact: ExactPlan) -> str:
    time = "" if exact.seconds is None else f", about {duration(exact.seconds)}"
    return time if exact.dollars is None else f"{time}, about {dollars(exact.dollars)}"


def plan_json(exact: ExactPlan) -> dict[str, Any]:
    """A plan as a program reads it."""
    plan = exact.plan
    lists: dict[str, Sequence[ObjectInfo | Document]] = {
        "new": plan.new,
        "changed": plan.changed,
        "metadataChanged": plan.metadata_changed,
        "unchanged": plan.unchanged,
        "removed": plan.removed,
        "retained": plan.retained,
    }
    return {
        "ingestionPlan": {
            **{name: [item.key for item in items] for name, items in lists.items()},
            "documents": [
                {
                    "key": d.key,
                    "action": d.action.value,
                    "pages": d.pages,
                    "chunks": d.chunks,
                    "embedding_calls": d.embedding_calls,
                    "failureReason": d.reason,
                }
                for d in exact.documents
            ],
            "removedChunks": plan.removed_chunks,
            "needsAllowDeletions": plan.needs_permission,
            "chunks": exact.chunks,
            "tokens": exact.tokens,
            "seconds": exact.seconds,
            "dollars": exact.dollars,
        },
        "embedding_calls": exact.embedding_calls,
    }


class ProgressBar:
    """One line on stderr that follows a job; a line per step where there is no terminal."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        self._live = sys.stderr.isatty()
        self._last = ""
        self._state: object = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_details: object) -> None:
        if self._live and self._last:
            print(file=sys.stderr)

    def show(self, job: IngestionJob) -> None:
        """Draw the job's progress."""
        if self._quiet:
            return
        line = self._line(job)
        if self._live:
            redraw(line)
        elif (state := (job.status, job.progress)) != self._state:
            self._state = state
            print(line, file=sys.stderr, flush=True)
        self._last = line

    def _line(self, job: IngestionJob) -> str:
        done = share(job)
        return "  ".join((f"{bar(done)} {done:4.0%}", *_parts(job)))


def _parts(job: IngestionJob) -> list[str]:
    """What each stage has done, the rate, the time left, and where the work is."""
    p = job.progress
    if rebuilding(job):
        return ["rebuilding", f"{counted(p.embedding_calls, 'text')} embedded anew"]
    parts = [p.stage or job.status.value, f"{p.pages_read:,}/{p.pages_total:,} pages"]
    if job.mode is IngestionMode.PLAN:
        parts.append(f"{p.chunks_made:,} chunks")
    else:
        parts.append(f"{p.chunks_embedded:,}/{p.chunks_made:,} embedded")
        if p.chunks_stored:
            parts.append(f"{p.chunks_stored:,} stored")
    if (seconds := (job.updated_at - job.started_at).total_seconds()) > 1 and p.chunks_embedded:
        parts.append(f"{p.chunks_embedded / seconds:.1f}/s")
    if (left := seconds_left(job)) is not None:
        parts.append(f"{duration(left)} left")
    return [*parts, p.document_key] if p.document_key else parts
