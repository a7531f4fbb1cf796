"""The one run that goes on in the background of this process, whatever its pages do.

What it found is kept when it ends or is cancelled. It dies with the process: an evaluation takes
minutes and writes nothing that a second one would not write again.
"""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from kb.errors import Conflict, KbError
from kb.models.evaluation import (
    EvaluationConfiguration,
    EvaluationProgress,
    EvaluationRun,
    EvaluationStatus,
    QuestionSet,
)

if TYPE_CHECKING:
    from kb.workbench.evaluation import Evaluation

log = logging.getLogger(__name__)


class EvaluationTask:
    """At most one thread at a time; everybody who looks sees the same progress."""

    def __init__(self, evaluation: Evaluation) -> None:
        self._evaluation = evaluation
        self._lock = threading.Lock()
        self._cancelled = threading.Event()
        self._progress: EvaluationProgress | None = None

    @property
    def progress(self) -> EvaluationProgress | None:
        """Of the run that goes on, or of the last one; None when there was none."""
        return self._progress

    def start(
        self,
        question_set: QuestionSet,
        configuration: EvaluationConfiguration,
        limit: int | None = None,
    ) -> None:
        """Start a run; raises Conflict while one goes on."""
        with self._lock:
            if self._progress and not self._progress.status.is_final:
                raise Conflict("An evaluation is running already; wait for it or cancel it.")
            self._cancelled.clear()
            self._progress = EvaluationProgress(
                question_set=question_set.name,
                status=EvaluationStatus.IN_PROGRESS,
                done=0,
                planned=limit or len(question_set.questions),
            )
        threading.Thread(
            target=self._work,
            args=(question_set, configuration, limit),
            name="evaluation",
            daemon=True,
        ).start()

    def cancel(self) -> None:
        """End after the question that is being asked; what was found so far is kept."""
        self._cancelled.set()

    def dismiss(self) -> None:
        """Forget how the last run ended."""
        with self._lock:
            if self._progress and self._progress.status.is_final:
                self._progress = None

    def _work(
        self,
        question_set: QuestionSet,
        configuration: EvaluationConfiguration,
        limit: int | None,
    ) -> None:
        failure: str | None = "It ended unexpectedly; the app's log says why."
        run: EvaluationRun | None = None
        began = time.monotonic()
        try:
            for run in self._evaluation.measure(question_set, configuration, limit):
                self._show(run, time.monotonic() - began)
                if self._cancelled.is_set():
                    break
            failure = None
        except KbError as error:
            log.warning("evaluation failed: %s", error)
            failure = str(error)
        finally:
            self._end(run, failure)

    def _show(self, run: EvaluationRun, seconds: float) -> None:
        assert self._progress
        self._progress = replace(
            self._progress, done=len(run.outcomes), planned=run.planned, seconds=seconds
        )

    def _end(self, run: EvaluationRun | None, failure: str | None) -> None:
        assert self._progress
        name = None
        if run and run.outcomes:
            try:
                name = self._evaluation.keep(run)
            except KbError as error:
                failure = failure or str(error)
        if failure:
            status = EvaluationStatus.FAILED
        elif run and run.is_complete:
            status = EvaluationStatus.COMPLETE
        else:
            status = EvaluationStatus.STOPPED
        self._progress = replace(self._progress, status=status, run=name, failure=failure)
