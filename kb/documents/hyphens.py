"""Whether a hyphen at a line end belongs to the word or only to the print.

The rule: the spelling that the document uses more often elsewhere. Where it uses neither, the
hyphen stays between two words that the document knows, or in a word that has another hyphen, and
goes otherwise. Knows words only; which lines follow one another is decided elsewhere.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from enum import Enum
from itertools import pairwise

from kb.documents.lines import HYPHENS

_WORDS = re.compile(r"\w+(?:-\w+)*")
_LAST_WORD = re.compile(rf"(-?)(\w+)[{HYPHENS}]$")
_FIRST_WORD = re.compile(r"\w+")
_HYPHENS = tuple(HYPHENS)
#: A word seen this often is a word, not the half of one.
_KNOWN = 3


class Hyphen(Enum):
    """What to do with the hyphen at the end of a line."""

    NONE = "there is none"
    DROP = "it only breaks the word"
    KEEP = "it belongs to the word"


class Vocabulary:
    """The words of the pages read so far, and which of them stand beside a hyphen."""

    def __init__(self) -> None:
        self._words: Counter[str] = Counter()
        self._pairs: Counter[tuple[str, str]] = Counter()

    def learn(self, lines: Iterable[str]) -> None:
        """Count the words of a page's lines."""
        words: list[str] = _WORDS.findall(_without_halves(lines).lower())
        self._words.update(words)
        for word in words:
            if "-" in word:
                parts = word.split("-")
                self._words.update(parts)
                self._pairs.update(pairwise(parts))

    def hyphen(self, line: str, following: str) -> Hyphen:
        """What the hyphen is that ends `line`, when `following` comes next."""
        if len(line) < 2 or line[-1] not in HYPHENS or line[-2].isspace():
            return Hyphen.NONE
        first, last = _FIRST_WORD.match(following), _LAST_WORD.search(line)
        if first is None:
            return Hyphen.NONE
        if last is None:
            # As in "--" and "jobs"; a rule of dashes has no letter after it.
            return Hyphen.KEEP if line.rstrip(HYPHENS)[-1:].isspace() else Hyphen.NONE
        return self._between(last[2].lower(), first[0].lower(), compound=bool(last[1]))

    def _between(self, left: str, right: str, *, compound: bool) -> Hyphen:
        if right[0].isdigit():
            return Hyphen.KEEP
        joined, apart = self._words[left + right], self._pairs[left, right]
        if joined or apart:
            return Hyphen.DROP if joined > apart else Hyphen.KEEP
        known = compound or (self._words[left] >= _KNOWN and self._words[right] >= _KNOWN)
        return Hyphen.KEEP if known else Hyphen.DROP


def _without_halves(lines: Iterable[str]) -> str:
    """The lines as one text; the halves of a word that is broken between two are no words."""
    texts: list[str] = []
    broken = False
    for line in lines:
        text = _FIRST_WORD.sub("", line, count=1) if broken else line
        broken = line.endswith(_HYPHENS)
        texts.append(_LAST_WORD.sub("", text) if broken else text)
    return "\n".join(texts)
