"""Runs over a table: rows of workbench.table_embedding_job, and the sessions that do the work.

A job lives while its session holds an advisory lock; PostgreSQL takes it away from whoever dies,
so no killed job can look alive. The rows themselves say what is still to be done.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

import psycopg
from psycopg import errors as pg
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from kb import sql
from kb.adapters.database import Database, translated_errors
from kb.adapters.identifiers import composed
from kb.adapters.table_embedding import call_values, steps
from kb.embedding_sql.claimed_models import find_model
from kb.embedding_sql.tables import EmbeddingPlan, TableEmbeddingJob, TableState
from kb.errors import Conflict, DatabaseError, KbError, ResourceNotFound
from kb.models import IngestionJobStatus

#: First number of the advisory lock; the second is the job's.
LOCK_CLASS = 5_150_002
CREATE_LOCK = 5_150_005
#: Milliseconds that ADD COLUMN and CREATE TRIGGER wait for the table before they give up.
LOCK_MS = 5_000
STAGES = {
    "add_column": "adding the column",
    "create_trigger": "adding the trigger",
    "call_embed_table": "embedding",
    "create_index": "building the index",
    "create_partitioned_index": "building the index",
}
ENDED_WITHOUT_WORD = "Its process ended; start it again and the rest is embedded."

Connection = psycopg.Connection[dict[str, Any]]


class TableEmbeddingJobs:
    """Creates, runs, watches and stops runs."""

    def __init__(self, database: Database | str) -> None:
        self._database = Database.at(database)

    def create(self, plan: EmbeddingPlan, state: TableState, *, answered_by: str) -> int:
        """A new job's id. Raises Conflict while one lives, or where another model's vectors are."""
        values = {
            "target": plan.table.target,
            "text_column": plan.text_column,
            "embedding_column": plan.embedding_column,
            "model_id": plan.model_id,
            "dimensions": plan.dimensions,
            "answered_by": answered_by,
            "options": Jsonb(plan.options()),
            "rows_total": min(state.missing, plan.row_limit or state.missing),
        }
        with translated_errors(), self._connect() as connection, connection.transaction():
            connection.execute("SELECT pg_advisory_xact_lock(%s)", (CREATE_LOCK,))
            self._refuse_second(_jobs(connection), plan)
            if state.missing < state.rows:
                _refuse_other_model(_one(connection, "embedded_with", **values), values)
            row = _one(connection, "create_job", **values)
        assert row is not None
        return int(row["job_id"])

    def job(self, job_id: int) -> TableEmbeddingJob:
        """One job as it stands now."""
        with translated_errors(), self._connect() as connection:
            found = _jobs(connection, job_id)
        if not found:
            raise ResourceNotFound(f"There is no job {job_id}; see the list of jobs.")
        return found[0]

    def jobs(self) -> list[TableEmbeddingJob]:
        """The latest jobs, newest first."""
        with translated_errors(), self._connect() as connection:
            return _jobs(connection)

    def errors(self, job_id: int) -> list[dict[str, Any]]:
        """Rows that the job could not embed, latest first."""
        with translated_errors(), self._connect() as connection:
            query = sql.psycopg_query("table_embedding/list_errors")
            return connection.execute(query, {"job_id": job_id}).fetchall()

    def stop(self, job_id: int) -> None:
        """Ask a job to stop; it does after the row that it is at."""
        with translated_errors(), self._connect() as connection:
            _one(connection, "stop_job", job_id=job_id)

    def run(self, job_id: int, plan: EmbeddingPlan, state: TableState) -> None:
        """Do the work of a job in this process; its row says how it ended."""
        with translated_errors(), self._connect() as connection:
            lock = _one(connection, "take_lock", lock_class=LOCK_CLASS, job_id=job_id)
            if not lock or not lock["taken"] or not _one(connection, "begin_job", job_id=job_id):
                raise Conflict(f"Job {job_id} is run by another process, or has ended.")
            try:
                self._steps(connection, job_id, plan, state)
            except (psycopg.Error, KbError) as error:
                reason = str(error).strip().splitlines()[0]
                self._finish(job_id, IngestionJobStatus.FAILED, reason)
                raise
            self._finish(job_id, IngestionJobStatus.COMPLETE, None)

    def _steps(
        self, connection: Connection, job_id: int, plan: EmbeddingPlan, state: TableState
    ) -> None:
        for name, (names, values) in steps(plan, state):
            _one(connection, "set_stage", job_id=job_id, stage=STAGES[name])
            if name == "call_embed_table":
                self._embed(job_id, plan)
            elif name.startswith("create_") and name.endswith("index"):
                if self.job(job_id).status is not IngestionJobStatus.IN_PROGRESS:
                    return
                _change(connection, name, names, values)
            else:
                connection.execute("SELECT set_config('lock_timeout', %s, false)", (str(LOCK_MS),))
                _change(connection, name, names, values)
                connection.execute("SELECT set_config('lock_timeout', '0', false)")

    def _embed(self, job_id: int, plan: EmbeddingPlan) -> None:
        """The procedure in as many sessions as planned; the first error stops them all."""
        failures: list[BaseException] = []

        def session() -> None:
            try:
                with self._connect(check_client=True) as connection:
                    query = sql.psycopg_query("table_embedding/call_embed_table")
                    connection.execute(query, call_values(plan, job_id))
            except psycopg.Error as error:
                failures.append(error)

        sessions = 1 if plan.row_limit else plan.sessions
        threads = [threading.Thread(target=session, daemon=True) for _ in range(sessions)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if failures:
            raise failures[0]

    def _finish(self, job_id: int, status: IngestionJobStatus, reason: str | None) -> None:
        try:
            with self._connect() as connection:
                _one(
                    connection,
                    "finish_job",
                    job_id=job_id,
                    status=status.value,
                    failure_reason=reason,
                )
        except psycopg.OperationalError as error:
            # The server went away with the job: its lock is free, which tells the same.
            raise DatabaseError(f"The database went away: {reason or error}") from error

    @staticmethod
    def _refuse_second(jobs: list[TableEmbeddingJob], plan: EmbeddingPlan) -> None:
        for job in jobs:
            same = (job.target, job.embedding_column) == (plan.table.target, plan.embedding_column)
            if same and not job.status.is_final:
                raise Conflict(f"Job {job.job_id} embeds {plan.table} already; wait or stop it.")

    def _connect(self, *, check_client: bool = False) -> Connection:
        # A session whose client was killed would go on to the table's end.
        options = "-c client_connection_check_interval=1s" if check_client else ""
        return self._database.connect(
            autocommit=True,
            row_factory=dict_row,
            application_name="kb-embed-table",
            options=options,
        )


def _change(
    connection: Connection, name: str, names: Mapping[str, str], values: Mapping[str, Any]
) -> None:
    statement = composed(f"table_embedding/{name}", names)
    try:
        # DDL takes no parameters: the values are written into the text, quoted by psycopg.
        psycopg.ClientCursor(connection).execute(statement, values)
    except pg.LockNotAvailable as error:
        raise Conflict("The table is in use by a long transaction; try again later.") from error


def _one(connection: Connection, name: str, /, **values: Any) -> dict[str, Any] | None:
    cursor = connection.execute(sql.psycopg_query(f"table_embedding/{name}"), values)
    return cursor.fetchone() if cursor.description else None


def _refuse_other_model(before: dict[str, Any] | None, values: Mapping[str, Any]) -> None:
    if before is None:
        return
    # An inference profile serves the same model.
    same_model = find_model(before["model_id"]) == find_model(values["model_id"])
    for name in ("dimensions", "answered_by", "text_column"):
        if not same_model or before[name] != values[name]:
            raise Conflict(
                f"{values['target']} has embeddings of {before['text_column']} by "
                f"{before['model_id']} ({before['dimensions']} dimensions, answered by "
                f"{before['answered_by']}); use these, or name another embedding column."
            )


def _jobs(connection: Connection, job_id: int | None = None) -> list[TableEmbeddingJob]:
    query = sql.psycopg_query("table_embedding/list_jobs")
    found = connection.execute(query, {"job_id": job_id, "lock_class": LOCK_CLASS}).fetchall()
    return [_job(row) for row in found]


def _job(row: dict[str, Any]) -> TableEmbeddingJob:
    status, reason = IngestionJobStatus(row["status"]), row["failure_reason"]
    if not status.is_final and not row["alive"]:
        status, reason = IngestionJobStatus.STOPPED, ENDED_WITHOUT_WORD
    wanted = TableEmbeddingJob.__dataclass_fields__
    return TableEmbeddingJob(
        **{key: value for key, value in row.items() if key in wanted}
        | {"status": status, "failure_reason": reason}
    )
