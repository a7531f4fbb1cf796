"""Why work on a document ends before it is done. Not errors, so that no handler swallows them."""

from __future__ import annotations


class Stopped(BaseException):
    """The job was asked to stop, or has ended."""


class Interrupted(BaseException):
    """The worker is to end; the document goes back to the queue."""


class Superseded(BaseException):
    """Another attempt has taken the document over: this one was given up for dead."""
