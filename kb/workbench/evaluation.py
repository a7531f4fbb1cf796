"""Evaluation: question sets and runs that are kept, and a run in the background."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from kb.adapters.conversations import ConversationRecords
from kb.adapters.evaluation_files import EvaluationFiles
from kb.errors import ValidationError
from kb.evaluation.question_sets import (
    SUFFIXES,
    from_conversations,
    read_question_set,
    write_question_set,
)
from kb.evaluation.records import read_run, run_json
from kb.evaluation.running import evaluate, spread
from kb.models import JsonValue
from kb.models.evaluation import EvaluationConfiguration, EvaluationRun, QuestionSet
from kb.settings import Settings
from kb.workbench.evaluation_task import EvaluationTask
from kb.workbench.knowledge_base import KnowledgeBase

#: The sample document's own questions.
SAMPLE_SET = Path(__file__).resolve().parents[2] / "samples" / "questions.jsonl"
SAMPLE_NAME = "sample document (15 questions)"
#: What the names of sets of the chat end in.
FROM_CONVERSATIONS = " (from conversations)"
#: What a run is called by: when it began, then its set.
STAMP = "%Y%m%dT%H%M%S"


class Evaluation:
    """Asks question sets, keeps what came of them."""

    def __init__(
        self,
        settings: Settings,
        knowledge_base: KnowledgeBase,
        saved: ConversationRecords,
        describe: Callable[[], Mapping[str, JsonValue]],
    ) -> None:
        """`saved` has the sets of the chat; `describe` tells what the knowledge base holds."""
        self._saved = saved
        self._knowledge_base = knowledge_base
        self._describe = describe
        self._sets = EvaluationFiles(settings.data_dir / "question_sets", SUFFIXES)
        self._runs = EvaluationFiles(settings.data_dir / "evaluations", (".json",))
        self.task = EvaluationTask(self)

    def question_sets(self) -> list[str]:
        """Names of the sets that can be chosen: files, those of the chat, the sample's own."""
        saved = [f"{name}{FROM_CONVERSATIONS}" for name in self._saved.question_sets()]
        return [*self._sets.names(), *saved, SAMPLE_NAME]

    def is_file(self, name: str) -> bool:
        """Whether a set is a file of the data folder, which can be removed."""
        return name != SAMPLE_NAME and not name.endswith(FROM_CONVERSATIONS)

    def question_set(self, name: str) -> QuestionSet:
        """A set by its name. Raises ValidationError with the line that is wrong."""
        if name == SAMPLE_NAME:
            return replace(
                read_question_set(SAMPLE_SET.name, SAMPLE_SET.read_bytes()), name="sample"
            )
        if name.endswith(FROM_CONVERSATIONS):
            plain = name.removesuffix(FROM_CONVERSATIONS)
            return from_conversations(plain, self._saved.list_questions(plain))
        return read_question_set(name, self._sets.read(name))

    def add_question_set(self, file_name: str, data: bytes) -> str:
        """Keep a set; the name under which it is kept."""
        found = read_question_set(file_name, data)
        name = f"{found.name}.jsonl"
        self._sets.write(name, write_question_set(found.questions))
        return name

    def delete_question_set(self, name: str) -> None:
        """Forget a set; runs of it stay."""
        self._sets.delete(name)

    def measure(
        self,
        question_set: QuestionSet,
        configuration: EvaluationConfiguration,
        limit: int | None = None,
    ) -> Iterator[EvaluationRun]:
        """Ask every question, or `limit` spread over the set; yield the run as it grows.

        The first one has no outcome yet. Raises ValidationError when the knowledge base is empty.
        """
        described = self._describe()
        if not described["chunks"]:
            raise ValidationError(
                "The knowledge base is empty: upload a document and sync it, then evaluate."
            )
        questions = spread(question_set.questions, limit)
        run = EvaluationRun(
            question_set=question_set.name,
            started_at=datetime.now(UTC),
            planned=len(questions),
            configuration={
                **_described(configuration, self._knowledge_base.generation_models[0]),
                **described,
            },
        )
        yield run
        for outcome in evaluate(questions, self._knowledge_base, configuration):
            run = replace(run, outcomes=(*run.outcomes, outcome))
            yield run

    def keep(self, run: EvaluationRun) -> str:
        """Store a run; its name."""
        stamp = run.started_at.strftime(STAMP) + f"{run.started_at.microsecond // 1000:03}Z"
        safe = "".join(char if char.isalnum() or char in "-_" else "-" for char in run.question_set)
        name = f"{stamp} {safe[:80]}.json"
        written = json.dumps(run_json(run), ensure_ascii=False, indent=1)
        self._runs.write(name, written.encode())
        return name

    def runs(self) -> list[str]:
        """Names of the kept runs, the latest first."""
        return self._runs.names()[::-1]

    def run(self, name: str) -> EvaluationRun:
        """A kept run."""
        return read_run(name, self._runs.read(name))

    def delete_run(self, name: str) -> None:
        """Forget a run."""
        self._runs.delete(name)


def _described(configuration: EvaluationConfiguration, default_model: str) -> dict[str, JsonValue]:
    retrieval, answering = configuration.retrieval, configuration.answering
    return {
        "search_type": retrieval.search_type.value,
        "reranking_model": retrieval.reranking_model,
        "query_decomposition": retrieval.query_decomposition,
        "filter": str(retrieval.filter) if retrieval.filter else None,
        "number_of_results": retrieval.number_of_results,
        "answering_number_of_results": answering.number_of_results,
        "generation_model": configuration.generation.generation_model or default_model,
    }
