"""Rules of a plan for a table: which model fits, what can not be, what it will cost."""

from __future__ import annotations

import re

from kb.embedding_sql.claimed_models import (
    BEDROCK_MODELS,
    LOCAL,
    ClaimedModel,
    check_dimensions,
    find_model,
)
from kb.embedding_sql.tables import LONGEST_NAME, EmbeddingPlan, TextTable
from kb.errors import ValidationError

BOUNDS = {"batch_size": (1, 1000), "sessions": (1, 16), "max_attempts": (1, 10)}
#: NUL, and halves of characters, which come from a command line in another encoding.
NO_TEXT = re.compile("[\x00\ud800-\udfff]")


def choose_model(
    model_id: str | None, dimensions: int | None, column_dimensions: int | None, *, local: bool
) -> tuple[ClaimedModel, int]:
    """The model and dimensions that fit what was asked for and the column that is there.

    `local` says that the local model answers, whose vectors can be padded but not cut.
    """
    fixed = column_dimensions if column_dimensions and column_dimensions > 0 else None
    model = find_model(model_id) if model_id else _fitting(dimensions or fixed, local=local)
    wanted = check_dimensions(
        model, dimensions or _own(model, fixed), native=LOCAL.dimensions[0] if local else 1
    )
    if fixed and wanted != fixed:
        raise ValidationError(
            f"The column takes {fixed} dimensions and {model.model_id} gives {wanted}; choose "
            "another model, other dimensions or another column."
        )
    return model, wanted


def find_table(tables: list[TextTable], name: str) -> TextTable:
    """The table called `schema.table`, or just `table` where only one is called so."""
    found = [t for t in tables if str(t) == name] or [t for t in tables if t.table == name]
    if len(found) == 1:
        return found[0]
    several = ", ".join(str(t) for t in found)
    reason = f"say which of {several}" if found else "check the name and that it has a text column"
    raise ValidationError(f"There is no one table '{name}' to embed; {reason}.")


def check_plan(plan: EmbeddingPlan) -> EmbeddingPlan:
    """Raise ValidationError for what can not be, return the plan otherwise."""
    if plan.text_column not in plan.table.text_columns:
        known = ", ".join(plan.table.text_columns)
        raise ValidationError(
            f"{plan.table} has no text column '{plan.text_column}'; use one of {known}."
        )
    if kind := plan.table.other_columns.get(plan.embedding_column):
        raise ValidationError(
            f"The column '{plan.embedding_column}' is of type {kind}, not vector; name another."
        )
    if (
        not re.fullmatch(r"\S(.*\S)?", plan.embedding_column)
        or NO_TEXT.search(plan.embedding_column)
        or len(plan.embedding_column.encode()) > LONGEST_NAME
    ):
        raise ValidationError("The embedding column needs a name of 1 to 63 bytes.")
    for name, (low, high) in BOUNDS.items():
        if not low <= getattr(plan, name) <= high:
            raise ValidationError(f"{name} must be {low} to {high}.")
    if plan.pause_seconds < 0 or (plan.row_limit is not None and plan.row_limit < 1):
        raise ValidationError("The pause must not be below 0 and the row limit not below 1.")
    return plan


def check_phrase(phrase: str) -> str:
    """Raise ValidationError for what can not be searched for, return it otherwise."""
    if not phrase.strip():
        raise ValidationError("The phrase is empty; say what to look for.")
    if NO_TEXT.search(phrase):
        raise ValidationError("The phrase has a character that is no text (NUL?); remove it.")
    return phrase


def cost_dollars(model: ClaimedModel, tokens: int) -> float:
    """What Bedrock would ask for so many tokens, at the prices of PRICES_OF."""
    return tokens * model.dollars_per_million_tokens / 1e6


def _fitting(dimensions: int | None, *, local: bool) -> ClaimedModel:
    candidates = (LOCAL, *BEDROCK_MODELS) if local else BEDROCK_MODELS
    if dimensions is None:
        return find_model("amazon.titan-embed-text-v2:0")
    # Its default dimensions before others that it can be asked for.
    for model in candidates:
        if model.dimensions[0] == dimensions:
            return model
    for model in candidates:
        if dimensions in model.dimensions:
            return model
    raise ValidationError(f"No embedding model gives {dimensions} dimensions; name another column.")


def _own(model: ClaimedModel, fixed: int | None) -> int | None:
    return fixed if fixed in model.dimensions else None
