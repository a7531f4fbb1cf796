"""Server-sent events, as chat endpoints stream them: the data of each event, in order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from kb.errors import ModelError

#: A longer line is no piece of an answer.
MAX_LINE_BYTES = 1 << 20


def read_events(blocks: Iterable[bytes]) -> Iterator[str]:
    """The data of the events in a stream that arrives in any blocks.

    Raises ModelError for what is not such a stream.
    """
    data: list[str] = []
    for line in _lines(blocks):
        if line.startswith("data:"):
            data.append(line[5:].removeprefix(" "))
        elif not line and data:
            yield "\n".join(data)
            data.clear()
    if data:
        yield "\n".join(data)


def _lines(blocks: Iterable[bytes]) -> Iterator[str]:
    rest = b""
    for block in blocks:
        *lines, rest = (rest + block).split(b"\n")
        yield from map(_decoded, lines)
        if len(rest) > MAX_LINE_BYTES:
            raise ModelError("The model's endpoint sends lines without end; check its address.")
    yield _decoded(rest)


def _decoded(line: bytes) -> str:
    try:
        return line.removesuffix(b"\r").decode()
    except UnicodeDecodeError as error:
        raise ModelError("The model's endpoint does not send UTF-8; check its address.") from error
