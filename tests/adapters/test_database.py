"""Connections: vectors as binary, and every failure one sentence."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import numpy as np
import psycopg
import pytest
from sqlalchemy import Engine, text

from kb.adapters.database import Ran, driver, open_engine, rows, transaction, watched
from kb.errors import DatabaseError, SettingsError


@pytest.fixture
def nobody_s_port() -> Iterator[int]:
    """A port of this machine that is taken, yet nobody listens."""
    with socket.socket() as own:
        own.bind(("127.0.0.1", 0))
        yield int(own.getsockname()[1])


@pytest.mark.database
def test_vectors_travel_as_binary(engine: Engine) -> None:
    vector = np.array([0.1, -2.5, 3e-8], dtype=np.float32)
    with transaction(engine) as connection, driver(connection).cursor(binary=True) as cursor:
        row = cursor.execute("SELECT CAST(%b AS vector)", (vector,)).fetchone()
    assert row is not None
    np.testing.assert_array_equal(row[0].to_numpy(), vector)


@pytest.mark.database
def test_a_watcher_hears_of_every_statement_until_it_goes(engine: Engine) -> None:
    heard: list[Ran] = []
    with transaction(engine) as connection:
        with watched(lambda _connection, ran: heard.append(ran)):
            rows(connection, "tuning/set_local", name="work_mem", value="1MB")
        rows(connection, "queries/versions")
    assert [(ran.name, ran.rows) for ran in heard] == [("tuning/set_local", 1)]
    assert heard[0].parameters == {"name": "work_mem", "value": "1MB"}


@pytest.mark.database
def test_a_transaction_that_fails_leaves_nothing(engine: Engine) -> None:
    with pytest.raises(ZeroDivisionError), transaction(engine) as connection:
        connection.execute(text("CREATE TABLE workbench.left_over ()"))
        _ = 1 / 0
    with transaction(engine) as connection:
        found = connection.execute(text("SELECT to_regclass('workbench.left_over')")).scalar()
    assert found is None


@pytest.mark.database
@pytest.mark.parametrize("by_driver", [False, True])
def test_an_error_of_the_server_has_its_own_words(by_driver: bool, engine: Engine) -> None:
    refused = pytest.raises(DatabaseError, match="refused: division by zero")
    with refused as caught, transaction(engine) as connection:
        if by_driver:
            driver(connection).execute("SELECT 1/0")
        connection.execute(text("SELECT 1/0"))
    assert caught.value.__cause__ is not None


@pytest.mark.database
def test_a_connection_that_the_server_has_ended_is_replaced(
    engine: Engine, database_url: str
) -> None:
    with transaction(engine) as connection:
        pid = connection.execute(text("SELECT pg_backend_pid()")).scalar()
    with psycopg.connect(database_url) as other:
        other.execute("SELECT pg_terminate_backend(%s, 5000)", (pid,))
    with transaction(engine) as connection:
        assert rows(connection, "queries/versions")


def test_a_server_that_does_not_answer_is_a_sentence_with_what_to_do(nobody_s_port: int) -> None:
    engine = open_engine(f"postgresql://u@127.0.0.1:{nobody_s_port}/d")
    sentence = r"python -m kb up.*KB_DATABASE_URL"
    with pytest.raises(DatabaseError, match=sentence), transaction(engine):
        pass


@pytest.mark.parametrize(
    "url",
    [
        "nonsense",
        "host=localhost dbname=d",
        "postgresql://u@h:port/d",
        "mysql://u@h/d",
        "sqlite:///d",
    ],
)
def test_an_address_that_is_none_is_a_sentence_with_the_setting(url: str) -> None:
    with pytest.raises(SettingsError, match="KB_DATABASE_URL"):
        open_engine(url)


def test_an_address_that_is_none_is_not_repeated_with_its_password() -> None:
    with pytest.raises(SettingsError) as caught:
        open_engine("postgresql//u:geheim@h/d")
    assert "geheim" not in str(caught.value)


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg"])
def test_the_usual_spellings_of_an_address_are_understood(scheme: str) -> None:
    assert open_engine(f"{scheme}://u@h/d").url.drivername == "postgresql+psycopg"
