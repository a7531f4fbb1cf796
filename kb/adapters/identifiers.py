"""Statements whose tables and columns are chosen by the user: psql's `:"name"`, quoted by psycopg.

`:name` stays a parameter. A name is never put into a statement as text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import psycopg
from psycopg import sql as composing

from kb import sql

_IDENTIFIER = re.compile(r':"(\w+)"')


def composed(name: str, identifiers: Mapping[str, str]) -> composing.Composed:
    """`sql/<name>.sql` with its identifiers filled in and psycopg's parameters left."""
    parts: list[composing.Composable] = []
    for number, part in enumerate(_IDENTIFIER.split(sql.psycopg_query(name))):
        # Text of this project's own files: see sql.psycopg_query.
        parts.append(
            composing.SQL(part) if number % 2 == 0 else composing.Identifier(identifiers[part])
        )
    return composing.Composed(parts)


def written_out(
    connection: psycopg.Connection[Any],
    name: str,
    identifiers: Mapping[str, str],
    parameters: Mapping[str, Any],
) -> str:
    """The statement as text with every value in it, to be read or run as it stands."""
    text = psycopg.ClientCursor(connection).mogrify(composed(name, identifiers), parameters)
    lines = [line for line in text.splitlines() if not line.startswith("--")]
    return "\n".join(lines).strip()
