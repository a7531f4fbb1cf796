"""The chat in a real Chromium: citations, reload, links, stop, two browsers.

Screenshots go to the folder named by SCREENSHOTS, or to pytest's own.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from kb.demo import SAMPLE
from kb.settings import Settings
from kb.workbench import open_workbench
from tests.browser.test_walk import (
    ARGUMENTS,
    ROOT,
    STEP_MS,
    VIEWPORT,
    _await,
    _free_port,
    _has_mark,
    chromium,
)
from tests.made_up import NewDatabase

pytestmark = pytest.mark.browser
__all__ = ["chromium"]

QUESTION = "What is the pg_stat_io view?"
CHIP = ".chip"
PICTURE = ".st-key-evidence_pane [data-testid=stImage] img"


@pytest.fixture(scope="module")
def app(new_database: NewDatabase, template: str) -> Iterator[str]:
    """The app on a knowledge base with the sample, with a slow and a failing answerer."""
    folder = Path(tempfile.mkdtemp(prefix="kb-chat-"))
    with new_database(template) as url:
        settings = Settings(data_dir=folder, database_url=url)
        with open_workbench(settings) as bench:
            with SAMPLE.open("rb") as stream:
                bench.data_source.upload(SAMPLE.name, stream)
            job = bench.data_source.start_ingestion_job(detached=False)
            for _ in bench.data_source.watch(job.ingestion_job_id, work=True):
                pass
        port = _free_port()
        environment = {**os.environ, "KB_DATABASE_URL": url, "KB_DATA_DIR": str(folder)}
        command = [sys.executable, "-m", "tests.browser.slow_app", str(port)]
        with (folder / "app.log").open("wb") as log:
            process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
            address = f"http://127.0.0.1:{port}"
            _await(f"{address}/_stcore/health", process)
            yield address
            process.terminate()
            process.wait(timeout=20)
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    """One Chromium; each page has a profile of its own."""
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield opened
        opened.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A browser of its own."""
    context = browser.new_context(viewport=VIEWPORT)  # type: ignore[arg-type]
    yield context.new_page()
    context.close()


def visit(page: Page, app: str, query: str = "") -> None:
    """Open the chat."""
    page.goto(f"{app}/chat{query}")
    expect(page.get_by_placeholder("Ask about your documents")).to_be_visible(timeout=STEP_MS)


def ask(page: Page, question: str = QUESTION) -> None:
    """Type and press Enter."""
    box = page.get_by_placeholder("Ask about your documents")
    box.fill(question)
    box.press("Enter")
    # An address has a character of no width in it, so that it is no link.
    shown = page.locator(".st-key-conversation [data-testid=stChatMessage]").filter(
        has_text=question.split()[0]
    )
    expect(shown.first).to_be_visible(timeout=STEP_MS)


def settled(page: Page) -> None:
    """The answer has ended."""
    expect(page.get_by_text(re.compile("sentences? cited and verified")).first).to_be_visible(
        timeout=STEP_MS
    )


def conversation_of(page: Page) -> str:
    """The conversation in the address."""
    page.wait_for_url(re.compile("conversation="), timeout=STEP_MS)
    found = re.search("conversation=([0-9a-f-]+)", page.url)
    assert found
    return found[1]


def chosen(page: Page) -> str:
    """The number of the citation that is shown."""
    return page.locator(f"{CHIP}.chosen").first.inner_text()


def test_a_citation_shows_its_page_with_the_passage_marked_in_sight(
    app: str, page: Page, tmp_path: Path
) -> None:
    visit(page, app, "?model=quick")
    ask(page)
    settled(page)
    page.locator(CHIP).nth(1).click()
    expect(page.locator(f"{CHIP}.chosen")).to_have_text("2", timeout=STEP_MS)
    picture = page.locator(PICTURE).first
    expect(picture).to_be_visible(timeout=STEP_MS)
    page.wait_for_timeout(1500)
    page.screenshot(path=Path(os.environ.get("SCREENSHOTS") or tmp_path) / "chat-cited.png")
    assert _has_mark(page.locator(".st-key-evidence_pane"), tmp_path)


def test_arrow_keys_walk_the_citations(app: str, page: Page) -> None:
    visit(page, app, "?model=quick")
    ask(page)
    settled(page)
    page.locator(CHIP).first.focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator(f"{CHIP}.chosen")).to_have_text("2", timeout=STEP_MS)
    page.wait_for_timeout(500)
    page.keyboard.press("ArrowLeft")
    expect(page.locator(f"{CHIP}.chosen")).to_have_text("1", timeout=STEP_MS)


def test_a_reload_and_another_browser_show_the_same_source(
    app: str, page: Page, browser: Browser
) -> None:
    visit(page, app, "?chunks=4&model=quick")
    ask(page)
    settled(page)
    page.locator(CHIP).nth(1).click()
    page.wait_for_url(re.compile("cite="), timeout=STEP_MS)
    said = page.locator(".answer .text").first.inner_text()
    page.reload()
    settled(page)
    expect(page.locator(".answer .text").first).to_have_text(said, timeout=STEP_MS)
    assert chosen(page) == "2"
    other = browser.new_context(viewport=VIEWPORT).new_page()  # type: ignore[arg-type]
    other.goto(page.url)
    settled(other)
    expect(other.locator(".answer .text").first).to_have_text(said, timeout=STEP_MS)
    assert chosen(other) == "2"
    expect(other.get_by_text("4 source chunks").first).to_be_visible(timeout=STEP_MS)
    other.context.close()


def test_a_setting_stays_in_the_open_panel_and_survives_a_reload(app: str, page: Page) -> None:
    visit(page, app)
    page.get_by_role("button", name="extractive").click()
    page.get_by_role("radio", name="SEMANTIC").click()
    page.wait_for_url(re.compile("search=SEMANTIC"), timeout=STEP_MS)
    expect(page.get_by_text("Stream response")).to_be_visible()
    page.reload()
    expect(page.get_by_role("button", name="semantic")).to_be_visible(timeout=STEP_MS)


@pytest.mark.parametrize("way", ["button", "Escape"])
def test_stop_keeps_what_was_written(app: str, page: Page, way: str) -> None:
    visit(page, app, "?model=slow")
    ask(page)
    expect(page.locator(CHIP).nth(1)).to_be_visible(timeout=STEP_MS)
    if way == "button":
        page.get_by_role("button", name="Stop").click()
    else:
        page.keyboard.press("Escape")
    expect(page.get_by_text("Stopped; what was written until then is kept")).to_be_visible(
        timeout=STEP_MS
    )
    settled(page)
    expect(page.locator(CHIP).nth(1)).to_be_visible(timeout=STEP_MS)
    kept = page.locator(".answer .text").first.inner_text()
    page.reload()
    settled(page)
    expect(page.locator(".answer .text").first).to_have_text(kept, timeout=STEP_MS)
    assert 2 <= page.locator(CHIP).count() < 60


def test_what_is_touched_while_an_answer_is_written_does_not_end_it(app: str, page: Page) -> None:
    visit(page, app, "?model=slow&chunks=1")
    ask(page)
    expect(page.locator(CHIP).first).to_be_visible(timeout=STEP_MS)
    page.locator(CHIP).first.click()
    expect(page.locator(PICTURE).first).to_be_visible(timeout=STEP_MS)
    page.get_by_role("button", name="Conversations").click()
    expect(page.get_by_placeholder("In titles, questions and answers")).to_be_visible()
    settled(page)
    expect(page.get_by_text("Stopped")).to_have_count(0)


def test_another_browser_sees_the_same_answer_grow(app: str, page: Page, browser: Browser) -> None:
    visit(page, app, "?model=slow")
    ask(page)
    conversation_id = conversation_of(page)
    other = browser.new_context(viewport=VIEWPORT).new_page()  # type: ignore[arg-type]
    other.goto(f"{app}/chat?conversation={conversation_id}")
    expect(other.locator(CHIP).nth(2)).to_be_visible(timeout=STEP_MS)
    other.get_by_role("button", name="Stop").click()
    expect(page.get_by_text("Stopped; what was written")).to_be_visible(timeout=STEP_MS)
    other.context.close()


def test_two_browsers_ask_at_once(app: str, page: Page, browser: Browser) -> None:
    other = browser.new_context(viewport=VIEWPORT).new_page()  # type: ignore[arg-type]
    visit(page, app)
    visit(other, app)
    ask(page)
    ask(other, "Which columns and contexts does pg_stat_io have?")
    settled(page)
    settled(other)
    assert conversation_of(page) != conversation_of(other)
    other.context.close()


def test_a_model_that_fails_leaves_what_it_wrote(app: str, page: Page) -> None:
    visit(page, app, "?model=failing")
    ask(page)
    expect(page.get_by_text("The model is gone; ask again.")).to_be_visible(timeout=STEP_MS)
    expect(page.locator(CHIP)).to_have_count(2, timeout=STEP_MS)


def test_the_pdf_opens_at_the_cited_page(app: str, page: Page) -> None:
    visit(page, app)
    ask(page)
    settled(page)
    link = page.get_by_role("link", name="Open the PDF")
    expect(link).to_be_visible(timeout=STEP_MS)
    href = link.get_attribute("href")
    assert href and re.search(r"#page=\d+$", href)
    answer = page.request.get(f"{app}{href}" if href.startswith("/") else href)
    assert answer.status == 200 and answer.body()[:5] == b"%PDF-"


@pytest.mark.parametrize("address", ["http://example.invalid/x", "www.example.invalid", "a@b.cd"])
def test_an_address_in_a_text_is_no_link(app: str, page: Page, address: str) -> None:
    visit(page, app)
    ask(page, f"What is {address}?")
    expect(page.get_by_text("Ask again").first).to_be_visible(timeout=STEP_MS)
    assert page.locator(".st-key-conversation a").count() == 0


def test_a_conversation_is_exported(app: str, page: Page) -> None:
    visit(page, app)
    ask(page)
    settled(page)
    page.get_by_role("button", name="More").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Markdown").click()
    written = Path(download.value.path()).read_text("utf-8")
    assert "page" in written and "cited and verified" in written
