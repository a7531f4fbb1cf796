"""Nouns of embedding a table: what is there, what is wanted, how a run goes, what was found.

Knows no SQL but the names of things.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from kb.embedding_sql.claimed_models import ClaimedModel, Family
from kb.embedding_sql.requests import json_key, request_body
from kb.models import IngestionJobStatus

#: PostgreSQL cuts longer names, bytes.
LONGEST_NAME = 63
#: Amazon's own rule of thumb for its embedding models.
CHARACTERS_PER_TOKEN = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class TextTable:
    """A table that has a text column."""

    schema: str
    table: str
    #: Both, quoted as SQL wants them.
    target: str
    partitioned: bool
    rows_estimate: int
    text_columns: tuple[str, ...]
    #: Dimensions by column; -1 where the column takes any.
    vector_columns: dict[str, int]
    #: Types by column, of all columns that can not hold an embedding.
    other_columns: dict[str, str]

    @property
    def is_bedrocks(self) -> bool:
        """Whether it is the knowledge base's, which a sync fills."""
        return self.schema == "bedrock_integration"

    def __str__(self) -> str:
        return f"{self.schema}.{self.table}"


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddingPlan:
    """What is to be embedded, into which column and how."""

    table: TextTable
    text_column: str
    embedding_column: str
    model: ClaimedModel
    #: As a statement names it: the model's id, an inference profile or an ARN.
    model_id: str
    dimensions: int
    batch_size: int = 1
    sessions: int = 2
    pause_seconds: float = 0.0
    row_limit: int | None = None
    max_attempts: int = 3
    with_index: bool = True
    keep_fresh: bool = False

    @property
    def adds_column(self) -> bool:
        """Whether the table lacks the column."""
        return self.embedding_column not in self.table.vector_columns

    @property
    def index(self) -> str:
        """The index's name, short enough for PostgreSQL."""
        return _name(self.table.table, self.embedding_column, "idx")

    @property
    def trigger(self) -> str:
        """The trigger's name."""
        return _name("forget", self.embedding_column)

    @property
    def json_key(self) -> str:
        """Where the answer has its vector."""
        return json_key(self.model)

    @property
    def text_path(self) -> list[str]:
        """Where the body has its text."""
        return ["inputText"] if self.model.family is Family.TITAN else ["texts", "0"]

    def body(self, text: str = "", *, is_query: bool = False) -> str:
        """The model's request body for one text."""
        return request_body(self.model, [text], dimensions=self.dimensions, is_query=is_query)

    def options(self) -> dict[str, Any]:
        """What a job needs to be run again."""
        names = ("batch_size", "sessions", "pause_seconds", "row_limit", "max_attempts")
        return {name: getattr(self, name) for name in (*names, "with_index", "keep_fresh")}


@dataclass(frozen=True, slots=True, kw_only=True)
class TableState:
    """How far a column is embedded."""

    #: Rows that have a text.
    rows: int
    missing: int
    missing_characters: int
    index: str | None
    kept_fresh: bool

    @property
    def missing_tokens(self) -> int:
        """About as many tokens as a run will send."""
        return round(self.missing_characters / CHARACTERS_PER_TOKEN)


@dataclass(frozen=True, slots=True, kw_only=True)
class TableEmbeddingJob:
    """One run over a table."""

    job_id: int
    target: str
    text_column: str
    embedding_column: str
    model_id: str
    dimensions: int
    answered_by: str
    status: IngestionJobStatus
    stage: str
    rows_total: int
    rows_embedded: int
    rows_failed: int
    failure_reason: str | None
    started_at: datetime | None
    updated_at: datetime
    options: dict[str, Any]

    @property
    def rows_per_second(self) -> float | None:
        """The rate so far; None before the first row."""
        if self.started_at is None or not self.rows_embedded:
            return None
        seconds = (self.updated_at - self.started_at).total_seconds()
        return self.rows_embedded / seconds if seconds > 0 else None

    @property
    def seconds_left(self) -> float | None:
        """At this rate; None while there is none."""
        left = max(0, self.rows_total - self.rows_embedded - self.rows_failed)
        return left / self.rows_per_second if self.rows_per_second else None


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchedRow:
    """A row found by meaning."""

    content: str
    #: Cosine similarity.
    similarity: float
    row_key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TableSearch:
    """What a search found, with its statement and the plan it was run with."""

    rows: tuple[SearchedRow, ...]
    sql: str
    plan: str
    milliseconds: float


def _name(*parts: str) -> str:
    """The parts in one name; the first gives way where they are too long together."""
    tail = "_".join(parts[1:])
    room = LONGEST_NAME - len(tail.encode()) - 1
    if room < 1:
        return tail.encode()[:LONGEST_NAME].decode(errors="ignore")
    return f"{parts[0].encode()[:room].decode(errors='ignore')}_{tail}"
