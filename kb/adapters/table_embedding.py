"""Tables with texts: what they hold, what lacks an embedding, and their search by meaning.

Any table and column may be chosen; names travel as psycopg identifiers only.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

import psycopg
from psycopg import sql as composing
from psycopg.rows import dict_row

from kb import sql
from kb.adapters.database import Database, translated_errors
from kb.adapters.identifiers import composed, written_out
from kb.embedding_sql.claimed_models import find_model
from kb.embedding_sql.findings import Finding, call_findings, database_findings
from kb.embedding_sql.requests import json_key, request_body
from kb.embedding_sql.tables import EmbeddingPlan, SearchedRow, TableSearch, TableState, TextTable
from kb.errors import DatabaseError

#: Any number will do, as long as all processes use the same.
INSTALL_LOCK = 5_150_004
PROCEDURE = "aurora_ml/050_embed_table"
#: Milliseconds. A count of a large table is slow, a call of a model may hang.
COUNT_MS, PROBE_MS, SEARCH_MS = 60_000, 15_000, 60_000

Connection = psycopg.Connection[dict[str, Any]]


class TableEmbedding:
    """Looks at a database's tables; it embeds nothing itself."""

    def __init__(self, database: Database | str) -> None:
        self._database = Database.at(database)

    def install(self) -> None:
        """Create or renew the procedure and its tables."""
        version = sha256(sql.script(PROCEDURE).encode()).hexdigest()
        with translated_errors(), self._connect() as connection:
            if _value(connection, "installed_version") == version:
                return
            connection.execute("SELECT pg_advisory_lock(%s)", (INSTALL_LOCK,))
            with connection.transaction():
                connection.execute(sql.script(PROCEDURE))
                noted = written_out(
                    connection, "table_embedding/set_version", {}, {"version": version}
                )
                connection.execute(noted)

    def findings(self, model_id: str) -> list[Finding]:
        """What embeddings from SQL need, and whether it is there; makes one short call."""
        model = find_model(model_id)
        body = request_body(model, ["probe"], dimensions=model.dimensions[0])
        with translated_errors(), self._connect(PROBE_MS) as connection:
            facts = connection.execute(sql.script("aurora_ml/015_check")).fetchone()
            assert facts is not None
            found = database_findings(facts)
            if not facts["has_function"]:
                return found + call_findings(None, tried=False)
            try:
                probe = sql.psycopg_query("aurora_ml/016_probe")
                values = {"model_id": model_id, "json_key": json_key(model), "model_input": body}
                connection.execute(probe, values)
            except psycopg.Error as error:
                said = str(error).splitlines()[0]
                return found + call_findings(said, tried=True, stand_in=facts["is_stand_in"])
        return found + call_findings(None, tried=True, stand_in=facts["is_stand_in"])

    def tables(self) -> list[TextTable]:
        """Tables that have a text column, by name."""
        with translated_errors(), self._connect() as connection:
            found = connection.execute(sql.script("table_embedding/list_tables")).fetchall()
        return [TextTable(**{**row, "text_columns": tuple(row["text_columns"])}) for row in found]

    def create_documents(self) -> None:
        """The walk-through's table; what is there stays."""
        with translated_errors(), self._connect() as connection:
            connection.execute(sql.script("aurora_ml/030_documents"))

    def state(self, table: TextTable, text_column: str, embedding_column: str) -> TableState:
        """How many rows have a text and how many of them lack an embedding; counts them all."""
        names = _names(table, text_column, embedding_column)
        name = "count_rows" if embedding_column in table.vector_columns else "count_texts"
        with translated_errors(), self._connect(COUNT_MS) as connection:
            counts = connection.execute(composed(f"table_embedding/{name}", names), {}).fetchone()
            about = connection.execute(
                sql.psycopg_query("table_embedding/find_index"),
                {"target": table.target, "embedding_column": embedding_column},
            ).fetchone()
        assert counts is not None and about is not None
        return TableState(
            rows=counts["rows"],
            missing=counts["missing"],
            missing_characters=int(counts["missing_characters"]),
            index=about["index"],
            kept_fresh=about["kept_fresh"],
        )

    def statements(self, plan: EmbeddingPlan, state: TableState) -> list[str]:
        """The exact statements of a run, in order; those that change nothing are left out."""
        with translated_errors(), self._connect() as connection:
            return [
                written_out(connection, f"table_embedding/{name}", *of_plan)
                for name, of_plan in steps(plan, state)
            ]

    def search(self, plan: EmbeddingPlan, phrase: str, number_of_results: int) -> TableSearch:
        """The rows nearest to `phrase` in meaning; the statement runs once more for its plan."""
        names = _names(plan.table, plan.text_column, plan.embedding_column)
        values = {
            "model_id": plan.model_id,
            "json_key": plan.json_key,
            "model_input": plan.body(phrase, is_query=True),
            "number_of_results": number_of_results,
        }
        statement = composed("table_embedding/search", names)
        explain = composing.SQL("EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) ") + statement
        with translated_errors(), self._connect(SEARCH_MS) as connection:
            began = time.perf_counter()
            found = connection.execute(statement, values).fetchall()
            milliseconds = (time.perf_counter() - began) * 1e3
            lines = psycopg.ClientCursor(connection).execute(explain, values).fetchall()
            text = written_out(connection, "table_embedding/search", names, values)
        return TableSearch(
            rows=tuple(
                SearchedRow(
                    content=row["content"],
                    similarity=row["similarity"],
                    row_key=", ".join(f"{k}={v}" for k, v in row["row_key"].items()),
                )
                for row in found
            ),
            sql=text,
            plan="\n".join(_first(line) for line in lines),
            milliseconds=milliseconds,
        )

    def _connect(self, statement_timeout_ms: int = 0) -> Connection:
        return self._database.connect(
            autocommit=True,
            row_factory=dict_row,
            application_name="kb-embed-table",
            options=f"-c statement_timeout={statement_timeout_ms}",
        )


def steps(
    plan: EmbeddingPlan, state: TableState
) -> list[tuple[str, tuple[Mapping[str, str], Mapping[str, Any]]]]:
    """Names of the statements of a run with their identifiers and values."""
    names = _names(plan.table, plan.text_column, plan.embedding_column) | {
        "index": plan.index,
        "trigger": plan.trigger,
    }
    found: list[tuple[str, tuple[Mapping[str, str], Mapping[str, Any]]]] = []
    if plan.adds_column:
        found.append(("add_column", (names, {"dimensions": plan.dimensions})))
    if plan.keep_fresh and not state.kept_fresh:
        found.append(("create_trigger", (names, {"column_name": plan.embedding_column})))
    found.append(("call_embed_table", ({}, call_values(plan, None))))
    if plan.with_index and state.index is None:
        kind = "create_partitioned_index" if plan.table.partitioned else "create_index"
        found.append((kind, (names, {})))
    return found


def call_values(plan: EmbeddingPlan, job_id: int | None) -> dict[str, Any]:
    """The arguments of the procedure."""
    return {
        "target": plan.table.target,
        "text_column": plan.text_column,
        "embedding_column": plan.embedding_column,
        "model_id": plan.model_id,
        "json_key": plan.json_key,
        "request": plan.body(),
        "text_path": plan.text_path,
        "batch_size": plan.batch_size,
        "pause_seconds": plan.pause_seconds,
        "row_limit": plan.row_limit,
        "max_attempts": plan.max_attempts,
        "job_id": job_id,
    }


def _names(table: TextTable, text_column: str, embedding_column: str) -> dict[str, str]:
    return {
        "schema": table.schema,
        "table": table.table,
        "text_column": text_column,
        "embedding_column": embedding_column,
    }


def _value(connection: Connection, name: str) -> Any:
    row = connection.execute(sql.script(f"table_embedding/{name}")).fetchone()
    return next(iter(row.values())) if row else None


def _first(row: Any) -> str:
    if isinstance(row, Mapping):
        return str(next(iter(row.values())))
    raise DatabaseError("The database answered in another form; try again.")
