"""Tries again what failed before anybody has seen a word of it. Pure but for the waiting."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from kb.errors import ModelError

T = TypeVar("T")
#: Seconds before the second and the third attempt.
PAUSES = (0.5, 1.5)
#: What a server may ask us to wait; longer, and whoever asked is told instead.
LONGEST_PAUSE = 10.0


class TryAgain(ModelError):
    """A failure that may be over in a moment; the sentence is for when it was not."""

    def __init__(self, message: str, *, after_seconds: float | None = None) -> None:
        super().__init__(message)
        self.after_seconds = after_seconds


def retried(start: Callable[[], Iterator[T]], pauses: Sequence[float] | None = None) -> Iterator[T]:
    """What `start` yields; it is started again where TryAgain comes before the first item.

    Later nothing can be tried again: the reader has seen the first words.
    """
    for pause in PAUSES if pauses is None else pauses:
        items = start()
        try:
            first = next(items)
        except StopIteration:
            return
        except TryAgain as error:
            if (error.after_seconds or 0) > LONGEST_PAUSE:
                raise
            time.sleep(max(pause, error.after_seconds or 0))
            continue
        yield first
        yield from items
        return
    yield from start()
