"""Runs one statement of a user so that it can only read: a role of its own, read-only, limited.

The role logs in by itself. SET ROLE would not do: the statement could set it back and then be
whoever the workbench is. Knows nothing of pages.
"""

from __future__ import annotations

import hmac
import time
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import psycopg
from psycopg import errors as pg
from psycopg import sql as composing
from psycopg.pq.abc import PGresult

from kb import sql
from kb.adapters.database import Database, translated_errors
from kb.errors import DatabaseError, ValidationError

ROLE = "workbench_reader"
TIMEOUT_MS = 10_000
MOST_ROWS = 500
MOST_BYTES = 20 * 1024**2
MOST_CHARACTERS = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadOnlyResult:
    """What a statement returned."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    #: Whether there were more than MOST_ROWS, or more than MOST_BYTES.
    cut: bool
    milliseconds: float


class ReadOnlySql:
    """A reader of a database; each statement has a connection and a transaction of its own."""

    def __init__(self, database: Database | str) -> None:
        self._owner = Database.at(database)

    @cached_property
    def _password(self) -> str | None:
        # Of this process: the owner's may be rotated, and an IAM token is another each time.
        return _derived(str(self._owner.url().password or ""))

    def prepare(self) -> None:
        """Make the role, and let it read what is there now; the bridge's schema is left out."""
        with translated_errors(), self._owner.connect() as connection:
            try:
                connection.execute(sql.script("table_embedding/prepare_reader"))
            except pg.InsufficientPrivilege as error:
                raise DatabaseError(
                    f"You may not create the role {ROLE} for read-only statements; let an "
                    "administrator run sql/table_embedding/prepare_reader.sql."
                ) from error

    def run(self, statement: str) -> ReadOnlyResult:
        """Run one statement; raises ValidationError with the server's words when it fails."""
        if len(statement) > MOST_CHARACTERS:
            raise ValidationError(f"The statement is longer than {MOST_CHARACTERS} characters.")
        began = time.perf_counter()
        with self._session() as connection:
            try:
                columns, rows, cut = _read(connection, statement)
            except pg.QueryCanceled as error:
                raise ValidationError(
                    f"The statement took longer than {TIMEOUT_MS // 1000} s and was ended."
                ) from error
            except psycopg.Error as error:
                raise ValidationError(_words(error)) from error
            finally:
                connection.rollback()
        return ReadOnlyResult(
            columns=columns,
            rows=tuple(rows),
            cut=cut,
            milliseconds=(time.perf_counter() - began) * 1e3,
        )

    def _session(self) -> psycopg.Connection[Any]:
        try:
            connection = self._connect()
        except psycopg.OperationalError as refused:
            if not self._password:
                raise DatabaseError(f"The role {ROLE} can not log in: {refused}") from refused
            self._set_password()
            with translated_errors():
                connection = self._connect()
        connection.read_only = True
        return connection

    def _connect(self) -> psycopg.Connection[Any]:
        reader = Database(self._owner.address.set(username=ROLE, password=self._password))
        return reader.connect(
            application_name="kb-read-only-sql",
            options=f"-c statement_timeout={TIMEOUT_MS} -c lock_timeout=1000",
        )

    def _set_password(self) -> None:
        statement = composing.SQL("ALTER ROLE {} PASSWORD {}").format(
            composing.Identifier(ROLE), composing.Literal(self._password)
        )
        with translated_errors(), self._owner.connect() as connection:
            connection.execute(statement)


def _read(
    connection: psycopg.Connection[Any], statement: str
) -> tuple[tuple[str, ...], list[tuple[Any, ...]], bool]:
    """Names, rows, and whether there were more."""
    # From here on the transaction has a snapshot, and PostgreSQL lets nobody make it writable.
    connection.execute("SELECT 1")
    rows: list[tuple[Any, ...]] = []
    size = 0
    cut = False
    with connection.cursor() as cursor:
        # The extended protocol takes one statement and no second; rows come one by one.
        for row in cursor.stream(statement.encode()):
            if cut := len(rows) == MOST_ROWS or size > MOST_BYTES:
                break
            rows.append(row)
            size += _bytes(cursor.pgresult)
        columns = tuple(column.name for column in cursor.description or ())
    return columns, rows, cut


def _bytes(row: PGresult | None) -> int:
    """The size of a row as it came."""
    return sum(len(row.get_value(0, n) or b"") for n in range(row.nfields)) if row else 0


def _words(error: psycopg.Error) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__


def _derived(password: str) -> str | None:
    """The role's password: the same on every machine, stored nowhere, none where none is used."""
    if not password:
        return None
    return hmac.new(password.encode(), ROLE.encode(), "sha256").hexdigest()
