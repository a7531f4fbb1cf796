"""Installs the stand-in for Aurora ML on the embedded server, as an extension called aws_ml.

Only ever with the EmbeddedServer itself in hand, never with a URL that might be somebody else's
server, and never where an aws_ml of another origin exists.
"""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psycopg
from psycopg import sql as composing

from kb import sql
from kb.errors import ServerError
from kb.postgres.bridge import EmbeddingBridge
from kb.postgres.embedded import EmbeddedServer

COMMENT = "Stand-in for Aurora ML by the knowledge-base workbench: a local model answers"
VERSION = "2.0"
_CONTROL = f"comment = '{COMMENT}'\ndefault_version = '{VERSION}'\nrelocatable = false\n"
#: Any number will do, as long as all processes use the same.
_INSTALL_LOCK = 5_150_003


def socket_folder(server: EmbeddedServer) -> Path:
    """The private folder of the server's own socket: who reaches it is its superuser already."""
    return Path(parse_qs(urlsplit(server.url).query)["host"][0])


def offer_extension(server: EmbeddedServer) -> None:
    """Make `CREATE EXTENSION aws_ml` possible, with files in the server's home."""
    shared = server.root / "share"
    if ":" in str(shared):
        raise ServerError(
            f"{server.root} has a colon in its name, with which PostgreSQL separates folders; "
            "set KB_DATA_DIR to another."
        )
    files = {
        "aws_ml.control": _CONTROL,
        f"aws_ml--{VERSION}.sql": sql.script("bridge/020_aws_bedrock"),
    }
    (shared / "extension").mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        _write(shared / "extension" / name, text)
    for folder in (shared, shared / "extension"):
        folder.chmod(0o755)
    with psycopg.connect(server.url, autocommit=True) as connection:
        _set_path(connection, f"{shared}:$system")


def install(url: str, bridge: EmbeddingBridge) -> None:
    """Create what is missing in the database of `url` and point it at `bridge`."""
    with psycopg.connect(url) as connection:
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (_INSTALL_LOCK,))
        connection.execute(sql.script("bridge/010_embed_bridge"))
        connection.execute(sql.psycopg_query("bridge/set_endpoint"), {"conninfo": bridge.conninfo})
        found = connection.execute(sql.script("bridge/extension_state")).fetchone()
        installed, available, has_schema = found or (False, None, False)
        if not installed and not has_schema and available == COMMENT:
            connection.execute("CREATE EXTENSION IF NOT EXISTS aws_ml CASCADE")


def _set_path(connection: psycopg.Connection[tuple[object, ...]], path: str) -> None:
    if connection.execute("SHOW extension_control_path").fetchone() == (path,):
        return
    statement = composing.SQL("ALTER SYSTEM SET extension_control_path = {}")
    connection.execute(statement.format(composing.Literal(path)))
    connection.execute("SELECT pg_reload_conf()")


def _write(path: Path, text: str) -> None:
    if path.is_file() and path.read_text(encoding="utf-8") == text:
        return
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    unfinished.write_text(text, encoding="utf-8")
    unfinished.chmod(0o644)
    unfinished.replace(path)
