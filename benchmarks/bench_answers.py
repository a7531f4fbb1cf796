"""How well questions are answered, by configuration and beside two other builds, in one run.

    python -m benchmarks.bench_answers manual.pdf [--peers build/peers/bin/python]
        [--set questions.jsonl] [--data-dir DIR] [--limit 50]

Every question set is asked with every variant; peers only retrieve. Prints Markdown tables; the
runs go to build/answers, to be compared with `python -m kb evaluate RUN.json --compare OTHER.json`.
Without `--data-dir` the manual is synced into a fresh folder first.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.bench_sync import ROOT, run, workbench
from kb.evaluation.judging import ndcg_by_page
from kb.evaluation.measures import measures
from kb.evaluation.question_sets import read_question_set
from kb.evaluation.records import run_json
from kb.models import NO_RERANKING, RetrievalConfiguration, SearchType
from kb.models.evaluation import DEPTH, EvaluationConfiguration, QuestionSet
from kb.settings import Settings
from kb.workbench import Workbench, open_workbench

PEER = Path(__file__).resolve().with_name("peer_retrieval.py")
RUNS = ROOT / "build" / "answers"
PUBLIC = ROOT.parent / "shared" / "corpus" / "questions_public.jsonl"
RETRIEVAL = ("hit_at_1", "hit_at_5", "hit_at_10", "mrr_at_10", "ndcg_at_10")
ANSWERS = (
    *("answer_support", "answer_support_half", "citation_precision", "citation_coverage"),
    *("refused_unanswerable", "refused_answerable"),
)
TIMES = ("retrieve_p50_ms", "embed_p50_ms", "answer_p50_ms")


@dataclass(frozen=True, slots=True)
class Variant:
    """A row of the table: what is on, and the search that has it on."""

    name: str
    search_type: SearchType
    reranking_model: str | None = None

    @property
    def configuration(self) -> EvaluationConfiguration:
        return EvaluationConfiguration(
            retrieval=RetrievalConfiguration(
                search_type=self.search_type,
                reranking_model=self.reranking_model,
                number_of_results=DEPTH,
            ),
            answering=RetrievalConfiguration(
                search_type=self.search_type, reranking_model=self.reranking_model
            ),
        )


#: The product's default last.
VARIANTS = (
    Variant("SEMANTIC, not reranked", SearchType.SEMANTIC, NO_RERANKING),
    Variant("SEMANTIC", SearchType.SEMANTIC),
    Variant("HYBRID, not reranked", SearchType.HYBRID, NO_RERANKING),
    Variant("HYBRID", SearchType.HYBRID),
)


def measure(
    bench: Workbench, variant: Variant, question_set: QuestionSet, limit: int | None
) -> dict[str, float | None]:
    """Ask the set, keep the run under build/answers, and give its figures."""
    for asked in bench.evaluation.measure(question_set, variant.configuration, limit):
        done = f"{variant.name} {len(asked.outcomes)}/{asked.planned}"
        print(done, end="\r", file=sys.stderr, flush=True)
    RUNS.mkdir(parents=True, exist_ok=True)
    kept = RUNS / f"{question_set.name} {variant.name}.json"
    kept.write_text(json.dumps(run_json(asked), ensure_ascii=False, indent=1), encoding="utf-8")
    return {name: found.value for name, found in measures(asked.outcomes).items()}


def peer_figures(question_set: QuestionSet, pages: Mapping[str, Sequence[int]]) -> dict[str, float]:
    """Hits, MRR and nDCG of pages that were found for each question."""
    asked = [question for question in question_set.questions if question.pages]
    firsts = [
        next((n for n, page in enumerate(pages[q.question], 1) if page in q.pages), None)
        for q in asked
    ]
    figures = {
        f"hit_at_{k}": sum(rank is not None and rank <= k for rank in firsts) / len(asked)
        for k in (1, 5, 10)
    }
    figures["mrr_at_10"] = sum(1 / rank for rank in firsts if rank) / len(asked)
    gains = [ndcg_by_page([[page] for page in pages[q.question]], q.pages) for q in asked]
    figures["ndcg_at_10"] = sum(gains) / len(asked)
    return figures


def peer(python: Path, name: str, manual: Path, path: Path, url: str) -> dict[str, float]:
    """What a peer retrieves; it loads, embeds and asks in a process of its own."""
    more = [url] if name == "langchain" else []
    command = [str(python), "-W", "ignore", str(PEER), name, str(manual), str(path), *more]
    found = json.loads(run(command, os.environ).output.splitlines()[-1])
    figures = peer_figures(read_question_set(path.name, path.read_bytes()), found["pages"])
    return {**figures, "retrieve_p50_ms": found["retrieve_p50_ms"]}


def table(rows: Sequence[tuple[str, Mapping[str, float | None]]], names: Sequence[str]) -> None:
    """A Markdown table, a build a row."""
    print(f"\n| build | {' | '.join(names)} |\n| --- |{' ---: |' * len(names)}")
    for build, figures in rows:
        print(f"| {build} | {' | '.join(_cell(name, figures.get(name)) for name in names)} |")


def _cell(name: str, value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:.0f}" if name.endswith("_ms") else f"{value:.3f}"


@contextmanager
def knowledge_base(manual: Path, data_dir: Path | None) -> Iterator[Workbench]:
    """The one of `data_dir`, or a fresh one with the manual in it."""
    if data_dir:
        with open_workbench(Settings(data_dir=data_dir)) as bench:
            yield bench
        return
    with workbench() as fresh:
        fresh.put(manual, "manual.pdf")
        fresh.sync()
        with open_workbench(Settings(data_dir=fresh.folder, bucket="bench")) as bench:
            yield bench


def main() -> None:
    """Measure every set with every variant, then the peers."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("manual", type=Path)
    parser.add_argument("--peers", type=Path, help="Python of an environment that has the peers")
    parser.add_argument("--set", type=Path, action="append", help="instead of those on the manual")
    parser.add_argument("--data-dir", type=Path, help="of a knowledge base with this document")
    parser.add_argument("--limit", type=int, help="questions of each set, evenly spread")
    options = parser.parse_args()
    own = ROOT / "benchmarks" / "questions" / "manual.jsonl"
    paths = options.set or [path for path in (PUBLIC, own) if path.is_file()]
    print(f"load before: {os.getloadavg()[0]:.1f}")
    with knowledge_base(options.manual, options.data_dir) as bench:
        for path in paths:
            asked = read_question_set(path.name, path.read_bytes())
            rows = [(v.name, measure(bench, v, asked, options.limit)) for v in VARIANTS]
            beside: list[tuple[str, Mapping[str, float | None]]] = []
            if options.peers:
                url = bench.status().database_url
                beside = [
                    (name, peer(options.peers, name, options.manual, path, url))
                    for name in ("langchain", "llama-index")
                ]
            print(f"\n## {asked.name}: {len(asked.questions)} questions")
            table([*beside, *rows], (*RETRIEVAL, "retrieve_p50_ms"))
            table(rows, (*ANSWERS, *TIMES))


if __name__ == "__main__":
    main()
