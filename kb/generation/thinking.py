"""Leaves out what a model thinks before it answers: `<think>…</think>` at the reply's beginning.

Servers with a parser for it send it apart; others leave it in the text.
"""

from __future__ import annotations

from enum import Enum, auto

BEGIN, END = "<think>", "</think>"


class _State(Enum):
    BEGINNING = auto()
    THINKING = auto()
    ANSWERING = auto()


class Thinking:
    """A filter of a reply's text, piece by piece."""

    def __init__(self) -> None:
        self._state = _State.BEGINNING
        self._held = ""

    def feed(self, text: str) -> str:
        """Take the next piece and give what belongs to the answer."""
        self._held += text
        if self._state is _State.BEGINNING:
            self._begin()
        if self._state is _State.THINKING:
            self._think()
        if self._state is not _State.ANSWERING:
            return ""
        return self._take()

    def finish(self) -> str:
        """The reply is complete: what was still held back. Thoughts may lack their end."""
        return self._take() if self._state is not _State.THINKING else ""

    def _begin(self) -> None:
        beginning = self._held.lstrip()
        if beginning.startswith(BEGIN):
            self._state = _State.THINKING
        elif not BEGIN.startswith(beginning):
            self._state = _State.ANSWERING

    def _think(self) -> None:
        _, end, answer = self._held.partition(END)
        if end:
            self._state, self._held = _State.ANSWERING, answer
        else:
            # No more than may be the beginning of the end.
            self._held = self._held[-len(END) :]

    def _take(self) -> str:
        taken, self._held = self._held, ""
        return taken
