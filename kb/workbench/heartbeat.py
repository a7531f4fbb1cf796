"""Ends a process that is frozen: it beats on a pipe, and a tiny process of its own listens.

Whoever waits for a frozen process then sees a closed connection and need not wait for ever. The
listener runs this file by itself, so it imports nothing of kb: `python -I -S heartbeat.py PID`,
the pipe as its standard input. It ends with the process that it listens to.
"""

from __future__ import annotations

import os
import select
import signal
import sys
from contextlib import suppress

#: After two silences of this length one after the other a process counts as frozen. Two, because
#: a virtual machine that was paused wakes with every time-out expired.
SILENCE_SECONDS = 4.0


class Heartbeat:
    """The beating side; its owner calls `beat` at least every second."""

    def __init__(self) -> None:
        """Start the listener. Both ends of the pipe are closed for all other processes."""
        listening, self._pipe = os.pipe()
        os.set_blocking(self._pipe, False)
        os.posix_spawn(
            sys.executable,
            [sys.executable, "-I", "-S", __file__, str(os.getpid())],
            {},
            file_actions=[(os.POSIX_SPAWN_DUP2, listening, 0)],
        )
        os.close(listening)

    def beat(self) -> None:
        """Say that we are alive; nobody needs to hear it."""
        with suppress(BlockingIOError, BrokenPipeError):
            os.write(self._pipe, b".")


def listen(pid: int) -> None:
    """Kill the process `pid` when it is silent; return when it has ended."""
    silences = 0
    while silences < 2:
        heard, _, _ = select.select([sys.stdin], [], [], SILENCE_SECONDS)
        if heard and not os.read(sys.stdin.fileno(), 4096):
            return
        silences = 0 if heard else silences + 1
    # It holds the pipe, so it lives, and the number is still its own.
    os.kill(pid, signal.SIGKILL)


if __name__ == "__main__":
    listen(int(sys.argv[1]))
