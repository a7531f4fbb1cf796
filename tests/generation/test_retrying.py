"""Failures before the first word are tried again; later ones are not."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from kb.errors import ModelError
from kb.generation.retrying import TryAgain, retried


class Attempts:
    """Streams that fail in turn, then one that says "a", "b"."""

    def __init__(self, *errors: ModelError, late: ModelError | None = None) -> None:
        self.errors = list(errors)
        self.late = late
        self.started = 0

    def __call__(self) -> Iterator[str]:
        self.started += 1
        if self.errors:
            raise self.errors.pop(0)
        yield "a"
        if self.late:
            raise self.late
        yield "b"


def test_a_failure_before_the_first_item_is_tried_again() -> None:
    attempts = Attempts(TryAgain("busy"), TryAgain("busy"))
    assert list(retried(attempts, (0, 0))) == ["a", "b"]
    assert attempts.started == 3


def test_after_the_last_attempt_the_sentence_is_told() -> None:
    attempts = Attempts(*[TryAgain("busy")] * 3)
    with pytest.raises(ModelError, match="busy"):
        list(retried(attempts, (0, 0)))
    assert attempts.started == 3


def test_other_failures_are_told_at_once() -> None:
    attempts = Attempts(ModelError("no"))
    with pytest.raises(ModelError, match="no"):
        list(retried(attempts, (0, 0)))
    assert attempts.started == 1


def test_nothing_is_tried_again_after_the_first_item() -> None:
    attempts = Attempts(late=TryAgain("gone"))
    items = retried(attempts, (0, 0))
    assert next(items) == "a"
    with pytest.raises(ModelError, match="gone"):
        next(items)
    assert attempts.started == 1


def test_nobody_waits_as_long_as_a_server_likes() -> None:
    attempts = Attempts(TryAgain("in an hour", after_seconds=3600))
    with pytest.raises(ModelError, match="in an hour"):
        list(retried(attempts, (0, 0)))
    assert attempts.started == 1
