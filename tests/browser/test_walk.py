"""The whole path in a real Chromium: upload the chapter, sync, ask, check a citation, measure.

Screenshots go to the folder named by KB_SCREENSHOTS, or to pytest's own.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

from kb.settings import Settings
from kb.workbench.keeper import stop_workers

pytestmark = pytest.mark.browser

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 60
SYNC_MS = 180_000
STEP_MS = 30_000
#: Chromium looks for its maker's servers unless told not to; root needs --no-sandbox.
ARGUMENTS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
    " --disable-component-update --disable-sync"
).split()
#: Two marked lines of a page cover several times as many.
MARKED_PIXELS = 500
VIEWPORT = {"width": 1280, "height": 900}


@pytest.fixture(scope="module")
def chromium() -> str:
    """Debian's Chromium; playwright's own is never downloaded."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if not found:
        pytest.skip("Chromium is not installed (Debian: apt-get install chromium)")
    return found


@pytest.fixture
def screenshots(tmp_path: Path) -> Path:
    """Where pictures go."""
    folder = Path(os.environ.get("SCREENSHOTS") or tmp_path)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture
def app(settings: Settings, tmp_path: Path) -> Iterator[str]:
    """The app as a user starts it, on a free port; its worker ends with it."""
    port = _free_port()
    assert settings.database_url
    environment = {
        **os.environ,
        "KB_DATA_DIR": str(settings.data_dir),
        "KB_DATABASE_URL": settings.database_url,
        "KB_PORT": str(port),
    }
    log = (tmp_path / "app.log").open("wb")
    process = subprocess.Popen(
        [sys.executable, "-m", "kb", "serve"], cwd=ROOT, env=environment, stdout=log, stderr=log
    )
    address = f"http://127.0.0.1:{port}"
    _await(f"{address}/_stcore/health", process)
    yield address
    process.terminate()
    process.wait(timeout=20)
    log.close()
    stop_workers(settings.data_dir)


@pytest.fixture
def page(chromium: str) -> Iterator[Page]:
    """A browser page in light colours."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield _open(browser, "light")
        browser.close()


def test_upload_sync_ask_cite_and_measure(
    app: str, page: Page, chapter: Path, screenshots: Path
) -> None:
    page.goto(app)
    expect(page.get_by_role("heading", name="Upload and sync")).to_be_visible(timeout=STEP_MS)
    expect(page.get_by_text("Nothing here yet")).to_be_visible(timeout=STEP_MS)
    page.screenshot(path=screenshots / "empty-light.png")

    page.locator("input[type=file]").first.set_input_files(chapter)
    expect(page.get_by_text("1 document differs")).to_be_visible(timeout=STEP_MS)
    page.get_by_role("button", name="Sync", exact=False).first.click()
    expect(page.get_by_text("Reading", exact=True)).to_be_visible(timeout=STEP_MS)
    page.screenshot(path=screenshots / "sync-light.png")
    ask = page.get_by_role("button", name="Test knowledge base")
    expect(ask).to_be_enabled(timeout=SYNC_MS)
    page.wait_for_timeout(1000)
    page.screenshot(path=screenshots / "upload-light.png")

    ask.click()
    box = page.get_by_placeholder("Ask about your documents")
    expect(box).to_be_visible(timeout=STEP_MS)
    page.screenshot(path=screenshots / "chat-empty-light.png")
    box.fill("What is the pg_stat_io view?")
    box.press("Enter")
    citation = page.locator("[class*='st-key-cite_'] button").first
    expect(citation).to_be_visible(timeout=STEP_MS)
    citation.click()
    picture = page.locator("[data-testid=stImage] img").first
    expect(picture).to_be_visible(timeout=STEP_MS)
    page.wait_for_timeout(1000)
    page.screenshot(path=screenshots / "chat-light.png")
    assert _page_of(citation) in (27, 28, 29)
    assert _has_mark(picture, screenshots)

    page.get_by_role("link", name="Index tuning").click()
    measure = page.get_by_role("button", name="Measure")
    expect(measure).to_be_visible(timeout=STEP_MS)
    measure.click()
    expect(page.locator(".js-plotly-plot")).to_be_visible(timeout=SYNC_MS)
    page.wait_for_timeout(1500)
    page.screenshot(path=screenshots / "tuning-light.png")


def _page_of(citation: Locator) -> int:
    """The page number on a citation's button, such as "1 · page 27"."""
    return int(citation.inner_text().rsplit("page", 1)[1])


def _has_mark(picture: Locator, folder: Path) -> bool:
    """Whether a part of the page is coloured as the marker colours it."""
    path = folder / "marked-page.png"
    picture.screenshot(path=path)
    red, green, blue = np.asarray(Image.open(path).convert("RGB"), np.int16).transpose(2, 0, 1)
    yellow = (red > 200) & (green > 180) & (blue < 190)
    return int(yellow.sum()) > MARKED_PIXELS


def _open(browser: Browser, scheme: str) -> Page:
    context = browser.new_context(viewport=VIEWPORT, color_scheme=scheme)  # type: ignore[arg-type]
    return context.new_page()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _await(address: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        assert process.poll() is None, "the app ended while starting"
        try:
            with urllib.request.urlopen(address, timeout=2):
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.2)
    raise AssertionError(f"{address} does not answer")
