"""Index tuning on the user's own chunks, with questions made from their headings and passages."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Engine

from kb.adapters.database import Database, rows, transaction
from kb.adapters.tuning_bench import TuningBench
from kb.models import SweepEvent, SweepSpec
from kb.protocols import Embedder
from kb.tuning import sweep
from kb.tuning.questions import CORPUS_QUESTIONS_SOURCE, questions_from_corpus

#: Chunks looked at per question wanted: neighbours share headings, so more are needed.
CHUNKS_PER_QUESTION = 10


class IndexTuning:
    """Measures settings; it never touches the live table."""

    def __init__(self, engine: Engine, database: Database, embedder: Embedder) -> None:
        self._engine = engine
        self._database = database
        self._embedder = embedder

    def sweep(self, spec: SweepSpec, *, number_of_questions: int = 200) -> Iterator[SweepEvent]:
        """Run the sweep step by step; the last event has the result."""
        with transaction(self._engine) as connection:
            sample = rows(
                connection,
                "catalogue/headings",
                row_limit=number_of_questions * CHUNKS_PER_QUESTION,
            )
        questions = questions_from_corpus(
            ((row["heading_path"], row["chunks"]) for row in sample), number_of_questions
        )
        vectors = self._embedder.embed_documents(questions)
        bench = TuningBench(self._database)
        yield from sweep.run(bench, spec, vectors, questions_source=CORPUS_QUESTIONS_SOURCE)
