"""Plans for tables: names that fit, models that fit, rates and costs."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from kb.embedding_sql.claimed_models import find_model
from kb.embedding_sql.planning import check_plan, choose_model, cost_dollars, find_table
from kb.embedding_sql.tables import EmbeddingPlan, TableEmbeddingJob, TextTable
from kb.errors import KbError, ValidationError
from kb.models import IngestionJobStatus

TABLE = TextTable(
    schema="public",
    table="documents",
    target="public.documents",
    partitioned=False,
    rows_estimate=7,
    text_columns=("content",),
    vector_columns={},
    other_columns={"content": "text", "id": "integer"},
)
STARTED = datetime(2026, 1, 1, tzinfo=UTC)


def plan(**changed: object) -> EmbeddingPlan:
    model = find_model("amazon.titan-embed-text-v1")
    made = EmbeddingPlan(
        table=TABLE,
        text_column="content",
        embedding_column="embedding",
        model=model,
        model_id=model.model_id,
        dimensions=1536,
    )
    return replace(made, **changed)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("column", "model_id"),
    [
        (1536, "amazon.titan-embed-text-v1"),
        (1024, "amazon.titan-embed-text-v2:0"),
        (512, "amazon.titan-embed-text-v2:0"),
        (384, "all-MiniLM-L6-v2"),
    ],
)
def test_without_a_name_the_model_fits_the_column(column: int, model_id: str) -> None:
    model, dimensions = choose_model(None, None, column, local=True)
    assert (model.model_id, dimensions) == (model_id, column)


def test_titan_v2_is_told_the_dimensions_of_the_column() -> None:
    model, dimensions = choose_model("amazon.titan-embed-text-v2:0", None, 512, local=True)
    body = json.loads(plan(model=model, dimensions=dimensions).body("a"))
    assert body == {"inputText": "a", "dimensions": 512}


def test_256_dimensions_are_for_bedrock_only() -> None:
    assert choose_model("amazon.titan-embed-text-v2:0", 256, None, local=False)[1] == 256
    with pytest.raises(KbError, match="smallest possible here is 512"):
        choose_model("amazon.titan-embed-text-v2:0", 256, None, local=True)


def test_a_column_of_other_dimensions_is_refused() -> None:
    with pytest.raises(ValidationError, match="1536"):
        choose_model("cohere.embed-english-v3", None, 1536, local=True)


def test_a_long_table_name_leaves_room_for_the_rest_of_the_index_s() -> None:
    made = plan(table=replace(TABLE, table="ü" * 31))
    assert len(made.index.encode()) <= 63
    assert made.index.endswith("_embedding_idx")


@pytest.mark.parametrize(
    "changed",
    [
        {"text_column": "other"},
        {"embedding_column": "content"},
        {"embedding_column": "id"},
        {"embedding_column": ""},
        {"embedding_column": "x" * 64},
        {"embedding_column": "half \ud800"},
        {"embedding_column": "nul \x00"},
        {"batch_size": 0},
        {"sessions": 17},
        {"row_limit": 0},
        {"pause_seconds": -1.0},
    ],
)
def test_a_plan_out_of_bounds_is_refused(changed: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        check_plan(plan(**changed))


def test_a_table_name_that_two_schemas_have_needs_its_schema() -> None:
    other = replace(TABLE, schema="other", target="other.documents")
    with pytest.raises(ValidationError, match=r"other\.documents"):
        find_table([TABLE, other], "documents")
    assert find_table([TABLE, other], "other.documents") is other


def test_a_job_s_rate_and_time_left_come_from_its_rows() -> None:
    job = TableEmbeddingJob(
        job_id=1,
        target="public.documents",
        text_column="content",
        embedding_column="embedding",
        model_id="amazon.titan-embed-text-v1",
        dimensions=1536,
        answered_by="x",
        status=IngestionJobStatus.IN_PROGRESS,
        stage="",
        rows_total=100,
        rows_embedded=20,
        rows_failed=0,
        failure_reason=None,
        started_at=STARTED,
        updated_at=STARTED + timedelta(seconds=4),
        options={},
    )
    assert (job.rows_per_second, job.seconds_left) == (5.0, 16.0)
    assert replace(job, rows_embedded=0).seconds_left is None


def test_a_million_tokens_cost_the_price_of_a_million() -> None:
    model = find_model("amazon.titan-embed-text-v2:0")
    assert cost_dollars(model, 1_000_000) == pytest.approx(0.02)
