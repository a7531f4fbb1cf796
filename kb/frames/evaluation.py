"""Asked questions, measures and what changed between two runs as DataFrames."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from kb.models.evaluation import MeasureChange, QuestionChange, QuestionOutcome, RankedResult
from kb.wording import lost_at, measure_name


def evaluation_questions(found: Iterable[QuestionOutcome]) -> pd.DataFrame:
    """One row per asked question."""
    rows = [
        {
            "Question": o.question,
            "Rank": o.rank,
            "nDCG": o.ndcg,
            "Supported": f"{len(o.keywords_found)} / {len(o.keywords)}" if o.keywords else "",
            "Outcome": _outcome(o),
            "Lost": lost_at(o.lost_at) if o.lost_at else "",
            "Gold pages": ", ".join(map(str, o.gold_pages)),
            "Cited pages": ", ".join(
                dict.fromkeys(str(page) for c in o.citations for page in c.pages if page)
            ),
            "Answer (ms)": o.answer_ms,
            "Answer": o.answer,
            "Keywords": "; ".join(o.keywords),
        }
        for o in found
    ]
    return pd.DataFrame(rows).astype({"Rank": "Int64", "nDCG": "float64"})


def _outcome(outcome: QuestionOutcome) -> str:
    done = "answered" if outcome.answered else "refused"
    return done if outcome.answered == outcome.answerable else f"{done} wrongly"


def ranked_results(found: Iterable[RankedResult]) -> pd.DataFrame:
    """One row per retrieved chunk, best first."""
    columns = ["#", "Gold", "Page", "Heading", "Similarity", "Begins with"]
    rows = [
        (
            r.rank,
            "✓" if r.is_gold else "",
            _pages(r.page_number, r.last_page_number),
            r.heading,
            round(r.similarity, 3),
            r.excerpt,
        )
        for r in found
    ]
    return pd.DataFrame(rows, columns=columns)


def _pages(first: int | None, last: int | None) -> str:
    if first is None:
        return ""
    return str(first) if last in (None, first) else f"{first}-{last}"


def measure_changes(found: Iterable[MeasureChange]) -> pd.DataFrame:
    """One row per measure of two runs."""
    columns = ["Measure", "Before", "After", "Difference", "Low", "High", "p"]
    rows = [
        (measure_name(c.name), c.before, c.after, c.difference, c.low, c.high, c.p_value)
        for c in found
    ]
    return pd.DataFrame(rows, columns=columns).astype({name: "float64" for name in columns[1:]})


def question_changes(found: Iterable[QuestionChange]) -> pd.DataFrame:
    """One row per question that fared differently."""
    rows = [(c.after.question, ", ".join(c.better), ", ".join(c.worse)) for c in found]
    return pd.DataFrame(rows, columns=["Question", "Better", "Worse"])
