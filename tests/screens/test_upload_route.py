"""The upload routes over HTTP, on the app's own server in a process of its own."""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.made_up import NewDatabase

pytestmark = pytest.mark.database
ROOT = Path(__file__).resolve().parents[2]
MB = 1 << 20
SECONDS = 60
NOTE = b"# Checkpoints\n\nA checkpoint writes all dirty buffers to disk.\n"


@dataclass(frozen=True)
class Answer:
    """What the server said."""

    code: int
    json: Any

    @property
    def refusal(self) -> tuple[int, str]:
        return self.code, self.json["message"]


class Server:
    """The running app as a program sees it."""

    def __init__(self, process: subprocess.Popen[str], port: int, bucket: Path) -> None:
        assert process.stdout
        self.process = process
        self.port = port
        self.bucket = bucket
        self.token = process.stdout.readline().strip()

    def put(self, key: str, body: Any, headers: dict[str, str] | None = None) -> Answer:
        query = urlencode({"key": key})
        return self.send("PUT", f"document?{query}", body, headers)

    def send(
        self, method: str, path: str, body: Any, headers: dict[str, str] | None = None
    ) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=SECONDS)
        connection.request(
            method, f"/_upload/{path}", body, {"X-Upload-Token": self.token, **(headers or {})}
        )
        response = connection.getresponse()
        content = response.read()
        connection.close()
        kind = response.headers.get_content_type()
        return Answer(
            response.status, json.loads(content) if kind == "application/json" else content
        )

    def begin(self, key: str, size_bytes: int, first: bytes) -> socket.socket:
        """Announce a body and send its beginning."""
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=SECONDS)
        query = urlencode({"key": key})
        head = (
            f"PUT /_upload/document?{query} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\n"
            f"X-Upload-Token: {self.token}\r\nContent-Length: {size_bytes}\r\n\r\n"
        )
        connection.sendall(head.encode() + first)
        return connection

    def peak_memory(self) -> int:
        """Most resident bytes since the process began."""
        status = Path(f"/proc/{self.process.pid}/status").read_text("ascii")
        line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024

    def stored(self) -> list[str]:
        """Keys in the bucket, and files that are on their way into it."""
        return sorted(
            str(path.relative_to(self.bucket / "objects"))
            if path.is_relative_to(self.bucket / "objects")
            else f"incoming: {path.name}"
            for path in self.bucket.rglob("*")
            if path.is_file() and not path.name.startswith(".")
        )

    def empty(self) -> None:
        for path in self.bucket.rglob("*"):
            if path.is_file():
                path.unlink()


@pytest.fixture(scope="module")
def running(
    new_database: NewDatabase, template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """One server for all tests here."""
    folder = tmp_path_factory.mktemp("uploads")
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
        yield server
        process.terminate()
        process.wait(timeout=20)
        assert process.stdout
        process.stdout.close()


@pytest.fixture
def app(running: Server) -> Server:
    """The server over an empty bucket."""
    running.empty()
    return running


def test_a_document_is_stored_whole_with_the_md5_of_its_bytes(app: Server) -> None:
    body = os.urandom(3 * MB + 17)
    answer = app.put("deep/random.pdf", body)
    expected = hashlib.md5(body, usedforsecurity=False).hexdigest()
    assert answer == Answer(
        201, {"key": "deep/random.pdf", "size_bytes": len(body), "etag": expected}
    )
    assert (app.bucket / "objects" / "deep" / "random.pdf").read_bytes() == body


def test_large_documents_do_not_pass_through_the_memory_of_the_server(app: Server) -> None:
    app.put("warm.txt", bytes(2 * MB))
    before = app.peak_memory()
    for number in range(4):
        assert app.put(f"{number}.pdf", _pieces(40)).code == 201
    assert app.peak_memory() - before < 20 * MB


def test_a_body_of_unannounced_length_is_stored_whole(app: Server) -> None:
    answer = app.put("a.txt", _pieces(2))
    assert (answer.code, answer.json["size_bytes"]) == (201, 2 * MB)


def test_a_body_too_large_is_refused_before_it_is_sent(app: Server) -> None:
    connection = app.begin("big.pdf", 51 * MB, b"")
    head, _, body = _reply(connection)
    assert head.startswith("HTTP/1.1 413")
    assert json.loads(body)["message"] == (
        "'big.pdf' is larger than 50 MB, the largest document; "
        "split it or raise KB_MAX_DOCUMENT_BYTES."
    )
    assert app.stored() == []


def test_a_body_that_grows_too_large_is_refused_and_not_stored(app: Server) -> None:
    code, sentence = app.put("big.pdf", _pieces(60)).refusal
    assert (code, "larger than 50 MB" in sentence) == (413, True)
    assert app.stored() == []


def test_a_connection_cut_midway_leaves_nothing_behind(app: Server) -> None:
    connection = app.begin("cut.pdf", 40 * MB, bytes(5 * MB))
    _await(lambda: app.stored() != [])
    connection.close()
    _await(lambda: app.stored() == [])
    assert app.put("after.txt", NOTE).code == 201


def test_the_same_file_twice_is_one_document(app: Server) -> None:
    first = app.put("note.md", NOTE)
    assert app.put("note.md", NOTE) == first
    assert app.stored() == ["note.md"]


def test_many_uploads_at_once_are_all_stored(app: Server) -> None:
    # More than there are threads for them.
    connections = [app.begin(f"{n}.txt", len(NOTE), NOTE[:-1]) for n in range(20)]
    for connection in connections:
        connection.sendall(NOTE[-1:])
    assert {_reply(connection)[0].split()[1] for connection in connections} == {"201"}
    assert len(app.stored()) == 20


@pytest.mark.parametrize(
    "key",
    [
        *("../../evil.txt", "a/../../b.txt", "/etc/passwd.txt", ".hidden.txt", "a//b.txt"),
        *("a\\b.txt", "a\nb.txt", "a\0b.txt", "x" * 1000 + ".txt", "é" * 600 + ".txt"),
    ],
)
def test_a_name_that_is_not_usable_gets_a_sentence(app: Server, key: str) -> None:
    code, sentence = app.put(key, NOTE).refusal
    assert code == 400
    assert sentence.endswith(("rename the file.", "shorten it."))
    assert app.stored() == []


@pytest.mark.parametrize("query", ["", "key=", "key=a.txt&key=b.txt", "key=%ff.txt"])
def test_a_document_needs_one_name(app: Server, query: str) -> None:
    assert app.send("PUT", f"document?{query}", NOTE).code == 400


def test_an_unsupported_type_is_refused_with_what_to_do(app: Server) -> None:
    assert app.put("slides.pptx", NOTE).refusal == (
        415,
        ".pptx is not supported; save it as pdf and upload that.",
    )
    assert app.stored() == []


def test_a_metadata_file_is_stored(app: Server) -> None:
    assert app.put("note.md.metadata.json", b'{"metadataAttributes": {}}').code == 201


def test_names_may_have_any_letters_and_spaces(app: Server) -> None:
    key = "Übersicht 2024 + 100% & more/計画 #1?.txt"
    assert app.put(key, NOTE).json["key"] == key
    assert app.stored() == [key]


def test_check_gives_the_sentence_that_an_upload_would_get(app: Server) -> None:
    batch = [["a.pdf", 10], ["a.pptx", 10], ["b.pdf", 51 * MB], ["a.pdf.metadata.json", 10]]
    answer = app.send("POST", "check", json.dumps(batch))
    assert answer.code == 200
    assert answer.json == [
        None,
        app.put("a.pptx", NOTE).json["message"],
        app.put("b.pdf", _pieces(51)).json["message"],
        None,
    ]


@pytest.mark.parametrize(
    "content", ["", "[", "3", '[["a.pdf"]]', "[[1, 2]]", '[["a.pdf", "x"]]', "[" * 100_000]
)
def test_a_check_of_something_else_gets_a_sentence(app: Server, content: str) -> None:
    code, sentence = app.send("POST", "check", content).refusal
    assert (code, "name and size" in sentence) == (400, True)


def test_a_check_of_too_much_is_refused(app: Server) -> None:
    assert app.send("POST", "check", b" " * (2 * MB)).code == 413


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"X-Upload-Token": ""},
        {"X-Upload-Token": "guessed"},
    ],
    ids=str,
)
@pytest.mark.parametrize("path", ["document?key=note.md", "check"])
def test_whoever_is_not_the_app_s_page_is_refused(
    app: Server, headers: dict[str, str], path: str
) -> None:
    answer = app.send("POST" if path == "check" else "PUT", path, NOTE, headers)
    assert answer.code == 403
    assert app.stored() == []


def test_the_app_s_page_is_let_in(app: Server) -> None:
    own = {"Origin": f"http://127.0.0.1:{app.port}", "Sec-Fetch-Site": "same-origin"}
    assert app.put("note.md", NOTE, own).code == 201


def test_a_browser_that_asks_for_another_site_is_told_no(app: Server) -> None:
    asked = {"Origin": "http://evil.example", "Access-Control-Request-Method": "PUT"}
    connection = http.client.HTTPConnection("127.0.0.1", app.port, timeout=SECONDS)
    connection.request("OPTIONS", "/_upload/document?key=a.txt", None, asked)
    response = connection.getresponse()
    response.read()
    connection.close()
    assert response.status == 405
    assert not [name for name in response.headers if name.lower().startswith("access-control")]


def _pieces(megabytes: int) -> Iterator[bytes]:
    """A body that is never whole in the memory of the test either."""
    return (bytes(MB) for _ in range(megabytes))


def _reply(connection: socket.socket) -> tuple[str, str, str]:
    response = http.client.HTTPResponse(connection)
    response.begin()
    body = response.read().decode()
    connection.close()
    return f"HTTP/1.1 {response.status}", "", body


def _answers(server: Server) -> bool:
    assert server.process.poll() is None, "the server ended while starting"
    try:
        # Opens the workbench.
        return server.send("POST", "check", "[]").code == 200
    except ConnectionError:
        return False


def _await(condition: Any) -> None:
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
