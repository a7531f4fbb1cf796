"""Reads what explains a retrieval: where a passage stands, how a chunk ranks, how a query ran.

Changes nothing. The statements are in sql/explain/.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Engine

from kb import sql
from kb.adapters.database import Ran, driver, rows, transaction, watched
from kb.adapters.filter_sql import filter_parameters
from kb.models import Filter, Placement
from kb.models.tracing import TracedStatement

#: Pages that are looked at for one passage.
MOST_PAGES = 10
_ANALYZE = "EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON)\n"
#: Sets up a search and reads no table; a plan of it says nothing.
_SET_UP = "queries/set_ef_search"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChunkPlace:
    """A chunk with its runs on pages."""

    chunk_id: str
    document_id: str
    #: Of the parent that is returned in its place, where there is one.
    parent: int | None
    placements: tuple[Placement, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PageText:
    """A page as it was read, and the one behind it."""

    document_id: str
    page_number: int
    text: str
    next_number: int | None
    next_text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """The nearest of some chunks that the filter lets through."""

    chunk_id: str
    #: How many of them the filter lets through.
    eligible_chunks: int
    similarity: float
    #: 1-based, among all chunks that the filter lets through; by an exact scan.
    rank: int
    of_chunks: int


class Explaining:
    """Asks the database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def page_outcome(self, document_id: str, page_number: int) -> tuple[str, str | None] | None:
        """What reading a page gave and why; None when the document has no such page."""
        place = {"document_id": document_id, "page_number": page_number}
        with transaction(self._engine) as connection:
            found = rows(connection, "catalogue/page_outcome", **place)
        return (found[0]["outcome"], found[0]["outcome_reason"]) if found else None

    def chunks_of_pages(
        self, document_id: str, page_numbers: Sequence[int]
    ) -> tuple[ChunkPlace, ...]:
        """The chunks that stand on some pages, in order."""
        with transaction(self._engine) as connection:
            found = rows(
                connection,
                "explain/chunks_of_pages",
                document_id=document_id,
                page_numbers=list(page_numbers),
            )
        return tuple(
            ChunkPlace(
                chunk_id=str(row["id"]),
                document_id=document_id,
                parent=row["parent"],
                placements=tuple(
                    Placement(start=start, end=end, page_number=number, page_start=at)
                    for start, end, number, at in row["placements"]
                ),
            )
            for row in found
        )

    def pages_with(self, passage: str, document_id: str | None) -> tuple[PageText, ...]:
        """Pages on which a passage may begin; None for all documents. At most MOST_PAGES."""
        with transaction(self._engine) as connection:
            found = rows(
                connection,
                "explain/pages_with_passage",
                passage=passage,
                document_id=document_id,
                row_limit=MOST_PAGES,
            )
        return tuple(
            PageText(
                document_id=str(row["document_id"]),
                page_number=row["page_number"],
                text=row["text"],
                next_number=row["next_number"],
                next_text=row["next_text"] or "",
            )
            for row in found
        )

    def standing(
        self, query_embedding: NDArray[np.float32], chunk_ids: Sequence[str], filter: Filter | None
    ) -> Standing | None:
        """How the nearest of some chunks ranks; None when the filter lets none through."""
        with transaction(self._engine) as connection:
            set_up = rows(connection, _SET_UP, ef_search=100, use_index=False)
            chosen = filter_parameters(filter, own_chunks=set_up[0]["has_own_chunks"])
            found = rows(
                connection,
                "explain/standing",
                query_embedding=query_embedding,
                chunk_ids=list(chunk_ids),
                filter=chosen["filter"],
                place_filter=chosen["place_filter"],
                wide_filter=chosen["wide_filter"],
            )
        if not found:
            return None
        return Standing(
            chunk_id=str(found[0]["id"]),
            eligible_chunks=found[0]["chunks"],
            similarity=found[0]["similarity"],
            rank=found[0]["rank"],
            of_chunks=found[0]["of_chunks"],
        )


@contextmanager
def statements(*, explain: bool) -> Iterator[Callable[[], tuple[TracedStatement, ...]]]:
    """Collect the statements that this thread runs; the value gives them when it is called.

    With `explain` each is run a second time for its plan, in the same transaction, which from
    then on only reads.
    """
    seen: list[TracedStatement] = []

    def hear(connection: Connection, ran: Ran) -> None:
        plan = _plan(connection, ran) if explain and ran.name != _SET_UP else None
        seen.append(_traced(ran, plan))

    with watched(hear):
        yield lambda: tuple(seen)


def _plan(connection: Connection, ran: Ran) -> dict[str, Any]:
    cursor = driver(connection).cursor()
    cursor.execute(sql.psycopg_query("explain/read_only"))
    cursor.execute((_ANALYZE + sql.psycopg_query(ran.name)).encode(), ran.parameters)
    found = cursor.fetchone()
    assert found is not None
    root: dict[str, Any] = found[0][0]
    return root


def _traced(ran: Ran, plan: dict[str, Any] | None) -> TracedStatement:
    return TracedStatement(
        name=ran.name,
        sql=sql.script(ran.name),
        parameters=dict(ran.parameters),
        rows=ran.rows,
        milliseconds=ran.milliseconds,
        plan=plan,
    )
