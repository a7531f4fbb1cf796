"""What a database lacks for the workbench, each with the statement that mends it. Changes nothing.

The checks are sql/check, which say the same by hand with psql.
"""

from __future__ import annotations

from sqlalchemy import Connection, Engine, text

from kb import sql
from kb.adapters.database import rows, transaction
from kb.adapters.schema import migrations
from kb.embedding_sql.findings import Finding

PREPARE = "python -m kb prepare-database"
MIGRATE = (
    'psql "$DATABASE_URL" -v ON_ERROR_STOP=1 -1 -f sql/{name}.sql '
    "-c \"INSERT INTO workbench.migration (name) VALUES ('{name}')\""
)


def check_database(engine: Engine, *, dimensions: int) -> list[Finding]:
    """In the order in which they are to be mended; `dimensions` are the embedding model's."""
    found: list[Finding] = []
    with transaction(engine) as connection:
        for name, parameters in (
            ("check/server", {}),
            ("check/roles", {}),
            ("check/table", {"dimensions": dimensions}),
            ("check/indexes", {}),
            ("check/workbench", {}),
        ):
            found += [Finding(**row) for row in rows(connection, name, **parameters)]
        if found[-1].ok:
            found += _migrations(connection)
        found.append(_queue(connection))
    return found


def _migrations(connection: Connection) -> list[Finding]:
    applied = set(connection.execute(text("SELECT name FROM workbench.migration")).scalars())
    return [
        Finding(
            name=f"Migration {name.removeprefix('migrations/')}",
            ok=name in applied,
            found="applied" if name in applied else "missing",
            mend="" if name in applied else MIGRATE.format(name=name),
        )
        for name in migrations()
    ]


def _queue(connection: Connection) -> Finding:
    ok = connection.execute(sql.statement("queue/is_prepared")).scalar() is True
    return Finding(
        name="Tables of the job queue",
        ok=ok,
        found="yes" if ok else "missing",
        mend="" if ok else PREPARE,
    )
