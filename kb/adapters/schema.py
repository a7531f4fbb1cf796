"""Prepares a database: Bedrock's table, and the workbench's own schema by numbered migrations."""

from __future__ import annotations

import logging

from sqlalchemy import Connection, Engine, TextClause, text

from kb import sql
from kb.adapters.database import check_versions, driver, rows, transaction
from kb.errors import DatabaseError

log = logging.getLogger(__name__)

#: Scripts that may run any number of times, in order.
SCHEMA = (
    "schema/010_extension",
    "schema/020_bedrock_integration",
    "schema/030_bedrock_kb",
    "schema/040_bedrock_kb_indexes",
    "schema/050_workbench",
)
#: What is there when all of these have run.
TABLES = ("bedrock_integration.bedrock_kb", "workbench.migration")
TABLE = text("SELECT to_regclass(:name)")
#: Any number will do, as long as all processes use the same.
PREPARE_LOCK = 5_150_001


def prepare_database(engine: Engine, *, dimensions: int) -> None:
    """Create whatever is missing; existing tables and rows are left as they are.

    Several processes may do it at once: a lock lets one of them work and the others find it done.
    Raises DatabaseError when the table is there for vectors of other dimensions and of no known
    model.
    """
    # The scripts lock the table, also when they change nothing, and would wait for a running sync.
    if not is_prepared(engine):
        _create(engine, dimensions)
    _check_dimensions(engine, dimensions)


def _create(engine: Engine, dimensions: int) -> None:
    with transaction(engine) as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": PREPARE_LOCK})
        for name in SCHEMA:
            connection.execute(_schema_statement(name), _parameters(name, dimensions))
        check_versions(connection)
        for name in _missing_migrations(connection):
            log.info("applying migration %s", name)
            driver(connection).execute(sql.script(name))
            connection.execute(
                text("INSERT INTO workbench.migration (name) VALUES (:name)"), {"name": name}
            )
    # Connections from before the extension do not know the vector type.
    engine.dispose()


def is_prepared(engine: Engine) -> bool:
    """Whether nothing is missing, without changing anything."""
    with transaction(engine) as connection:
        check_versions(connection)
        tables = [connection.execute(TABLE, {"name": name}).scalar() for name in TABLES]
        return None not in tables and not _missing_migrations(connection)


def _check_dimensions(engine: Engine, dimensions: int) -> None:
    with transaction(engine) as connection:
        if rows(connection, "catalogue/embedding_models"):
            # Whose vectors they are is known; see Catalogue.check_model.
            return
        found = rows(connection, "queries/table_dimensions")[0]["dimensions"]
    if found not in (dimensions, -1):
        raise DatabaseError(
            f"The table bedrock_integration.bedrock_kb is for vectors of {found} dimensions, the "
            f"embedding model makes {dimensions}; use that table's model or another database."
        )


def migrations() -> list[str]:
    """Names of all migrations, in order."""
    return sorted(f"migrations/{path.stem}" for path in (sql.SQL_DIR / "migrations").glob("*.sql"))


def _missing_migrations(connection: Connection) -> list[str]:
    applied = set(connection.execute(text("SELECT name FROM workbench.migration")).scalars())
    return [name for name in migrations() if name not in applied]


def _schema_statement(name: str) -> TextClause:
    return sql.statement(name, literals=("dimensions",) if _parameters(name, 0) else ())


def _parameters(name: str, dimensions: int) -> dict[str, int]:
    return {"dimensions": dimensions} if name == "schema/030_bedrock_kb" else {}
