"""Two runs side by side: what changed, and whether that is more than chance. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from kb.errors import ValidationError
from kb.evaluation.intervals import bootstrap_mean, mcnemar
from kb.evaluation.measures import MEANS, NAMES, SHARES, measures
from kb.models.evaluation import (
    EvaluationComparison,
    EvaluationRun,
    MeasureChange,
    QuestionChange,
    QuestionOutcome,
)

Pair = tuple[QuestionOutcome, QuestionOutcome]


def compare(before: EvaluationRun, after: EvaluationRun) -> EvaluationComparison:
    """Compare two runs over the questions that both asked.

    Raises ValidationError when there is none.
    """
    earlier = {outcome.question: outcome for outcome in before.outcomes}
    pairs = [(earlier[o.question], o) for o in after.outcomes if o.question in earlier]
    if not pairs:
        raise ValidationError("The two runs have no question in common; compare runs of one set.")
    changes = [_change(*pair) for pair in pairs]
    return EvaluationComparison(
        questions=len(pairs),
        measures=tuple(_measures(pairs)),
        changes=tuple(change for change in changes if change.better or change.worse),
    )


def _measures(pairs: Sequence[Pair]) -> list[MeasureChange]:
    old = measures([before for before, _ in pairs])
    new = measures([after for _, after in pairs])
    return [_measure(name, pairs, old[name].value, new[name].value) for name in NAMES]


def _measure(
    name: str, pairs: Sequence[Pair], before: float | None, after: float | None
) -> MeasureChange:
    if before is None or after is None:
        return MeasureChange(name=name, before=before, after=after)
    if name not in SHARES and name not in MEANS:
        # Citations and sentences differ in number from run to run: nothing to pair.
        return MeasureChange(name=name, before=before, after=after, difference=after - before)
    values = _values(name, pairs)
    differences = [new - old for old, new in values]
    low, high = bootstrap_mean(differences)
    lost = sum(difference < 0 for difference in differences)
    won = sum(difference > 0 for difference in differences)
    return MeasureChange(
        name=name,
        before=before,
        after=after,
        difference=sum(differences) / len(differences),
        low=low,
        high=high,
        p_value=mcnemar(lost, won) if name in SHARES else None,
    )


def _values(name: str, pairs: Sequence[Pair]) -> list[tuple[float, float]]:
    counts, worth = SHARES[name] if name in SHARES else MEANS[name]
    return [(float(worth(before)), float(worth(after))) for before, after in pairs if counts(after)]


def _change(before: QuestionOutcome, after: QuestionOutcome) -> QuestionChange:
    better: list[str] = []
    worse: list[str] = []
    if after.gold_pages and before.rank != after.rank:
        is_better = before.rank is None or (after.rank is not None and after.rank < before.rank)
        (better if is_better else worse).append(f"rank {_rank(before)} → {_rank(after)}")
    if before.answered != after.answered:
        is_better = after.answered == after.answerable
        (better if is_better else worse).append("answered" if after.answered else "refused")
    if (old := len(before.keywords_found)) != (new := len(after.keywords_found)):
        (better if new > old else worse).append(f"keywords {old} → {new}")
    return QuestionChange(before=before, after=after, better=tuple(better), worse=tuple(worse))


def _rank(outcome: QuestionOutcome) -> str:
    return str(outcome.rank) if outcome.rank else "none"
