"""The page Embed with SQL in a real Chromium, on the default mode with its own server.

Screenshots go to the folder named by SCREENSHOTS, or to pytest's own.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from playwright.sync_api import Page, expect

from kb.workbench import Workbench
from kb.workbench.detached import environment
from tests.aurora_ml.conftest import ROOT, home, local, table, url, value
from tests.browser import test_walk as walk

__all__ = ["home", "local", "table", "url"]
pytestmark = [pytest.mark.browser, pytest.mark.database]
chromium, screenshots, page = walk.chromium, walk.screenshots, walk.page
STEP_MS = 60_000


@pytest.fixture
def app(local: Workbench, tmp_path: Path) -> Iterator[str]:
    """The app as a user starts it, on the embedded server."""
    port = walk._free_port()
    environ = {**environment(local.settings), "KB_PORT": str(port)}
    with (tmp_path / "app.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "kb", "serve"], cwd=ROOT, env=environ, stdout=log, stderr=log
        )
        address = f"http://127.0.0.1:{port}"
        walk._await(f"{address}/_stcore/health", process)
        yield address
        process.terminate()
        process.wait(timeout=20)


def test_choose_a_table_embed_it_search_it_and_read_it(
    app: str, page: Page, local: Workbench, url: str, table: str, screenshots: Path
) -> None:
    choose(page, app, table)
    button = page.get_by_role("button", name="Embed 40 rows")
    expect(button).to_be_visible(timeout=STEP_MS)
    expect(page.get_by_text("CALL workbench.embed_table(")).to_be_visible(timeout=STEP_MS)
    page.screenshot(path=screenshots / "sql-before.png")
    button.click()
    expect(page.get_by_text("COMPLETE")).to_be_visible(timeout=STEP_MS)
    assert value(url, f"SELECT count(*) FROM {table} WHERE embedding IS NULL") == 0
    phrase = page.get_by_label("Search by meaning")
    phrase.fill("Note 17 on vacuum")
    phrase.press("Enter")
    expect(page.get_by_text("the embedding of the phrase included")).to_be_visible(timeout=STEP_MS)
    page.screenshot(path=screenshots / "sql-searched.png")
    page.get_by_role("tab", name="SQL", exact=True).first.click()
    page.get_by_text("What is installed", exact=True).click()
    expect(page.get_by_label("SQL", exact=True).last).to_have_value(
        re.compile("aws_ml_version"), timeout=STEP_MS
    )
    page.get_by_role("button", name="Run", exact=False).click()
    expect(page.get_by_text("1 row ·")).to_be_visible(timeout=STEP_MS)
    page.screenshot(path=screenshots / "sql-pane.png")
    page.get_by_role("tab", name="Checks", exact=True).click()
    expect(page.get_by_text("Model answers")).to_be_visible(timeout=STEP_MS)
    page.screenshot(path=screenshots / "sql-checks.png")


def test_a_run_shows_its_progress_stops_and_is_resumed(
    app: str, page: Page, local: Workbench, url: str, table: str, screenshots: Path
) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            f"INSERT INTO {table} SELECT i, 'Note ' || i "
            "FROM generate_series(41, 800) AS i".encode()
        )
    choose(page, app, table)
    page.get_by_role("button", name="Embed 800 rows").click()
    expect(page.get_by_text(re.compile(r"rows/s · \d+ s left"))).to_be_visible(timeout=STEP_MS)
    page.screenshot(path=screenshots / "sql-running.png")
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_text("STOPPED")).to_be_visible(timeout=STEP_MS)
    left = value(url, f"SELECT count(*) FROM {table} WHERE embedding IS NULL")
    assert isinstance(left, int) and 0 < left < 800
    expect(page.get_by_role("button", name=f"Embed {left} rows")).to_be_visible(timeout=STEP_MS)
    page.screenshot(path=screenshots / "sql-stopped.png")
    page.get_by_role("button", name="Resume").click()
    expect(page.get_by_text("COMPLETE")).to_be_visible(timeout=STEP_MS)
    assert value(url, f"SELECT count(*) FROM {table} WHERE embedding IS NULL") == 0


def choose(page: Page, app: str, table: str) -> None:
    """Open the page and choose the table."""
    page.goto(app)
    page.get_by_role("link", name="Embed with SQL").click()
    expect(page.get_by_role("heading", name="Embed with SQL")).to_be_visible(timeout=STEP_MS)
    chooser = page.get_by_role("combobox", name="Table")
    expect(chooser).to_be_visible(timeout=STEP_MS)
    chooser.click()
    chooser.fill(table)
    page.get_by_role("option", name=f"public.{table}").click()
