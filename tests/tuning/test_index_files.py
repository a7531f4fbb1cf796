"""The files in sql/indexes/, which build and remove indexes on the live table."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Connection, create_engine, make_url
from sqlalchemy.exc import CompileError, StatementError

from kb.sql import statement

pytestmark = pytest.mark.database


@pytest.fixture
def connection(database_url: str) -> Iterator[Connection]:
    """Outside a transaction, as CONCURRENTLY wants it."""
    engine = create_engine(make_url(database_url).set(drivername="postgresql+psycopg"))
    with engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT")
        connection.exec_driver_sql(
            "INSERT INTO bedrock_integration.bedrock_kb (id, embedding)"
            " SELECT gen_random_uuid(), array_fill(n, ARRAY[384])::vector"
            " FROM generate_series(1, 20) n"
        )
        yield connection
    engine.dispose()


def create(connection: Connection, kind: str, **parameters: Any) -> None:
    connection.execute(statement(f"indexes/{kind}", literals=tuple(parameters)), parameters)


def listed(connection: Connection) -> dict[str, Any]:
    """The indexes of the live table by name."""
    rows = connection.execute(statement("indexes/list_indexes"))
    return {row.index_name: row for row in rows}


def test_an_hnsw_index_stands_beside_the_one_in_use(connection: Connection) -> None:
    create(connection, "create_hnsw", m=8, ef_construction=32)

    indexes = listed(connection)
    assert indexes["bedrock_kb_embedding_hnsw"].parameters == ["m=8", "ef_construction=32"]
    assert indexes["bedrock_kb_embedding_hnsw"].valid
    assert "bedrock_kb_embedding_idx" in indexes


def test_an_ivfflat_index_has_its_lists(connection: Connection) -> None:
    create(connection, "create_ivfflat", lists=3)

    assert listed(connection)["bedrock_kb_embedding_ivfflat"].parameters == ["lists=3"]


@pytest.mark.parametrize(
    ("kind", "parameters"),
    [("hnsw", {"m": 8, "ef_construction": 32}), ("ivfflat", {"lists": 3})],
)
def test_an_index_can_be_removed_again(
    connection: Connection, kind: str, parameters: dict[str, int]
) -> None:
    before = set(listed(connection))
    create(connection, f"create_{kind}", **parameters)

    connection.execute(statement(f"indexes/drop_{kind}"))

    assert set(listed(connection)) == before


def test_the_size_is_the_one_that_is_listed(connection: Connection) -> None:
    name = "bedrock_kb_embedding_idx"

    size = connection.execute(statement("indexes/index_size"), {"index_name": name}).scalar_one()

    assert size == listed(connection)[name].index_bytes > 0


def test_parameters_of_an_index_must_be_integers(connection: Connection) -> None:
    with pytest.raises((CompileError, StatementError)):
        create(connection, "create_hnsw", m="8); DROP TABLE x; --", ef_construction=32)


def test_no_build_is_no_progress(connection: Connection) -> None:
    assert connection.execute(statement("indexes/build_progress")).all() == []
