"""The keeper of a data folder: a process that starts its workers and starts them again.

Workers may be killed, and they end when they lose the database: whatever they had in hand is in
rows, and the next one goes on. The keeper itself touches neither database nor documents. It holds
a kernel lock, so that a second one is not started and `down` finds it.
"""

from __future__ import annotations

import logging
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

from kb.settings import Settings
from kb.workbench import detached

log = logging.getLogger(__name__)

LOCK = "worker.lock"
POLL_SECONDS = 0.25
#: What workers get to give their documents back; what they have embedded is kept either way.
STOP_SECONDS = 6.0
#: Between an end and the next start; longer when a worker ends soon after its start.
PAUSES_SECONDS = (0.0, 1.0, 2.0, 5.0, 10.0, 30.0)
SOON_SECONDS = 20.0


class Keeper:
    """Keeps `settings.workers` workers alive."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._ending = threading.Event()

    def run(self) -> None:
        """Until SIGTERM comes or the data folder is gone; at once if there is a keeper already."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._ending.set())
        with detached.only_one(self._settings.data_dir / LOCK) as mine:
            if not mine:
                return
            kept = [_Kept(self._settings) for _ in range(self._settings.workers)]
            while not self._ending.wait(POLL_SECONDS) and self._settings.data_dir.is_dir():
                for worker in kept:
                    worker.look()
            for worker in kept:
                worker.terminate()
            for worker in kept:
                worker.wait()


class _Kept:
    """One worker, in one process after another."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._process: subprocess.Popen[bytes] | None = None
        self._started = 0.0
        self._next_start = 0.0
        self._in_a_row = 0

    def look(self) -> None:
        """Start the worker when there is none and it is time to."""
        if self._process:
            if self._process.poll() is None:
                return
            self._ended(self._process.returncode)
        if time.monotonic() >= self._next_start:
            self._started = time.monotonic()
            self._process = subprocess.Popen(
                [sys.executable, "-m", "kb", "--verbose", "worker", "--kept"],
                env=detached.environment(self._settings),
                stdin=subprocess.DEVNULL,
            )

    def _ended(self, code: int) -> None:
        self._process = None
        soon = time.monotonic() - self._started < SOON_SECONDS
        self._in_a_row = min(self._in_a_row + 1, len(PAUSES_SECONDS) - 1) if soon else 0
        pause = PAUSES_SECONDS[self._in_a_row]
        self._next_start = time.monotonic() + pause
        log.warning("a worker ended with code %s and is started again in %s s", code, pause)

    def terminate(self) -> None:
        """Ask the worker to end."""
        if self._process:
            self._process.terminate()

    def wait(self) -> None:
        """Until the worker has ended, by force if it takes too long."""
        if self._process:
            try:
                self._process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()


def ensure_running(settings: Settings) -> None:
    """Start the keeper of this data folder unless it lives."""
    # A heartbeat proves nothing for a while after a worker was killed; a lock does.
    if keeper_pid(settings.data_dir) is None:
        detached.start(settings, "keeper", log=settings.data_dir / "worker.log")


def keeper_pid(data_dir: Path) -> int | None:
    """Process id of the keeper of this data folder, if it lives."""
    return detached.holder(data_dir / LOCK)


def stop_workers(data_dir: Path) -> bool:
    """End keeper and workers; what they had in hand goes back to the queue. False if none ran."""
    return detached.stop(data_dir / LOCK, seconds=STOP_SECONDS + 2)
