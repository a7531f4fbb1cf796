"""The body of a request as a file."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import BinaryIO, TypeVar

import anyio
import pytest
from anyio import to_thread
from starlette.requests import ClientDisconnect

from kb.screens.uploads import body

T = TypeVar("T")


def reading(pieces: AsyncIterator[bytes], read: Callable[[BinaryIO], T]) -> T:
    """What a worker thread makes of the file."""

    async def run() -> T:
        return await to_thread.run_sync(lambda: read(body.as_file(pieces)))

    return anyio.run(run)


async def made_of(*pieces: bytes) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


def test_all_pieces_are_read_in_order() -> None:
    assert reading(made_of(b"one ", b"", b"two"), lambda file: file.read()) == b"one two"


def test_a_read_is_as_long_as_asked_until_the_end() -> None:
    pieces = made_of(*(b"abc" for _ in range(5)))
    assert reading(pieces, lambda file: [file.read(7) for _ in range(4)]) == [
        *(b"abcabca", b"bcabcab", b"c"),
        b"",
    ]


def test_no_piece_is_taken_before_it_is_asked_for() -> None:
    taken = []

    async def endless() -> AsyncIterator[bytes]:
        while True:
            taken.append(1)
            yield bytes(body.BUFFER_BYTES // 4)

    reading(endless(), lambda file: file.read(10))
    assert len(taken) <= 4


def test_a_sender_who_goes_ends_the_reading() -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield b"begun"
        raise ClientDisconnect

    with pytest.raises(ClientDisconnect):
        reading(broken(), lambda file: file.read())


def test_a_sender_who_falls_silent_ends_the_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    async def silent() -> AsyncIterator[bytes]:
        yield b"begun"
        await anyio.sleep_forever()

    monkeypatch.setattr(body, "SILENCE_SECONDS", 0.05)
    with pytest.raises(ClientDisconnect):
        reading(silent(), lambda file: file.read())
