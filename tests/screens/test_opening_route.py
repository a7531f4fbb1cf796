"""The route that opens a cited document, over HTTP, on the app's own server."""

from __future__ import annotations

import hashlib
import http.client
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from kb.screens.opening.route import address
from tests.made_up import NewDatabase
from tests.screens.test_upload_route import SECONDS, Server, _answers, _await, _free_port

pytestmark = pytest.mark.database
ROOT = Path(__file__).resolve().parents[2]
PDF = b"%PDF-1.4\n" + bytes(range(256)) * 40
PAGE = b"<script>alert(1)</script>"


@pytest.fixture(scope="module")
def app(
    new_database: NewDatabase, template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """The app with two documents in its bucket."""
    folder = tmp_path_factory.mktemp("opening")
    port = _free_port()
    with new_database(template) as url, (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.screens.serving", str(port)],
            cwd=ROOT,
            env={**os.environ, "KB_DATA_DIR": str(folder), "KB_DATABASE_URL": url},
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
        server = Server(process, port, folder / "buckets" / "workbench")
        _await(lambda: _answers(server))
        server.put("a folder/größe.pdf", PDF)
        server.put("page.html", PAGE)
        yield server
        process.terminate()
        process.wait(timeout=20)
        assert process.stdout
        process.stdout.close()


def get(
    app: Server, path: str, headers: dict[str, str] | None = None
) -> tuple[http.client.HTTPResponse, bytes]:
    """What the server says."""
    connection = http.client.HTTPConnection("127.0.0.1", app.port, timeout=SECONDS)
    connection.request("GET", path, headers=headers or {})
    response = connection.getresponse()
    content = response.read()
    connection.close()
    return response, content


def etag(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def test_a_pdf_is_shown_in_the_browser(app: Server) -> None:
    response, content = get(app, address("a folder/größe.pdf", etag(PDF)))
    assert (response.status, content) == (200, PDF)
    assert response.headers["Content-Type"] == "application/pdf"
    assert response.headers["Content-Disposition"].startswith("inline")


def test_a_part_of_a_pdf_can_be_asked_for(app: Server) -> None:
    path = address("a folder/größe.pdf", etag(PDF))
    response, content = get(app, path, {"Range": "bytes=10-19"})
    assert (response.status, content) == (206, PDF[10:20])


def test_another_format_is_saved_and_never_shown(app: Server) -> None:
    response, content = get(app, address("page.html", etag(PAGE)))
    assert content == PAGE
    assert response.headers["Content-Disposition"].startswith("attachment")
    assert response.headers["Content-Type"] == "application/octet-stream"
    assert "sandbox" in response.headers["Content-Security-Policy"]


def test_a_version_that_is_no_longer_there_is_said(app: Server) -> None:
    response, content = get(app, address("page.html", "another"))
    assert response.status == 404 and b"changed since" in content


@pytest.mark.parametrize(
    "path", [address("missing.pdf", ""), address("../../etc/passwd", ""), "/_document"]
)
def test_what_is_not_in_the_bucket_is_refused(app: Server, path: str) -> None:
    response, _ = get(app, path)
    assert response.status in (400, 404)


@pytest.mark.parametrize(
    "headers", [{"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}]
)
def test_another_site_gets_nothing(app: Server, headers: dict[str, str]) -> None:
    response, _ = get(app, address("page.html", ""), headers)
    assert response.status == 403
