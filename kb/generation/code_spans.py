"""Follows Markdown's code spans and fenced blocks through a text that comes piece by piece."""

from __future__ import annotations

#: Backticks that make a fenced block.
FENCE = 3


class CodeSpans:
    """Where one is: within code or outside. An inline span ends with its line at the latest.

    A backtick that nothing closes would otherwise make the rest of an answer code.
    """

    def __init__(self) -> None:
        self._inline = 0
        self._fence = 0
        #: Whether the block's opening line still goes on.
        self._is_opening = False
        self._line_is_blank = True

    @property
    def inside(self) -> bool:
        """Whether the next character is code."""
        return bool(self._inline or self._fence)

    @property
    def at_line_start(self) -> bool:
        """Whether nothing but spaces stands in the line so far."""
        return self._line_is_blank

    def text(self, text: str) -> None:
        """Pass text without backticks and line breaks."""
        self._line_is_blank = self._line_is_blank and not text.strip()

    def newline(self) -> None:
        """Pass a line break."""
        self._inline, self._is_opening, self._line_is_blank = 0, False, True

    def backticks(self, count: int) -> None:
        """Pass a run of backticks, whole."""
        if self._fence:
            self._within_fence(count)
        elif self._inline:
            self._inline = 0 if count == self._inline else self._inline
        elif count >= FENCE and self._line_is_blank:
            self._fence, self._is_opening = count, True
        else:
            self._inline = count
        self._line_is_blank = False

    def _within_fence(self, count: int) -> None:
        if self._is_opening:
            # A second run in the opening line: it was an inline span.
            self._inline = 0 if count == self._fence else self._fence
            self._fence = 0
        elif self._line_is_blank and count >= self._fence:
            self._fence = 0
