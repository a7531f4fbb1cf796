"""Connections to PostgreSQL: a pool of them, and the translation of their errors.

Vectors travel as binary: every connection has pgvector's psycopg adapters. It knows no table.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import psycopg
from pgvector.psycopg import register_vector
from psycopg.rows import dict_row
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError

from kb import sql
from kb.adapters.connecting import Database, Failure, failure
from kb.errors import ConnectionLost, DatabaseError

__all__ = [
    "Database",
    "Row",
    "check_versions",
    "driver",
    "masked_url",
    "open_engine",
    "rows",
    "transaction",
    "translated_errors",
]

#: Row factory of psycopg, for paths that bypass SQLAlchemy.
Row = dict[str, Any]

MINIMUM_POSTGRES = 150000
MINIMUM_PGVECTOR = (0, 8)


@dataclass(frozen=True, slots=True)
class Ran:
    """A statement that was run."""

    #: Its file in sql/, without the suffix.
    name: str
    parameters: Mapping[str, Any]
    rows: int
    milliseconds: float


_watching: ContextVar[Callable[[Connection, Ran], None] | None] = ContextVar(
    "watching", default=None
)

#: SQLSTATEs of a server that goes away: crash, shutdown, start, and a connection that broke.
GONE = ("57P01", "57P02", "57P03", "08000", "08003", "08006")
#: query_canceled, by a time-out that was set.
TOO_LONG = "57014"
#: disk_full and insufficient_resources.
NO_ROOM = ("53100", "53000")


def open_engine(database: Database | str, *, statement_seconds: float = 0.0) -> Engine:
    """A pool of connections to a database; nothing is connected yet.

    With `statement_seconds` a statement that takes longer is ended.
    """
    found = Database.at(database)
    engine = create_engine(
        found.address.set(drivername="postgresql+psycopg"),
        pool_size=5,
        max_overflow=10,
        pool_pre_ping=True,
    )
    own: dict[str, Any] = {"application_name": "kb-workbench"}
    if statement_seconds:
        own["options"] = f"-c statement_timeout={round(statement_seconds * 1000)}"

    def connect(_dialect: object, _record: object, _arguments: object, given: Row) -> Any:
        # What is in the URL comes from there; the dialect adds its own adapters.
        return found.connect(**own, context=given.get("context"))

    event.listen(engine, "do_connect", connect)
    event.listen(engine, "connect", _register_vector)
    return engine


def masked_url(engine: Engine) -> str:
    """The engine's URL for psql and for people, without a password."""
    url = engine.url.set(drivername="postgresql")
    secrets = {name: "***" for name in ("password", "sslpassword") if name in url.query}
    return url.update_query_dict(secrets).render_as_string()


def _register_vector(connection: psycopg.Connection[Any], _record: object) -> None:
    # Before the extension exists there is no type to register; `prepare` reconnects.
    if connection.execute("SELECT to_regtype('vector')").fetchone() != (None,):
        register_vector(connection)
    connection.commit()


@contextmanager
def transaction(engine: Engine) -> Iterator[Connection]:
    """One transaction; database errors come out as DatabaseError."""
    with translated_errors(), engine.begin() as connection:
        yield connection


@contextmanager
def translated_errors() -> Iterator[None]:
    """Turn the driver's errors into DatabaseError with the server's own words."""
    try:
        yield
    except DBAPIError as error:
        raise _translate(error.orig or error) from error
    except psycopg.Error as error:
        raise _translate(error) from error


def _translate(error: BaseException) -> DatabaseError:
    words = str(error).strip().splitlines()
    first = words[0] if words else type(error).__name__
    sqlstate = getattr(error, "sqlstate", None)
    if sqlstate is None and (refusal := _refusal(error, first)):
        return refusal
    if sqlstate == TOO_LONG:
        return DatabaseError(
            f"The database took longer than KB_STATEMENT_SECONDS and was stopped; try again, or "
            f"raise it: {first}"
        )
    if isinstance(error, psycopg.OperationalError) and (sqlstate is None or sqlstate in GONE):
        return ConnectionLost(
            f"The database does not answer; run `python -m kb up` or check KB_DATABASE_URL: {first}"
        )
    if sqlstate in NO_ROOM:
        return DatabaseError(f"The database has no room left; make some and try again: {first}")
    return DatabaseError(f"The database refused: {first}")


def _refusal(error: BaseException, first: str) -> DatabaseError | None:
    """For a connection that was refused for good."""
    why = failure(error) if isinstance(error, psycopg.OperationalError) else None
    if why is Failure.LOGIN:
        return DatabaseError(
            "The database refuses the login; check the user and password in KB_DATABASE_URL or the "
            "secret, or for IAM that the role was granted rds_iam and rds-db:connect is allowed: "
            f"{first}"
        )
    if why is Failure.TLS:
        return DatabaseError(
            f"The connection can not be made with TLS; check KB_CA_BUNDLE and the host: {first}"
        )
    return None


def driver(connection: Connection) -> psycopg.Connection[Any]:
    """The psycopg connection below, inside the same transaction, for COPY and binary vectors."""
    below = connection.connection.driver_connection
    assert isinstance(below, psycopg.Connection)
    return below


def rows(connection: Connection, name: str, /, **parameters: Any) -> list[Row]:
    """Run `sql/<name>.sql` through psycopg, vectors as binary, and return its rows."""
    watching = _watching.get()
    begin = time.perf_counter()
    with driver(connection).cursor(row_factory=dict_row, binary=True) as cursor:
        # Text of this project's own files: see sql.psycopg_query.
        cursor.execute(sql.psycopg_query(name), parameters)
        found = cursor.fetchall() if cursor.description else []
    if watching is not None:
        milliseconds = (time.perf_counter() - begin) * 1000
        watching(connection, Ran(name, parameters, len(found), milliseconds))
    return found


@contextmanager
def watched(by: Callable[[Connection, Ran], None]) -> Iterator[None]:
    """Tell `by` of every statement that this thread runs with `rows`, in its transaction."""
    token = _watching.set(by)
    try:
        yield
    finally:
        _watching.reset(token)


def check_versions(connection: Connection) -> Row:
    """The server's and pgvector's versions; refuse what is too old for this project."""
    found = rows(connection, "queries/versions")[0]
    if found["postgres_number"] < MINIMUM_POSTGRES:
        raise DatabaseError(
            f"PostgreSQL {found['postgres_version']} is too old; use version 15 or newer."
        )
    pgvector = found["pgvector_version"]
    if pgvector and tuple(int(n) for n in pgvector.split(".")[:2]) < MINIMUM_PGVECTOR:
        raise DatabaseError(
            f"pgvector {pgvector} is too old; get 0.8 or newer with ALTER EXTENSION vector UPDATE."
        )
    return found
