"""`embed-table` and `sql`, as a user types them."""

from __future__ import annotations

import json

import pytest

from kb.cli import main
from kb.workbench import Workbench
from tests.aurora_ml.conftest import ROOT, value

pytestmark = pytest.mark.database


@pytest.fixture
def typed(
    local: Workbench, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> object:
    monkeypatch.setenv("KB_DATA_DIR", str(local.settings.data_dir))

    def run(*arguments: str) -> tuple[int, str, str]:
        code = main(arguments)
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


def test_embed_table_embeds_and_finds(typed: object, url: str, table: str) -> None:
    assert callable(typed)
    code, out, err = typed("embed-table", f"public.{table}", "--column", "content")
    assert (code, err) == (0, "")
    assert "40 of 40 rows lack an embedding" in out and "COMPLETE" in out
    assert value(url, f"SELECT count(*) FROM {table} WHERE embedding IS NULL") == 0
    code, out, _ = typed("embed-table", table, "--column", "content", "--search", "Note 12")
    assert code == 0 and "Note 12 on vacuum" in out.splitlines()[0]


@pytest.mark.parametrize("phrase", ["", "  ", "\x00", "half \ud800"])
def test_a_phrase_that_is_no_text_is_one_sentence(
    typed: object, url: str, table: str, phrase: str
) -> None:
    assert callable(typed)
    code, _, err = typed("embed-table", table, "--column", "content", "--search", phrase)
    assert code == 1 and "phrase" in err
    assert value(url, f"SELECT count(*) FROM {table} WHERE embedding IS NULL") == 40


def test_a_dry_run_prints_the_sql_and_changes_nothing(typed: object, url: str, table: str) -> None:
    assert callable(typed)
    code, out, _ = typed("embed-table", table, "--column", "content", "--dry-run")
    assert code == 0
    assert "CALL workbench.embed_table(" in out and "USING hnsw" in out
    assert value(url, f"SELECT count(*) FROM {table} WHERE embedding IS NULL") == 40


def test_json_is_the_job(typed: object, table: str) -> None:
    assert callable(typed)
    code, out, _ = typed("embed-table", table, "--column", "content", "--json", "--row-limit", "3")
    assert code == 0 and json.loads(out)["rows_embedded"] == 3


def test_without_a_column_one_sentence_says_what_to_do(typed: object, table: str) -> None:
    assert callable(typed)
    code, _, err = typed("embed-table", table)
    assert code == 1 and "--column" in err


def test_sql_prints_a_statement_as_it_is_in_its_file(typed: object) -> None:
    assert callable(typed)
    for name in ("080_search", "aurora_ml/080_search", "sql/aurora_ml/080_search.sql"):
        code, out, _ = typed("sql", name)
        assert code == 0
        assert out == (ROOT / "sql" / "aurora_ml" / "080_search.sql").read_text("utf-8")


def test_sql_without_a_name_lists_all(typed: object) -> None:
    assert callable(typed)
    code, out, _ = typed("sql")
    assert code == 0 and "aurora_ml/080_search" in out.splitlines()


def test_sql_of_an_unknown_name_is_an_error(typed: object) -> None:
    assert callable(typed)
    code, _, err = typed("sql", "nonsense")
    assert code == 1 and "lists them" in err
