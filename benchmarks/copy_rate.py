"""The rate at which chunks and vectors enter, against a plain COPY of the same bytes."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from statistics import median

import numpy as np
import psycopg
from sqlalchemy import Connection

from kb.adapters import binary_rows, copy_in
from kb.adapters.database import driver, open_engine, transaction
from kb.adapters.minilm import MiniLm
from kb.adapters.schema import prepare_database
from kb.documents.chunking import chunk_pages
from kb.documents.reading import read_pdf
from kb.ingestion.texts import text_sha256
from kb.models import Chunk, Page
from kb.models.staging import StagedWindow
from kb.postgres.embedded import EmbeddedServer

ROUNDS = 7
PAGES = 600
TABLES = {"copy_chunks": "staged_chunk", "copy_embeddings": "staged_embedding"}
DOCUMENT = "00000000-0000-0000-0000-000000000001"


def measure(manual: Path) -> tuple[float, float]:
    """Seconds of a plain COPY of the bytes / seconds of our COPY of the packed rows; medians.

    And the microseconds that packing takes a row, before, while others are embedded.
    """
    pages = list(islice(read_pdf(manual), PAGES))
    chunks = list(chunk_pages(pages, MiniLm().count_tokens))
    folder = Path(tempfile.mkdtemp(prefix="kb-bench-"))
    folder.chmod(0o711)
    server = EmbeddedServer(folder / "postgres")
    engine = open_engine(server.start())
    try:
        prepare_database(engine, dimensions=384)
        began = time.perf_counter()
        packed = _packed(pages, chunks)
        packing = time.perf_counter() - began
        ours, plain = [], []
        for _ in range(ROUNDS):
            with transaction(engine) as connection:
                ours.append(_seconds(connection, lambda c: _ours(c, packed)))
                blocks = {table: _bytes(connection, table) for table in TABLES.values()}
                plain.append(_seconds(connection, lambda c: _plain(c, blocks)))  # noqa: B023
        return median(plain) / median(ours), 1e6 * packing / len(chunks)
    finally:
        engine.dispose()
        server.stop()


def _packed(pages: list[Page], chunks: list[Chunk]) -> dict[str, bytes]:
    hashes = tuple(text_sha256(f"{chunk.ordinal} {chunk.text}") for chunk in chunks)
    vectors = np.random.default_rng(1).normal(size=(len(chunks), 384)).astype("f4")
    window = StagedWindow(
        version="1",
        pages=(),
        chunks=tuple(chunks),
        parents=(),
        hashes=hashes,
        occurrences=(0,) * len(chunks),
        identifiers=((),) * len(chunks),
        labels={page.number: page.label for page in pages},
        attributes={},
        has_page_numbers=True,
        pages_read=len(pages),
        chunks_made=len(chunks),
        is_last=True,
    )
    return {
        "copy_chunks": copy_in.chunks(DOCUMENT, window, {}),
        "copy_embeddings": binary_rows.vectors(hashes, "model", vectors),
    }


def _ours(connection: Connection, packed: dict[str, bytes]) -> None:
    for name, rows in packed.items():
        copy_in.copy(connection, name, rows)


def _bytes(connection: Connection, table: str) -> list[bytes]:
    """The binary rows of a table as the server writes them, in blocks."""
    with (
        driver(connection).cursor() as cursor,
        cursor.copy(f"COPY workbench.{table} TO STDOUT (FORMAT BINARY)".encode()) as copy,
    ):
        whole = b"".join(bytes(block) for block in copy)
    return [whole[at : at + (1 << 16)] for at in range(0, len(whole), 1 << 16)]


def _plain(connection: Connection, blocks: dict[str, list[bytes]]) -> None:
    for table, written in blocks.items():
        with (
            driver(connection).cursor() as cursor,
            cursor.copy(f"COPY workbench.{table} FROM STDIN (FORMAT BINARY)".encode()) as copy,
        ):
            for block in written:
                copy.write(block)


def _seconds(connection: Connection, copy: Callable[[Connection], None]) -> float:
    below: psycopg.Connection[object] = driver(connection)
    for table in TABLES.values():
        below.execute(f"TRUNCATE workbench.{table}".encode())
    began = time.perf_counter()
    copy(connection)
    return time.perf_counter() - began
