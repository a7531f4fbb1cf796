"""The few messages of PostgreSQL's protocol 3 that a bridge needs: bytes in, bytes out.

Knows neither sockets nor what is asked.
"""

from __future__ import annotations

import struct

SSL_REQUEST, GSS_REQUEST, CANCEL_REQUEST = 80877103, 80877104, 80877102
PROTOCOL_3 = 3
_TEXT_OID = 25

#: Neither in a transaction nor in a failed one.
READY = b"Z\x00\x00\x00\x05I"
ASK_PASSWORD = b"R" + struct.pack("!II", 8, 3)
WELCOME = b"R" + struct.pack("!II", 8, 0)
#: libpq 18 may ask for protocol 3.2; this answers 3.0 and that no option was refused.
NEGOTIATE = b"v" + struct.pack("!III", 12, PROTOCOL_3 << 16, 0)

_SETTINGS = {
    "server_version": "15.0",
    "server_encoding": "UTF8",
    "client_encoding": "UTF8",
    "DateStyle": "ISO, MDY",
    "IntervalStyle": "postgres",
    "integer_datetimes": "on",
    "standard_conforming_strings": "on",
}


def message(kind: bytes, body: bytes) -> bytes:
    """One message with its length."""
    return kind + struct.pack("!I", len(body) + 4) + body


def settings() -> bytes:
    """What a server tells a client after the password."""
    said = (f"{name}\0{value}\0".encode() for name, value in _SETTINGS.items())
    return b"".join(message(b"S", text) for text in said)


def key_data(process: int, secret: int) -> bytes:
    """What the client has to send with a cancel request."""
    return message(b"K", struct.pack("!II", process, secret))


def error(sqlstate: str, text: str, hint: str = "", *, fatal: bool = False) -> bytes:
    """An error, which dblink raises again with the same SQLSTATE, text and hint."""
    severity = "FATAL" if fatal else "ERROR"
    fields = {"S": severity, "V": severity, "C": sqlstate, "M": text, "H": hint}
    # Zero bytes end a field.
    said = (f"{code}{value}".replace("\0", "") for code, value in fields.items() if value)
    return message(b"E", b"".join(field.encode() + b"\0" for field in said) + b"\0")


def one_text(value: str) -> bytes:
    """A result of one row with one column of type text."""
    column = b"answer\0" + struct.pack("!IHIhih", 0, 0, _TEXT_OID, -1, -1, 0)
    data = value.encode()
    return (
        message(b"T", struct.pack("!H", 1) + column)
        + message(b"D", struct.pack("!HI", 1, len(data)) + data)
        + message(b"C", b"SELECT 1\0")
    )


def command_done() -> bytes:
    """The end of a command without rows, such as the SET that a client may begin with."""
    return message(b"C", b"SET\0")
