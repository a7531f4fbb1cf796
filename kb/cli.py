"""The command line: everything a page does, scriptable. Parses, calls, prints.

Tables for people; `--json` prints the response shapes of Bedrock's API. Exit codes: 0, 1 for an
expected error (one sentence on stderr), 2 for usage.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from kb import (
    bedrock_json,
    cli_asking,
    cli_aws,
    cli_database,
    cli_documents,
    cli_embeddings,
    cli_evaluation,
    cli_sync,
    cli_upload,
    terminal,
)
from kb.demo import demo
from kb.errors import KbError
from kb.models import (
    SweepResult,
)
from kb.settings import Settings
from kb.tuning.spec import default_spec
from kb.workbench import Workbench, open_workbench
from kb.workbench.bridge import stop_bridge
from kb.workbench.databases import embedded_server
from kb.workbench.keeper import stop_workers


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return the exit code."""
    options = parser().parse_args(arguments)
    logging.basicConfig(
        level=logging.INFO if options.verbose else logging.WARNING,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )
    if options.verbose > 1:
        logging.getLogger("kb").setLevel(logging.DEBUG)
    try:
        code: int = options.command(options)
    except KbError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)
        return 1
    return code


def parser() -> argparse.ArgumentParser:
    """All commands with their options; docs/cli.md lists the same."""
    root = argparse.ArgumentParser(
        prog="python -m kb", description="A knowledge-base workbench on PostgreSQL + pgvector."
    )
    root.add_argument(
        "-v",
        "--verbose",
        action="count",
        default=0,
        help="log what happens to stderr; twice: every embedded text",
    )
    commands = root.add_subparsers(required=True, metavar="COMMAND")
    as_json = argparse.ArgumentParser(add_help=False)
    as_json.add_argument("--json", action="store_true", help="print JSON for programs")

    def command(name: str, run: Any, about: str, *parents: argparse.ArgumentParser) -> Any:
        added = commands.add_parser(name, help=about, description=about, parents=list(parents))
        added.set_defaults(command=run)
        return added

    command("up", up, "start the database, prepare the knowledge base and its bucket")
    command("down", down, "stop worker, bridge and the embedded database")
    command("status", status, "show where the workbench is and what it holds", as_json)
    upload_command = command("upload", cli_upload.upload, "store documents in the data source")
    upload_command.add_argument("paths", nargs="+", type=Path, metavar="PATH")
    cli_sync.add_sync(command, as_json)
    cli_sync.add_jobs(command, as_json)
    command("documents", documents, "list the documents and their state", as_json)
    cli_asking.add_commands(command, as_json)
    tune_command = command("tune", tune, "measure HNSW and IVFFlat against the exact scan", as_json)
    tune_command.add_argument("--target-recall", type=float, default=0.95, metavar="R")
    tune_command.add_argument("--k", type=int, default=10, help="neighbours asked for")
    tune_command.add_argument("--questions", type=int, default=200, metavar="N")
    cli_evaluation.add_commands(command, as_json)
    cli_sync.add_worker(command)
    cli_documents.add_commands(command, as_json)
    cli_embeddings.add_commands(command, as_json)
    cli_aws.add_commands(command, as_json)
    cli_database.add_commands(command, as_json)
    command("serve", serve, "serve the app on this machine")
    demo_command = command("demo", run_demo, "load a document, sync it and ask one question")
    demo_command.add_argument("--manual", default="", metavar="FILE_OR_URL")
    return root


def up(_options: argparse.Namespace) -> int:
    """Start the database and prepare the knowledge base and its bucket."""
    with _workbench() as bench:
        bench.data_source.prepare()
        bench.sql_embeddings.bridge.ensure_running(wait=True)
        terminal.show_status(bench.status())
    return 0


def down(_options: argparse.Namespace) -> int:
    """Stop worker, bridge and the embedded database."""
    settings = Settings.load()
    stop_workers(settings.data_dir)
    stop_bridge(settings.data_dir)
    if settings.uses_embedded_server:
        embedded_server(settings).stop()
    return 0


def status(options: argparse.Namespace) -> int:
    """Show where the workbench is and what it holds."""
    with _workbench() as bench:
        found = bench.status()
    if options.json:
        _print_json(terminal.status_json(found))
    else:
        terminal.show_status(found)
    return 0


def documents(options: argparse.Namespace) -> int:
    """List the documents and their state."""
    with _workbench() as bench:
        source = bench.data_source
        found = source.documents()
        if options.json:
            shape = bedrock_json.list_documents(
                found,
                knowledge_base_id=source.knowledge_base_id,
                data_source_id=source.data_source_id,
            )
            _print_json(shape)
        else:
            terminal.show_documents(found)
    return 0


def tune(options: argparse.Namespace) -> int:
    """Measure index settings on a shadow copy of the knowledge base."""
    with _workbench() as bench:
        tuning = bench.index_tuning
        spec = default_spec(bench.status().chunks, k=options.k, target_recall=options.target_recall)
        result: SweepResult | None = None
        for event in tuning.sweep(spec, number_of_questions=options.questions):
            if not options.json:
                terminal.show_sweep_event(event)
            result = event.result or result
    assert result is not None
    if options.json:
        _print_json(terminal.sweep_json(result))
    else:
        terminal.show_sweep(result)
    return 0


def serve(_options: argparse.Namespace) -> int:
    """Become the app; Ctrl-C ends it, database and worker go on."""
    settings = Settings.load()
    try:
        with _workbench() as bench:
            bench.worker.ensure_running()
    except KbError as error:
        # The pages say it too, and can try again.
        print(error, file=sys.stderr)
    print(f"Serving on http://127.0.0.1:{settings.port}  (Ctrl-C ends the app)", flush=True)
    app = str(Path(__file__).resolve().parents[1] / "streamlit_app.py")
    port = ["--server.port", str(settings.port)]
    os.execv(sys.executable, [sys.executable, "-m", "streamlit", "run", app, *port])


def run_demo(options: argparse.Namespace) -> int:
    """Load a document, sync it and ask one question."""
    with _workbench() as bench:
        return demo(bench, options.manual)


def _workbench() -> Workbench:
    return open_workbench()


def _print_json(value: object) -> None:
    print(json.dumps(value, indent=2, ensure_ascii=False))
