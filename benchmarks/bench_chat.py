"""How long somebody in front of the chat waits, measured in Chromium.

    KB_DATA_DIR=... python -m benchmarks.bench_chat questions.jsonl [--limit 30] [--browsers 10]

The knowledge base must be synced. Starts the app on a free port. One browser: from Enter to the
first citation on screen, and from pressing another citation to its page. Then some browsers at
once, each asking the same number of questions one after the other.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import statistics
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import Page, sync_playwright

from benchmarks.figures import Figures, share

ROOT = Path(__file__).resolve().parents[1]
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
CHIP = ".chip"
PICTURE = ".st-key-evidence_pane [data-testid=stImage] img"
#: Runs in the page: whether the cited page that is shown is another one, and drawn.
TURNED = """before => {
    const image = document.querySelector('%s');
    return image && image.src !== before && image.complete && image.naturalWidth > 0;
}""" % PICTURE.replace("'", "\\'")  # noqa: UP031 - braces belong to the script.
PATIENCE_MS = 60_000


def main() -> int:
    """Ask, press, and print what it took."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("questions", type=Path, help="question set, JSONL")
    parser.add_argument("--limit", type=int, default=30, help="questions (30)")
    parser.add_argument("--browsers", type=int, default=10, help="at once (10)")
    parser.add_argument("--chromium", default="/usr/bin/chromium")
    arguments = parser.parse_args()
    lines = [json.loads(line) for line in arguments.questions.read_text("utf-8").splitlines()]
    questions = [line["question"] for line in lines if line["pages"]][: arguments.limit]
    figures = Figures()
    with served() as address:
        alone, pages = _alone(arguments.chromium, address, questions)
        figures.load("after one browser")
        figures.spread("Enter to the first citation (goal p50 1,000)", alone)
        figures.spread("pressing a citation to its page (goal p50 400)", pages)
        many, failed = _together(arguments, address, questions[:5])
    figures.note(f"errors with {arguments.browsers} browsers", str(failed))
    figures.spread(f"the same with {arguments.browsers} browsers", many)
    ratio = share(many, 0.95) / statistics.median(alone)
    figures.note("their p95 / p50 of one (goal 10)", f"{ratio:.1f}")
    return 0


@contextmanager
def served() -> Iterator[str]:
    """The app on this KB_DATA_DIR, for as long as the context lasts."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {**os.environ, "KB_PORT": str(port)}
    command = [sys.executable, "-m", "kb", "serve"]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL) as app:
        address = f"http://127.0.0.1:{port}"
        for _ in range(600):
            try:
                urllib.request.urlopen(f"{address}/_stcore/health")
                break
            except OSError:
                time.sleep(0.1)
        yield address
        app.terminate()


def _alone(
    chromium: str, address: str, questions: Sequence[str]
) -> tuple[list[float], list[float]]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        # The first visit opens the database and loads the model.
        _ask(page, address, questions[0])
        answers, pages = [], []
        for question in questions:
            answers.append(_ask(page, address, question))
            if turned := _press(page):
                pages.append(turned)
        browser.close()
    return answers, pages


def _together(
    arguments: argparse.Namespace, address: str, questions: Sequence[str]
) -> tuple[list[float], int]:
    """Times of all browsers, and how many of the questions failed."""
    times: list[float] = []
    failed: list[PlaywrightError] = []

    def use() -> None:
        with sync_playwright() as playwright:
            options = {"executable_path": arguments.chromium, "args": ARGUMENTS}
            browser = playwright.chromium.launch(**options)
            page = browser.new_page(viewport={"width": 1280, "height": 900})
            for question in questions:
                try:
                    times.append(_ask(page, address, question))
                except PlaywrightError as error:
                    failed.append(error)
            browser.close()

    users = [threading.Thread(target=use) for _ in range(arguments.browsers)]
    for user in users:
        user.start()
    for user in users:
        user.join()
    return times, len(failed)


def _ask(page: Page, address: str, question: str) -> float:
    """Milliseconds from Enter to the first citation, in a new conversation."""
    page.goto(f"{address}/chat", timeout=PATIENCE_MS)
    box = page.get_by_placeholder("Ask about your documents")
    box.fill(question, timeout=PATIENCE_MS)
    page.wait_for_timeout(500)
    start = time.perf_counter()
    box.press("Enter")
    page.locator(CHIP).first.wait_for(timeout=PATIENCE_MS)
    return (time.perf_counter() - start) * 1000


def _press(page: Page) -> float | None:
    """Milliseconds from pressing the second citation to its page; None when it has none."""
    page.locator(PICTURE).first.wait_for(timeout=PATIENCE_MS)
    page.wait_for_timeout(1500)
    if page.locator(CHIP).count() < 2:
        return None
    before = page.locator(PICTURE).first.get_attribute("src")
    start = time.perf_counter()
    page.locator(CHIP).nth(1).click()
    page.wait_for_function(TURNED, arg=before, timeout=PATIENCE_MS)
    return (time.perf_counter() - start) * 1000


if __name__ == "__main__":
    raise SystemExit(main())
