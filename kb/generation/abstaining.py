"""How a model says that the search results do not answer: with one word, which is not shown."""

from __future__ import annotations

import re

NO_ANSWER_WORD = "NO_ANSWER"
#: What models put around a single word.
_AROUND = " \t\r\n*_`\"'"
_ALONE = re.compile(rf"{NO_ANSWER_WORD}(?![A-Za-z0-9])")


class Abstaining:
    """Holds the beginning of a reply back until it is plain whether it is that word.

    What follows the word is dropped: the model has said that it has no grounds for it.
    """

    def __init__(self) -> None:
        self.abstained = False
        self._held: str | None = ""

    def feed(self, text: str) -> str:
        """Take the next piece of the reply and give what may be shown."""
        if self._held is None:
            return "" if self.abstained else text
        self._held += text
        beginning = self._held.lstrip(_AROUND)
        # One character more than the word has: NO_ANSWERS is another word.
        if len(beginning) <= len(NO_ANSWER_WORD) and NO_ANSWER_WORD.startswith(beginning):
            return ""
        return self._decide(beginning)

    def finish(self) -> str:
        """The reply is complete: what was still held back."""
        return "" if self._held is None else self._decide(self._held.lstrip(_AROUND))

    def _decide(self, beginning: str) -> str:
        shown, self._held = (self._held or "").lstrip(), None
        self.abstained = _ALONE.match(beginning) is not None
        return "" if self.abstained else shown
