"""The body of a request as a file: blocking code reads it while it arrives, and no faster.

Nothing runs ahead of the reader: each read waits for the next piece, and the server stops taking
bytes from the connection while nobody asks for them.
"""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from typing import Any, BinaryIO

import anyio
from anyio import from_thread
from starlette.requests import ClientDisconnect

#: Silence after which the sender counts as gone, so that it holds neither a thread nor the end
#: of the server.
SILENCE_SECONDS = 20
BUFFER_BYTES = 1 << 20


def as_file(pieces: AsyncIterator[bytes]) -> BinaryIO:
    """A file for one of anyio's worker threads, over pieces that come in the event loop.

    Reading raises ClientDisconnect when the sender goes or falls silent.
    """
    return io.BufferedReader(_Body(pieces), BUFFER_BYTES)


class _Body(io.RawIOBase):
    def __init__(self, pieces: AsyncIterator[bytes]) -> None:
        self._pieces = pieces
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        target = memoryview(buffer)
        if not self._rest:
            self._rest = memoryview(from_thread.run(_next, self._pieces))
        size = min(len(target), len(self._rest))
        target[:size] = self._rest[:size]
        self._rest = self._rest[size:]
        return size


async def _next(pieces: AsyncIterator[bytes]) -> bytes:
    """The next piece that is not empty; empty at the end."""
    try:
        with anyio.fail_after(SILENCE_SECONDS):
            async for piece in pieces:
                if piece:
                    return piece
    except TimeoutError as error:
        # An OSError to Python, which the store would take for one of its disk.
        raise ClientDisconnect from error
    return b""
