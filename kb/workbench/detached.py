"""Processes of `python -m kb` that outlive us: started once, found again, ended.

Such a process holds a kernel lock on a file of the data folder for as long as it lives, so a
killed one is known to be dead and a second one is not started. Knows nothing of what they do.
"""

from __future__ import annotations

import fcntl
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import fields
from pathlib import Path

from kb.settings import Settings, variable

POLL_SECONDS = 0.05
CHECKOUT = Path(__file__).resolve().parents[2]
#: Those that we started: asked now and then, so that one that ended does not stay as a zombie.
_STARTED: set[int] = set()


def start(settings: Settings, *arguments: str, log: Path) -> int:
    """Start `python -m kb ARGUMENTS` with these settings; its process id."""
    for pid in list(_STARTED):
        has_failed(pid)
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    output = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        # Not subprocess: it warns of a child that is still running when we end.
        pid = os.posix_spawn(
            sys.executable,
            [sys.executable, "-m", "kb", *arguments],
            environment(settings),
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                (os.POSIX_SPAWN_DUP2, output, 1),
                (os.POSIX_SPAWN_DUP2, output, 2),
            ],
            setsid=True,
        )
    finally:
        os.close(output)
    _STARTED.add(pid)
    return pid


def has_failed(pid: int) -> bool:
    """Whether a process that we started has ended with an error."""
    if pid not in _STARTED:
        return False
    ended, status = os.waitpid(pid, os.WNOHANG)
    if not ended:
        return False
    _STARTED.discard(pid)
    return status != 0


@contextmanager
def only_one(lock: Path) -> Iterator[bool]:
    """Be the one process that holds `lock`; False if there is one already."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    # Kept open for as long as the process lives; the kernel frees the lock even on SIGKILL.
    with lock.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield True


def holder(lock: Path) -> int | None:
    """Process id of the one that holds `lock`, if it lives."""
    if not lock.is_file():
        return None
    with lock.open("r+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return int(file.read() or 0) or None
    return None


def stop(lock: Path, *, seconds: float) -> bool:
    """End the process that holds `lock`, by force after `seconds`; False if none ran."""
    pid = holder(lock)
    if pid is None:
        return False
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + seconds
    while holder(lock) == pid and time.monotonic() < deadline:
        threading.Event().wait(POLL_SECONDS)
    with suppress(ProcessLookupError):
        if holder(lock) == pid:
            os.kill(pid, signal.SIGKILL)
    return True


def environment(settings: Settings) -> dict[str, str]:
    """This process' own, with the settings as they are here, also those from secrets.toml."""
    values = {variable(f.name): getattr(settings, f.name) for f in fields(settings)}
    given = {name: str(value) for name, value in values.items() if value is not None}
    # The working folder may be any; the app runs from its checkout.
    path = os.pathsep.join(filter(None, (str(CHECKOUT), os.environ.get("PYTHONPATH"))))
    own = {name: value for name, value in os.environ.items() if name not in values}
    return own | given | {"PYTHONPATH": path}
