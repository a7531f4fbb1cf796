"""Starts, finds and stops the PostgreSQL of the default mode, with one folder as its home.

    root/.lock       held while somebody starts or stops the server
    root/.server     held by the server's own processes; free means that none is left
    root/data        the database; root/run its socket; both 0700 and of the server's user
    root/server.log  what initdb and the server say

Both locks are the kernel's, so a process that is killed lets go of them. The second one is why
a pid file is never trusted: whatever number it holds, the kernel knows whether a server lives.
Knows nothing of schemas and of the app's own settings.
"""

from __future__ import annotations

import logging
import os
import re
import shlex
import shutil
import stat
import subprocess
import sys
import time
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from urllib.parse import quote

from psycopg import pq

from kb.errors import ServerError
from kb.postgres import binaries, system
from kb.postgres.system import ServerUser

_LOG = logging.getLogger(__name__)

_PORT = 5432
_SOCKET = f".s.PGSQL.{_PORT}"
#: Seconds, as pg_ctl wants them. Recovery after a kill reads up to max_wal_size again.
_TIMEOUT = "120"
_POLL_SECONDS = 0.05
#: To be free before a start, for a database that is still to be made and for one that is.
_NEW_BYTES, _OLD_BYTES = 256 * 1024**2, 32 * 1024**2
_LARGEST_LOG_BYTES = 16 * 1024**2
#: `sun_path` holds 108 bytes on Linux and 104 on macOS, the closing zero included.
_LONGEST_SOCKET_PATH = 103
#: Not TMPDIR: every process must come to the same folder.
_SHORT_FOLDER = Path("/tmp")
_CHARACTER_TYPE = "UTF-8" if sys.platform == "darwin" else "C.UTF-8"
#: OK, or REJECT of a server that still starts or already stops.
_ANSWERS = (pq.Ping.OK, pq.Ping.REJECT)
_PG_CTL_SAYS = re.compile("pg_ctl:|Examine the log")

_DEFAULTS = {
    "shared_buffers": "256MB",
    "max_wal_size": "2GB",
    "max_connections": "100",
    "jit": "off",
    "shared_preload_libraries": "pg_stat_statements",
    # A parallel index build takes maintenance_work_mem from here. "posix" is /dev/shm, 64 MB in a
    # container; "mmap" writes it full of zeros first (1 GB made a 2 s build last 3 to 6 s).
    # macOS allows 4 MB of "sysv" and has no /dev/shm.
    "dynamic_shared_memory_type": "posix" if sys.platform == "darwin" else "sysv",
}


class EmbeddedServer:
    """The PostgreSQL whose home is `root`; any number of processes may share it."""

    def __init__(
        self,
        root: Path,
        *,
        os_user: str = "kb_postgres",
        settings: Mapping[str, str] | None = None,
    ) -> None:
        """As root the server runs as `os_user`, which is made when missing.

        `settings` are PostgreSQL's; they win over ours but for those of the socket.
        """
        system.check_platform()
        # Two spellings of one folder must give one socket.
        self.root = root.resolve()
        self.log_file = self.root / "server.log"
        self._data = self.root / "data"
        self._os_user = os_user
        self._settings = {**_DEFAULTS, **(settings or {})}

    @property
    def url(self) -> str:
        """The database's URL, for psql and psycopg; the same for ever."""
        host = quote(os.fsencode(self._socket_dir), safe="")
        return f"postgresql://postgres@/postgres?host={host}&port={_PORT}"

    @property
    def psql(self) -> Path:
        """The psql that the current user can run on `url`."""
        return binaries.wheel_install() / "bin" / "psql"

    def is_running(self) -> bool:
        """Whether the server takes queries now."""
        return self._ping() == pq.Ping.OK

    def start(self) -> str:
        """Start the server unless it runs, and return its URL.

        Raises ServerError, whose sentence says what to do.
        """
        if self.is_running():
            return self.url
        try:
            self._make_root()
            with system.kernel_lock(self.root / ".lock"):
                self._start()
        except (OSError, subprocess.SubprocessError) as error:
            raise ServerError(
                f"PostgreSQL can not use {self.root} ({error}); mend that or set KB_DATA_DIR to "
                "another folder."
            ) from error
        return self.url

    def stop(self) -> None:
        """Stop the server for everybody; nothing happens when it does not run."""
        if self._ping() not in _ANSWERS:
            return
        try:
            with system.kernel_lock(self.root / ".lock"):
                # Another process may have stopped it meanwhile.
                if self._ping() in _ANSWERS:
                    self._stop()
        except (OSError, subprocess.SubprocessError) as error:
            raise ServerError(f"PostgreSQL in {self.root} can not be stopped: {error}.") from error

    @property
    def _socket_dir(self) -> Path:
        home = self.root / "run"
        socket = os.fsencode(home / _SOCKET)
        # For libpq a comma separates two hosts.
        if len(socket) <= _LONGEST_SOCKET_PATH and b"," not in socket:
            return home
        return _SHORT_FOLDER / f"kb-postgres-{sha256(os.fsencode(self.root)).hexdigest()[:16]}"

    def _ping(self) -> pq.Ping:
        try:
            # In a shared temp folder anybody could listen under our name.
            if self._socket_dir.lstat().st_uid != self._data.lstat().st_uid:
                return pq.Ping.NO_RESPONSE
        except OSError:
            return pq.Ping.NO_RESPONSE
        return pq.Ping(pq.PGconn.ping(f"{self.url}&connect_timeout=5".encode()))

    def _make_root(self) -> None:
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        if os.geteuid() == 0:
            # Our own folder only; whether the folders above are open is their owner's choice.
            self.root.chmod(stat.S_IMODE(self.root.stat().st_mode) | 0o011)

    def _start(self) -> None:
        """Wait for a server that is coming up or going down; when there is none, launch one."""
        deadline = time.monotonic() + int(_TIMEOUT)
        while not self.is_running():
            with system.kernel_lock(self.root / ".server", wait=False) as lock:
                if lock is not None:
                    return self._launch(lock)
            if time.monotonic() > deadline:
                raise ServerError(
                    f"A PostgreSQL in {self.root} is neither ready nor gone; wait for its last "
                    "processes or end them, and start again."
                )
            # The last process of a killed server and the end of a recovery send no event.
            time.sleep(_POLL_SECONDS)

    def _launch(self, lock: int) -> None:
        began = time.monotonic()
        user = system.server_user(self._os_user)
        system.check_can_enter(self.root, user)
        system.check_space(self.root, _OLD_BYTES if self._data.exists() else _NEW_BYTES)
        install = binaries.runnable_install(user, copies=self.root)
        system.private_folder(self._socket_dir, user)
        if self.log_file.exists() and self.log_file.stat().st_size > _LARGEST_LOG_BYTES:
            self.log_file.replace(self.log_file.with_suffix(".log.old"))
        if not self._data.exists():
            self._initdb(install, user, lock)
        binaries.check_major_version(install, self._data)
        system.private_folder(self._data, user)
        # No server lives, or it would hold the lock. But the number in these files may: as
        # anybody's after a reboot, as a zombie in a container. PostgreSQL would not start then.
        for pid_file in (self._data / "postmaster.pid", self._socket_dir / f"{_SOCKET}.lock"):
            pid_file.unlink(missing_ok=True)
        command = ("start", "-s", "-t", _TIMEOUT, "-o", self._server_options())
        self._run("start", user, install / "bin" / "pg_ctl", *command, lock=lock)
        _LOG.info("PostgreSQL started in %.1f s, log %s", time.monotonic() - began, self.log_file)

    def _stop(self) -> None:
        user = system.server_user(self._os_user)
        pg_ctl = binaries.runnable_install(user, copies=self.root) / "bin" / "pg_ctl"
        self._run("stop", user, pg_ctl, "stop", "-s", "-m", "fast", "-t", _TIMEOUT)

    def _initdb(self, install: Path, user: ServerUser, lock: int) -> None:
        """Make the database beside its place, so that a killed initdb leaves nothing in it."""
        unfinished = self.root / "data.unfinished"
        if unfinished.exists():
            shutil.rmtree(unfinished)
        system.private_folder(unfinished, user)
        # The socket's folder is the password. The character type is libc's, because full-text
        # search asks it what a letter is; macOS has no C.UTF-8.
        options = ["--auth-local=trust", "--auth-host=reject", "--username=postgres"]
        options += ["--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        options += ["--locale=C", f"--lc-ctype={_CHARACTER_TYPE}"]
        initdb = install / "bin" / "initdb"
        self._run("be set up", user, initdb, "-D", unfinished, *options, lock=lock)
        unfinished.rename(self._data)

    def _server_options(self) -> str:
        fixed = {
            # No TCP at all: who can reach the socket's folder is the superuser.
            "listen_addresses": "",
            "port": str(_PORT),
            "unix_socket_directories": '"{}"'.format(str(self._socket_dir).replace('"', '""')),
            "unix_socket_permissions": "0700",
        }
        # pg_ctl hands them to a shell.
        settings = {**self._settings, **fixed}.items()
        return " ".join(f"-c {shlex.quote(f'{name}={value}')}" for name, value in settings)

    def _run(
        self, verb: str, user: ServerUser, *command: str | Path, lock: int | None = None
    ) -> None:
        """Run a program of PostgreSQL into the log; whatever it leaves behind keeps `lock`."""
        options = user.as_user()
        # Not "-D": pg_ctl would write the folder's name into a shell command.
        options["env"] = {**options["env"], "PGDATA": str(self._data)}
        log = os.open(self.log_file, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        try:
            logged = os.fstat(log).st_size
            options |= {"stdin": subprocess.DEVNULL, "stdout": log, "stderr": log}
            options["pass_fds"] = () if lock is None else (lock,)
            done = subprocess.run(command, timeout=int(_TIMEOUT) + 10, **options)
        finally:
            os.close(log)
        if done.returncode != 0:
            raise ServerError(f"PostgreSQL can not {verb}: {self._last_words(logged)}")

    def _last_words(self, offset: int) -> str:
        """The last line of the log after `offset` that names a cause, or else the last line."""
        text = self.log_file.read_bytes()[offset:].decode("utf-8", "replace")
        lines = [line for line in text.splitlines() if line and not _PG_CTL_SAYS.match(line)]
        causes = re.findall(r"(?:FATAL|PANIC|error): +(.*)", "\n".join(lines)) or lines
        return f"{causes[-1] if causes else 'no reason given'} (log: {self.log_file})."
