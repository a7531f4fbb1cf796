"""Turns the measurements of a sweep into one sentence of advice.

The bound of the recall's interval must reach the target, not the mean: the cheapest of many means
is often a lucky one. Measures nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

from kb.models import Measurement, Recommendation, SweepSpec

#: Up to here the planner reads the whole table whatever index there is.
EXACT_IS_ENOUGH_CHUNKS = 1000
#: With fewer the interval of the recall is wider than any difference between settings.
FEWEST_QUESTIONS = 30


def recommend(
    measurements: Sequence[Measurement], spec: SweepSpec, chunks: int, questions: int
) -> Recommendation:
    """Return what to use for the target recall of `spec`, as the outcome and the sentence."""
    exact = _exact(measurements)
    indexed = [m for m in measurements if m.valid and m.index is not None]
    enough = [m for m in indexed if m.recall_low >= spec.target_recall]
    if exact and chunks <= EXACT_IS_ENOUGH_CHUNKS:
        return _exact_is_enough(exact, f"with {chunks:,} chunks an index saves nothing")
    if questions < FEWEST_QUESTIONS:
        return _more_questions(questions)
    if not enough:
        return _none(indexed, exact, spec)
    cheapest = min(enough, key=_cost)
    if exact and exact.p50_ms <= cheapest.p50_ms:
        reason = f"{cheapest.name}, the fastest that qualifies, takes {cheapest.p50_ms:.2f} ms"
        return _exact_is_enough(exact, reason)
    return Recommendation(
        outcome="setting", sentence=_setting_sentence(cheapest, exact, spec), measurement=cheapest
    )


def _cost(measurement: Measurement) -> tuple[float, int]:
    # Times that look the same on screen are a tie.
    return round(measurement.p50_ms, 2), measurement.index_bytes


def _exact(measurements: Sequence[Measurement]) -> Measurement | None:
    return next((m for m in measurements if m.valid and m.index is None), None)


def _exact_is_enough(exact: Measurement, reason: str) -> Recommendation:
    sentence = (
        f"The exact scan is enough: it finds everything in {exact.p50_ms:.2f} ms (median), and "
        f"{reason}."
    )
    return Recommendation(outcome="exact", sentence=sentence, measurement=exact)


def _more_questions(questions: int) -> Recommendation:
    sentence = (
        f"{questions} questions are too few to tell settings apart; measure with at least "
        f"{FEWEST_QUESTIONS}, better with 200."
    )
    return Recommendation(outcome="more_questions", sentence=sentence, measurement=None)


def _none(
    indexed: Sequence[Measurement], exact: Measurement | None, spec: SweepSpec
) -> Recommendation:
    instead = f", or use the exact scan ({exact.p50_ms:.2f} ms)" if exact else ""
    if not indexed:
        sentence = f"No index could be measured; check the plans of the sweep{instead}."
        return Recommendation(outcome="none", sentence=sentence, measurement=None)
    best = max(indexed, key=lambda m: (m.recall_low, m.recall, -m.p50_ms))
    sentence = (
        f"No setting reaches recall {spec.target_recall:.2f} for certain: the best is {best.name} "
        f"with {_recall(best)} in {best.p50_ms:.2f} ms; widen the search, measure more questions"
        f"{instead}."
    )
    return Recommendation(outcome="none", sentence=sentence, measurement=best)


def _setting_sentence(best: Measurement, exact: Measurement | None, spec: SweepSpec) -> str:
    against = f", against {exact.p50_ms:.2f} ms for the exact scan" if exact else ""
    sentence = (
        f"Use {best.name}: {_recall(best)} for a target of {spec.target_recall:.2f}, "
        f"in {best.p50_ms:.2f} ms (median){against}; the index takes {_megabytes(best)} and "
        f"{best.build_seconds:.1f} s to build."
    )
    if best.natural_plan != "Index Scan":
        sentence += f" Mind that the planner by itself would take: {best.natural_plan}."
    return sentence


def _recall(measurement: Measurement) -> str:
    low, high = measurement.recall_low, measurement.recall_high
    return f"recall {measurement.recall:.3f} (95 % interval {low:.3f} to {high:.3f})"


def _megabytes(measurement: Measurement) -> str:
    return f"{measurement.index_bytes / 1_000_000:.1f} MB"
