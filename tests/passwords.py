"""Roles of the tests' server that need a password, which the embedded server's own do not."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg
from psycopg import sql

from kb.postgres.embedded import EmbeddedServer


@dataclass(frozen=True)
class Role:
    """A superuser whose password can be changed."""

    server_url: str
    name: str

    def set_password(self, password: str) -> None:
        """As a rotation does."""
        self.run("ALTER ROLE {} PASSWORD {}", sql.Literal(password))

    def run(self, statement: str, *more: sql.Composable) -> None:
        """Run a statement in which {} is the role."""
        with psycopg.connect(self.server_url, autocommit=True) as connection:
            composed = sql.SQL(statement).format(sql.Identifier(self.name), *more)
            connection.execute(composed)


@contextmanager
def role(server: EmbeddedServer, method: str = "scram-sha-256") -> Iterator[Role]:
    """A role that logs in by this method, gone in the end."""
    found = Role(server.url, f"role_{uuid.uuid4().hex[:8]}")
    with _allowed(server, f"local all {found.name} {method}\n"):
        found.run("CREATE ROLE {} LOGIN SUPERUSER")
        yield found
        found.run("DROP OWNED BY {} CASCADE")
        found.run("DROP ROLE {}")


@contextmanager
def _allowed(server: EmbeddedServer, line: str) -> Iterator[None]:
    file = server.root / "data" / "pg_hba.conf"
    before = file.read_text()
    # The first line that fits decides.
    file.write_text(line + before)
    with psycopg.connect(server.url) as connection:
        connection.execute("SELECT pg_reload_conf()")
    yield
    file.write_text(file.read_text().replace(line, ""))
    with psycopg.connect(server.url) as connection:
        connection.execute("SELECT pg_reload_conf()")
