"""What a question means on its own: follow-ups and questions of several parts. Pure, no model.

Rules, not understanding: a question that leans on the conversation is searched together with the
one before it; one that asks several things is searched part by part. Both are shown in the trace.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from kb.models import Exchange

#: What points back to what was said before.
POINTS_BACK = re.compile(
    r"\b(?:it|its|itself|they|them|their|these|those|this|latter|former)\b"
    # Not the "that" of "a view that shows".
    r"|\b(?:do|does|about|of|for|with|after|before|is) that\b|\bthat\W*$",
    re.IGNORECASE,
)
#: What begins a question that goes on from another.
GOES_ON = re.compile(r"\s*(?:and|but|or|so|also|then|what about|how about|why not|else)\b", re.I)
#: Where a second question begins within a sentence.
NEXT_PART = re.compile(
    r"(?<=\?)\s+(?=\S)|[,;]?\s+and\s+(?=(?:how|what|which|when|where|why|who|can|does|do|is|are)\b)",
    re.IGNORECASE,
)
#: A part of fewer words is no question of its own.
PART_WORDS = 3
#: More parts would only spread the results thin.
MOST_PARTS = 4
#: A follow-up of more words says itself what it is about.
LONGEST_FOLLOW_UP = 14


def standalone(question: str, history: Sequence[Exchange]) -> str:
    """The question with the one it leans on in front; itself when it leans on none."""
    if not history or not _leans(question):
        return question
    # A follow-up of a follow-up leans on what that one meant.
    return f"{standalone(history[-1].question, history[:-1])} {question}"


def parts(question: str) -> list[str]:
    """The questions that a question consists of; at least itself."""
    found = [part.strip(" ,;") for part in NEXT_PART.split(question)]
    if len(found) < 2 or any(len(part.split()) < PART_WORDS for part in found):
        return [question]
    # What a later part points back to is in the first.
    return [found[0], *(_with_subject(found[0], part) for part in found[1:])][:MOST_PARTS]


def _leans(question: str) -> bool:
    if len(question.split()) > LONGEST_FOLLOW_UP:
        return False
    return bool(GOES_ON.match(question) or POINTS_BACK.search(question))


def _with_subject(first: str, part: str) -> str:
    return f"{first} {part}" if POINTS_BACK.search(part) else part
