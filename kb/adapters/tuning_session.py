"""One session of a sweep: connect, run `sql/tuning/` files, set settings and prove that they took.

Knows neither copies nor measurements.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import psycopg
from psycopg import errors as pg
from psycopg.rows import TupleRow, dict_row

from kb.adapters.database import Database
from kb.errors import DatabaseError
from kb.sql import psycopg_query

Connection: TypeAlias = psycopg.Connection[TupleRow]


def connect(database: Database | str) -> Connection:
    """Open an autocommitting connection with pgvector's library loaded."""
    connection = Database.at(database).connect(autocommit=True, application_name="kb-tuning")
    try:
        run(connection, "load_library")
    except pg.UndefinedObject as error:
        connection.close()
        raise DatabaseError(
            "The database has no pgvector; run CREATE EXTENSION vector as its owner."
        ) from error
    return connection


def set_checked(connection: Connection, name: str, value: str, *, local: bool) -> None:
    """Set a setting, for the transaction or for the session, and prove that it took.

    Raises DatabaseError when the server reads back something else.
    """
    run(connection, "set_local" if local else "set_session", name=name, value=value)
    found = read_value(connection, "current_setting", name=name)
    if found != value:
        raise DatabaseError(f"The server took {found} for {name} and not {value}; ask for another.")


def run(connection: Connection, name: str, /, **parameters: Any) -> None:
    """Run `sql/tuning/<name>.sql`."""
    connection.execute(psycopg_query(f"tuning/{name}"), parameters)


def read_row(connection: Connection, name: str, /, **parameters: Any) -> dict[str, Any]:
    """Run `sql/tuning/<name>.sql` and return its one row."""
    with connection.cursor(row_factory=dict_row) as cursor:
        found = cursor.execute(psycopg_query(f"tuning/{name}"), parameters).fetchone()
    assert found is not None
    return found


def read_value(connection: Connection, name: str, /, **parameters: Any) -> Any:
    """Run `sql/tuning/<name>.sql` and return its one value."""
    return next(iter(read_row(connection, name, **parameters).values()))
