"""Syncs in processes that are killed, and what is left in the tables. Nothing here is checked."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from kb.adapters.database import open_engine, rows, transaction
from kb.adapters.minilm import MiniLm
from kb.settings import Settings
from kb.workbench.detached import CHECKOUT, environment

DEADLINE_SECONDS = 120.0
EMBEDDED = re.compile(r"DEBUG kb\.ingestion\.embedding: embedding (\d+) of")
TAKEN_UP = re.compile(r"INFO kb\.ingestion\.job: (\S+) is taken up")
#: Everything that readers see, but for times.
TABLES = (
    "SELECT id, md5(embedding::text), chunks, metadata::text, custom_metadata::text "
    "FROM bedrock_integration.bedrock_kb ORDER BY id",
    "SELECT id, document_id, ordinal, heading_path, tokens, placements, text_sha256, lexemes::text "
    "FROM workbench.chunk ORDER BY id",
    "SELECT document_id, page_number, page_label, md5(text), md5(boxes), outcome, outcome_reason "
    "FROM workbench.document_page ORDER BY document_id, page_number",
    "SELECT document_id, key, etag, status, status_reason, pages, pages_text, chunks "
    "FROM workbench.document ORDER BY document_id",
)
Rows = list[list[tuple[object, ...]]]


def same_ids_everywhere(database_url: str) -> None:
    """Make the knowledge base with known ids, so that two databases can be compared."""
    identity = MiniLm().identity
    engine = open_engine(database_url)
    with transaction(engine) as connection:
        rows(
            connection,
            "catalogue/create_knowledge_base",
            knowledge_base_id="KB00000001",
            data_source_id="DS00000001",
            name="workbench",
            bucket="workbench",
            provider=identity.provider,
            model=identity.model,
            dimensions=identity.dimensions,
            normalised=identity.normalised,
        )
    engine.dispose()


def seen_by_readers(database_url: str) -> Rows:
    """The rows of all published tables."""
    with psycopg.connect(database_url) as connection:
        return [connection.execute(query.encode()).fetchall() for query in TABLES]


def put(data_dir: Path, document: Path, key: str | None = None) -> None:
    """Copy a document into the bucket."""
    objects = data_dir / "buckets" / "workbench" / "objects"
    objects.mkdir(parents=True, exist_ok=True)
    shutil.copy(document, objects / (key or document.name))


def wait_until(condition: Callable[[], object], seconds: float = DEADLINE_SECONDS) -> None:
    """Poll until it holds; errors of a database that is away count as no."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            if condition():
                return
        except psycopg.Error:
            pass
        threading.Event().wait(0.02)
    raise AssertionError("it took too long")


@dataclass
class WorkerProcesses:
    """Workers as they are started by hand on any machine, with a log of every embedded text."""

    settings: Settings
    log: Path
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.processes.append(
                subprocess.Popen(
                    [sys.executable, "-m", "kb", "-vv", "worker"],
                    cwd=CHECKOUT,
                    env={**environment(self.settings), "PYTHONPATH": os.environ["PYTHONPATH"]},
                    stdout=log,
                    stderr=log,
                )
            )

    def kill(self) -> None:
        """SIGKILL the one that was started last."""
        self.processes[-1].kill()
        self.processes[-1].wait()

    def end(self) -> None:
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            process.wait(20)

    def embedded_texts(self) -> int:
        return sum(map(int, EMBEDDED.findall(self.log.read_text("utf-8", "replace"))))

    def taken_up(self) -> list[str]:
        return TAKEN_UP.findall(self.log.read_text("utf-8", "replace"))
