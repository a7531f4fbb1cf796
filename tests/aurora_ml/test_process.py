"""The process that holds bridge and model: one per data folder, found, started again, ended."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import psycopg
import pytest

from kb.errors import ServerError
from kb.settings import Settings
from kb.workbench import Workbench, open_workbench
from kb.workbench.bridge import Bridge
from kb.workbench.detached import CHECKOUT, environment
from tests.aurora_ml.conftest import value

pytestmark = pytest.mark.database

PHRASE = (
    "SELECT cardinality(aws_bedrock.invoke_model_get_embeddings('amazon.titan-embed-text-v1', "
    "'application/json', 'embedding', '{\"inputText\": \"a phrase\"}'))"
)


def kb(settings: Settings, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "kb", *arguments],
        cwd=CHECKOUT,
        env=environment(settings),
        capture_output=True,
        text=True,
        timeout=120,
    )


def await_ready(bridge: Bridge) -> None:
    deadline = time.monotonic() + 60
    while not bridge.is_ready():
        assert time.monotonic() < deadline
        threading.Event().wait(0.05)


def test_everybody_finds_the_same_process(local: Workbench) -> None:
    local.sql_embeddings.prepare()
    pid = local.sql_embeddings.bridge.pid
    assert kb(local.settings, "up").returncode == 0
    with open_workbench(local.settings) as second:
        assert second.sql_embeddings.bridge.pid == pid


def test_a_second_process_gives_way(local: Workbench) -> None:
    local.sql_embeddings.prepare()
    pid = local.sql_embeddings.bridge.pid
    assert kb(local.settings, "bridge").returncode == 0
    assert local.sql_embeddings.bridge.pid == pid


def test_after_a_kill_the_next_command_starts_it_and_open_sessions_go_on(
    local: Workbench, url: str
) -> None:
    bridge = local.sql_embeddings.bridge
    bridge.ensure_running(wait=True)
    with psycopg.connect(url, autocommit=True) as session:
        assert session.execute(PHRASE.encode()).fetchone() == (1536,)
        killed = bridge.pid
        assert killed is not None
        os.kill(killed, signal.SIGKILL)
        deadline = time.monotonic() + 10
        while bridge.pid == killed:
            assert time.monotonic() < deadline
            threading.Event().wait(0.05)
        with pytest.raises(psycopg.Error) as caught:
            session.execute(PHRASE.encode())
        assert caught.value.sqlstate == "KB006"
        assert kb(local.settings, "status").returncode == 0
        await_ready(bridge)
        assert session.execute(PHRASE.encode()).fetchone() == (1536,)


@pytest.mark.parametrize("is_connected", [True, False])
def test_a_frozen_process_is_ended_and_its_callers_get_an_error(
    local: Workbench, url: str, is_connected: bool
) -> None:
    bridge = local.sql_embeddings.bridge
    bridge.ensure_running(wait=True)
    pid = bridge.pid
    assert pid is not None
    with psycopg.connect(url, autocommit=True) as session:
        if is_connected:
            session.execute(PHRASE.encode())
        os.kill(pid, signal.SIGSTOP)
        began = time.monotonic()
        with pytest.raises(psycopg.Error) as caught:
            session.execute(PHRASE.encode())
        assert caught.value.sqlstate == "KB006"
        # Within the deadline of a call, which is 30 s.
        assert time.monotonic() - began < 20
        await_end(pid)
        bridge.ensure_running(wait=True)
        assert session.execute(PHRASE.encode()).fetchone() == (1536,)


def test_a_statement_timeout_need_not_wait_for_a_frozen_process(local: Workbench, url: str) -> None:
    bridge = local.sql_embeddings.bridge
    bridge.ensure_running(wait=True)
    assert bridge.pid is not None
    with psycopg.connect(url, autocommit=True) as session:
        session.execute(PHRASE.encode())
        session.execute("SET statement_timeout = '200ms'")
        os.kill(bridge.pid, signal.SIGSTOP)
        try:
            with pytest.raises(psycopg.errors.QueryCanceled):
                session.execute(PHRASE.encode())
        finally:
            os.kill(bridge.pid, signal.SIGCONT)
        session.execute("SET statement_timeout = 0")
        assert session.execute(PHRASE.encode()).fetchone() == (1536,)


def test_it_ends_by_itself_when_its_folder_is_cleared_away(local: Workbench) -> None:
    bridge = local.sql_embeddings.bridge
    bridge.ensure_running(wait=True)
    pid = bridge.pid
    assert pid is not None
    (local.settings.data_dir / "bridge.lock").unlink()
    await_end(pid)
    bridge.ensure_running(wait=True)
    assert bridge.pid != pid


def await_end(pid: int) -> None:
    deadline = time.monotonic() + 20
    while is_alive(pid):
        assert time.monotonic() < deadline
        threading.Event().wait(0.1)


def is_alive(pid: int) -> bool:
    """Whether the process runs; one that ended may still wait for its parent to notice."""
    state = Path(f"/proc/{pid}/stat")
    try:
        return state.read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_down_ends_it_and_up_brings_it_back(local: Workbench, url: str) -> None:
    bridge = local.sql_embeddings.bridge
    assert kb(local.settings, "down").returncode == 0
    assert bridge.pid is None
    assert kb(local.settings, "up").returncode == 0
    assert bridge.is_ready()
    assert value(url, PHRASE) == 1536


def test_it_is_never_started_for_a_database_of_the_user_s_own(settings: Settings) -> None:
    with open_workbench(settings) as bench:
        bench.sql_embeddings.prepare()
        assert bench.sql_embeddings.bridge.pid is None
        with pytest.raises(ServerError, match="KB_DATABASE_URL"):
            bench.sql_embeddings.bridge.serve()
    assert settings.database_url
    assert value(settings.database_url, "SELECT to_regnamespace('aws_bedrock') IS NULL")
    assert value(settings.database_url, "SELECT to_regnamespace('embed_bridge') IS NULL")
