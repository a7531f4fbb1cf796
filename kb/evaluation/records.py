"""A run as JSON, and back. Pure.

The fields at the top are the measures, fractions of 0 to 1 and milliseconds; everything that the
run knows of its questions follows under `per_question`.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from kb.errors import ValidationError
from kb.evaluation.measures import measures
from kb.models.evaluation import (
    CitationOutcome,
    EvaluationComparison,
    EvaluationRun,
    LostStage,
    QuestionOutcome,
    RankedResult,
)

Json = dict[str, Any]


def run_json(run: EvaluationRun) -> Json:
    """The run as a program reads it."""
    found = measures(run.outcomes)
    return {
        "question_set": run.question_set,
        "started_at": run.started_at.isoformat(),
        "planned": run.planned,
        "configuration": dict(run.configuration),
        "questions": len(run.outcomes),
        **{name: measure.value for name, measure in found.items()},
        "intervals": {
            name: [measure.low, measure.high]
            for name, measure in found.items()
            if measure.low is not None
        },
        "counts": {name: measure.count for name, measure in found.items()},
        "per_question": [outcome_json(outcome) for outcome in run.outcomes],
    }


def outcome_json(outcome: QuestionOutcome) -> Json:
    """One question; its rank and its verdicts come first."""
    return {
        "question": outcome.question,
        "rank": outcome.rank,
        "answered": outcome.answered,
        "supported": outcome.is_supported,
        **dataclasses.asdict(outcome),
    }


def read_run(name: str, data: bytes) -> EvaluationRun:
    """A run from its JSON.

    Raises ValidationError when it is anything else.
    """
    try:
        fields = json.loads(data)
        return EvaluationRun(
            question_set=str(fields["question_set"]),
            started_at=datetime.fromisoformat(fields["started_at"]),
            planned=int(fields["planned"]),
            configuration=dict(fields["configuration"]),
            outcomes=tuple(_outcome(outcome) for outcome in fields["per_question"]),
        )
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ValidationError(
            f"{name} is no run of `evaluate`; give what `evaluate --json` printed."
        ) from error


def comparison_json(comparison: EvaluationComparison) -> Json:
    """The comparison as a program reads it."""
    return {
        "questions": comparison.questions,
        "measures": {
            change.name: {k: v for k, v in dataclasses.asdict(change).items() if k != "name"}
            for change in comparison.measures
        },
        "changes": [
            {
                "question": change.after.question,
                "better": list(change.better),
                "worse": list(change.worse),
                "rank": [change.before.rank, change.after.rank],
                "answered": [change.before.answered, change.after.answered],
                "supported": [change.before.is_supported, change.after.is_supported],
            }
            for change in comparison.changes
        ],
    }


def _outcome(fields: Mapping[str, Any]) -> QuestionOutcome:
    own = {f.name for f in dataclasses.fields(QuestionOutcome)}
    values = {name: value for name, value in fields.items() if name in own}
    return QuestionOutcome(
        **{
            **values,
            "gold_pages": tuple(values["gold_pages"]),
            "keywords": tuple(values["keywords"]),
            "keywords_found": tuple(values["keywords_found"]),
            "results": tuple(RankedResult(**result) for result in values["results"]),
            "citations": tuple(_citation(citation) for citation in values["citations"]),
            "lost_at": LostStage(values["lost_at"]) if values["lost_at"] else None,
        }
    )


def _citation(fields: Mapping[str, Any]) -> CitationOutcome:
    return CitationOutcome(
        **{**fields, "passages": tuple(fields["passages"]), "pages": tuple(fields["pages"])}
    )
