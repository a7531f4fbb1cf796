"""Filters that are built row by row say the same as those that are typed."""

from __future__ import annotations

import pytest

from kb.errors import ValidationError
from kb.models import Comparison, Condition
from kb.retrieval.filter_expression import parse_filter
from kb.screens.chat.filter_draft import Draft, DraftGroup, DraftRow, draft_of


@pytest.mark.parametrize(
    "typed",
    [
        "year >= 2020",
        'name = "2020"',
        'name = "plain words"',
        'team : ["a", "b, c"]',
        "draft = false and year > 1.5",
        '(a = 1 or b = 2) and title stringContains "lock"',
        '(a = 1 and b = 2) or (c != "x" and d ^ "y")',
    ],
)
def test_a_filter_comes_back_from_its_rows(typed: str) -> None:
    found = parse_filter(typed)
    assert draft_of(found).whole() == found


def test_no_rows_are_no_filter() -> None:
    assert Draft().whole() is None


def test_a_list_may_be_typed_with_commas() -> None:
    row = DraftRow(key="team", comparison=Comparison.IN, value="a, b")
    found = Draft(groups=(DraftGroup(rows=(row,)),)).whole()
    assert isinstance(found, Condition) and found.value == ["a", "b"]


def test_a_value_that_does_not_fit_is_refused() -> None:
    row = DraftRow(key="year", comparison=Comparison.GREATER_THAN, value="late")
    with pytest.raises(ValidationError):
        Draft(groups=(DraftGroup(rows=(row,)),)).whole()


def test_the_last_row_that_goes_leaves_an_empty_one() -> None:
    assert Draft().with_row(0, 0, None) == Draft()
