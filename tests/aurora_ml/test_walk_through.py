"""The walk-through's statements, copied from docs/aurora_ml.md, in their order under psql."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from kb.workbench import Workbench
from tests.aurora_ml.conftest import ROOT, Psql, value

pytestmark = pytest.mark.database

GUIDE = ROOT / "docs" / "aurora_ml.md"


def statements() -> list[str]:
    """The SQL blocks of the walk-through."""
    text = GUIDE.read_text("utf-8").partition("## The walk-through")[2].partition("\n## ")[0]
    return re.findall(r"```sql\n(.+?)```", text, re.DOTALL)


def test_the_walk_through_ends_with_the_pg_stat_io_row_first(
    local: Workbench, url: str, psql: Psql, tmp_path: Path
) -> None:
    psql('psql "$DATABASE_URL" -c "DROP TABLE IF EXISTS documents"')
    outputs = []
    for number, statement in enumerate(statements()):
        file = tmp_path / f"{number}.sql"
        file.write_text(statement)
        done = psql(f'psql "$DATABASE_URL" -qtA -f {file}')
        assert done.returncode == 0, done.stderr
        outputs.append(done.stdout)
    assert len(outputs) == 5
    assert "pg_stat_io" in outputs[-1].splitlines()[0]
    assert value(url, "SELECT count(*) FROM documents WHERE embedding IS NULL") == 0


def test_the_phrase_has_the_dimensions_of_the_model_it_names(local: Workbench, url: str) -> None:
    phrase = statements()[1]
    embedding = value(url, phrase.replace(";", ""))
    assert isinstance(embedding, list) and len(embedding) == 1536


def test_the_batch_does_nothing_the_second_time(local: Workbench, url: str, psql: Psql) -> None:
    before = value(url, "SELECT array_agg(xmin::text ORDER BY id) FROM documents")
    assert psql('psql "$DATABASE_URL" -f sql/aurora_ml/040_embed_documents.sql').returncode == 0
    assert value(url, "SELECT array_agg(xmin::text ORDER BY id) FROM documents") == before
