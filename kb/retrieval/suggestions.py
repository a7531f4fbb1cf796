"""Questions to start with, made from the headings of the loaded documents. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from kb.documents.headings import plain_title

#: The question of the walk-through, offered first when a heading names the view.
PG_STAT_IO = "What is the pg_stat_io view?"
MOST_WORDS = 7
NOT_A_SUBJECT = frozenset(
    "a after an every how preface see the this what when where which why your".split()
)
IDENTIFIER = re.compile(r"^[a-z][a-z0-9]*(?:_[a-z0-9]+)+$")


def suggested_questions(heading_paths: Iterable[Sequence[str]], limit: int = 4) -> list[str]:
    """At most `limit` distinct questions about sections, the walk-through's own first."""
    titles = list(dict.fromkeys(plain_title(path[-1]) for path in heading_paths if path))
    questions = [PG_STAT_IO] if any("pg_stat_io" in title for title in titles) else []
    # Sections named after a thing first; a title such as "How to read it" needs its context.
    named = [title for title in titles if IDENTIFIER.match(title)]
    spoken = [title for title in titles if not IDENTIFIER.match(title) and _is_subject(title)]
    for title in (*named[: limit // 2], *spoken, *named[limit // 2 :]):
        if "pg_stat_io" not in title:
            questions.append(_question(title))
    return questions[:limit]


def _is_subject(title: str) -> bool:
    words = title.split()
    return 1 < len(words) <= MOST_WORDS and words[0].lower() not in NOT_A_SUBJECT


def _question(title: str) -> str:
    return f"What is {title}?" if IDENTIFIER.match(title) else f"Tell me about: {title}"
