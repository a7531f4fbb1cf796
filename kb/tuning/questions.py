"""Questions for a sweep when nobody has asked any: headings, and snippets out of chunks.

Such questions come from the corpus itself, so recall looks a little better than on real ones; the
label says so wherever the figures are shown. Embeds nothing.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence

from kb.documents.headings import plain_title

#: For the page, beside every figure that such questions gave.
CORPUS_QUESTIONS_SOURCE = (
    "section headings and passages of 6 to 16 words, taken from the documents themselves"
)
FEWEST_WORDS = 6
MOST_WORDS = 16
#: Words that stay on either side of a snippet, so that it never is the chunk.
_MARGIN_WORDS = 4


def questions_from_corpus(
    chunks: Iterable[tuple[Sequence[str], str]], number: int, *, seed: int = 0
) -> tuple[str, ...]:
    """Return up to `number` distinct questions out of (heading path, text) pairs.

    Half are headings, as far as there are enough; none equals the text of a chunk. The same chunks
    and seed give the same questions.
    """
    pairs = [(tuple(path), text) for path, text in chunks]
    taken = {_key(text) for _, text in pairs}
    chance = random.Random(seed)
    headings = _distinct(_headings(path for path, _ in pairs), taken)
    snippets = _distinct(_snippets((text for _, text in pairs), chance), taken)
    chance.shuffle(headings)
    chance.shuffle(snippets)
    few_headings = headings[: max(number // 2, number - len(snippets))]
    return tuple((few_headings + snippets)[:number])


def _headings(paths: Iterable[Sequence[str]]) -> Iterable[str]:
    for path in paths:
        for title in path:
            yield plain_title(title)


def _snippets(texts: Iterable[str], chance: random.Random) -> Iterable[str]:
    for text in texts:
        words = text.split()
        most = min(MOST_WORDS, len(words) - 2 * _MARGIN_WORDS)
        if most < FEWEST_WORDS:
            continue
        length = chance.randint(FEWEST_WORDS, most)
        start = chance.randint(_MARGIN_WORDS, len(words) - _MARGIN_WORDS - length)
        yield " ".join(words[start : start + length])


def _distinct(questions: Iterable[str], taken: set[str]) -> list[str]:
    """The questions that are new, which are then taken."""
    found = []
    for question in questions:
        if question and (key := _key(question)) not in taken:
            taken.add(key)
            found.append(question)
    return found


def _key(text: str) -> str:
    return " ".join(text.split()).casefold()
