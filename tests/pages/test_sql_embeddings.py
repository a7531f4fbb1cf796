"""The page that embeds a table with SQL, searches it, and reads with SQL."""

from __future__ import annotations

import time
from collections.abc import Iterator

import psycopg
import pytest
from streamlit.testing.v1 import AppTest

from kb.screens.frame import shared_workbench
from kb.workbench import Workbench
from tests.aurora_ml.conftest import home, local, table, url, value
from tests.pages.conftest import OpenPage

__all__ = ["home", "local", "table", "url"]
pytestmark = pytest.mark.database
SECONDS = 60


@pytest.fixture
def page(local: Workbench, table: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[AppTest]:
    """The page with the table chosen."""
    monkeypatch.setenv("KB_DATA_DIR", str(local.settings.data_dir))
    shared_workbench.clear()
    page = OpenPage()("sql_embeddings.py")
    yield page.selectbox("table").select(f"public.{table}").run()
    shared_workbench.clear()


def metric(page: AppTest, label: str) -> str:
    return next(str(m.value) for m in page.metric if m.label == label)


def embed(page: AppTest) -> AppTest:
    """Press the button and wait for the end of the job."""
    page.button("embed").click().run()
    deadline = time.monotonic() + SECONDS
    while metric(page, "Lack an embedding") != "0" or "stop_job" in {b.key for b in page.button}:
        assert not page.exception and time.monotonic() < deadline
        page.run()
    return page


def test_it_shows_what_lacks_an_embedding_and_the_sql_that_will_run(
    page: AppTest, table: str
) -> None:
    assert not page.exception
    assert metric(page, "Lack an embedding") == "40"
    shown = page.code[0].value
    assert f"'public.{table}'" in shown and "CREATE INDEX CONCURRENTLY" in shown


def test_it_says_who_answers(page: AppTest) -> None:
    assert any("padded with zeros" in caption.value for caption in page.caption)


def test_embed_runs_a_job_and_the_search_finds_rows_with_their_plan(
    page: AppTest, url: str, table: str
) -> None:
    embed(page)
    assert value(url, f"SELECT count(*) FROM {table} WHERE embedding IS NULL") == 0
    page.text_input("phrase").set_value("Note 31 on vacuum").run()
    assert not page.exception
    assert "Note 31 on vacuum" in page.dataframe[0].value["content"][0]
    assert any("Execution Time" in code.value for code in page.code)


def test_a_model_that_does_not_fit_the_column_is_one_sentence(page: AppTest) -> None:
    page.selectbox("model").select("cohere.embed-english-v3").run()
    assert not page.exception
    assert "1536 dimensions" in page.error[0].value


def test_a_column_that_holds_something_else_is_one_sentence(page: AppTest, table: str) -> None:
    page.text_input(f"embedding_column_public.{table}").set_value("id").run()
    assert not page.exception
    assert "integer" in page.error[0].value


def test_a_text_column_may_be_called_as_a_column_of_the_result(
    page: AppTest, url: str, table: str
) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f'ALTER TABLE {table} RENAME content TO "Row"'.encode())
    embed(page.run())
    page.text_input("phrase").set_value("Note 31 on vacuum").run()
    assert not page.exception
    assert list(page.dataframe[0].value.columns) == ["Similarity", "Row (text)", "Row"]


def test_the_checks_list_what_is_there(page: AppTest) -> None:
    assert not page.exception
    assert sum("OK" in badge.value for badge in page.markdown) == 5
    assert not page.error


def test_what_is_missing_stays_on_the_page_with_the_way_to_mend_it(page: AppTest, url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("DROP EXTENSION aws_ml CASCADE")
        try:
            page.button("check").click().run()
            page.run()
            assert not page.exception
            assert "missing for embeddings from SQL" in page.error[0].value
            assert "CREATE EXTENSION IF NOT EXISTS aws_ml CASCADE;" in [c.value for c in page.code]
        finally:
            connection.execute("CREATE EXTENSION aws_ml CASCADE")


def test_the_walk_through_s_table_is_one_press_away(page: AppTest, url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("DROP TABLE IF EXISTS documents")
    page.segmented_control("example").set_value("Similarity search").run()
    page.button("create_documents").click().run()
    assert not page.exception
    assert value(url, "SELECT count(*) FROM documents") == 7
    page.button("run_sql").click().run()
    assert not page.exception and not page.error


def test_the_pane_runs_an_example(page: AppTest) -> None:
    page.segmented_control("example").set_value("What is installed").run()
    page.button("run_sql").click().run()
    assert not page.exception
    assert page.dataframe[-1].value["aws_ml_version"][0] == "2.0"


def test_the_pane_changes_nothing(page: AppTest, url: str, table: str) -> None:
    page.text_area("sql_None").set_value(f"DELETE FROM {table}").run()
    page.button("run_sql").click().run()
    assert not page.exception
    assert "read\\-only" in page.error[0].value or "permission denied" in page.error[0].value
    assert value(url, f"SELECT count(*) FROM {table}") == 40
