"""The command `evaluate` on the real chapter."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from kb.workbench.evaluation import SAMPLE_NAME
from tests.documents.corpus import ROOT
from tests.evaluation.test_measures import FIELDS
from tests.made_up import SyncedChapter
from tests.test_cli import Kb, Outcome, empty, environ, kb, on_chapter

__all__ = ["empty", "environ", "kb", "on_chapter"]
pytestmark = pytest.mark.database
SET = str(ROOT / "benchmarks" / "questions" / "chapter.jsonl")


@pytest.fixture(scope="module")
def done(on_chapter: Kb) -> Outcome:
    return on_chapter("evaluate", SET, "--json", "--limit", "4")


@pytest.fixture(scope="module")
def saved(done: Outcome, tmp_path_factory: pytest.TempPathFactory) -> str:
    """What was printed, as a file."""
    path = tmp_path_factory.mktemp("runs") / "earlier.json"
    path.write_text(done.stdout, encoding="utf-8")
    return str(path)


def test_json_has_the_measures_and_every_question(done: Outcome) -> None:
    shape: dict[str, Any] = done.json
    assert done.code == 0
    assert [name for name in FIELDS if name not in shape] == []
    assert shape["questions"] == len(shape["per_question"]) == 4
    assert all(0 <= shape[name] <= 1 for name in FIELDS[1:11] if shape[name] is not None)
    assert shape["citation_precision"] == 1.0


def test_progress_goes_to_stderr(done: Outcome) -> None:
    assert "0 of 4 questions" in done.stderr and "4 of 4 questions" in done.stderr


def test_a_question_has_its_ranks_and_its_passages(done: Outcome) -> None:
    first = done.json["per_question"][0]
    assert [result["rank"] for result in first["results"]] == list(range(1, 11))
    assert first["rank"] == 1 and first["lost_at"] is None
    assert all(citation["passages"] for citation in first["citations"])


def test_the_run_is_kept_for_the_page(done: Outcome, synced_chapter: SyncedChapter) -> None:
    folder = Path(synced_chapter.environ["KB_DATA_DIR"]) / "evaluations"
    name = done.stderr.split("'")[1]
    assert json.loads((folder / name).read_text("utf-8"))["questions"] == 4


def test_the_table_shows_every_measure_with_its_interval(on_chapter: Kb) -> None:
    shown = on_chapter("evaluate", SET, "--limit", "2", "--search-type", "SEMANTIC")
    assert shown.code == 0
    assert "hit@5" in shown.stdout and "95 % interval" in shown.stdout


def test_a_set_of_the_page_is_known_by_its_name(on_chapter: Kb) -> None:
    shown = on_chapter("evaluate", SAMPLE_NAME, "--limit", "1")
    assert shown.code == 0
    assert shown.stdout.startswith("sample: 1 question\n")


def test_two_saved_runs_are_compared_without_asking_again(on_chapter: Kb, saved: str) -> None:
    shown = on_chapter("evaluate", saved, "--compare", saved)
    assert (shown.code, shown.stderr) == (0, "")
    assert "Compared over 4 questions" in shown.stdout
    assert "0 questions changed" in shown.stdout


def test_the_comparison_is_in_the_json(on_chapter: Kb, saved: str) -> None:
    compared = on_chapter("evaluate", saved, "--compare", saved, "--json").json["comparison"]
    assert compared["measures"]["hit_at_5"]["difference"] == 0.0
    assert compared["changes"] == []


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("nowhere.jsonl",), "'nowhere.jsonl' can not be read: No such file or directory."),
        (("README.md",), "README.md is no question set; give a .jsonl or .csv file."),
        ((SET, "--limit", "0"), "Ask one question at least."),
        ((SET, "--number-of-results", "5"), "hit@10 needs number_of_results of 10 or more."),
        ((SET, "--model", "nobody"), "No answerer is called 'nobody'"),
        ((SET, "--compare", SET), "chapter.jsonl is no run of `evaluate`"),
    ],
)
def test_what_can_not_be_done_is_one_sentence(
    on_chapter: Kb, arguments: tuple[str, ...], sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    refused = on_chapter("evaluate", *arguments)
    assert (refused.code, refused.stdout) == (1, "")
    assert sentence in refused.stderr and "Traceback" not in refused.stderr


def test_an_empty_knowledge_base_is_not_asked(empty: Kb) -> None:
    refused = empty("evaluate", SET)
    assert refused.code == 1
    assert "The knowledge base is empty" in refused.stderr


def test_ctrl_c_ends_it_with_a_word(synced_chapter: SyncedChapter) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "kb", "evaluate", SET],
        cwd=ROOT,
        env=synced_chapter.environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr
    assert "0 of 50 questions" in process.stderr.readline()
    process.send_signal(signal.SIGINT)
    printed, errors = process.communicate(timeout=60)
    assert (process.returncode, printed) == (1, "")
    assert "Interrupted." in errors and "Traceback" not in errors
