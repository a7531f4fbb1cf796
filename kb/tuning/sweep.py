"""One sweep: copy, ground truth, the exact scan, then each index built once and searched many ways.

Yields its progress, so a page or a command line can show it and stop it by closing the iterator.
Knows the database only as a TuningBench.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from kb.errors import ValidationError
from kb.models import (
    BuildReport,
    Measurement,
    Search,
    ShadowCopy,
    SweepEvent,
    SweepResult,
    SweepSpec,
)
from kb.protocols import TuningBench, TuningShadow
from kb.tuning.ground_truth import exact_distances
from kb.tuning.plan import is_as_intended
from kb.tuning.recall import RecallSummary, recall_per_question, summarize
from kb.tuning.recommendation import recommend
from kb.tuning.spec import indexes, searches

#: Each setting is timed this often, alternating with the other settings of its index, so that a
#: busy minute of the machine does not fall upon one of them.
ROUNDS = 3
#: Questions that are timed from the client; recall is measured on all.
TIMED_QUESTIONS = 100
#: Questions that are also timed by the server, which costs it more than the query itself.
ANALYZED_QUESTIONS = 30

Events = Generator[SweepEvent, None, None]


@dataclass(slots=True)
class _Sweep:
    """What all cells of one sweep share, and what they have found so far."""

    spec: SweepSpec
    questions: NDArray[np.float32]
    total: int
    truth: NDArray[np.float32] = field(init=False)
    done: int = 0
    measurements: list[Measurement] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)

    def begins(self, step: str) -> SweepEvent:
        return SweepEvent(step=step, done=self.done, total=self.total)

    def finished(self, step: str) -> SweepEvent:
        self.done += 1
        return self.begins(step)


def run(
    bench: TuningBench,
    spec: SweepSpec,
    questions: NDArray[np.float32],
    *,
    questions_source: str,
) -> Events:
    """Measure every setting of `spec` on the vectors of `bench` with these question vectors.

    The last event carries the result. Closing the iterator removes the copy. Raises
    ValidationError, Conflict, IndexRejected and DatabaseError, the first at once.
    """
    if questions.ndim != 2 or not len(questions):
        raise ValidationError("A sweep needs questions; ask at least one.")
    if not np.isfinite(questions).all() or not np.any(questions, axis=1).all():
        raise ValidationError("A question's vector is zero or not finite; embed it again.")
    asked = np.ascontiguousarray(questions, dtype=np.float32)
    return _run(bench, _Sweep(spec, asked, _steps(spec)), questions_source)


def _steps(spec: SweepSpec) -> int:
    cells = [1, *(len(searches(spec, index)) for index in indexes(spec))]
    builds = len(cells) - 1
    return 2 + builds + sum(cells) + ROUNDS * len(cells)


def _run(bench: TuningBench, sweep: _Sweep, questions_source: str) -> Events:
    started_at, begun = datetime.now(UTC), perf_counter()
    yield sweep.begins("copying vectors")
    with bench.shadow() as shadow:
        copied = shadow.copied
        yield sweep.finished("computing the ground truth")
        _check_dimensions(copied, sweep.questions)
        sweep.truth = exact_distances(shadow.read_vectors(), sweep.questions, sweep.spec.k)
        yield sweep.finished("measuring the exact scan")
        yield from _measure(shadow, sweep, None)
        for index in indexes(sweep.spec):
            yield sweep.begins(f"building {index}")
            report = shadow.build(index)
            sweep.notices += [f"{index}: {notice}" for notice in report.notices]
            yield sweep.finished(f"measuring {index}")
            yield from _measure(shadow, sweep, report)
    seconds = perf_counter() - begun
    result = _result(sweep, copied, questions_source, started_at, seconds)
    yield SweepEvent(step="finished", done=sweep.done, total=sweep.total, result=result)


def _check_dimensions(copied: ShadowCopy, questions: NDArray[np.float32]) -> None:
    if questions.shape[1] != copied.dimensions:
        raise ValidationError(
            f"The questions have {questions.shape[1]} dimensions and the chunks "
            f"{copied.dimensions}; embed the questions with the knowledge base's model."
        )


def _measure(shadow: TuningShadow, sweep: _Sweep, report: BuildReport | None) -> Events:
    """Measure every search of one index, or the exact scan."""
    index = report.index if report else None
    step = f"measuring {index or 'the exact scan'}"
    settings = searches(sweep.spec, index)
    recalls: dict[Search | None, RecallSummary] = {}
    for search in settings:
        # Also warms the caches and prepares the query for the rounds below.
        found = shadow.search_all(search, sweep.questions, sweep.spec.k)
        recalls[search] = summarize(recall_per_question(found, sweep.truth), sweep.truth.shape[1])
        yield sweep.finished(step)
    times: dict[Search | None, list[NDArray[np.float64]]] = {search: [] for search in settings}
    timed = _sample(sweep.questions, TIMED_QUESTIONS)
    for number in range(ROUNDS):
        for search in settings if number % 2 == 0 else reversed(settings):
            times[search].append(shadow.time_searches(search, timed, sweep.spec.k))
        yield sweep.finished(step)
    for search in settings:
        measured = _measurement(
            shadow, sweep, report, search, recalls[search], np.concatenate(times[search])
        )
        sweep.measurements.append(measured)
        yield SweepEvent(step=step, done=sweep.done, total=sweep.total, measurement=measured)


def _measurement(
    shadow: TuningShadow,
    sweep: _Sweep,
    report: BuildReport | None,
    search: Search | None,
    recall: RecallSummary,
    times_ms: NDArray[np.float64],
) -> Measurement:
    k = sweep.spec.k
    plans = shadow.analyze(search, _sample(sweep.questions, ANALYZED_QUESTIONS), k)
    index_name = report.index_name if report else None
    return Measurement(
        index=report.index if report else None,
        search=search,
        recall=recall.mean,
        recall_low=recall.low,
        recall_high=recall.high,
        recall_min=recall.minimum,
        p50_ms=float(np.percentile(times_ms, 50)),
        p95_ms=float(np.percentile(times_ms, 95)),
        server_p50_ms=float(np.median([plan.execution_ms or 0.0 for plan in plans])),
        build_seconds=report.seconds if report else 0.0,
        index_bytes=report.index_bytes if report else 0,
        plan_verified=all(is_as_intended(plan, index_name) for plan in plans),
        natural_plan=shadow.natural_plan(search, sweep.questions[0], k).scan,
    )


def _sample(questions: NDArray[np.float32], size: int) -> NDArray[np.float32]:
    """At most `size` questions, evenly spread."""
    places = np.linspace(0, len(questions) - 1, num=min(size, len(questions)))
    sample: NDArray[np.float32] = questions[places.astype(int)]
    return sample


def _result(
    sweep: _Sweep, copied: ShadowCopy, questions_source: str, started_at: datetime, seconds: float
) -> SweepResult:
    measurements = tuple(sweep.measurements)
    questions = len(sweep.questions)
    return SweepResult(
        spec=sweep.spec,
        chunks=copied.chunks,
        dimensions=copied.dimensions,
        questions=questions,
        questions_source=questions_source,
        measurements=measurements,
        recommendation=recommend(measurements, sweep.spec, copied.chunks, questions),
        postgres_version=copied.postgres_version,
        pgvector_version=copied.pgvector_version,
        started_at=started_at,
        seconds=seconds,
        notices=tuple(sweep.notices),
        null_vectors=copied.null_vectors,
        zero_vectors=copied.zero_vectors,
    )
