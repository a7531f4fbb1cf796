"""Finds exact names in text: pg_stat_io, autovacuum_naptime, --jobs, 40001.

English stemming tears them apart, so they are kept whole beside it, in chunks and in questions.
"""

from __future__ import annotations

import re

#: Words joined by _ or . or -, options, and names in capitals or with digits.
IDENTIFIER = re.compile(
    r"""
    (?<![\w-]) (?:
        --[a-z][a-z0-9-]+                        # an option such as --jobs
      | [A-Za-z][A-Za-z0-9]*(?:_[A-Za-z0-9]+)+   # a name such as pg_stat_io
      | [A-Z0-9]{5}                              # an SQLSTATE such as 40P01
    ) (?![\w])
    """,
    re.VERBOSE,
)


def identifiers(text: str) -> list[str]:
    """The distinct identifiers of a text in lower case, in order of appearance."""
    return list(dict.fromkeys(match.group().lower() for match in IDENTIFIER.finditer(text)))
