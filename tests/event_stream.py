"""Frames of AWS' event stream, and the replies of a model that are made of them.

botocore reads this format and has nothing that writes it: a prelude of two lengths with its
checksum, headers, the payload, and a checksum of all.
"""

from __future__ import annotations

import json
import struct
from binascii import crc32
from collections.abc import Iterable, Mapping
from typing import Any

CONTENT_TYPE = "application/vnd.amazon.eventstream"
#: A frame's bytes; a number of seconds to pause; or None, to hang up.
Frame = bytes | float | None
#: The type of a header whose value is a string.
STRING = 7


def message(headers: Mapping[str, str], body: Mapping[str, Any]) -> bytes:
    """One frame."""
    encoded = b"".join(
        struct.pack(f"!B{len(name)}sBH", len(name), name.encode(), STRING, len(value))
        + value.encode()
        for name, value in headers.items()
    )
    payload = json.dumps(body).encode()
    prelude = struct.pack("!II", 16 + len(encoded) + len(payload), len(encoded))
    framed = prelude + struct.pack("!I", crc32(prelude)) + encoded + payload
    return framed + struct.pack("!I", crc32(framed))


def event(name: str, body: Mapping[str, Any]) -> bytes:
    """An event of the stream."""
    kind = {":message-type": "event", ":event-type": name, ":content-type": "application/json"}
    return message(kind, body)


def failure(name: str, said: str) -> bytes:
    """An exception in the middle of the stream; its name begins with a small letter."""
    return message({":message-type": "exception", ":exception-type": name}, {"message": said})


def delta(text: str, block: int = 0) -> bytes:
    """A piece of text."""
    return event("contentBlockDelta", {"delta": {"text": text}, "contentBlockIndex": block})


def citation(
    index: int, start: int, end: int, cited: str = "", block: int = 0, **more: object
) -> bytes:
    """A source of the content block, by the numbers of the result and its blocks of content."""
    place = {"searchResultIndex": index, "start": start, "end": end}
    body = {
        "location": {"searchResultLocation": place},
        **({"sourceContent": [{"text": cited}]} if cited else {}),
        **more,
    }
    return event("contentBlockDelta", {"delta": {"citation": body}, "contentBlockIndex": block})


def block_end(block: int = 0) -> bytes:
    return event("contentBlockStop", {"contentBlockIndex": block})


START = event("messageStart", {"role": "assistant"})


def ending(stop_reason: str = "end_turn") -> list[bytes]:
    """How a message ends: the reason, then the tokens."""
    usage = {"inputTokens": 11, "outputTokens": 7, "totalTokens": 18}
    return [
        event("messageStop", {"stopReason": stop_reason}),
        event("metadata", {"usage": usage, "metrics": {"latencyMs": 5}}),
    ]


def reply(*frames: Frame, stop_reason: str = "end_turn") -> list[Frame]:
    """A whole message around these frames."""
    return [START, *frames, *ending(stop_reason)]


def text_reply(*pieces: str, stop_reason: str = "end_turn") -> list[Frame]:
    """A message of one content block."""
    return reply(*map(delta, pieces), block_end(), stop_reason=stop_reason)


def block_reply(*blocks: tuple[str, Iterable[bytes]]) -> list[Frame]:
    """A message of content blocks, each a text with its citations."""
    frames: list[Frame] = []
    for number, (text, citations) in enumerate(blocks):
        frames += [delta(text, number), *citations, block_end(number)]
    return reply(*frames)
