"""Evaluations of a real knowledge base: the room, and the gate on the real chapter."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace

import psycopg
import pytest
from sqlalchemy import Engine

from kb.adapters.conversations import ConversationRecords
from kb.errors import Conflict, ResourceNotFound, ValidationError
from kb.evaluation.measures import measures
from kb.evaluation.question_sets import read_question_set
from kb.models import GenerationConfiguration, RetrievalConfiguration, SavedQuestion
from kb.models.evaluation import (
    EvaluationConfiguration,
    EvaluationProgress,
    EvaluationRun,
    EvaluationStatus,
    Measure,
    QuestionSet,
)
from kb.workbench import Workbench
from kb.workbench.evaluation import SAMPLE_NAME, Evaluation
from tests.documents.corpus import ROOT
from tests.made_up import SyncedChapter

pytestmark = pytest.mark.database

PATH = ROOT / "benchmarks" / "questions" / "chapter.jsonl"
CHAPTER = read_question_set(PATH.name, PATH.read_bytes())
DEFAULTS = EvaluationConfiguration()
SECONDS = 60


@pytest.fixture(scope="module")
def evaluation(synced_chapter: SyncedChapter) -> Evaluation:
    return synced_chapter.bench.evaluation


def last(
    evaluation: Evaluation, configuration: EvaluationConfiguration, limit: int | None = None
) -> EvaluationRun:
    *_, run = evaluation.measure(CHAPTER, configuration, limit)
    return run


@pytest.fixture(scope="module")
def run(evaluation: Evaluation) -> EvaluationRun:
    """All 50 questions on the chapter, with the product's defaults."""
    return last(evaluation, DEFAULTS)


@pytest.fixture(scope="module")
def figures(run: EvaluationRun) -> dict[str, Measure]:
    return measures(run.outcomes)


# The gate: what was measured when these were written. A better figure moves its bound up.
@pytest.mark.parametrize(
    ("name", "at_least"),
    [
        ("hit_at_1", 29 / 37),
        ("hit_at_5", 37 / 37),
        ("hit_at_10", 37 / 37),
        ("mrr_at_10", 0.876),
        ("ndcg_at_10", 0.904),
        ("answer_support", 23 / 37),
        ("answer_support_half", 26 / 37),
        ("citation_coverage", 1.0),
        ("refused_unanswerable", 10 / 13),
    ],
)
def test_the_chapter_is_answered_as_well_as_before(
    name: str, at_least: float, figures: dict[str, Measure]
) -> None:
    value = figures[name].value
    assert value is not None and value >= at_least


def test_no_more_answerable_questions_are_refused_than_before(figures: dict[str, Measure]) -> None:
    assert figures["refused_answerable"].value is not None
    assert figures["refused_answerable"].value <= 1 / 37


def test_every_citation_stands_in_its_source(figures: dict[str, Measure]) -> None:
    assert figures["citation_precision"].value == 1.0


def test_every_citation_stands_in_the_stored_chunk(
    run: EvaluationRun, synced_chapter: SyncedChapter
) -> None:
    with psycopg.connect(synced_chapter.environ["KB_DATABASE_URL"]) as connection:
        rows = connection.execute("SELECT chunks FROM bedrock_integration.bedrock_kb").fetchall()
    passages = [p for o in run.outcomes for c in o.citations for p in c.passages]
    assert passages
    assert [p for p in passages if not any(p in text for (text,) in rows)] == []


def test_the_run_notes_what_it_depends_on(run: EvaluationRun) -> None:
    assert run.is_complete
    assert run.configuration["search_type"] == "HYBRID"
    assert run.configuration["chunks"] == 123
    assert run.configuration["embedding_model"] == "all-MiniLM-L6-v2"


def test_a_limit_is_spread_over_the_set(evaluation: Evaluation) -> None:
    asked = [outcome.question for outcome in last(evaluation, DEFAULTS, 5).outcomes]
    assert asked == [CHAPTER.questions[place].question for place in (0, 10, 20, 30, 40)]


def test_a_kept_run_is_the_same(evaluation: Evaluation, run: EvaluationRun) -> None:
    name = evaluation.keep(run)
    assert evaluation.run(name) == run
    assert name in evaluation.runs()
    evaluation.delete_run(name)
    with pytest.raises(ResourceNotFound):
        evaluation.run(name)


def test_the_latest_run_comes_first(evaluation: Evaluation, run: EvaluationRun) -> None:
    names = [evaluation.keep(replace(run, question_set=name, outcomes=())) for name in ("a", "b")]
    later = evaluation.keep(replace(run, started_at=run.started_at.replace(year=2099)))
    assert evaluation.runs()[0] == later
    for name in (*names, later):
        evaluation.delete_run(name)


def test_ranks_are_looked_at_ten_chunks_deep_at_least(evaluation: Evaluation) -> None:
    shallow = EvaluationConfiguration(retrieval=RetrievalConfiguration(number_of_results=9))
    with pytest.raises(ValidationError, match="10 or more"):
        last(evaluation, shallow, 1)


def test_an_answerer_that_is_not_there_is_one_sentence(evaluation: Evaluation) -> None:
    unknown = EvaluationConfiguration(generation=GenerationConfiguration(generation_model="x"))
    with pytest.raises(ValidationError, match="No answerer is called 'x'"):
        last(evaluation, unknown, 1)


def test_an_empty_knowledge_base_is_not_evaluated(bench: Workbench) -> None:
    with pytest.raises(ValidationError, match="knowledge base is empty"):
        last(bench.evaluation, DEFAULTS)


def test_a_set_is_kept_as_jsonl_in_the_data_folder(bench: Workbench) -> None:
    data = b"question,answer,pages\nWhy?,Because.,3;4\n"
    assert bench.evaluation.add_question_set("mine.csv", data) == "mine.jsonl"
    path = bench.settings.data_dir / "question_sets" / "mine.jsonl"
    assert read_question_set(path.name, path.read_bytes()).questions[0].pages == (3, 4)
    assert bench.evaluation.question_sets() == ["mine.jsonl", SAMPLE_NAME]
    bench.evaluation.delete_question_set("mine.jsonl")
    assert bench.evaluation.question_sets() == [SAMPLE_NAME]


def test_the_sample_s_set_is_always_there(bench: Workbench) -> None:
    assert len(bench.evaluation.question_set(SAMPLE_NAME).questions) == 15


def test_a_folder_of_the_data_folder_that_others_fill_is_read(bench: Workbench) -> None:
    folder = bench.settings.data_dir / "question_sets"
    folder.mkdir()
    (folder / "saved.jsonl").write_bytes(PATH.read_bytes())
    assert bench.evaluation.question_set("saved.jsonl").questions == CHAPTER.questions


def test_questions_saved_in_the_chat_are_a_set(bench: Workbench, engine: Engine) -> None:
    records = ConversationRecords(engine)
    known = SavedQuestion(question="Why?", answer="So.", pages=(3,), keywords=("so",))
    for saved in (known, SavedQuestion(question="Who?", answer="")):
        records.save_question("mine", saved)
    name = "mine (from conversations)"
    assert bench.evaluation.question_sets() == [name, SAMPLE_NAME]
    first, second = bench.evaluation.question_set(name).questions
    assert (first.pages, first.keywords, first.answerable) == ((3,), ("so",), True)
    assert not second.answerable


class InBackground:
    """A task of one evaluation, watched."""

    def __init__(self, evaluation: Evaluation) -> None:
        self.task = evaluation.task

    def until(self, done: int) -> EvaluationProgress:
        """Wait for so many questions, or the end."""
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline:
            progress = self.task.progress
            assert progress
            if progress.status.is_final or progress.done >= done:
                return progress
            time.sleep(0.02)
        raise AssertionError("the run did not come so far")


@pytest.fixture
def background(evaluation: Evaluation) -> Iterator[InBackground]:
    yield (found := InBackground(evaluation))
    found.task.cancel()
    found.until(len(CHAPTER.questions) + 1)
    found.task.dismiss()


def test_a_run_in_the_background_is_kept_when_it_ends(
    evaluation: Evaluation, background: InBackground
) -> None:
    evaluation.task.start(CHAPTER, DEFAULTS, 2)
    ended = background.until(3)
    assert (ended.status, ended.done) == (EvaluationStatus.COMPLETE, 2)
    assert ended.run
    assert len(evaluation.run(ended.run).outcomes) == 2


def test_a_cancelled_run_keeps_what_it_found(
    evaluation: Evaluation, background: InBackground
) -> None:
    evaluation.task.start(CHAPTER, DEFAULTS)
    background.until(1)
    evaluation.task.cancel()
    ended = background.until(len(CHAPTER.questions) + 1)
    assert ended.status is EvaluationStatus.STOPPED
    assert ended.run
    kept = evaluation.run(ended.run)
    assert 0 < len(kept.outcomes) < kept.planned


def test_a_second_run_is_refused_while_one_goes_on(
    evaluation: Evaluation, background: InBackground
) -> None:
    evaluation.task.start(CHAPTER, DEFAULTS)
    with pytest.raises(Conflict, match="running already"):
        evaluation.task.start(CHAPTER, DEFAULTS)


def test_a_run_that_fails_says_why(evaluation: Evaluation, background: InBackground) -> None:
    unknown = EvaluationConfiguration(generation=GenerationConfiguration(generation_model="x"))
    evaluation.task.start(QuestionSet(name="s", questions=CHAPTER.questions[:1]), unknown)
    ended = background.until(2)
    assert ended.status is EvaluationStatus.FAILED
    assert ended.failure and "No answerer" in ended.failure
