"""Questions to start with, made from the headings of the loaded documents. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

#: The question of the walk-through, offered first when a heading names the view.
PG_STAT_IO = "What is the pg_stat_io view?"
NUMBERING = re.compile(
    r"^(?:(?:Part|Chapter|Appendix)\s+\w+\.?\s*|[A-Z]?\d+(?:\.\d+)*\.?\s+|[A-Z]\.\s+)+"
)
IDENTIFIER = re.compile(r"^[a-z][a-z0-9]*(?:_[a-z0-9]+)+$")


def suggested_questions(heading_paths: Iterable[Sequence[str]], limit: int = 4) -> list[str]:
    """At most `limit` distinct questions about sections, the walk-through's own first."""
    titles = dict.fromkeys(_title(path[-1]) for path in heading_paths if path)
    questions = [PG_STAT_IO] if any("pg_stat_io" in title for title in titles) else []
    for title in titles:
        if title and len(questions) < limit and "pg_stat_io" not in title:
            questions.append(_question(title))
    return questions[:limit]


def _title(heading: str) -> str:
    return NUMBERING.sub("", heading).strip()


def _question(title: str) -> str:
    if IDENTIFIER.match(title):
        return f"What is {title}?"
    return f"What is there to know about “{title}”?"
