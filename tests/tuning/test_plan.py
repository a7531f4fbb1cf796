"""Reading plans, on the JSON that PostgreSQL prints."""

from __future__ import annotations

from typing import Any

import pytest

from kb.models import QueryPlan
from kb.tuning.plan import is_as_intended, read_plan

SCAN = {"Node Type": "Index Scan", "Index Name": "shadow_index", "Relation Name": "shadow"}
SEQUENTIAL = {"Node Type": "Seq Scan", "Relation Name": "shadow"}


def explained(node: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"Plan": {"Node Type": "Limit", "Plans": [node]}, "Execution Time": 0.5}]


def test_an_index_scan_names_its_index() -> None:
    plan = read_plan(explained(SCAN), "shadow")

    assert plan == QueryPlan(scan="Index Scan", index_name="shadow_index", execution_ms=0.5)


def test_a_sort_over_a_scan_is_that_scan() -> None:
    plan = read_plan(explained({"Node Type": "Sort", "Plans": [SEQUENTIAL]}), "shadow")

    assert plan.scan == "Seq Scan"


def test_a_parallel_scan_says_so() -> None:
    plan = read_plan(explained({**SEQUENTIAL, "Parallel Aware": True}), "shadow")

    assert plan.scan == "Parallel Seq Scan"


def test_two_scans_are_nobodys_intention() -> None:
    plan = read_plan(explained({"Node Type": "Append", "Plans": [SCAN, SCAN]}), "shadow")

    assert not is_as_intended(plan, "shadow_index")


@pytest.mark.parametrize(
    ("scan", "index_name", "intended", "verified"),
    [
        ("Index Scan", "shadow_index", "shadow_index", True),
        ("Index Scan", "other_index", "shadow_index", False),
        ("Seq Scan", None, "shadow_index", False),
        ("Seq Scan", None, None, True),
        ("Parallel Seq Scan", None, None, True),
        ("Index Scan", "shadow_index", None, False),
    ],
)
def test_only_the_intended_scan_is_verified(
    scan: str, index_name: str | None, intended: str | None, verified: bool
) -> None:
    assert is_as_intended(QueryPlan(scan=scan, index_name=index_name), intended) is verified
