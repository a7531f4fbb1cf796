"""The app on a bucket of S3's in a real Chromium: no bucket yet, upload, sync, a citation's link.

Screenshots go to the folder named by SCREENSHOTS, or to pytest's own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import urljoin

import pytest
from playwright.sync_api import Page, expect

from kb.demo import SAMPLE
from kb.settings import Settings
from kb.workbench import open_workbench
from tests.browser import test_walk as walk
from tests.moto_server import AwsServer, Fault

pytestmark = [pytest.mark.browser, pytest.mark.database]
chromium, screenshots, app, page = walk.chromium, walk.screenshots, walk.app, walk.page
STEP_MS, SYNC_MS = 60_000, 180_000
BUCKET = "s3://kb-documents/manuals"


@pytest.fixture
def address(
    aws: AwsServer, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Iterator[str]:
    """The app on a bucket that is not there yet."""
    monkeypatch.setenv("KB_BUCKET", BUCKET)
    yield request.getfixturevalue("app")


def test_from_a_missing_bucket_to_a_citation_s_document(
    address: str, page: Page, settings: Settings, aws: AwsServer, screenshots: Path
) -> None:
    page.goto(address)
    missing = page.get_by_text("There is no bucket 'kb-documents'")
    expect(missing).to_be_visible(timeout=STEP_MS)
    page.screenshot(path=screenshots / "s3-missing-light.png")

    with open_workbench(replace(settings, bucket=BUCKET)) as bench:
        bench.data_source.prepare()
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_text("Nothing here yet")).to_be_visible(timeout=STEP_MS)
    page.locator("input[type=file]").first.set_input_files(SAMPLE)
    expect(page.get_by_text("1 document differs")).to_be_visible(timeout=STEP_MS)
    page.get_by_role("button", name="Sync", exact=False).first.click()
    ask = page.get_by_role("button", name="Test knowledge base")
    expect(ask).to_be_enabled(timeout=SYNC_MS)
    page.wait_for_timeout(1000)
    page.screenshot(path=screenshots / "s3-upload-light.png")

    ask.click()
    box = page.get_by_placeholder("Ask about your documents")
    box.fill("What is the pg_stat_io view?")
    box.press("Enter")
    page.locator(".chip").first.click()
    expect(page.locator("[data-testid=stImage] img").first).to_be_visible(timeout=STEP_MS)
    link = page.get_by_role("link", name="Open the PDF")
    expect(link).to_be_visible(timeout=STEP_MS)
    page.wait_for_timeout(1000)
    page.screenshot(path=screenshots / "s3-chat-light.png", full_page=True)
    target = link.get_attribute("href")
    assert target and "#page=" in target
    opened = page.request.get(urljoin(address, target))
    assert opened.body()[:5] == b"%PDF-"

    aws.faults.append(Fault(code="ExpiredToken", status=400, fits="/kb-documents", times=999))
    page.get_by_role("link", name="Upload and sync").click()
    expect(page.get_by_text("log in again")).to_be_visible(timeout=STEP_MS)
    page.screenshot(path=screenshots / "s3-expired-light.png")
