"""Every file that needs Aurora ML runs by hand with the line in its head comment."""

from __future__ import annotations

import re

import psycopg
import pytest

from kb import sql
from kb.workbench import Workbench
from tests.aurora_ml.conftest import ROOT, Psql, value

pytestmark = pytest.mark.database

FOLDERS = ("aurora_ml", "table_embedding", "bridge")
FILES = sorted(
    path.relative_to(sql.SQL_DIR).with_suffix("").as_posix()
    for folder in FOLDERS
    for path in (sql.SQL_DIR / folder).glob("*.sql")
)
BRIDGE = [name for name in FILES if name.startswith("bridge/")]
LAST = "aurora_ml/090_remove"


def head(name: str) -> list[str]:
    lines = sql.script(name).splitlines()
    return [line.removeprefix("--") for line in lines[: _end(lines)]]


def _end(lines: list[str]) -> int:
    return next(n for n, line in enumerate(lines) if not line.startswith("--"))


def command(name: str) -> str:
    return "\n".join(line.strip() for line in head(name) if re.match(r"\s{3}", line))


@pytest.mark.parametrize("name", [*(n for n in FILES if n not in BRIDGE and n != LAST), LAST])
def test_the_command_in_the_head_comment_succeeds(
    name: str, local: Workbench, url: str, psql: Psql
) -> None:
    done = psql(command(name))
    assert done.returncode == 0, done.stderr


def test_the_bridge_s_files_make_it_in_an_empty_database(
    local: Workbench, url: str, psql: Psql
) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE DATABASE elsewhere")
    there = f"DATABASE_URL='{url.replace('/postgres?', '/elsewhere?')}'"
    try:
        for name in BRIDGE:
            done = psql(f"export {there}; {command(name)}")
            assert done.returncode == 0, done.stderr
    finally:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("DROP DATABASE elsewhere WITH (FORCE)")


def test_the_extension_can_be_made_again_after_the_clean_up(
    local: Workbench, url: str, psql: Psql
) -> None:
    assert psql(command(LAST)).returncode == 0
    assert value(url, "SELECT to_regnamespace('aws_bedrock') IS NULL")
    done = psql(command("aurora_ml/010_install"))
    assert done.returncode == 0, done.stderr
    assert psql(command("aurora_ml/020_embed_phrase")).returncode == 0


@pytest.mark.parametrize("name", FILES)
def test_the_head_comment_says_what_it_is_for_and_runs_this_file(name: str) -> None:
    assert re.match(r" \S.{20,}", head(name)[0])
    assert f"sql/{name}.sql" in command(name)


@pytest.mark.parametrize("name", FILES)
def test_the_head_comment_gives_a_value_for_every_parameter_and_name(name: str) -> None:
    given = set(re.findall(r"-v ([a-z_0-9]+)=", command(name)))
    names = set(re.findall(r':"(\w+)"', sql.script(name)))
    assert set(sql.statement(name).compile().params) | names == given


@pytest.mark.parametrize("name", FILES)
def test_a_file_is_used_by_kb_or_is_for_hands(name: str) -> None:
    code = "\n".join(path.read_text("utf-8") for path in (ROOT / "kb").rglob("*.py"))
    stem = name.rpartition("/")[2]
    assert f'"{name}"' in code or f'"{stem}"' in code or name.startswith("aurora_ml/")


def test_the_guide_names_every_file_for_hands() -> None:
    guide = (ROOT / "docs" / "aurora_ml.md").read_text("utf-8")
    stems = [n.rpartition("/")[2] for n in FILES if n.startswith("aurora_ml/")]
    assert [stem for stem in stems if f"`{stem}.sql`" not in guide] == []


def test_no_statement_casts_a_parameter_with_colons() -> None:
    assert [n for n in FILES if re.search(r"[^:]:\w+::", sql.script(n))] == []
