"""Rows in PostgreSQL's binary COPY format, packed before they are sent: COPY then only copies.

The format: per row a count of fields, per field its length and its bytes as the type's send
function writes them (PostgreSQL's documentation of COPY, "Binary Format"; pgvector's vector_send).
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from kb.models import JsonValue

HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
TRAILER = b"\xff\xff"
_INT4 = struct.Struct(">i")
_FLOAT4 = struct.Struct(">f")
_NULL = _INT4.pack(-1)
#: Object ids of the element types of arrays.
_INT4_OID, _TEXT_OID = 23, 25


def row(*fields: bytes | None) -> bytes:
    """One row; None is NULL."""
    parts = [struct.pack(">h", len(fields))]
    for field in fields:
        parts += (_NULL,) if field is None else (_INT4.pack(len(field)), field)
    return b"".join(parts)


def int4(number: int | None) -> bytes | None:
    """A 32-bit number."""
    return None if number is None else _INT4.pack(number)


def float4(number: float) -> bytes:
    """A single-precision number."""
    return _FLOAT4.pack(number)


def text(value: str | None) -> bytes | None:
    """Text, as UTF-8."""
    return None if value is None else value.encode()


def jsonb(value: Mapping[str, JsonValue]) -> bytes:
    """A jsonb object: version 1, then its text."""
    return b"\x01" + json.dumps(value, ensure_ascii=False).encode()


def text_array(values: Sequence[str]) -> bytes:
    """text[] of one dimension."""
    if not values:
        return struct.pack(">iii", 0, 0, _TEXT_OID)
    parts = [struct.pack(">iiiii", 1, 0, _TEXT_OID, len(values), 1)]
    for encoded in (value.encode() for value in values):
        parts += (_INT4.pack(len(encoded)), encoded)
    return b"".join(parts)


def int4_table(rows: Sequence[Sequence[int]]) -> bytes:
    """int4[] of two dimensions; all rows are of one length and there is at least one."""
    width = len(rows[0])
    header = struct.pack(">iiiiiii", 2, 0, _INT4_OID, len(rows), 1, width, 1)
    cells = np.empty((len(rows) * width, 2), dtype=">i4")
    cells[:, 0] = 4
    cells[:, 1] = np.asarray(rows, dtype=np.int64).ravel()
    return header + cells.tobytes()


def vectors(keys: Sequence[bytes], word: str, found: NDArray[np.float32]) -> bytes:
    """Rows of (bytea, text, vector) at once; all keys are of one length, `word` is in each row."""
    count, dimensions = found.shape
    label = word.encode()
    length = len(keys[0]) if keys else 0
    whole = np.empty(
        count,
        dtype=[
            ("fields", ">i2"),
            *(("key_length", ">i4"), ("key", f"V{length}")),
            *(("word_length", ">i4"), ("word", f"V{len(label)}")),
            *(("vector_length", ">i4"), ("dimensions", ">i2"), ("unused", ">i2")),
            ("numbers", ">f4", (dimensions,)),
        ],
    )
    whole["fields"] = 3
    whole["key_length"], whole["word_length"] = length, len(label)
    whole["key"] = np.frombuffer(b"".join(keys), dtype=f"V{length}")
    whole["word"] = np.frombuffer(label, dtype=f"V{len(label)}")
    whole["vector_length"] = 4 + 4 * dimensions
    whole["dimensions"], whole["unused"] = dimensions, 0
    whole["numbers"] = found
    return whole.tobytes()
