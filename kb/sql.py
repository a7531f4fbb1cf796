"""Loads the statements in `sql/`; the same files run by hand with psql.

`:name` is a parameter for both. `statement` gives it to SQLAlchemy; `psycopg_query` to psycopg
itself, for the paths on which vectors travel as binary and every millisecond counts.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from sqlalchemy import Integer, TextClause, bindparam, text
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg

SQL_DIR = Path(__file__).resolve().parent.parent / "sql"


def script(name: str) -> str:
    """Return the text of `sql/<name>.sql`, head comment included."""
    return (SQL_DIR / f"{name}.sql").read_text(encoding="utf-8")


@cache
def statement(name: str, *, literals: tuple[str, ...] = ()) -> TextClause:
    """Return the statement in `sql/<name>.sql`.

    PostgreSQL accepts no parameters in DDL. Name such integers in `literals` and SQLAlchemy
    writes them into the text, refusing any value that is not an integer.
    """
    clause = text(script(name))
    return clause.bindparams(*(bindparam(n, type_=Integer, literal_execute=True) for n in literals))


@cache
def psycopg_query(name: str) -> str:
    """Return the statement in `sql/<name>.sql` with psycopg's `%(name)s` parameters."""
    return str(statement(name).compile(dialect=PGDialect_psycopg()))  # type: ignore[no-untyped-call]
