"""The bridge from SQL to a model: answers, refusals, deadlines, rights."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest

from kb.embedding_sql.refusals import Refusal
from kb.postgres import bridge_install
from kb.postgres.bridge import EmbeddingBridge
from kb.postgres.embedded import EmbeddedServer

pytestmark = pytest.mark.database

EMBED = (
    "SELECT aws_bedrock.invoke_model_get_embeddings("
    "'any', 'application/json', 'embedding', CAST(%s AS text))"
)
Connection = psycopg.Connection[tuple[Any, ...]]


class Running:
    """A bridge in a thread of this process, over a function of the test's."""

    def __init__(self, server: EmbeddedServer, url: str, *, port: int, deadline: float) -> None:
        self.slow_seconds = 0.0
        self.bridge = EmbeddingBridge(
            self._answer,
            bridge_install.socket_folder(server),
            port=port,
            deadline_seconds=deadline,
        )
        self._url = url
        self.start()

    def _answer(self, payload: str) -> str:
        text = json.loads(payload)["model_input"]
        if text == "bad":
            raise Refusal("KB001", "The body is bad.", "Send another.")
        if text == "crash":
            raise ZeroDivisionError("division by zero")
        if text == "trip":
            raise TypeError("no such kind of text")
        time.sleep(self.slow_seconds if text == "slow" else 0)
        return "{" + str(len(text)) + "}"

    def start(self) -> None:
        ready = threading.Event()

        async def told() -> None:
            await asyncio.to_thread(bridge_install.install, self._url, self.bridge)
            ready.set()

        async def main() -> None:
            self._loop = asyncio.get_running_loop()
            self._task = asyncio.ensure_future(self.bridge.serve(told))
            await asyncio.wait([self._task])

        self._thread = threading.Thread(target=lambda: asyncio.run(main()))
        self._thread.start()
        assert ready.wait(20)

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._task.cancel)
        self._thread.join(20)


@pytest.fixture(scope="module")
def offered(server: EmbeddedServer) -> EmbeddedServer:
    """The server with the extension's files."""
    bridge_install.offer_extension(server)
    return server


@pytest.fixture
def running(offered: EmbeddedServer, database_url: str) -> Iterator[Running]:
    running = Running(offered, database_url, port=5433, deadline=2.0)
    yield running
    running.stop()


@pytest.fixture
def session(running: Running, database_url: str) -> Iterator[Connection]:
    with psycopg.connect(database_url, autocommit=True) as connection:
        yield connection


def embed(session: Connection, text: str) -> list[float]:
    row = session.execute(EMBED.encode(), (text,)).fetchone()
    assert row is not None
    found: list[float] = row[0]
    return found


def refused(session: Connection, text: str) -> psycopg.Error:
    with pytest.raises(psycopg.Error) as caught:
        embed(session, text)
    assert embed(session, "next") == [4.0]
    return caught.value


def test_an_answer_is_an_array_of_floats(session: Connection) -> None:
    assert embed(session, "four") == [4.0]


def test_a_text_of_200_kB_arrives_whole(session: Connection) -> None:
    assert embed(session, "x" * 200_000) == [200_000.0]


def test_a_text_above_8_MB_is_refused_and_the_session_goes_on(session: Connection) -> None:
    assert refused(session, "x" * 9_000_000).sqlstate == "54000"


def test_a_refusal_keeps_its_sqlstate_and_hint(session: Connection) -> None:
    error = refused(session, "bad")
    assert (error.sqlstate, error.diag.message_hint) == ("KB001", "Send another.")


@pytest.mark.parametrize("text", ["crash", "trip"])
def test_a_failing_model_is_a_sql_error(session: Connection, text: str) -> None:
    assert refused(session, text).sqlstate == "KB004"


def test_a_model_that_is_too_slow_is_a_sql_error_within_the_deadline(
    running: Running, session: Connection
) -> None:
    running.slow_seconds = 4.0
    began = time.monotonic()
    with pytest.raises(psycopg.Error) as caught:
        embed(session, "slow")
    assert caught.value.sqlstate == "KB005"
    assert time.monotonic() - began < 3.0
    assert embed(session, "next") == [4.0]


def test_a_statement_timeout_ends_a_call_at_once(running: Running, session: Connection) -> None:
    running.slow_seconds = 1.5
    session.execute("SET statement_timeout = '200ms'")
    began = time.monotonic()
    with pytest.raises(psycopg.errors.QueryCanceled):
        embed(session, "slow")
    assert time.monotonic() - began < 1.0
    assert embed(session, "next") == [4.0]


def test_without_a_bridge_a_call_fails_at_once(running: Running, session: Connection) -> None:
    assert embed(session, "four") == [4.0]
    running.stop()
    began = time.monotonic()
    with pytest.raises(psycopg.Error) as caught:
        embed(session, "four")
    assert caught.value.sqlstate == "KB006"
    assert "kb up" in (caught.value.diag.message_hint or "")
    assert time.monotonic() - began < 1.0
    running.start()


def test_an_open_session_finds_a_bridge_that_was_started_again(
    running: Running, session: Connection
) -> None:
    assert embed(session, "four") == [4.0]
    running.stop()
    running.start()
    assert embed(session, "seven b") == [7.0]


def test_an_open_session_finds_a_bridge_with_another_password(
    running: Running, session: Connection, database_url: str
) -> None:
    assert embed(session, "four") == [4.0]
    running.bridge.password = "another"
    bridge_install.install(database_url, running.bridge)
    assert embed(session, "four") == [4.0]


def test_a_wrong_password_is_no_way_in(running: Running, session: Connection) -> None:
    running.bridge.password = "changed and not told"
    with pytest.raises(psycopg.Error) as caught:
        embed(session, "four")
    assert caught.value.sqlstate == "KB006"


def test_eight_sessions_are_served_at_once(running: Running, database_url: str) -> None:
    def many(number: int) -> list[list[float]]:
        with psycopg.connect(database_url, autocommit=True) as connection:
            return [embed(connection, "x" * (number + 1)) for _ in range(20)]

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(many, range(8)))
    assert found == [[[number + 1.0]] * 20 for number in range(8)]


def test_it_answers_in_a_read_only_transaction(session: Connection) -> None:
    session.execute("SET default_transaction_read_only = on")
    assert embed(session, "four") == [4.0]


def test_the_socket_is_for_the_server_s_user_only(running: Running) -> None:
    folder, socket = running.bridge.folder.stat(), running.bridge.socket.stat()
    assert folder.st_mode & 0o777 == 0o700
    assert (socket.st_mode & 0o777, socket.st_uid) == (0o600, folder.st_uid)


@pytest.fixture
def plain(session: Connection, database_url: str) -> Iterator[Connection]:
    """A session of a role that has USAGE on aws_bedrock and nothing else."""
    session.execute("CREATE ROLE plain_role LOGIN")
    session.execute("GRANT USAGE ON SCHEMA aws_bedrock TO plain_role")
    url = database_url.replace("postgres@", "plain_role@", 1)
    with psycopg.connect(url, autocommit=True) as connection:
        yield connection
    session.execute("DROP OWNED BY plain_role")
    session.execute("DROP ROLE plain_role")


def test_a_role_with_usage_on_the_schema_can_embed(plain: Connection) -> None:
    assert embed(plain, "four") == [4.0]


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT conninfo FROM embed_bridge.endpoint",
        "SELECT embed_bridge.request('{}')",
        "SELECT embed_bridge.dblink_connect('host=/tmp')",
        "COPY embed_bridge.endpoint TO STDOUT",
        "SET ROLE postgres",
    ],
)
def test_such_a_role_can_not_reach_the_bridge_s_schema(plain: Connection, statement: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        plain.execute(statement.encode())


def test_an_error_tells_such_a_role_no_password(running: Running, plain: Connection) -> None:
    password = running.bridge.password
    running.stop()
    with pytest.raises(psycopg.Error) as caught:
        embed(plain, "four")
    assert password not in f"{caught.value} {caught.value.diag.context}"
    running.start()


def test_a_role_without_usage_can_not_embed(session: Connection, plain: Connection) -> None:
    session.execute("REVOKE USAGE ON SCHEMA aws_bedrock FROM plain_role")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        embed(plain, "four")


def test_a_schema_of_that_name_that_is_not_ours_is_left_alone(
    offered: EmbeddedServer, database_url: str
) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("CREATE SCHEMA aws_bedrock")
    running = Running(offered, database_url, port=5434, deadline=2.0)
    running.stop()
    with psycopg.connect(database_url) as connection:
        found = connection.execute(
            "SELECT count(*) FROM pg_proc WHERE pronamespace = 'aws_bedrock'::regnamespace"
        ).fetchone()
    assert found == (0,)
