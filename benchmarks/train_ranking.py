"""Fits the weights of kb.retrieval.late_interaction to questions whose pages are known.

    python -m benchmarks.train_ranking benchmarks/questions/manual.jsonl public.jsonl

The knowledge base (KB_DATA_DIR) must hold the PDF of the questions and nothing else. The weights
maximise the probability, by softmax over a question's candidates, of those on a right page. Their
quality is told by five-fold cross-validation, so that no question is judged by weights that saw
it, and once more without each feature.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kb.adapters.database import open_engine
from kb.adapters.late_interaction import LateInteraction
from kb.adapters.minilm import MiniLm
from kb.models import NO_RERANKING, RetrievalConfiguration, RetrievalResult
from kb.retrieval.late_interaction import WEIGHTS
from kb.retrieval.retriever import RERANKED
from kb.settings import Settings
from kb.workbench import open_workbench
from kb.workbench.databases import embedded_server
from kb.workbench.knowledge_base import KnowledgeBase

Matrix = NDArray[np.float64]
NAMES = list(WEIGHTS)
SEARCH = RetrievalConfiguration(number_of_results=RERANKED, reranking_model=NO_RERANKING)
FOLDS = 5
#: Weight decay: a feature that helps nothing goes to 0.
DECAY = 0.02
STEPS = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A question's candidates, as the search ranked them."""

    question: str
    set_name: str
    #: Shape (candidates, features).
    features: Matrix
    #: Shape (candidates,): whether the chunk is on a right page.
    right: NDArray[np.bool_]


def main() -> int:
    """Print the weights, how good they are, and what each is worth."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("sets", nargs="+", type=Path, help="question sets, JSONL")
    cases = _cases(parser.parse_args().sets)
    every = list(range(len(NAMES)))
    _show("as the search ranked them", cases, [_place(c, -np.arange(len(c.right))) for c in cases])
    _show("all features, cross-validated", cases, _validated(cases, every))
    for left_out, name in enumerate(NAMES):
        kept = [column for column in every if column != left_out]
        _show(f"without {name}", cases, _validated(cases, kept))
    for name, weight in zip(NAMES, _fitted(cases, every), strict=True):
        print(f'    "{name}": {weight:.2f},')
    return 0


def _cases(paths: Sequence[Path]) -> list[Case]:
    settings = Settings.load()
    model = MiniLm(settings.model_dir)
    with open_workbench(settings) as bench:
        engine = open_engine(settings.database_url or embedded_server(settings).start())
        late = LateInteraction(engine, model, identity=model.identity)
        lines = [
            (path.stem, json.loads(line))
            for path in paths
            for line in path.read_text("utf-8").splitlines()
        ]
        return [
            _case(bench.knowledge_base, late, name, line) for name, line in lines if line["pages"]
        ]


def _case(
    knowledge_base: KnowledgeBase, late: LateInteraction, name: str, line: Mapping[str, Any]
) -> Case:
    results = knowledge_base.retrieve(line["question"], SEARCH).results
    judged = late.features(line["question"], results)
    if judged is None:
        raise SystemExit("The knowledge base has no token vectors; run `python -m kb sync`.")
    return Case(
        question=line["question"],
        set_name=name,
        features=np.stack([judged[feature] for feature in NAMES], axis=1),
        right=np.array([bool(_pages(result) & set(line["pages"])) for result in results]),
    )


def _pages(result: RetrievalResult) -> set[int]:
    first = result.page_number or 0
    return set(range(first, (result.last_page_number or first) + 1))


def _validated(cases: Sequence[Case], columns: list[int]) -> list[int]:
    """The place of the first right candidate of each question, by weights that did not see it."""
    places = {}
    for fold in range(FOLDS):
        weights = _fitted([c for c in cases if _fold(c) != fold], columns)
        for case in (c for c in cases if _fold(c) == fold):
            places[case.question] = _place(case, case.features[:, columns] @ weights)
    return [places[case.question] for case in cases]


def _fold(case: Case) -> int:
    return int(hashlib.sha256(case.question.encode()).hexdigest(), 16) % FOLDS


def _fitted(cases: Sequence[Case], columns: list[int]) -> Matrix:
    """Weights by Adam on standardised features, given back per unit of the plain ones."""
    known = [(case.features[:, columns], case.right) for case in cases if case.right.any()]
    scale = np.concatenate([features for features, _ in known]).std(axis=0) + 1e-9
    weights, mean, square = np.zeros((3, len(columns)))
    for step in range(STEPS):
        pull = [_gradient(features / scale, right, weights) for features, right in known]
        gradient = np.mean(pull, axis=0) - DECAY * weights
        mean, square = 0.9 * mean + 0.1 * gradient, 0.99 * square + 0.01 * gradient**2
        weights = weights + (0.05 if step < STEPS / 2 else 0.01) * mean / (np.sqrt(square) + 1e-8)
    return np.asarray(weights / scale)


def _gradient(features: Matrix, right: NDArray[np.bool_], weights: Matrix) -> Matrix:
    logits = features @ weights
    chance = np.exp(logits - logits.max())
    wanted = chance * right
    return np.asarray((wanted / wanted.sum() - chance / chance.sum()) @ features)


def _place(case: Case, scores: NDArray[Any]) -> int:
    order = np.argsort(-scores, kind="stable")
    found = np.flatnonzero(case.right[order])
    return int(found[0]) + 1 if len(found) else 1 << 30


def _show(what: str, cases: Sequence[Case], places: Sequence[int]) -> None:
    for name in dict.fromkeys(case.set_name for case in cases):
        found = np.array(
            [place for case, place in zip(cases, places, strict=True) if case.set_name == name]
        )
        reciprocal = np.where(found <= 10, 1 / found, 0).mean()
        hits = "  ".join(f"hit@{k} {np.mean(found <= k):.3f}" for k in (1, 5, 10))
        print(f"{what:34} {name:18} n {len(found)}  {hits}  MRR@10 {reciprocal:.3f}")


if __name__ == "__main__":
    raise SystemExit(main())
