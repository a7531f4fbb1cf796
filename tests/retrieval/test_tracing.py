"""What is shown of a traced retrieval, and what two twins have that the other lacks."""

from __future__ import annotations

from typing import Any

import numpy as np

from kb.models.tracing import TracedStatement
from kb.retrieval.tracing import (
    compare,
    missed,
    plan_lines,
    shown_parameters,
    vector_index,
    with_plans,
)
from tests.made_up import result

PLAN = {
    "Plan": {
        "Node Type": "Limit",
        "Actual Rows": 5.0,
        "Actual Loops": 1,
        "Actual Total Time": 2.5,
        "Shared Hit Blocks": 7,
        "Plans": [
            {
                "Node Type": "Index Scan",
                "Index Name": "bedrock_kb_embedding_idx",
                "Relation Name": "bedrock_kb",
                "Order By": "(embedding <=> '[0.1,0.2,0.3]'::vector)",
                "Actual Rows": 2.5,
                "Actual Loops": 2,
                "Actual Total Time": 1.0,
            },
            {"Node Type": "Sort", "Actual Rows": 0.0, "Actual Loops": 0},
        ],
    }
}


def test_a_plan_is_told_from_the_root_down() -> None:
    assert [(line.depth, line.node) for line in plan_lines(PLAN)] == [
        (0, "Limit"),
        (1, "Index Scan"),
        (1, "Sort"),
    ]


def test_rows_and_time_are_those_of_all_loops() -> None:
    scan = plan_lines(PLAN)[1]
    assert (scan.rows, scan.loops, scan.milliseconds) == (5, 2, 2.0)


def test_a_node_that_never_ran_took_no_time() -> None:
    sort = plan_lines(PLAN)[2]
    assert (sort.rows, sort.loops, sort.milliseconds) == (0, 0, 0.0)


def test_a_plan_s_vectors_are_written_as_their_length() -> None:
    assert plan_lines(PLAN)[1].detail == (
        "using bedrock_kb_embedding_idx on bedrock_kb order by (embedding <=> '[3 numbers]')"
    )


def statement(name: str, plan: dict[str, Any] | None = None) -> TracedStatement:
    return TracedStatement(
        name=name, sql="", parameters={}, rows=1, milliseconds=float(bool(plan)), plan=plan
    )


def test_plans_of_another_run_go_to_the_same_statements() -> None:
    ran = with_plans(
        [statement("a"), statement("b"), statement("c")],
        [statement("a"), statement("b", PLAN), statement("d", PLAN)],
    )
    assert [(s.name, s.plan, s.milliseconds) for s in ran] == [
        ("a", None, 0.0),
        ("b", PLAN, 0.0),
        ("c", None, 0.0),
    ]


def test_bound_values_are_shown_short() -> None:
    shown = shown_parameters({"v": np.ones(384), "n": None, "t": "x" * 400, "l": ["a"]})
    assert shown["v"] == "[1.0000, 1.0000, 1.0000, … 384 numbers]"
    assert (shown["n"], shown["l"]) == ("NULL", "['a']")
    assert len(shown["t"]) == 302


A, B, C = (result(name, number) for number, name in enumerate("abc", start=1))


def test_the_same_results_miss_nothing() -> None:
    twin = compare([A, B], [A, B], neighbours=2, neighbours_found=2, index_name="i")
    assert (twin.missed, twin.sentence) == ((), "index = exact 2/2")


def test_a_missed_passage_is_named_with_its_rank() -> None:
    twin = compare([A, C], [A, B], neighbours=2, neighbours_found=1, index_name="i")
    assert [(m.rank, m.result) for m in twin.missed] == [(2, B)]
    assert twin.sentence == "index ≠ exact 1/2"


def test_one_that_ranks_alike_may_stand_for_another() -> None:
    twin = result("the same words", 9, similarity=B.similarity)
    assert missed([A, twin], [A, B]) == ()


def test_a_parent_is_compared_as_itself() -> None:
    one, other = (result(t, n, parent_id="d/1") for n, t in ((7, "x"), (8, "y")))
    assert missed([one], [other]) == ()


def test_the_vector_index_of_a_plan_is_named() -> None:
    assert vector_index(PLAN) == "bedrock_kb_embedding_idx"


def test_a_plan_that_orders_by_sorting_has_no_vector_index() -> None:
    assert vector_index({"Plan": {"Node Type": "Sort", "Actual Loops": 1}}) is None
