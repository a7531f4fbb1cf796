"""The chat's settings go into an address and come back from it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kb.screens.chat.choices import Choices, from_query, to_query

ALL = Choices(
    generate=False,
    model="other",
    chunks=100,
    search="SEMANTIC",
    filter='a = "ü & ?"',
    streaming=False,
    reranking="best",
    temperature=0.25,
    top_p=1.0,
    max_tokens=65_536,
    stop=("a", "b,c"),
    template="$query$",
    guardrail="g",
    guardrail_version="DRAFT",
)


def test_settings_come_back_from_their_address() -> None:
    assert from_query(to_query(ALL), ["other"]) == (ALL, ())


def test_what_is_left_at_its_default_is_not_in_the_address() -> None:
    assert to_query(Choices()) == {}


def test_a_model_that_is_not_set_up_is_said_and_not_used() -> None:
    found, (sentence,) = from_query(to_query(ALL), ["extractive"])
    assert found == replace(ALL, model=None) and "model" in sentence


@pytest.mark.parametrize(
    "query",
    [
        {"chunks": "0"},
        {"chunks": "101"},
        {"chunks": "1e9"},
        {"temperature": "nan"},
        {"temperature": "2"},
        {"search": "LEXICAL"},
        {"generate": "maybe"},
        {"stop": '["a", 1]'},
        {"stop": "[" * 100_000},
        {"stop": '["1", "2", "3", "4", "5"]'},
    ],
)
def test_what_does_not_fit_is_left_out_and_said(query: dict[str, str]) -> None:
    found, problems = from_query(query, [])
    assert found == Choices() and len(problems) == 1
