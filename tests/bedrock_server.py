"""A small Bedrock on this machine: InvokeModel for Titan and Cohere, ConverseStream and Rerank.

Requests are checked against what Bedrock documents, by rules of the tests and not by kb's. Errors
that a test wants are put into `errors` and answered first; what ConverseStream is to reply is put
into `replies`, as frames of tests.event_stream.
"""

from __future__ import annotations

import json
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from tests.bedrock_embeddings import COHERE, TITAN, Refused, check, cohere, titan
from tests.event_stream import CONTENT_TYPE, Frame, text_reply

#: Codes of InvokeModel's errors with their HTTP status.
STATUS = {
    "AccessDeniedException": 403,
    "InternalServerException": 500,
    "ModelErrorException": 424,
    "ModelNotReadyException": 429,
    "ModelTimeoutException": 408,
    "ResourceNotFoundException": 404,
    "ServiceQuotaExceededException": 400,
    "ServiceUnavailableException": 503,
    "ThrottlingException": 429,
    "ValidationException": 400,
}
#: Answers with what it was asked, as a model of text would.
ECHO = "amazon.echo-text-v1"


@dataclass
class BedrockServer:
    """What the server was asked, and what it is to do wrong."""

    url: str
    requests: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    #: What ConverseStream replies, one for each request to come; then `reply` makes one.
    replies: deque[Iterable[Frame]] = field(default_factory=deque)
    reply: Callable[[dict[str, Any]], Iterable[Frame]] = lambda _request: text_reply("Yes [1].")
    #: Results of a Rerank's response.
    rerank_page: int = 1000
    #: Whether it forgets what does not stand on the first page.
    rerank_is_cut: bool = False
    #: Pairs of code and message, one for each request to come.
    errors: deque[tuple[str, str]] = field(default_factory=deque)
    slow_seconds: float = 0.0
    #: Requests under way at the same time, the most there were.
    most_at_once: int = 0
    at_once: int = 0
    #: Set when a reader left in the middle of a stream.
    hung_up: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def set_environment(self, monkeypatch: pytest.MonkeyPatch, nowhere: Path) -> None:
        """Let boto3 find the server in this process, and nothing else of AWS."""
        for name, value in self.environment.items():
            monkeypatch.setenv(name, value)
        for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
            monkeypatch.setenv(name, str(nowhere / name))

    @property
    def environment(self) -> dict[str, str]:
        """For boto3, in this process or in another."""
        return {
            "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": self.url,
            "AWS_ENDPOINT_URL_BEDROCK_AGENT_RUNTIME": self.url,
            "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def answer(self, model_id: str, content: bytes) -> dict[str, Any]:
        """The response's body; raises Refused."""
        body = self.take(model_id, content)
        if model_id in TITAN:
            return titan(model_id, body)
        if model_id in COHERE:
            return cohere(model_id, body)
        if model_id == ECHO:
            return {"results": [{"outputText": body["inputText"]}]}
        raise Refused("ValidationException", "The provided model identifier is invalid.")

    def converse(self, model_id: str, content: bytes) -> Iterable[Frame]:
        """The frames of the reply; raises Refused."""
        body = self.take(model_id, content)
        check("inferenceConfig" not in body or bool(body["inferenceConfig"]), "empty")
        blocks = [block for message in body["messages"] for block in message["content"]]
        texts = [*body.get("system", []), *(block for block in blocks if "text" in block)]
        check(all(block["text"].strip() for block in texts), "The text field is blank.")
        roles = [message["role"] for message in body["messages"]]
        check(roles == ["user", "assistant"] * (len(roles) // 2) + ["user"], "roles must alternate")
        return self.replies.popleft() if self.replies else self.reply(body)

    def rerank(self, content: bytes) -> dict[str, Any]:
        """Scores by shared words, best first, in pages of `rerank_page`; raises Refused."""
        body = self.take("rerank", content)
        chosen = body["rerankingConfiguration"]["bedrockRerankingConfiguration"]
        check(chosen["modelConfiguration"]["modelArn"].startswith("arn:aws:bedrock:"), "modelArn")
        (query,) = (set(q["textQuery"]["text"].lower().split()) for q in body["queries"])
        texts = [s["inlineDocumentSource"]["textDocument"]["text"] for s in body["sources"]]
        check(all(1 <= len(text) <= 32_000 for text in texts), "sources")
        shared = [len(query & set(text.lower().split())) / len(query) for text in texts]
        order = sorted(range(len(texts)), key=lambda i: -shared[i])[: chosen["numberOfResults"]]
        found = [{"index": i, "relevanceScore": shared[i]} for i in order]
        start = int(body.get("nextToken", 0))
        end = start + self.rerank_page
        more = {"nextToken": str(end)} if end < len(found) and not self.rerank_is_cut else {}
        return {"results": found[start:end], **more}

    def take(self, model_id: str, content: bytes) -> dict[str, Any]:
        """Note a request and give its body; raises Refused."""
        with self.lock:
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
            error = self.errors.popleft() if self.errors else None
        time.sleep(self.slow_seconds)
        with self.lock:
            self.at_once -= 1
        if error:
            raise Refused(*error)
        try:
            body: dict[str, Any] = json.loads(content)
        except ValueError:
            raise Refused("ValidationException", "Malformed input request") from None
        with self.lock:
            self.requests.append((model_id, body))
        return body


@contextmanager
def bedrock_server() -> Iterator[BedrockServer]:
    """A server on a free port, stopped in the end."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            content = self.rfile.read(int(self.headers["Content-Length"]))
            assert "Authorization" in self.headers
            try:
                if self.path == "/rerank":
                    self.send(200, server.rerank(content), None)
                    return
                _, model, model_id, verb = self.path.split("/")
                assert model == "model"
                if verb == "converse-stream":
                    self.stream(server.converse(unquote(model_id), content))
                    return
                assert verb == "invoke"
                body, code = server.answer(unquote(model_id), content), None
            except Refused as error:
                body, code = {"message": str(error)}, error.code
            self.send(STATUS.get(code or "", 200 if code is None else 403), body, code)

        def stream(self, frames: Iterable[Frame]) -> None:
            """A chunk for each frame; a number is a pause, None hangs up."""
            self.send_response(200)
            self.send_header("Content-Type", CONTENT_TYPE)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for frame in frames:
                if frame is None:
                    self.close_connection = True
                    return
                if isinstance(frame, float):
                    time.sleep(frame)
                    continue
                try:
                    self.wfile.write(f"{len(frame):x}\r\n".encode() + frame + b"\r\n")
                    self.wfile.flush()
                except OSError:
                    server.hung_up.set()
                    self.close_connection = True
                    return
            self.wfile.write(b"0\r\n\r\n")

        def send(self, status: int, body: Mapping[str, Any], code: str | None) -> None:
            data = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            if code:
                self.send_header("x-amzn-ErrorType", f"{code}:http://internal.amazon.com/")
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_details: object) -> None:
            """Say nothing."""

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server = BedrockServer(url=f"http://127.0.0.1:{http.server_port}")
    thread = threading.Thread(target=http.serve_forever)
    thread.start()
    try:
        yield server
    finally:
        http.shutdown()
        thread.join()
        http.server_close()
