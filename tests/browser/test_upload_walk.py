"""The drop area in a real Chromium: files, folders, refusals, progress, Cancel, light and dark.

Screenshots go to the folder named by SCREENSHOTS, or to pytest's own.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Dialog, Page, expect, sync_playwright

from kb.settings import Settings
from kb.workbench import Workbench
from tests.browser import test_walk as walk

pytestmark = pytest.mark.browser
chromium, screenshots, app = walk.chromium, walk.screenshots, walk.app
STEP_MS = 30_000
MB = 1 << 20
NOTE = "# Checkpoints\n\nA checkpoint writes all dirty buffers to disk.\n"
FEW_BYTES_A_SECOND = 400_000
#: For tests that take pictures.
in_both_schemes = pytest.mark.parametrize("scheme", ["light", "dark"], indirect=True)


@pytest.fixture
def scheme(request: pytest.FixtureRequest) -> str:
    """What the visitor's system prefers."""
    colours: str = getattr(request, "param", "light")
    return colours


@pytest.fixture
def page(chromium: str, app: str, scheme: str) -> Iterator[Page]:
    """The page Upload and sync, open."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=walk.ARGUMENTS)
        page = walk._open(browser, scheme)
        page.goto(app)
        expect(page.get_by_role("button", name="Choose files")).to_be_visible(timeout=STEP_MS)
        yield page
        browser.close()


@in_both_schemes
def test_files_and_a_folder_go_in_and_each_failure_has_its_sentence(
    page: Page, scheme: str, tmp_path: Path, screenshots: Path, bench: Workbench
) -> None:
    page.screenshot(path=screenshots / f"uploads-empty-{scheme}.png")
    folder = tmp_path / "notes"
    (folder / "deep").mkdir(parents=True)
    for name in ("a.md", "deep/b.md", ".hidden.md"):
        (folder / name).write_text(NOTE)
    page.locator("input.folder").set_input_files(folder)
    expect(page.get_by_text("2 files stored · 1 hidden file left out")).to_be_visible()
    expect(page.get_by_text("2 documents differ")).to_be_visible(timeout=STEP_MS)

    names = ["guide.md", "slides.pptx", "huge.pdf", "back\\slash.txt", "<b>bold<img src=x>.md"]
    for name in names:
        (tmp_path / name).write_text(NOTE)
    os.truncate(tmp_path / "huge.pdf", 51 * MB)
    page.locator("input.files").set_input_files([tmp_path / name for name in names])
    expect(page.get_by_text("2 files stored · 3 files not stored")).to_be_visible()
    expect(page.get_by_text(".pptx is not supported; save it as pdf")).to_be_visible()
    expect(page.get_by_text("larger than 50 MB, the largest document")).to_be_visible()
    expect(page.get_by_text("rename the file")).to_be_visible()
    expect(page.get_by_text("4 documents differ")).to_be_visible(timeout=STEP_MS)
    page.wait_for_timeout(1000)
    page.screenshot(path=screenshots / f"uploads-failed-{scheme}.png", full_page=True)
    keys = [document.key for document in bench.data_source.documents()]
    assert keys == ["<b>bold<img src=x>.md", "guide.md", "notes/a.md", "notes/deep/b.md"]


def test_a_dropped_folder_is_uploaded_by_its_paths(
    page: Page, tmp_path: Path, bench: Workbench
) -> None:
    folder = tmp_path / "dropped"
    (folder / "deep").mkdir(parents=True)
    # More than a browser lists at once.
    names = [f"deep/{number:03}.md" for number in range(150)]
    for name in (*names, ".git.md"):
        (folder / name).write_text(NOTE)
    (tmp_path / "alone.txt").write_text(NOTE)
    _drop(page, folder, tmp_path / "alone.txt")
    expect(page.get_by_text("151 files stored · 1 hidden file left out")).to_be_visible(
        timeout=STEP_MS
    )
    keys = [document.key for document in bench.data_source.documents()]
    assert keys == ["alone.txt", *(f"dropped/{name}" for name in names)]


@in_both_schemes
def test_cancel_keeps_what_arrived_and_nothing_of_the_rest(
    page: Page, scheme: str, tmp_path: Path, screenshots: Path, settings: Settings, bench: Workbench
) -> None:
    (tmp_path / "first.md").write_text(NOTE)
    large = [tmp_path / f"the large document, number {number}.pdf" for number in range(5)]
    for path in large:
        path.write_bytes(bytes(4 * MB))
    _slow_down(page)
    page.locator("input.files").set_input_files([tmp_path / "first.md", *large])
    expect(page.get_by_text("1 of 6 files")).to_be_visible(timeout=STEP_MS)
    expect(page.locator(".active li")).to_have_count(3)
    expect(page.locator(".active .facts").first).to_have_text(re.compile(r"of 4\.2 MB · .+ kB/s"))
    page.wait_for_timeout(3000)
    page.screenshot(path=screenshots / f"uploads-busy-{scheme}.png")
    page.get_by_role("button", name="Cancel").press("Enter")
    expect(page.get_by_text("1 file stored · cancelled before 5 other files")).to_be_visible()
    expect(page.get_by_text("1 document differs")).to_be_visible(timeout=STEP_MS)
    assert [document.key for document in bench.data_source.documents()] == ["first.md"]
    incoming = settings.data_dir / "buckets" / "workbench" / "incoming"
    assert list(incoming.iterdir()) == []


def test_uploads_go_on_while_another_page_is_open(
    page: Page, tmp_path: Path, bench: Workbench
) -> None:
    path = tmp_path / "large.pdf"
    path.write_bytes(bytes(2 * MB))
    _slow_down(page)
    page.locator("input.files").set_input_files(path)
    expect(page.get_by_text("0 of 1 file")).to_be_visible()
    page.get_by_role("link", name="Index tuning").click()
    expect(page.get_by_role("heading", name="Index tuning")).to_be_visible(timeout=STEP_MS)
    page.get_by_role("link", name="Upload and sync").click()
    expect(page.locator(".active .name")).to_have_text("large.pdf", timeout=STEP_MS)
    expect(page.get_by_text("1 file stored")).to_be_visible(timeout=STEP_MS)
    expect(page.get_by_text("1 document differs")).to_be_visible(timeout=STEP_MS)
    assert [document.key for document in bench.data_source.documents()] == ["large.pdf"]


def test_leaving_is_asked_about_only_while_something_is_under_way(
    page: Page, tmp_path: Path
) -> None:
    asked: list[str] = []

    def leave(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.accept()

    page.on("dialog", leave)
    path = tmp_path / "large.pdf"
    path.write_bytes(bytes(2 * MB))
    # A browser asks only for pages that have been touched.
    page.get_by_role("heading", name="Upload and sync").click()
    page.locator("input.files").set_input_files(path)
    expect(page.get_by_text("1 file stored")).to_be_visible(timeout=STEP_MS)
    page.reload()
    assert asked == []
    page.get_by_role("heading", name="Upload and sync").click()
    _slow_down(page)
    page.locator("input.files").set_input_files(path)
    expect(page.get_by_text("0 of 1 file")).to_be_visible()
    page.reload()
    assert asked == ["beforeunload"]


@in_both_schemes
def test_thousands_of_refused_files_are_a_short_list_and_a_count(
    page: Page, scheme: str, tmp_path: Path, screenshots: Path
) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for number in range(3000):
        (folder / f"{number:04}.png").write_bytes(b"")
    (folder / "0000.md").write_text(NOTE)
    page.locator("input.folder").set_input_files(folder)
    expect(page.get_by_text("1 file stored · 3,000 files not stored")).to_be_visible(
        timeout=STEP_MS
    )
    expect(page.locator(".failed li")).to_have_count(100)
    expect(page.get_by_text("and 2,900 more files that failed")).to_be_visible()
    page.screenshot(path=screenshots / f"uploads-thousands-{scheme}.png")


def _slow_down(page: Page) -> None:
    """Make the way to the server slow enough to be watched."""
    page.context.new_cdp_session(page).send(
        "Network.emulateNetworkConditions",
        {
            "offline": False,
            "latency": 0,
            "downloadThroughput": -1,
            "uploadThroughput": FEW_BYTES_A_SECOND,
        },
    )


def _drop(page: Page, *paths: Path) -> None:
    """Drop files and folders from the file manager onto the area."""
    box = page.locator(".drop").bounding_box()
    assert box
    session = page.context.new_cdp_session(page)
    data = {"items": [], "files": [str(path) for path in paths], "dragOperationsMask": 1}
    at = {"x": box["x"] + 100, "y": box["y"] + 30, "data": data}
    for kind in ("dragEnter", "dragOver", "drop"):
        session.send("Input.dispatchDragEvent", {"type": kind, **at})
