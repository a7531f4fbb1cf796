"""Settings become a workbench: where it is, what it holds, and what it refuses."""

from __future__ import annotations

import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from kb.errors import DatabaseError
from kb.settings import Settings
from kb.workbench import Workbench, open_workbench
from tests.made_up import NewDatabase, SyncedChapter

pytestmark = pytest.mark.database

OPEN = "from kb.workbench import open_workbench; open_workbench().close()"


def test_an_empty_workbench_knows_where_it_is(bench: Workbench) -> None:
    status = bench.status()
    assert (status.documents, status.chunks, status.embedded) == (0, 0, False)
    assert status.data_source == "s3://workbench"
    assert status.postgres_version[:2].isdigit()
    assert status.pgvector_version.startswith("0.")


def test_an_empty_workbench_suggests_nothing(bench: Workbench) -> None:
    assert bench.suggested_questions() == []


def test_the_chapter_suggests_the_walk_through_s_question(synced_chapter: SyncedChapter) -> None:
    questions = synced_chapter.bench.suggested_questions()
    assert questions[0] == "What is the pg_stat_io view?"
    assert len(questions) == 4


def test_several_processes_may_open_an_empty_database_at_once(
    new_database: NewDatabase, tmp_path: Path
) -> None:
    with new_database() as url:
        environ = {"KB_DATABASE_URL": url, "KB_DATA_DIR": str(tmp_path)}
        processes = [
            subprocess.Popen(
                [sys.executable, "-c", OPEN],
                env={**environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])},
                stderr=subprocess.PIPE,
                text=True,
            )
            for _ in range(3)
        ]
        assert [process.communicate()[1] for process in processes] == ["", "", ""]


def test_a_workbench_may_be_shared_by_threads(synced_chapter: SyncedChapter) -> None:
    knowledge_base = synced_chapter.bench.knowledge_base
    expected = knowledge_base.retrieve("wait events").results
    found = []

    def ask() -> None:
        found.append(knowledge_base.retrieve("wait events").results)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [[r.chunk_id for r in one] for one in found] == [[r.chunk_id for r in expected]] * 8


@pytest.mark.parametrize("bucket", ["workbench", "other"])
def test_a_knowledge_base_of_another_model_is_opened_and_not_asked(
    bucket: str, bench: Workbench, settings: Settings, database_url: str
) -> None:
    # The vectors of all buckets are in one table: two models would meet in it.
    with psycopg.connect(database_url) as connection:
        connection.execute("UPDATE workbench.knowledge_base SET embedding_model = 'titan'")
    with open_workbench(replace(settings, bucket=bucket)) as other:
        with pytest.raises(DatabaseError, match="titan"):
            other.knowledge_base.retrieve("x")
        with pytest.raises(DatabaseError, match="titan"):
            other.data_source.start_ingestion_job(detached=False)


def test_opening_again_finds_what_was_there(bench: Workbench, settings: Settings) -> None:
    with open_workbench(settings) as again:
        assert again.data_source.data_source_id == bench.data_source.data_source_id
