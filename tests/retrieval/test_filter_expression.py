"""Filters as they are typed: the signs of Bedrock's console, and errors with their character."""

from __future__ import annotations

from typing import Any

import pytest

from kb.errors import ValidationError
from kb.retrieval.filter_expression import parse_filter, write_filter
from kb.retrieval.filters import filter_from_json, filter_to_json


def parsed(typed: str) -> dict[str, Any]:
    found = parse_filter(typed)
    assert found
    return filter_to_json(found)


def condition(name: str, key: str, value: Any) -> dict[str, Any]:
    return {name: {"key": key, "value": value}}


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ('animal = "cat"', condition("equals", "animal", "cat")),
        ('animal="cat"', condition("equals", "animal", "cat")),
        ("animal != true", condition("notEquals", "animal", True)),
        ("year > 1989", condition("greaterThan", "year", 1989)),
        ("year>=-1.5e2", condition("greaterThanOrEquals", "year", -150.0)),
        ("year < 5", condition("lessThan", "year", 5)),
        ("year <= 5", condition("lessThanOrEquals", "year", 5)),
        ('animal : ["cat", "dog"]', condition("in", "animal", ["cat", "dog"])),
        ('animal !: ["cat"]', condition("notIn", "animal", ["cat"])),
        ('animal ^ "ca"', condition("startsWith", "animal", "ca")),
        ('animal stringContains "a"', condition("stringContains", "animal", "a")),
        ('animals listContains "cat"', condition("listContains", "animals", "cat")),
        ('animal notIn ["cat"]', condition("notIn", "animal", ["cat"])),
        ('"my key" = "a \\"b\\""', condition("equals", "my key", 'a "b"')),
        ("x-amz-bedrock-kb-document-page-number = 7", None),
        ('größe = "groß"', condition("equals", "größe", "groß")),
        ('k = "two\nlines"', condition("equals", "k", "two\nlines")),
        ("and = 1", condition("equals", "and", 1)),
    ],
)
def test_a_condition_is_read(typed: str, read: dict[str, Any] | None) -> None:
    own = condition("equals", "x-amz-bedrock-kb-document-page-number", 7)
    assert parsed(typed) == (read or own)


def test_conditions_are_joined() -> None:
    assert parsed("a = 1 and b = 2 and c = 3") == {
        "andAll": [condition("equals", key, n) for n, key in enumerate("abc", 1)]
    }


def test_groups_stand_in_parentheses() -> None:
    assert parsed("(a = 1 or b = 2) and c = 3") == {
        "andAll": [
            {"orAll": [condition("equals", "a", 1), condition("equals", "b", 2)]},
            condition("equals", "c", 3),
        ]
    }


def test_json_is_read_as_well() -> None:
    assert parsed(' {"equals": {"key": "a", "value": 1}}') == condition("equals", "a", 1)


@pytest.mark.parametrize("typed", ["", "  \n"])
def test_nothing_typed_is_no_filter(typed: str) -> None:
    assert parse_filter(typed) is None


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ("year", r"character 5: expected an operator, one of = != > .* stringContains"),
        ("year = ", r"character 8: expected a value"),
        ("year = cat", r"character 8 at 'cat': expected a value: a number"),
        ("year = 01", r"character 8 at '01': expected a value"),
        ("year == 5", r"character 7 at '=': expected a value"),
        ("= 5", r"character 1 at '=': expected a key"),
        ("a = 1 b = 2", r"character 7 at 'b': expected `and`, `or` or the end"),
        ("a = 1 and", r"character 10: expected a key"),
        ("a = 1 and b = 2 or c = 3", r"character 17 at 'or': `and` and `or` are mixed"),
        ("(a = 1", r"character 7: expected \)"),
        ("a = 1)", r"character 6 at '\)': expected `and`"),
        ('a : ["x"', r"character 9: expected \]"),
        ('a : ["x", 5]', r"character 11 at '5': expected a text in quotes"),
        ("a : []", r"character 6 at '\]': expected a text in quotes"),
        ('a = "x', r"""character 5 at '"': this quotation has no end"""),
        ("a = 1 ; DROP TABLE x", r"character 7 at ';': nothing begins like this"),
        (r'a = "\q"', r"character 5 .*mend its backslashes"),
        ("a > true", r"filter\.greaterThan\.value must be a number"),
        ('a = ["x"]', r"filter\.equals\.value must be a text, a number"),
        ("(" * 5000 + "a = 1", r"too many parentheses"),
        (" and ".join(["a = 1"] * 6), r"filter\.andAll has 6 members; give it 2 to 5"),
    ],
)
def test_what_is_wrong_is_named_with_its_character(typed: str, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        parse_filter(typed)


@pytest.mark.parametrize(
    "typed",
    [
        "year >= 2020",
        '"my key" : ["a", "b\\"c"]',
        'x-workbench-heading-path listContains "ü 🐘"',
        '(a = 1 or "and" != "x") and draft = false',
    ],
)
def test_what_is_written_is_what_was_typed(typed: str) -> None:
    found = parse_filter(typed)
    assert found
    assert write_filter(found) == typed


def test_what_is_written_can_be_read() -> None:
    given = filter_from_json(
        {
            "orAll": [
                {"andAll": [condition("equals", "or", "a\\b"), condition("in", "a b", ['"'])]},
                condition("lessThan", "n", 1e300),
            ]
        }
    )
    assert parse_filter(write_filter(given)) == given
