"""Exported conversations name page and passage, and hold nothing that runs or loads."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from kb.generation.exporting import Format, cited_text, export
from kb.models import Conversation
from tests.generation.made_up_answers import answer, citation, reference, result, turn

TRAP = '<img src="http://example.invalid/x"> ![x](http://example.invalid/y) <script>1</script>'
SAID = "The view counts reads. The view counts writes."
CONVERSATION = Conversation(
    conversation_id="00000000-0000-0000-0000-00000000000a",
    title=f"Title {TRAP}",
    turns=1,
    created_at=datetime(2026, 1, 2, tzinfo=UTC),
    updated_at=datetime(2026, 1, 2, tzinfo=UTC),
)
TURN = turn(
    answer(
        SAID,
        citation(SAID, "The view counts reads.", reference(result(), "counts reads")),
        citation(SAID, "The view counts writes.", reference(result(), "counts writes")),
    ),
    question=f"What is it? {TRAP}",
)


def test_numbers_stand_behind_the_words_that_they_support() -> None:
    assert cited_text(TURN) == "The view counts reads. [1] The view counts writes. [2]"


@pytest.mark.parametrize("form", list(Format))
def test_every_format_names_the_page_and_the_passage(form: Format) -> None:
    written = export(CONVERSATION, [TURN], form).replace("\\", "")
    assert "counts writes" in written
    assert ("page 7 (printed vii)" if form is not Format.JSON else '"page_number": 7') in written


def test_html_has_no_tag_of_the_text() -> None:
    written = export(CONVERSATION, [TURN], Format.HTML)
    assert "<img" not in written and "<script" not in written
    assert "Content-Security-Policy" in written


def test_markdown_has_no_picture_and_no_tag_of_the_text() -> None:
    written = export(CONVERSATION, [TURN], Format.MARKDOWN)
    assert "![x]" not in written.replace("\\!\\[x\\]", "")
    assert "<img" not in written.replace("\\<img", "")


def test_json_is_json_with_sources_and_versions() -> None:
    written = json.loads(export(CONVERSATION, [TURN], Format.JSON))
    assert [c["sources"] for c in written["turns"][0]["citations"]] == [[1], [2]]
