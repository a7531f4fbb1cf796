"""Reads EXPLAIN's JSON: how a table was scanned, and with which index.

Runs nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from kb.models import QueryPlan

_NO_SCAN = "none"
_SEVERAL_SCANS = "several"


def read_plan(explained: Any, relation: str) -> QueryPlan:
    """Return the one scan of `relation` in the output of EXPLAIN (FORMAT JSON)."""
    root = explained[0]
    scans = [node for node in _nodes(root["Plan"]) if node.get("Relation Name") == relation]
    execution_ms = root.get("Execution Time")
    if len(scans) != 1:
        scan = _SEVERAL_SCANS if scans else _NO_SCAN
        return QueryPlan(scan=scan, index_name=None, execution_ms=execution_ms)
    parallel = "Parallel " if scans[0].get("Parallel Aware") else ""
    return QueryPlan(
        scan=parallel + scans[0]["Node Type"],
        index_name=scans[0].get("Index Name"),
        execution_ms=execution_ms,
    )


def is_as_intended(plan: QueryPlan, index_name: str | None) -> bool:
    """Whether the scan read exactly this index or, for None, the whole table."""
    if index_name is None:
        return plan.scan in ("Seq Scan", "Parallel Seq Scan")
    return plan.scan == "Index Scan" and plan.index_name == index_name


def _nodes(node: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield node
    for child in node.get("Plans", ()):
        yield from _nodes(child)
