"""Bedrock's filter JSON: what is taken, what is refused and at which place."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.session import Session
from botocore.validate import ParamValidator

from kb.errors import ValidationError
from kb.models import Comparison, Condition, Group, Junction
from kb.retrieval.filters import (
    HEADING_PATH,
    OPERATORS,
    ValueKind,
    filter_from_json,
    filter_from_text,
    filter_to_json,
    refusable_by_aurora,
)

YEAR = {"greaterThan": {"key": "year", "value": 2020}}
CAT = {"equals": {"key": "animal", "value": "cat"}}
VALUES: dict[ValueKind, Any] = {
    ValueKind.SCALAR: "cat",
    ValueKind.NUMBER: 1.5,
    ValueKind.TEXT: "cat",
    ValueKind.TEXTS: ["cat", "dog"],
}


def every(number: int) -> dict[str, Any]:
    return {"andAll": [CAT] * number}


def test_a_condition_is_read() -> None:
    read = Condition(comparison=Comparison.GREATER_THAN, key="year", value=2020)
    assert filter_from_json(YEAR) == read


def test_a_group_in_a_group_is_read() -> None:
    found = filter_from_json({"orAll": [{"andAll": [YEAR, CAT]}, CAT]})
    assert isinstance(found, Group)
    assert [type(member) for member in found.members] == [Group, Condition]
    assert found.junction is Junction.OR_ALL


@pytest.mark.parametrize("comparison", list(Comparison))
def test_every_operator_goes_to_json_and_back(comparison: Comparison) -> None:
    given = {comparison.value: {"key": "k", "value": VALUES[OPERATORS[comparison].kind]}}
    assert filter_to_json(filter_from_json(given)) == given


@pytest.mark.parametrize("given", [YEAR, {"orAll": [{"andAll": [YEAR, CAT]}, CAT]}])
def test_botocore_takes_what_is_written(given: dict[str, Any]) -> None:
    shape = Session().get_service_model("bedrock-agent-runtime").shape_for("RetrievalFilter")
    report = ParamValidator().validate(filter_to_json(filter_from_json(given)), shape)
    assert report.generate_report() == ""


def test_the_operators_are_those_of_botocore_s_model() -> None:
    shape = Session().get_service_model("bedrock-agent-runtime").shape_for("RetrievalFilter")
    assert {*Comparison, *Junction} == set(shape.members)


@pytest.mark.parametrize(
    ("given", "place"),
    [
        (None, r"^filter must be an object"),
        ([], r"^filter must be an object"),
        ({}, r"^filter must be an object"),
        ({**YEAR, **CAT}, r"^filter must be an object with one name"),
        ({"like": {"key": "a", "value": "b"}}, r"^filter\.like is no operator; use one of equals"),
        ({"equals": {"key": "a"}}, r'^filter\.equals must be an object of "key" and "value"'),
        ({"equals": {"key": "a", "value": 1, "x": 2}}, r'must be an object of "key" and "value"'),
        ({"equals": {"key": "", "value": 1}}, r"^filter\.equals\.key must be a text of 1 to 100"),
        ({"equals": {"key": "k" * 101, "value": 1}}, r"\.key must be a text of 1 to 100"),
        ({"equals": {"key": 5, "value": 1}}, r"\.key must be a text"),
        ({"equals": {"key": "a\0", "value": 1}}, r"\.key has a character"),
        ({"equals": {"key": "a", "value": "\ud800"}}, r"\.value has a character"),
        ({"equals": {"key": "a", "value": None}}, r"\.value must be a text, a number, true or"),
        ({"equals": {"key": "a", "value": ["b"]}}, r"\.value must be a text, a number, true or"),
        ({"greaterThan": {"key": "a", "value": "5"}}, r"\.value must be a number"),
        ({"lessThan": {"key": "a", "value": True}}, r"\.value must be a number"),
        ({"lessThan": {"key": "a", "value": float("nan")}}, r"\.value must be a number"),
        ({"in": {"key": "a", "value": "b"}}, r"\.value must be a list of texts"),
        ({"in": {"key": "a", "value": []}}, r"\.value must be a list of texts"),
        ({"notIn": {"key": "a", "value": ["b", 1]}}, r"\.value must be a list of texts"),
        ({"in": {"key": "a", "value": ["b"] * 1001}}, r"has 1,001 members; give it at most 1000"),
        ({"startsWith": {"key": "a", "value": 1}}, r"\.value must be a text"),
        (every(1), r"^filter\.andAll has 1 members; give it 2 to 5"),
        (every(6), r"^filter\.andAll has 6 members; give it 2 to 5"),
        ({"andAll": CAT}, r"^filter\.andAll must be a list"),
        ({"orAll": [CAT, {"andAll": [CAT, {"no": {}}]}]}, r"^filter\.orAll\[1\]\.andAll\[1\]\.no "),
        (
            {"orAll": [CAT, {"andAll": [CAT, {"orAll": [CAT, CAT]}]}]},
            r"^filter\.orAll\[1\]\.andAll\[1\]\.orAll lies 3 groups deep; Bedrock allows 2",
        ),
    ],
)
def test_what_is_wrong_is_named_with_its_place(given: Any, place: str) -> None:
    with pytest.raises(ValidationError, match=place):
        filter_from_json(given)


def test_five_groups_of_five_are_taken() -> None:
    assert filter_from_json({"orAll": [every(5)] * 5})


def test_a_filter_that_never_ends_is_refused() -> None:
    deep: dict[str, Any] = CAT
    for _ in range(100_000):
        deep = {"andAll": [deep, CAT]}
    with pytest.raises(ValidationError, match="at most one other group"):
        filter_from_json(deep)


@pytest.mark.parametrize(
    "text",
    ["", "{", '{"equals": {"key": "a", "value": NaN}}', '{"a": 1, "a": 2}', "[" * 100_000],
)
def test_text_that_is_no_json_is_refused(text: str) -> None:
    with pytest.raises(ValidationError, match="not valid JSON"):
        filter_from_text(text)


def test_what_aurora_may_refuse_is_named() -> None:
    found = filter_from_json(
        {
            "andAll": [
                {"startsWith": {"key": "a", "value": "b"}},
                {"listContains": {"key": HEADING_PATH, "value": "b"}},
                YEAR,
            ]
        }
    )
    assert refusable_by_aurora(found) == ["listContains", "startsWith", HEADING_PATH]


def test_plain_comparisons_are_fit_for_aurora() -> None:
    assert refusable_by_aurora(filter_from_json({"andAll": [YEAR, CAT]})) == []
