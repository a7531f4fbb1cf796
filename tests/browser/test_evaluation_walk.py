"""The page Evaluation in a real Chromium: add a set, run it, touch a widget, read the figures.

Screenshots go to the folder named by SCREENSHOTS, or to pytest's own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from kb.demo import SAMPLE
from kb.settings import Settings
from kb.workbench import open_workbench
from tests.browser import test_walk as walk
from tests.documents.corpus import ROOT
from tests.made_up import NewDatabase
from tests.pages.conftest import sync

pytestmark = [pytest.mark.browser, pytest.mark.database]
chromium, screenshots, page, app = walk.chromium, walk.screenshots, walk.page, walk.app
STEP_MS = 60_000
SET = ROOT / "samples" / "questions.jsonl"


@pytest.fixture
def settings(new_database: NewDatabase, template: str, tmp_path: Path) -> Iterator[Settings]:
    """A workbench that knows the sample."""
    with new_database(template) as url:
        settings = Settings(data_dir=tmp_path, database_url=url)
        with open_workbench(settings) as bench:
            with SAMPLE.open("rb") as stream:
                bench.data_source.upload(SAMPLE.name, stream)
            sync(bench)
        yield settings


def test_add_a_set_run_it_and_read_its_figures(app: str, page: Page, screenshots: Path) -> None:
    # The first visit of all: the address of a page, not the app's own.
    page.goto(f"{app}/evaluation")
    expect(page.get_by_role("link", name="Test knowledge base")).to_be_visible(timeout=STEP_MS)
    expect(page.get_by_text("No run yet")).to_be_visible(timeout=STEP_MS)
    page.screenshot(path=screenshots / "evaluation-empty.png")
    page.get_by_role("button", name="Add a question set").click()
    page.locator("input[type=file]").first.set_input_files(
        {"name": "mine.jsonl", "mimeType": "text/plain", "buffer": SET.read_bytes()}
    )
    chosen = page.get_by_role("combobox", name="Question set")
    expect(chosen).to_have_value("mine.jsonl", timeout=STEP_MS)
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Evaluate", exact=True).click()
    expect(page.get_by_text("It goes on whatever you do")).to_be_visible(timeout=STEP_MS)
    page.get_by_text("SEMANTIC", exact=True).click()
    page.screenshot(path=screenshots / "evaluation-running.png")
    expect(page.get_by_text("Asked 15 of 15 questions")).to_be_visible(timeout=3 * STEP_MS)
    expect(page.get_by_text("The right page", exact=True)).to_be_visible(timeout=STEP_MS)
    expect(page.get_by_role("combobox", name="Run")).to_have_value(re.compile("mine$"))
    page.wait_for_timeout(1000)
    page.screenshot(path=screenshots / "evaluation-light.png")
    page.get_by_role("tab", name="Compare").click()
    expect(page.get_by_text("no other run to compare with")).to_be_visible(timeout=STEP_MS)
