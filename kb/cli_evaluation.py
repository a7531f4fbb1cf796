"""The command `evaluate`: what the page Evaluation does, scriptable."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from kb import terminal_evaluation
from kb.errors import ValidationError
from kb.evaluation.comparing import compare
from kb.evaluation.question_sets import read_question_set
from kb.evaluation.records import comparison_json, read_run, run_json
from kb.models import GenerationConfiguration, RetrievalConfiguration, SearchType
from kb.models.evaluation import DEPTH, EvaluationConfiguration, EvaluationRun, QuestionSet
from kb.workbench import Workbench, open_workbench


def add_commands(command: Callable[..., Any], as_json: argparse.ArgumentParser) -> None:
    """Add the command with its options."""
    added = command(
        "evaluate", evaluate, "ask a question set, measure ranks, answers and refusals", as_json
    )
    added.add_argument(
        "set",
        type=Path,
        metavar="SET",
        help="question set: a file (.jsonl, .csv) or a name that the page Evaluation lists; with "
        "--compare also a saved run (.json), which is only compared",
    )
    added.add_argument(
        "--number-of-results",
        type=int,
        default=DEPTH,
        metavar="N",
        help=f"chunks that are looked at for the ranks, {DEPTH} (default) to 100; answers get "
        f"{RetrievalConfiguration().number_of_results} as `ask` does",
    )
    added.add_argument(
        "--search-type",
        type=SearchType,
        choices=list(SearchType),
        default=SearchType.HYBRID,
        help="SEMANTIC or HYBRID (default)",
    )
    added.add_argument("--model", metavar="NAME", help="who answers; default: as in the settings")
    added.add_argument(
        "--limit", type=int, metavar="N", help="only N questions, evenly spread over the set"
    )
    added.add_argument(
        "--compare",
        type=Path,
        metavar="OTHER.json",
        help="an earlier run: show what changed since, and whether it is more than chance",
    )


def evaluate(options: argparse.Namespace) -> int:
    """Ask the questions, keep the run, print its measures."""
    other = _saved(options.compare) if options.compare else None
    run = _saved(options.set) if options.set.suffix == ".json" and other else _measured(options)
    comparison = compare(other, run) if other else None
    if options.json:
        shape = run_json(run)
        if comparison:
            shape["comparison"] = comparison_json(comparison)
        print(json.dumps(shape, indent=2, ensure_ascii=False))
        return 0
    terminal_evaluation.show_run(run)
    if comparison:
        terminal_evaluation.show_comparison(comparison)
    return 0


def _measured(options: argparse.Namespace) -> EvaluationRun:
    configuration = EvaluationConfiguration(
        retrieval=RetrievalConfiguration(
            search_type=options.search_type, number_of_results=options.number_of_results
        ),
        answering=RetrievalConfiguration(search_type=options.search_type),
        generation=GenerationConfiguration(generation_model=options.model),
    )
    with open_workbench() as bench, terminal_evaluation.ProgressLine() as line:
        question_set = _question_set(bench, options.set)
        for run in bench.evaluation.measure(question_set, configuration, options.limit):
            line.show(run)
        name = bench.evaluation.keep(run)
    print(f"Kept for the page Evaluation as '{name}'.", file=sys.stderr)
    return run


def _question_set(bench: Workbench, path: Path) -> QuestionSet:
    if not path.exists() and str(path) in bench.evaluation.question_sets():
        return bench.evaluation.question_set(str(path))
    return read_question_set(path.name, _bytes(path))


def _saved(path: Path) -> EvaluationRun:
    return read_run(path.name, _bytes(path))


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ValidationError(f"'{path}' can not be read: {error.strerror}.") from error
