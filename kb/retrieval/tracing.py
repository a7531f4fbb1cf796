"""What is shown of a traced retrieval: a plan line by line, bound values, the twins' difference.

Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from kb.models import RetrievalResult
from kb.models.tracing import ExactTwin, MissedPassage, TracedStatement

#: Texts that rank alike may stand for one another.
_SAME_SIMILARITY = 1e-6
_VECTOR = re.compile(r"'\[([^\]]*)\]'::vector")
_DETAILS = (
    ("Index Name", "using {}"),
    ("Relation Name", "on {}"),
    ("CTE Name", "of {}"),
    ("Subplan Name", "({})"),
    ("Order By", "order by {}"),
    ("Index Cond", "where {}"),
    ("Recheck Cond", "where {}"),
    ("Filter", "if {}"),
    ("One-Time Filter", "if {}"),
)
_LONGEST_VALUE = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanLine:
    """A node of a plan."""

    #: From 0, the root.
    depth: int
    #: EXPLAIN's node type, e.g. "Index Scan".
    node: str
    #: On what and by which condition; vectors are written as their length.
    detail: str
    #: Over all loops.
    rows: int
    loops: int
    #: Over all loops, nodes below included; 0.0 for a node that was never executed.
    milliseconds: float
    #: Pages of 8 kB from PostgreSQL's memory and from elsewhere, nodes below included.
    blocks_hit: int
    blocks_read: int


def plan_lines(plan: Mapping[str, Any]) -> tuple[PlanLine, ...]:
    """The nodes of `TracedStatement.plan`, from the root down."""
    return tuple(_lines(plan["Plan"], 0))


def _lines(node: Mapping[str, Any], depth: int) -> Iterator[PlanLine]:
    loops = node.get("Actual Loops", 0)
    yield PlanLine(
        depth=depth,
        node=node["Node Type"],
        detail=" ".join(
            form.format(_without_vectors(_text(node[key]))) for key, form in _DETAILS if key in node
        ),
        rows=round(node.get("Actual Rows", 0) * loops),
        loops=loops,
        milliseconds=node.get("Actual Total Time", 0.0) * loops,
        blocks_hit=node.get("Shared Hit Blocks", 0),
        blocks_read=node.get("Shared Read Blocks", 0),
    )
    for below in node.get("Plans", ()):
        yield from _lines(below, depth + 1)


def with_plans(
    ran: Sequence[TracedStatement], explained: Sequence[TracedStatement]
) -> tuple[TracedStatement, ...]:
    """The statements of one run with the plans of another, as far as both ran the same."""
    plans = {(place, s.name): s.plan for place, s in enumerate(explained)}
    return tuple(replace(s, plan=plans.get((place, s.name))) for place, s in enumerate(ran))


def shown_parameters(parameters: Mapping[str, Any]) -> dict[str, str]:
    """Bound values as text; a vector as its length and first numbers, long texts cut."""
    return {name: _shown(value) for name, value in parameters.items()}


def compare(
    approximate: Sequence[RetrievalResult],
    exact: Sequence[RetrievalResult],
    *,
    neighbours: int,
    neighbours_found: int,
    index_name: str | None,
) -> ExactTwin:
    """What the exact results have that the others lack."""
    return ExactTwin(
        approximate=tuple(approximate),
        exact=tuple(exact),
        missed=missed(approximate, exact),
        neighbours=neighbours,
        neighbours_found=neighbours_found,
        index_name=index_name,
    )


def vector_index(plan: Mapping[str, Any]) -> str | None:
    """The index that a plan takes the nearest vectors from, None when it reads them all."""
    return _ordering(plan["Plan"])


def _ordering(node: Mapping[str, Any]) -> str | None:
    if node.get("Actual Loops") and "Order By" in node and "Index Name" in node:
        return str(node["Index Name"])
    return next(filter(None, map(_ordering, node.get("Plans", ()))), None)


def missed(
    approximate: Sequence[RetrievalResult], exact: Sequence[RetrievalResult]
) -> tuple[MissedPassage, ...]:
    """Exact results that are not among the others, nor is one that ranks alike in its stead."""
    wanted = {identity(result) for result in exact}
    found = {identity(result) for result in approximate}
    spare = [result.similarity for result in approximate if identity(result) not in wanted]
    lost = []
    for rank, result in enumerate(exact, start=1):
        if identity(result) in found:
            continue
        alike = [s for s in spare if abs(s - result.similarity) < _SAME_SIMILARITY]
        if alike:
            spare.remove(alike[0])
        else:
            lost.append(MissedPassage(rank=rank, result=result))
    return tuple(lost)


def identity(result: RetrievalResult) -> str:
    """What a result is counted as: its parent, where it stands for one."""
    return result.parent_id or result.chunk_id


def _shown(value: object) -> str:
    if isinstance(value, np.ndarray):
        begin = ", ".join(f"{number:.4f}" for number in value[:3])
        return f"[{begin}, … {len(value)} numbers]"
    text = "NULL" if value is None else str(value)
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]} …"


def _text(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _without_vectors(text: str) -> str:
    return _VECTOR.sub(lambda found: f"'[{found[1].count(',') + 1} numbers]'", text)
