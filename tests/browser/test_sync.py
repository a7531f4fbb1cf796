"""A sync as several people see it in Chromium: reload, a second browser, Stop, Retry, the plan.

Screenshots go to the folder named by SCREENSHOTS, or to pytest's own.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from kb.models import DocumentStatus, IngestionJobStatus
from kb.workbench import Workbench
from tests.browser import test_walk as walk
from tests.workbench.killing import put, wait_until

pytestmark = pytest.mark.browser
chromium, screenshots, app = walk.chromium, walk.screenshots, walk.app
STEP_MS = 30_000
INDEXED = DocumentStatus.INDEXED


@pytest.fixture
def browser(chromium: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=walk.ARGUMENTS)
        yield browser
        browser.close()


def visit(browser: Browser, app: str, scheme: str = "light") -> Page:
    """Another person's browser on the page Upload and sync."""
    page = walk._open(browser, scheme)
    page.goto(app)
    expect(page.get_by_role("heading", name="Upload and sync")).to_be_visible(timeout=STEP_MS)
    return page


def test_any_browser_sees_and_stops_the_job_and_the_next_sync_goes_on(
    browser: Browser, app: str, bench: Workbench, chapter: Path, screenshots: Path
) -> None:
    put(bench.settings.data_dir, chapter)
    first = visit(browser, app)
    first.get_by_role("button", name="Sync", exact=False).first.click()
    expect(first.get_by_text("Reading", exact=True)).to_be_visible(timeout=STEP_MS)
    first.close()

    # Who started it has gone; somebody else reloads and finds it.
    second = visit(browser, app, "dark")
    expect(second.get_by_text("Embedding", exact=True)).to_be_visible(timeout=STEP_MS)
    second.reload()
    expect(second.get_by_text("Embedding", exact=True)).to_be_visible(timeout=STEP_MS)
    wait_until(lambda: _calls(bench) > 0)
    second.screenshot(path=screenshots / "sync-dark.png")
    second.get_by_role("button", name="Stop").click()
    expect(second.get_by_text("STOPPED", exact=True)).to_be_visible(timeout=STEP_MS)

    second.get_by_role("button", name="Sync", exact=False).first.click()
    expect(second.get_by_text("COMPLETE", exact=True)).to_be_visible(timeout=walk.SYNC_MS)
    done, stopped = bench.data_source.list_ingestion_jobs()
    assert (done.status, stopped.status) == (
        IngestionJobStatus.COMPLETE,
        IngestionJobStatus.STOPPED,
    )
    kept = stopped.progress.embedding_calls
    assert kept > 0
    assert done.progress.embedding_calls + kept == done.progress.chunks_stored


def test_a_failed_document_is_named_and_retry_brings_it_in(
    browser: Browser, app: str, bench: Workbench, tmp_path: Path, screenshots: Path
) -> None:
    note = tmp_path / "note.md"
    note.write_text("# Reads\n\nReads are counted by the view.")
    broken = tmp_path / "broken.pdf"
    broken.write_text("no PDF at all")
    put(bench.settings.data_dir, note)
    put(bench.settings.data_dir, broken)
    page = visit(browser, app)
    page.get_by_role("button", name="Sync", exact=False).first.click()
    expect(page.get_by_text("It is not a PDF").first).to_be_visible(timeout=STEP_MS)
    page.screenshot(path=screenshots / "sync-failed-light.png")

    put(bench.settings.data_dir, note, "mended.md")
    bench.data_source.delete("broken.pdf")
    page.get_by_role("button", name="Retry").click()
    wait_until(lambda: {d.status for d in bench.data_source.documents()} == {INDEXED})
    expect(page.get_by_text("It is not a PDF")).to_have_count(0, timeout=STEP_MS)


def test_the_exact_plan_counts_what_the_sync_then_embeds(
    browser: Browser, app: str, bench: Workbench, chapter: Path, screenshots: Path
) -> None:
    put(bench.settings.data_dir, chapter)
    page = visit(browser, app)
    page.get_by_role("button", name="Plan exactly").click()
    expect(page.get_by_text("Texts to embed").first).to_be_visible(timeout=STEP_MS)
    page.screenshot(path=screenshots / "plan-light.png")
    planned = int(page.locator(".st-key-plan_calls [data-testid=stMetricValue]").inner_text())
    page.get_by_role("button", name="Sync", exact=False).first.click()
    expect(page.get_by_text("COMPLETE", exact=True)).to_be_visible(timeout=walk.SYNC_MS)
    assert planned == bench.data_source.list_ingestion_jobs()[0].progress.embedding_calls > 0


def _calls(bench: Workbench) -> int:
    return bench.data_source.list_ingestion_jobs()[0].progress.embedding_calls
