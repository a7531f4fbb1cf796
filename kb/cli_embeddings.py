"""The commands `embed-table`, `sql` and `bridge`: what the page Embed with SQL does, scriptable."""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
from collections.abc import Callable
from typing import Any

from kb.embedding_sql.claimed_models import PRICES_OF
from kb.embedding_sql.planning import cost_dollars
from kb.embedding_sql.tables import EmbeddingPlan, TableEmbeddingJob, TableState
from kb.errors import ValidationError
from kb.models import IngestionJobStatus
from kb.settings import Settings
from kb.wording import dollars
from kb.workbench import Workbench, open_workbench
from kb.workbench.bridge import Bridge
from kb.workbench.shipped_sql import script, scripts
from kb.workbench.sql_embeddings import SqlEmbeddings


def add_commands(command: Callable[..., Any], as_json: argparse.ArgumentParser) -> None:
    """Add the commands with their options."""
    table = command(
        "embed-table", embed_table, "embed the rows of a table that lack an embedding", as_json
    )
    table.add_argument("table", nargs="?", metavar="SCHEMA.TABLE", help="left out: list the tables")
    table.add_argument("--column", metavar="NAME", help="the text column")
    table.add_argument("--embedding-column", default="embedding", metavar="NAME")
    table.add_argument("--model", metavar="ID", help="as Bedrock calls it; fits the column")
    table.add_argument("--dimensions", type=int, metavar="N")
    table.add_argument("--batch-size", type=int, default=1, metavar="N", help="rows a commit (1)")
    table.add_argument(
        "--sessions", type=int, metavar="N", help="at once (a core each; 4 on Bedrock)"
    )
    table.add_argument("--pause-seconds", type=float, default=0.0, metavar="S")
    table.add_argument("--row-limit", type=int, metavar="N")
    table.add_argument("--max-attempts", type=int, default=3, metavar="N")
    table.add_argument("--no-index", action="store_true", help="build no HNSW index")
    table.add_argument("--keep-fresh", action="store_true", help="mark rows whose text changes")
    table.add_argument("--dry-run", action="store_true", help="print the SQL and do nothing")
    table.add_argument("--detach", action="store_true", help="leave it to a process of its own")
    table.add_argument("--search", metavar="TEXT", help="find rows by meaning, embed nothing")
    table.add_argument("--check", action="store_true", help="list what the database lacks")
    table.add_argument("--job", type=int, help=argparse.SUPPRESS)
    sql = command("sql", show_sql, "print a shipped statement, or list them all")
    sql.add_argument("name", nargs="?", metavar="NAME")
    command("bridge", bridge, "hold the embedding model for SQL until stopped")


def embed_table(options: argparse.Namespace) -> int:
    """Embed a table, or say what there is to embed."""
    with open_workbench() as bench:
        embeddings = bench.sql_embeddings
        if options.job is not None:
            embeddings.run(options.job)
            return 0
        if options.check:
            return _check(embeddings, options.model, as_json=options.json)
        if options.table is None:
            return _list(embeddings, as_json=options.json)
        return _embed(bench, options)


def show_sql(options: argparse.Namespace) -> int:
    """Print one statement, or the names of all."""
    print(script(options.name).rstrip() if options.name else "\n".join(scripts()))
    return 0


def bridge(_options: argparse.Namespace) -> int:
    """Be the bridge of this data folder, or return if there is one already."""
    Bridge(Settings.load()).serve()
    return 0


def _embed(bench: Workbench, options: argparse.Namespace) -> int:
    embeddings = bench.sql_embeddings
    embeddings.prepare()
    plan = _plan(embeddings, options)
    if options.search is not None:
        return _search(embeddings, plan, options)
    state = embeddings.state(plan)
    if options.dry_run:
        print("\n\n".join(embeddings.statements(plan, state)))
        return 0
    if not options.json:
        _announce(embeddings, plan, state)
    job_id = embeddings.start(plan, detach=options.detach)
    job = embeddings.job(job_id)
    if not options.detach:
        for job in embeddings.watch(job_id):
            if sys.stderr.isatty() and not options.json:
                print(f"\r{_progress(job)}   ", end="", file=sys.stderr, flush=True)
        job = embeddings.job(job_id)
    if options.json:
        print(json.dumps(dataclasses.asdict(job), indent=2, default=str))
    else:
        print(f"Job {job_id}     {job.status.value}  {_progress(job)}")
        for error in embeddings.errors(job_id):
            print(f"  {error['row_key']}: {error['message']}")
    if job.failure_reason:
        print(job.failure_reason, file=sys.stderr)
    return 1 if job.status is IngestionJobStatus.FAILED else 0


def _plan(embeddings: SqlEmbeddings, options: argparse.Namespace) -> EmbeddingPlan:
    if not options.column:
        raise ValidationError("Say which column holds the text: --column NAME.")
    return embeddings.plan(
        options.table,
        options.column,
        embedding_column=options.embedding_column,
        model_id=options.model,
        dimensions=options.dimensions,
        batch_size=options.batch_size,
        sessions=options.sessions,
        pause_seconds=options.pause_seconds,
        row_limit=options.row_limit,
        max_attempts=options.max_attempts,
        with_index=not options.no_index,
        keep_fresh=options.keep_fresh,
    )


def _announce(embeddings: SqlEmbeddings, plan: EmbeddingPlan, state: TableState) -> None:
    print(f"Table       {plan.table}: {state.missing:,} of {state.rows:,} rows lack an embedding")
    print(f"Model       {plan.model_id}, {plan.dimensions} dimensions")
    print(f"Answered by {embeddings.answered_by}")
    cost = dollars(cost_dollars(plan.model, state.missing_tokens))
    what = "nothing; on Bedrock " if embeddings.is_local else ""
    print(f"Cost        {what}{cost} (estimate, at prices of {PRICES_OF})")


def _progress(job: TableEmbeddingJob) -> str:
    rate = f", {job.rows_per_second:,.1f} rows/s" if job.rows_per_second else ""
    left = f", {job.seconds_left:,.0f} s left" if job.seconds_left else ""
    failed = f", {job.rows_failed:,} failed" if job.rows_failed else ""
    return f"{job.rows_embedded:,} of {job.rows_total:,} rows{failed}{rate}{left}"


def _search(embeddings: SqlEmbeddings, plan: EmbeddingPlan, options: argparse.Namespace) -> int:
    found = embeddings.search(plan, options.search)
    if options.json:
        print(json.dumps(dataclasses.asdict(found), indent=2, default=str, ensure_ascii=False))
        return 0
    for row in found.rows:
        print(f"{row.similarity:6.3f}  {row.row_key}  {row.content[:100]}")
    print(f"\n{found.milliseconds:.1f} ms\n{found.plan}")
    return 0


def _list(embeddings: SqlEmbeddings, *, as_json: bool) -> int:
    tables = embeddings.tables()
    if as_json:
        print(json.dumps([dataclasses.asdict(t) for t in tables], indent=2))
        return 0
    for table in tables:
        vectors = ", ".join(f"{n}({d})" for n, d in table.vector_columns.items()) or "none"
        print(f"{table}  text: {', '.join(table.text_columns)}  vectors: {vectors}")
    return 0


def _check(embeddings: SqlEmbeddings, model_id: str | None, *, as_json: bool) -> int:
    embeddings.bridge.ensure_running(wait=True)
    findings = embeddings.findings(model_id)
    if as_json:
        print(json.dumps([dataclasses.asdict(f) for f in findings], indent=2))
    else:
        for finding in findings:
            print(f"{'ok  ' if finding.ok else 'LACK'}  {finding.name}: {finding.found}")
            if finding.mend:
                print(f"      {finding.mend}")
    return 0 if all(finding.ok for finding in findings) else 1
