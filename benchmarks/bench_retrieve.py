"""What retrieval costs beyond the model and the database, in one run.

    KB_DATA_DIR=... python -m benchmarks.bench_retrieve questions.jsonl

The knowledge base must be synced. For each question, in turn: SEMANTIC without reranking through
the product; the same embedding and the same statements through psycopg alone; HYBRID with all that
is on by default.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import psycopg
from pgvector.psycopg import register_vector

from benchmarks.figures import Figures
from kb import sql
from kb.adapters.filter_sql import filter_parameters
from kb.adapters.minilm import MiniLm
from kb.adapters.pgvector_store import MIN_EF_SEARCH
from kb.models import NO_RERANKING, RetrievalConfiguration, SearchType
from kb.settings import Settings
from kb.workbench import open_workbench
from kb.workbench.databases import embedded_server

SEMANTIC = RetrievalConfiguration(search_type=SearchType.SEMANTIC, reranking_model=NO_RERANKING)
EVERYTHING = RetrievalConfiguration()


def main() -> int:
    """Ask every question all ways and print the medians and their ratios."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("questions", type=Path, help="question set, JSONL")
    lines = parser.parse_args().questions.read_text("utf-8").splitlines()
    questions = [json.loads(line)["question"] for line in lines if line.strip()]
    settings, model, figures = Settings.load(), MiniLm(), Figures()
    url = settings.database_url or embedded_server(settings).start()
    with open_workbench(settings) as bench, psycopg.connect(url, autocommit=True) as raw:
        register_vector(raw)
        retrieve = bench.knowledge_base.retrieve
        retrieve(questions[0])
        plain, ours, beyond = [], [], []
        for question in questions:
            ours.append(_ms(lambda q: retrieve(q, SEMANTIC), question))
            plain.append(_ms(lambda q: _plainly(raw, model, q), question))
            found = retrieve(question, EVERYTHING)
            beyond.append(sum(found.timings_ms.values()) - found.timings_ms["embed"])
    figures.load("at the end")
    figures.spread("SEMANTIC, not reranked, through the product", ours)
    figures.spread("embedding and the same statements through psycopg", plain)
    ratio = statistics.median(ours) / statistics.median(plain)
    figures.note("ratio of the medians (goal 1.5)", f"{ratio:.2f}")
    figures.spread("HYBRID, reranked, beyond embedding (goal p50 80)", beyond)
    return 0


def _ms(ask: Callable[[str], object], question: str) -> float:
    start = time.perf_counter()
    ask(question)
    return (time.perf_counter() - start) * 1000


def _plainly(raw: psycopg.Connection, model: MiniLm, question: str) -> list[tuple[object, ...]]:
    with raw.transaction(), raw.cursor(binary=True) as cursor:
        cursor.execute(
            sql.psycopg_query("queries/set_ef_search"),
            {"ef_search": MIN_EF_SEARCH, "use_index": True},
        )
        cursor.execute(
            sql.psycopg_query("queries/retrieve_semantic"),
            {
                "query_embedding": model.embed_query(question),
                "number_of_results": SEMANTIC.number_of_results,
                **filter_parameters(None, own_chunks=True),
            },
        )
        return cursor.fetchall()


if __name__ == "__main__":
    raise SystemExit(main())
