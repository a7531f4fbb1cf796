"""The page Chunks in a real Chromium: look at chunks, follow them over a page, choose a strategy.

Screenshots go to the folder named by SCREENSHOTS, or to pytest's own.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from kb.demo import SAMPLE
from kb.documents.boundaries import INKS
from kb.models.chunking import DefaultChunking, FixedSizeChunking
from kb.workbench import Workbench
from tests.browser import test_walk as walk
from tests.pages.conftest import sync

pytestmark = [pytest.mark.browser, pytest.mark.database]
chromium, screenshots, app, light = walk.chromium, walk.screenshots, walk.app, walk.page
STEP_MS = 60_000


@pytest.fixture
def loaded(bench: Workbench) -> Workbench:
    """A workbench that knows the sample, and has a document that is not synced."""
    with SAMPLE.open("rb") as stream:
        bench.data_source.upload(SAMPLE.name, stream)
    sync(bench)
    bench.data_source.upload("later.md", io.BytesIO(b"# Later\n\nNothing knows these words yet."))
    return bench


@pytest.fixture
def page(app: str, loaded: Workbench, light: Page) -> Iterator[Page]:
    """The page Chunks, by the app's own navigation."""
    light.goto(app)
    light.get_by_role("link", name="Chunks").click()
    expect(light.get_by_role("heading", name="Chunks")).to_be_visible(timeout=STEP_MS)
    yield light


def settled(page: Page) -> None:
    """Wait until the page is drawn whole; while it runs, what was there before stays."""
    app = page.locator("[data-testid=stApp]")
    page.wait_for_timeout(500)
    expect(app).to_have_attribute("data-test-script-state", "notRunning", timeout=STEP_MS)
    expect(page.locator("[data-stale=true]")).to_have_count(0, timeout=STEP_MS)
    page.wait_for_timeout(500)


def turn_to(page: Page, number: int) -> None:
    """Write a page's number into the box."""
    box = page.get_by_label("Page, 1 to 18")
    box.fill(str(number))
    box.press("Enter")
    expect(page).to_have_url(re.compile(f"page={number}"), timeout=STEP_MS)
    settled(page)


def outlines(page: Page, place: int) -> set[str]:
    """The names of the inks that outline chunks on a drawn page."""
    picture = page.locator("[data-testid=stImage] img").nth(place)
    expect(picture).to_be_visible(timeout=STEP_MS)
    settled(page)
    pixels = np.asarray(Image.open(io.BytesIO(picture.screenshot())).convert("RGB"), np.int16)
    near = {ink.name: (np.abs(pixels - ink.line) < 40).all(axis=2).sum() for ink in INKS}
    return {name for name, count in near.items() if count > 100}


def test_chunks_are_outlined_and_followed_over_the_page(
    page: Page, loaded: Workbench, screenshots: Path
) -> None:
    document = next(d for d in loaded.data_source.documents() if d.chunks)
    expect(page.get_by_text(f"{document.pages} pages:")).to_be_visible(timeout=STEP_MS)
    turn_to(page, 5)
    assert len(outlines(page, 0)) >= 2
    last = loaded.chunk_browser.page(document.document_id, 5).chunks[-1]
    page.locator(f".st-key-choose_{last.number} button").first.click()
    expect(page.get_by_text(f"Chunk {last.number} of {document.chunks}")).to_be_visible(
        timeout=STEP_MS
    )
    page.screenshot(path=screenshots / "chunks-light.png")
    page.get_by_role("button", name="Next chunk").click()
    expect(page).to_have_url(re.compile(f"chunk={last.number + 1}"), timeout=STEP_MS)
    expect(page.locator(f".st-key-chunk_{last.number + 1}")).to_contain_text(
        "chosen", timeout=STEP_MS
    )


def test_an_address_leads_to_its_chunk(
    page: Page, app: str, loaded: Workbench, screenshots: Path
) -> None:
    page.goto(f"{app}/chunks?document={SAMPLE.name}&chunk=20")
    expect(page.locator(".st-key-chunk_20")).to_contain_text("chosen", timeout=STEP_MS)
    page.goto(f"{app}/chunks?document=later.md")
    expect(page.get_by_text("not synced yet")).to_be_visible(timeout=STEP_MS)
    page.screenshot(path=screenshots / "chunks-not-synced-light.png")


def test_a_strategy_is_seen_before_it_is_stored(
    page: Page, loaded: Workbench, screenshots: Path
) -> None:
    turn_to(page, 5)
    page.get_by_role("tab", name="Chunking strategy").click()
    chooser = page.get_by_role("combobox", name="Chunking strategy")
    expect(chooser).to_be_visible(timeout=STEP_MS)
    chooser.click()
    page.get_by_role("option", name="Fixed-size chunking").click()
    expect(page.get_by_text("Overlap percentage between chunks")).to_be_visible(timeout=STEP_MS)
    settled(page)
    size = page.get_by_role("spinbutton", name="Max tokens")
    size.fill("120")
    size.press("Enter")
    expect(page.get_by_text("FIXED_SIZE:120:20").first).to_be_visible(timeout=STEP_MS)
    assert len(outlines(page, 1)) == len(INKS)
    page.screenshot(path=screenshots / "chunking-light.png")
    assert loaded.chunking.strategy() == DefaultChunking()
    page.get_by_role("button", name="Use this strategy").click()
    expect(page.get_by_text("Stored. The next sync")).to_be_visible(timeout=STEP_MS)
    assert loaded.chunking.strategy() == FixedSizeChunking(max_tokens=120)
