"""Starts a process of `python -m kb` that outlives us: an own session, output into a file.

Knows nothing of what it does.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from kb.settings import Settings

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


def environment(settings: Settings) -> dict[str, str]:
    """This process' own, with the settings as they are here, also those from secrets.toml."""
    # The working folder may be any; the app runs from its checkout.
    path = os.pathsep.join(filter(None, (str(CHECKOUT), os.environ.get("PYTHONPATH"))))
    own = {
        **os.environ,
        "PYTHONPATH": path,
        "KB_DATA_DIR": str(settings.data_dir),
        "KB_BUCKET": settings.bucket,
    }
    if settings.database_url:
        own["KB_DATABASE_URL"] = settings.database_url
    if settings.model_dir:
        own["KB_MODEL_DIR"] = str(settings.model_dir)
    return own
