"""Connections to a cluster that is paused, fails over or refuses: a real server, disturbed."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import psycopg
import pytest
from sqlalchemy import text

from kb.adapters.connecting import Database, Failure, failure
from kb.adapters.database import open_engine, rows, transaction
from kb.adapters.job_queue import JobQueue
from kb.errors import ConnectionLost, DatabaseError
from kb.postgres.embedded import EmbeddedServer
from tests.passwords import role
from tests.postgres_proxy import Proxy, postgres_proxy

pytestmark = pytest.mark.database


@pytest.fixture
def proxy(server: EmbeddedServer) -> Iterator[Proxy]:
    with postgres_proxy(server.url) as proxy:
        yield proxy


@pytest.fixture
def patient(proxy: Proxy, database_url: str) -> Database:
    """A database that is waited for; each attempt takes a second at most."""
    return Database(proxy.url(database_url), wait_seconds=20, attempt_seconds=1)


def test_a_cluster_that_wakes_up_is_waited_for(
    proxy: Proxy, patient: Database, caplog: pytest.LogCaptureFixture
) -> None:
    proxy.wakes_after_seconds = 3.5
    with caplog.at_level(logging.WARNING), patient.connect() as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    assert "waiting up to 20 s for it, since a paused Aurora cluster wakes up" in caplog.text
    assert proxy.connections > 1


@pytest.mark.long
def test_a_cluster_that_takes_fifteen_seconds_to_wake_up_is_waited_for(
    proxy: Proxy, database_url: str
) -> None:
    proxy.wakes_after_seconds = 15
    engine = open_engine(Database(proxy.url(database_url), wait_seconds=60))
    with transaction(engine) as connection:
        assert rows(connection, "queries/versions")
    engine.dispose()


def test_one_that_nobody_waits_for_is_lost_at_once(proxy: Proxy, database_url: str) -> None:
    proxy.cut(for_seconds=60)
    engine = open_engine(proxy.url(database_url))
    with pytest.raises(ConnectionLost, match="does not answer"), transaction(engine):
        pass
    assert proxy.connections == 1


def test_waiting_ends(proxy: Proxy, database_url: str) -> None:
    proxy.cut(for_seconds=60)
    database = Database(proxy.url(database_url), wait_seconds=1)
    with pytest.raises(psycopg.OperationalError):
        database.connect()
    assert proxy.connections > 1


def test_idle_connections_that_a_failover_cuts_are_replaced(
    proxy: Proxy, patient: Database
) -> None:
    engine = open_engine(patient)
    with transaction(engine) as connection:
        assert rows(connection, "queries/versions")
    proxy.cut(for_seconds=1.5)
    with transaction(engine) as connection:
        assert rows(connection, "queries/versions")
    engine.dispose()


def test_a_statement_that_a_failover_cuts_is_a_lost_connection(
    proxy: Proxy, patient: Database
) -> None:
    engine = open_engine(patient)
    with pytest.raises(ConnectionLost), transaction(engine) as connection:
        proxy.cut()
        connection.execute(text("SELECT 1"))
    engine.dispose()


def test_the_writer_of_before_is_not_taken_for_the_writer(
    server: EmbeddedServer, proxy: Proxy, database_url: str
) -> None:
    # What is a reader after a failover says so, whoever it still answers for.
    with role(server, "trust") as own:
        own.run("ALTER ROLE {} SET default_transaction_read_only = on")
        url = f"{proxy.url(database_url, own.name)}?target_session_attrs=read-write"
        with pytest.raises(psycopg.OperationalError, match="read-only"):
            Database(url, wait_seconds=1).connect()
        assert proxy.connections > 1
        own.run("ALTER ROLE {} RESET default_transaction_read_only")
        Database(url, wait_seconds=1).connect().close()


def test_the_queue_s_connections_go_the_same_way(
    proxy: Proxy, patient: Database, database_url: str
) -> None:
    JobQueue(patient).defer_job("JOB0000001")
    assert proxy.connections > 0
    assert JobQueue(database_url).holds("JOB0000001")


def test_a_statement_that_takes_too_long_is_a_sentence(database_url: str) -> None:
    engine = open_engine(database_url, statement_seconds=0.2)
    too_long = pytest.raises(DatabaseError, match="longer than KB_STATEMENT_SECONDS")
    with too_long, transaction(engine) as connection:
        connection.execute(text("SELECT pg_sleep(30)"))
    engine.dispose()


def test_a_wrong_password_is_no_lost_connection(server: EmbeddedServer, database_url: str) -> None:
    with role(server) as own, postgres_proxy(server.url) as proxy:
        own.set_password("right")
        url = proxy.url(database_url, f"{own.name}:geheim")
        engine = open_engine(Database(url, wait_seconds=20))
        with pytest.raises(DatabaseError, match="refuses the login") as error, transaction(engine):
            pass
        assert not isinstance(error.value, ConnectionLost)
        assert "geheim" not in repr(error.value) + str(error.value.__cause__)
        assert proxy.connections == 1


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ('FATAL:  password authentication failed for user "u"', Failure.LOGIN),
        ('FATAL:  PAM authentication failed for user "u"', Failure.LOGIN),
        ("FATAL:  the database system is starting up", Failure.AWAY),
        ("FATAL:  sorry, too many clients already", Failure.AWAY),
        ("connection failed: Connection refused", Failure.AWAY),
        ("connection timeout expired", Failure.AWAY),
        ("server closed the connection unexpectedly", Failure.AWAY),
        ("SSL SYSCALL error: EOF detected", Failure.AWAY),
        ("SSL error: certificate verify failed", Failure.TLS),
        ('root certificate file "x.pem" does not exist', Failure.TLS),
        ("server does not support SSL, but SSL was required", Failure.TLS),
        ('FATAL:  database "nowhere" does not exist', Failure.OTHER),
        ('could not translate host name "x" to address', Failure.OTHER),
    ],
)
def test_words_of_the_server_tell_whether_to_wait(words: str, expected: Failure) -> None:
    assert failure(psycopg.OperationalError(words)) is expected


def test_no_password_is_in_the_repr() -> None:
    assert "geheim" not in repr(Database("postgresql://u:geheim@h/d"))
