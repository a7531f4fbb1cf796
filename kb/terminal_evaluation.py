"""How the command line shows an evaluation: its progress, its measures, what changed."""

from __future__ import annotations

import sys
import time
from typing import Self

from kb.evaluation.measures import measures
from kb.models.evaluation import EvaluationComparison, EvaluationRun, Measure, MeasureChange
from kb.terminal import bar, redraw, table
from kb.wording import counted, duration, measure_name

#: Where there is no terminal, a line each so many questions.
LINE_EVERY = 10
#: The changed questions that are shown one by one.
SHOWN_CHANGES = 30


class ProgressLine:
    """One line on stderr; now and then a line where there is no terminal."""

    def __init__(self) -> None:
        self._live = sys.stderr.isatty()
        self._began = time.monotonic()
        self._drawn = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_details: object) -> None:
        if self._drawn:
            print(file=sys.stderr)

    def show(self, run: EvaluationRun) -> None:
        """Draw how far the run has come."""
        done, planned = len(run.outcomes), run.planned
        seconds = time.monotonic() - self._began
        left = f"  {duration(seconds / done * (planned - done))} left" if 0 < done < planned else ""
        line = f"{bar(done / planned)} {done:,} of {counted(planned, 'question')}{left}"
        if self._live:
            redraw(line)
            self._drawn = True
        elif done % LINE_EVERY == 0 or done == planned:
            print(line, file=sys.stderr, flush=True)


def show_run(run: EvaluationRun) -> None:
    """The measures with their intervals."""
    print(f"{run.question_set}: {counted(len(run.outcomes), 'question')}")
    print()
    rows = [
        (measure_name(name), *_figures(name, measure), measure.count)
        for name, measure in measures(run.outcomes).items()
    ]
    table(("measure", "value", "95 % interval", "of"), rows)


def show_comparison(comparison: EvaluationComparison) -> None:
    """The measures of both, then the questions that changed."""
    print()
    print(f"Compared over {counted(comparison.questions, 'question')} that both asked:")
    print()
    rows = [(measure_name(change.name), *_change(change)) for change in comparison.measures]
    table(("measure", "before", "after", "difference", "95 % interval", "p"), rows)
    print()
    print(f"{counted(len(comparison.changes), 'question')} changed")
    for change in comparison.changes[:SHOWN_CHANGES]:
        words = [f"+ {word}" for word in change.better] + [f"- {word}" for word in change.worse]
        print(f"  {change.after.question}\n      {', '.join(words)}")
    if (more := len(comparison.changes) - SHOWN_CHANGES) > 0:
        print(f"  and {more:,} more; --json has them all")


def figure(name: str, value: float | None) -> str:
    """A fraction with three digits, milliseconds with one; a dash for nothing."""
    if value is None:
        return "-"
    return f"{value:.1f} ms" if name.endswith("_ms") else f"{value:.3f}"


def _figures(name: str, measure: Measure) -> tuple[str, str]:
    interval = "" if measure.low is None else f"{measure.low:.3f} to {measure.high:.3f}"
    return figure(name, measure.value), interval


def _change(change: MeasureChange) -> tuple[str, str, str, str, str]:
    difference = "-" if change.difference is None else f"{change.difference:+.3f}"
    interval = "" if change.low is None else f"{change.low:+.3f} to {change.high:+.3f}"
    p_value = "" if change.p_value is None else f"{change.p_value:.3f}"
    before, after = figure(change.name, change.before), figure(change.name, change.after)
    return before, after, difference, interval, p_value
