"""The commands `sync` and `worker`: what the page Upload and sync does, scriptable."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from typing import Any

from kb import bedrock_json, terminal_sync
from kb.errors import Conflict
from kb.models import IngestionJob, IngestionJobStatus, IngestionMode, IngestionPlan
from kb.settings import Settings
from kb.workbench import Workbench, open_workbench
from kb.workbench.keeper import Keeper


def add_sync(command: Callable[..., Any], as_json: argparse.ArgumentParser) -> None:
    """Add `sync` with its options."""
    added = command("sync", sync, "make the knowledge base agree with the data source", as_json)
    added.add_argument("--wait", action="store_true", help="stay until it has ended")
    added.add_argument(
        "--allow-deletions",
        action="store_true",
        help="delete more than half of the knowledge base without asking",
    )
    instead = added.add_mutually_exclusive_group()
    instead.add_argument(
        "--plan", action="store_true", help="read everything that differs, say what a sync will do"
    )
    instead.add_argument(
        "--rebuild", action="store_true", help="embed everything anew with another model first"
    )


def add_jobs(command: Callable[..., Any], as_json: argparse.ArgumentParser) -> None:
    """Add `jobs` with its options."""
    added = command(
        "jobs", jobs, "list the latest ingestion jobs, or stop the running one", as_json
    )
    added.add_argument("--stop", action="store_true", help="stop the running job and wait for it")


def add_worker(command: Callable[..., Any]) -> None:
    """Add `worker`, and the keeper of this machine's workers."""
    added = command("worker", worker, "run ingestion jobs until stopped")
    added.add_argument("--kept", action="store_true", help=argparse.SUPPRESS)
    command("keeper", keeper, "keep the workers of this data folder alive until stopped")


def sync(options: argparse.Namespace) -> int:
    """Start an ingestion job; with --wait show its progress and how it ended."""
    with open_workbench() as bench:
        if options.plan:
            return _plan(bench, options)
        source = bench.data_source
        mode = IngestionMode.REBUILD if options.rebuild else IngestionMode.SYNC
        job = source.start_ingestion_job(
            mode=mode,
            detached=not options.wait,
            allow_deletions=options.allow_deletions or _ask_deletions(source.plan()),
        )
        if options.wait:
            job = wait(bench, job, quiet=options.json)
        elif not (bench.settings.workers or source.list_workers()):
            print("No worker is alive; start one with `python -m kb worker`.", file=sys.stderr)
    if options.json:
        shape = bedrock_json.get_ingestion_job(job)
        _print_json({**shape, "embedding_calls": job.progress.embedding_calls})
    else:
        terminal_sync.show_job(job)
    return 1 if job.status is IngestionJobStatus.FAILED else 0


def _plan(bench: Workbench, options: argparse.Namespace) -> int:
    source = bench.data_source
    job = source.start_ingestion_job(mode=IngestionMode.PLAN, detached=False)
    job = wait(bench, job, quiet=options.json)
    if job.status is not IngestionJobStatus.COMPLETE:
        terminal_sync.show_job(job)
        return 1
    exact = source.exact_plan(job.ingestion_job_id)
    if options.json:
        _print_json(terminal_sync.plan_json(exact))
    else:
        terminal_sync.show_plan(exact)
    return 0


def wait(bench: Workbench, job: IngestionJob, *, quiet: bool) -> IngestionJob:
    """Follow a job to its end, working on it here if nobody else does."""
    with terminal_sync.ProgressBar(quiet=quiet) as bar:
        for seen in bench.data_source.watch(job.ingestion_job_id, work=True):
            bar.show(seen)
            job = seen
    return job


def jobs(options: argparse.Namespace) -> int:
    """List the latest jobs; with --stop end the running one first."""
    with open_workbench() as bench:
        if options.stop:
            _stop(bench)
        found = bench.data_source.list_ingestion_jobs()
    if options.json:
        _print_json(bedrock_json.list_ingestion_jobs(found))
    else:
        terminal_sync.show_jobs(found)
    return 0


def _stop(bench: Workbench) -> None:
    running = bench.data_source.running_ingestion_job()
    if running is None:
        raise Conflict("No ingestion job is running; there is nothing to stop.")
    bench.data_source.stop_ingestion_job(running.ingestion_job_id)
    for _ in bench.data_source.watch(running.ingestion_job_id, work=False):
        pass


def worker(options: argparse.Namespace) -> int:
    """Run ingestion jobs until stopped."""
    with open_workbench() as bench:
        bench.worker.work(kept=options.kept)
    return 0


def keeper(_options: argparse.Namespace) -> int:
    """Keep this data folder's workers alive until told to end."""
    Keeper(Settings.load()).run()
    return 0


def _ask_deletions(todo: IngestionPlan) -> bool:
    """Whoever sits at a terminal is asked; a script has `--allow-deletions`."""
    if not todo.needs_permission or not (sys.stdin.isatty() and sys.stderr.isatty()):
        return False
    print(terminal_sync.deletions(todo), file=sys.stderr)
    return input("Delete them? [y/N] ").strip().lower() in ("y", "yes")


def _print_json(value: object) -> None:
    print(json.dumps(value, indent=2, ensure_ascii=False))
