"""Words that several parts of the chat share."""

from __future__ import annotations

from kb.models import RetrievalResult, SourceState

STATES = {
    SourceState.UNCHANGED: "Source is unchanged",
    SourceState.DOCUMENT_CHANGED: "Document has changed, this passage has not",
    SourceState.CHANGED: "Source has changed",
    SourceState.REMOVED: "Source was removed",
}


def file_of(result: RetrievalResult) -> str:
    """The name of a chunk's document."""
    return result.uri.rsplit("/", 1)[-1] or "unknown document"


def page_of(result: RetrievalResult) -> str:
    """The chunk's page for buttons; the file where it has none."""
    if result.page_number is None:
        return file_of(result)
    label = result.page_label
    printed = f", printed {label}" if label and label != str(result.page_number) else ""
    return f"page {result.page_number}{printed}"
