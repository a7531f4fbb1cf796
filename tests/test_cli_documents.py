"""The commands `chunking` and `chunks` as a program sees them."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from kb.documents.chunking_configuration import from_bedrock, to_setting
from tests.made_up import SyncedChapter
from tests.test_cli import Outcome, run

pytestmark = pytest.mark.database

KEY = "postgresql-16-monitoring-chapter.pdf"
Kb = Callable[..., Outcome]


@pytest.fixture
def kb(database_url: str, tmp_path: Path) -> Kb:
    """Runs a command on an empty knowledge base."""
    environ = {**os.environ, "KB_DATABASE_URL": database_url, "KB_DATA_DIR": str(tmp_path)}
    return lambda *arguments: run(environ, *arguments)


@pytest.fixture(scope="module")
def on_chapter(synced_chapter: SyncedChapter) -> Kb:
    """Runs a command that changes nothing on the synced chapter."""
    return lambda *arguments: run(synced_chapter.environ, *arguments)


def test_chunking_shows_the_choice(kb: Kb) -> None:
    assert kb("chunking").stdout == "Chunking    DEFAULT:300\n"


@pytest.mark.parametrize(
    ("given", "kept"),
    [("fixed_size", "FIXED_SIZE:300:20"), ("HIERARCHICAL:900:200:30", "HIERARCHICAL:900:200:30")],
)
def test_chunking_stores_a_choice(given: str, kept: str, kb: Kb) -> None:
    assert "next sync cuts all documents" in kb("chunking", given).stdout
    assert kb("chunking", "--json").json["setting"] == kept


@pytest.mark.parametrize("setting", ["DEFAULT:300", "FIXED_SIZE:200:10", "SEMANTIC", "NONE"])
def test_chunking_prints_bedrock_s_configuration(setting: str, kb: Kb) -> None:
    printed = kb("chunking", setting, "--json").json
    assert to_setting(from_bedrock(printed["chunkingConfiguration"])) == printed["setting"]


@pytest.mark.parametrize(
    ("setting", "words"),
    [("DEFAULT:500", "at most 400"), ("FIXED:300", "no chunking strategy"), ("NONE:1", "NONE")],
)
def test_a_choice_that_does_not_work_is_one_sentence(setting: str, words: str, kb: Kb) -> None:
    done = kb("chunking", setting)
    assert (done.code, done.stdout) == (1, "")
    assert words in done.stderr and done.stderr.count("\n") == 1
    assert kb("chunking", "--json").json["setting"] == "DEFAULT:300"


def test_a_preview_stores_nothing(on_chapter: Kb) -> None:
    seen = on_chapter("chunking", "FIXED_SIZE:100:20", "--preview", KEY, "--page", "27", "--json")
    assert (seen.json["first_page"], seen.json["last_page"], seen.json["pages"]) == (25, 29, 58)
    assert seen.json["max_tokens"] <= 100 and seen.json["document_dollars"] == 0
    assert on_chapter("chunking", "--json").json["setting"] == "DEFAULT:300"


def test_a_preview_is_printed_for_people(on_chapter: Kb) -> None:
    shown = on_chapter("chunking", "NONE", "--preview", KEY).stdout
    assert "tried and not stored" in shown and "it would fail" in shown


def test_chunks_lists_them_in_order(on_chapter: Kb) -> None:
    found = on_chapter("chunks", KEY, "--first", "5", "--limit", "3", "--json").json
    assert [chunk["number"] for chunk in found["chunks"]] == [5, 6, 7]
    assert sum(receipt["pages"] for receipt in found["pages"]) == 58


def test_chunks_lists_those_of_a_page(on_chapter: Kb) -> None:
    found = on_chapter("chunks", KEY, "--page", "27", "--json").json["chunks"]
    assert found and all(c["first_page"] <= 27 <= c["last_page"] for c in found)


def test_chunks_prints_their_text(on_chapter: Kb) -> None:
    shown = on_chapter("chunks", KEY, "--page", "27").stdout
    text = on_chapter("chunks", KEY, "--page", "27", "--json").json["chunks"][0]["text"]
    assert text in shown


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("chunks", "no.pdf"), "no document"),
        (("chunks", KEY, "--page", "99"), "no page 99"),
        (("chunks", KEY, "--limit", "0"), "count from 1"),
        (("chunking", "--preview", "no.pdf"), "no.pdf"),
        (("chunking", "--preview", KEY, "--page", "99"), "no page 99"),
    ],
)
def test_what_is_not_there_is_one_sentence(
    arguments: tuple[str, ...], words: str, on_chapter: Kb
) -> None:
    done = on_chapter(*arguments)
    assert (done.code, done.stdout) == (1, "")
    assert words in done.stderr and done.stderr.count("\n") == 1


def test_a_document_that_is_not_synced_has_no_chunks(kb: Kb, tmp_path: Path) -> None:
    note = tmp_path / "note.md"
    note.write_text("# Note\n\nWords.", encoding="utf-8")
    kb("upload", str(note))
    assert "sync it first" in kb("chunks", "note.md").stderr
