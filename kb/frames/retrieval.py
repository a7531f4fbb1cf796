"""Candidates of a search, plans and bound values as DataFrames."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from kb.generation.numbering import number_sources
from kb.models import RetrievalResult, RetrieveAndGenerateResponse
from kb.retrieval.tracing import PlanLine, shown_parameters

#: What a candidate may have a place in.
RANKINGS = ("semantic", "lexical", "reranking")
#: Of a candidate's text.
SHOWN_CHARACTERS = 200


def plan(lines: Iterable[PlanLine]) -> pd.DataFrame:
    """One row per node of a query's plan, set in by its depth."""
    return pd.DataFrame(
        [
            {
                # An ordinary space at the beginning is not shown.
                "Node": "\u2003" * line.depth + line.node,
                "Time (ms)": line.milliseconds,
                "Rows": line.rows,
                "Detail": line.detail,
                "Loops": line.loops,
                "Blocks hit": line.blocks_hit,
                "Blocks read": line.blocks_read,
            }
            for line in lines
        ]
    )


def ranked(found: Iterable[RetrievalResult]) -> pd.DataFrame:
    """One row per candidate of a search, best first, with its place in each ranking."""
    return pd.DataFrame(
        [
            {
                "Rank": number,
                **{name.capitalize(): result.ranks.get(name) for name in RANKINGS},
                "Similarity": result.similarity,
                "Page": result.page_number,
                "Section": result.heading_path[-1] if result.heading_path else "",
                "Text": result.text[:SHOWN_CHARACTERS],
            }
            for number, result in enumerate(found, start=1)
        ]
    ).astype({name.capitalize(): "Int64" for name in (*RANKINGS, "page")})


def parameters(values: Mapping[str, Any]) -> pd.DataFrame:
    """One row per bound value."""
    shown = shown_parameters(values)
    return pd.DataFrame({"Parameter": [f":{name}" for name in shown], "Value": [*shown.values()]})


def candidates(
    found: Iterable[RetrievalResult], response: RetrieveAndGenerateResponse
) -> pd.DataFrame:
    """One row per candidate of a search, with its place in each ranking and in the answer."""
    numbering = number_sources(response)
    ranks = {r.chunk_id: rank for rank, r in enumerate(response.retrieval_results, start=1)}
    return pd.DataFrame(
        [
            {
                "Result": ranks.get(r.chunk_id),
                "Cited as": ", ".join(map(str, numbering.of_chunk(r.chunk_id))),
                "Page": r.page_number,
                "Similarity": r.similarity,
                "Score": r.score,
                **{f"{method} rank": rank for method, rank in r.ranks.items()},
                "Chunk": " > ".join(r.heading_path[-1:]) or r.text[:60],
            }
            for r in found
        ]
    )
