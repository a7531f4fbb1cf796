"""The demonstration: the sample, a file, an address; an answer that resolves, or a sentence."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from kb.demo import QUESTION, SAMPLE, demo
from kb.errors import ObjectStoreError
from kb.models import DocumentStatus
from kb.workbench import Workbench

pytestmark = pytest.mark.database

NOTE = "# pg_stat_io\n\nThe pg_stat_io view has one row for each backend type and context.\n"


class Site(BaseHTTPRequestHandler):
    """Serves a note under any name, but for the ways in which a site can fail."""

    def do_GET(self) -> None:
        if self.path.startswith("/missing"):
            self.send_error(404)
            return
        if self.path.startswith("/nonsense"):
            self.wfile.write(b"this is no HTTP\r\n\r\n")
            return
        content = NOTE.encode()
        self.send_response(200)
        # A broken connection gives less than was announced.
        more = 1000 if self.path.startswith("/broken") else 0
        self.send_header("Content-Length", str(len(content) + more))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *arguments: object) -> None:
        """Keep quiet."""


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def printed(capsys: pytest.CaptureFixture[str]) -> Callable[[], str]:
    """What was printed so far."""
    return lambda: capsys.readouterr().out


def keys(bench: Workbench) -> list[str]:
    return [document.key for document in bench.data_source.documents()]


def test_the_sample_is_loaded_answered_and_reused(
    bench: Workbench, printed: Callable[[], str]
) -> None:
    assert demo(bench, "") == 0
    first = printed()
    assert QUESTION in first and "[1]" in first and ", page " in first
    assert keys(bench) == [SAMPLE.name]
    # The second time nothing is left to be done.
    assert demo(bench, "") == 0
    assert len(bench.data_source.list_ingestion_jobs()) == 1


def test_a_file_of_one_s_own_is_used(bench: Workbench, tmp_path: Path) -> None:
    (tmp_path / "note.md").write_text(NOTE)
    assert demo(bench, str(tmp_path / "note.md")) == 0
    assert keys(bench) == ["note.md"]


@pytest.mark.parametrize(
    ("path", "key"),
    [
        ("/notes/my%20note.md?version=2#top", "my note.md"),
        ("/%2e%2e/%2e%2e/note.md", "note.md"),
        ("/a%2f%2e%2e%2fnote.md", "note.md"),
    ],
)
def test_an_address_is_downloaded_under_its_last_name(
    path: str, key: str, site: str, bench: Workbench
) -> None:
    assert demo(bench, site + path) == 0
    assert keys(bench) == [key]


@pytest.mark.parametrize("path", ["/missing.md", "/nonsense.md", "/broken.md", "/with space.md"])
def test_an_address_that_gives_nothing_whole_is_a_sentence(
    path: str, site: str, bench: Workbench
) -> None:
    with pytest.raises(ObjectStoreError, match="can not be downloaded"):
        demo(bench, site + path)
    assert keys(bench) == []


@pytest.mark.parametrize("address", ["http://127.0.0.1:1/a.md", "http://", "http://[x/a.md"])
def test_an_address_where_nobody_is_is_a_sentence(address: str, bench: Workbench) -> None:
    with pytest.raises(ObjectStoreError):
        demo(bench, address)


def test_a_document_that_does_not_answer_is_no_success(
    bench: Workbench, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "bread.md").write_text("# Bread\n\nFlour, water and salt are baked for an hour.\n")
    assert demo(bench, str(tmp_path / "bread.md")) == 1
    assert "No citation leads to" in capsys.readouterr().err


def test_a_document_that_can_not_be_read_is_no_success(
    bench: Workbench, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty.pdf").write_text("")
    assert demo(bench, str(tmp_path / "empty.pdf")) == 1
    assert "empty.pdf: " in capsys.readouterr().err
    assert bench.data_source.documents()[0].status is DocumentStatus.FAILED
