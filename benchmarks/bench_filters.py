"""What metadata filters cost: the search alone, without embedding and reranking.

    python -m benchmarks.bench_filters [--vectors ../shared/vectors]

Loads passages with their vectors (`passages.jsonl`, `passages_384.f16.npy`, and the same of
`queries`) into a server of its own, as twenty documents of pages and sections, and asks each
question with each filter in turn, because machines are shared. Ends with a Markdown table of
medians, and of how many of the exact ten nearest the filtered search found.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import tempfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
from numpy.typing import NDArray
from pgvector.psycopg import register_vector
from psycopg.types.json import Json, Jsonb

from benchmarks.figures import Figures
from kb import sql
from kb.adapters.catalogue import Catalogue
from kb.adapters.database import open_engine
from kb.adapters.pgvector_store import PgvectorStore
from kb.adapters.schema import prepare_database
from kb.models import ModelIdentity, RetrievalResult, SearchType
from kb.postgres.embedded import EmbeddedServer
from kb.retrieval.filter_expression import parse_filter
from kb.retrieval.filters import HEADING_PATH, PAGE_NUMBER, SOURCE_URI

IDENTITY = ModelIdentity(provider="local", model="m", dimensions=384, normalised=True)
DOCUMENTS = 20
#: Passages on a page, and in a section.
PAGE, SECTION = 6, 30
FILTERS = {
    "no filter": "",
    "one page": f'{SOURCE_URI} = "s3://kb/3.pdf" and {PAGE_NUMBER} = 7',
    "a document of twenty": f'{SOURCE_URI} = "s3://kb/3.pdf"',
    "half of the documents": "year >= 2010",
    "all but one document": "year != 2003",
    "a section": f'{HEADING_PATH} listContains "Section 3.7"',
    "a section or a document": (
        f'{HEADING_PATH} listContains "Section 3.7" or {SOURCE_URI} = "s3://kb/9.pdf"'
    ),
}
BOOKKEEPING = """
WITH owner AS (
    INSERT INTO workbench.document (document_id, data_source_id, key, etag, size_bytes, status)
    VALUES (gen_random_uuid(), %s, 'all', 'e', 1, 'INDEXED') RETURNING document_id
), numbered AS (
    SELECT id, chunks, row_number() OVER () AS n,
           CAST(custom_metadata ->> 'page' AS integer) AS page,
           ARRAY[custom_metadata ->> 'chapter', custom_metadata ->> 'section'] AS headings
    FROM bedrock_integration.bedrock_kb
)
INSERT INTO workbench.chunk (id, document_id, ordinal, heading_path, tokens, first_page, last_page,
                             page_label, placements, text_sha256, lexemes)
SELECT id, document_id, n, headings, 40, page, page, '', '{}', '', to_tsvector('english', chunks)
FROM numbered, owner
"""


def main() -> None:
    """Load, ask, print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--vectors", type=Path, default=Path("../shared/vectors"))
    parser.add_argument("--questions", type=int, default=50)
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="kb-bench-"))
    folder.chmod(0o711)
    server = EmbeddedServer(folder / "postgres")
    figures = Figures()
    try:
        store, exact = load(server.start(), options.vectors, figures)
        questions = read(options.vectors, "queries", options.questions)
        figures.load("before")
        for search_type in SearchType:
            measure(store, exact, questions, search_type, figures)
        figures.load("after")
    finally:
        server.stop()
        shutil.rmtree(folder)
    print(f"\n{figures.markdown()}")


def read(folder: Path, name: str, count: int | None = None) -> list[tuple[str, Any]]:
    """Texts with their vectors."""
    lines = (folder / f"{name}.jsonl").read_text("utf-8").splitlines()[:count]
    vectors: NDArray[np.float32] = np.load(folder / f"{name}_384.f16.npy").astype("f4")
    return [(json.loads(line)["text"], v) for line, v in zip(lines, vectors, strict=False)]


def load(url: str, folder: Path, figures: Figures) -> tuple[PgvectorStore, PgvectorStore]:
    """A store over all passages, and one that reads all vectors."""
    engine = open_engine(url)
    prepare_database(engine, dimensions=384)
    source = Catalogue(engine, bucket="kb", identity=IDENTITY).data_source_id
    passages = read(folder, "passages")
    with psycopg.connect(url, autocommit=True) as connection:
        register_vector(connection)
        connection.execute("DROP INDEX bedrock_integration.bedrock_kb_embedding_idx")
        copy_in(connection, passages)
        connection.execute(BOOKKEEPING, (source,))
        connection.execute("SET maintenance_work_mem = '512MB'")
        connection.execute(sql.script("schema/040_bedrock_kb_indexes"))
        connection.execute("VACUUM ANALYZE")
    figures.note("chunks", f"{len(passages):,}")
    exact = PgvectorStore(engine, identity=IDENTITY, exact=True)
    return PgvectorStore(engine, identity=IDENTITY), exact


def copy_in(connection: psycopg.Connection[Any], passages: list[tuple[str, Any]]) -> None:
    """Passages in the order that they come in, cut into equal documents."""
    statement = "COPY bedrock_integration.bedrock_kb FROM STDIN WITH (FORMAT BINARY)"
    with connection.cursor().copy(statement) as copy:
        copy.set_types(["uuid", "vector", "text", "json", "jsonb"])
        for (text, vector), attributes in zip(passages, places(len(passages)), strict=True):
            row = (uuid.uuid4(), vector, text, Json(attributes), Jsonb(attributes))
            copy.write_row(row)


def places(count: int) -> Iterator[dict[str, Any]]:
    """Attributes of each passage."""
    size = -(-count // DOCUMENTS)
    for number in range(count):
        document, at = divmod(number, size)
        yield {
            SOURCE_URI: f"s3://kb/{document}.pdf",
            PAGE_NUMBER: at // PAGE + 1,
            "page": at // PAGE + 1,
            "chapter": f"Chapter {document}",
            "section": f"Section {document}.{at // SECTION}",
            "year": 2000 + document,
        }


def measure(
    store: PgvectorStore,
    exact: PgvectorStore,
    questions: list[tuple[str, Any]],
    search_type: SearchType,
    figures: Figures,
) -> None:
    """Medians of a search with each filter, and its recall against the exact scan."""
    times: dict[str, list[float]] = {name: [] for name in FILTERS}
    found = dict.fromkeys(FILTERS, 0)
    wanted = dict.fromkeys(FILTERS, 0)
    for question in questions:
        for name, typed in FILTERS.items():
            start = time.perf_counter()
            results = ask(store, question, search_type, typed)
            times[name].append((time.perf_counter() - start) * 1000)
            true = {r.chunk_id for r in ask(exact, question, search_type, typed)}
            found[name] += len(true & {r.chunk_id for r in results})
            wanted[name] += len(true)
    for name, taken in times.items():
        recall = found[name] / wanted[name]
        median = statistics.median(taken)
        figures.note(
            f"{search_type.value}, {name}: p50, recall@10", f"{median:.1f} ms, {recall:.3f}"
        )


def ask(
    store: PgvectorStore, question: tuple[str, Any], search_type: SearchType, typed: str
) -> list[RetrievalResult]:
    """Ten results."""
    text, vector = question
    return store.retrieve(
        vector,
        question=text,
        identifiers=[],
        search_type=search_type,
        number_of_results=10,
        filter=parse_filter(typed),
    )


if __name__ == "__main__":
    main()
