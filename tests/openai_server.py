"""A small OpenAI-compatible endpoint on this machine, which does wrong what a test wants.

It refuses what such servers refuse. A reply is a list of steps: a chunk of the stream to send, raw
bytes, seconds to pause, or None to hang up.
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
from typing import Any

Step = dict[str, Any] | bytes | float | None
DONE = b"data: [DONE]\n\n"


@dataclass
class Refusal:
    """A response that is no answer."""

    status: int
    body: object = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass
class OpenAiServer:
    """What the server was asked, and what it is to reply."""

    url: str
    #: Path, headers and body of each request.
    requests: list[tuple[str, dict[str, str], dict[str, Any]]] = field(default_factory=list)
    #: One for each request to come; then `reply` makes one.
    replies: deque[Iterable[Step] | Refusal] = field(default_factory=deque)
    reply: Callable[[dict[str, Any]], Iterable[Step]] = lambda _body: text_reply("Yes [1].")
    #: Whether streams come in chunks of HTTP, or end with the connection.
    is_chunked: bool = True

    @property
    def bodies(self) -> list[dict[str, Any]]:
        return [body for _, _, body in self.requests]


def chunk(text: str | None = None, finish_reason: str | None = None, **more: object) -> Step:
    """A chunk of a completion."""
    delta = {} if text is None else {"content": text}
    choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
    return {"object": "chat.completion.chunk", "choices": [choice], **more}


def text_reply(*pieces: str, finish_reason: str = "stop") -> list[Step]:
    """A whole stream: a role, pieces of text, the reason, the usage and the end."""
    first = {"choices": [{"index": 0, "delta": {"role": "assistant", "content": ""}}]}
    usage = {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}
    last: list[Step] = [chunk(None, finish_reason), {"choices": [], "usage": usage}, DONE]
    return [first, *map(chunk, pieces), *last]


def problem(body: Mapping[str, Any]) -> str | None:
    """What such a server has to say against a request."""
    roles = [message["role"] for message in body["messages"]]
    known = {"model", "messages", "stream", "stream_options", "temperature", "top_p", "stop"}
    if extra := set(body) - known - {"max_tokens", "max_completion_tokens"}:
        return f"Unrecognized request argument supplied: {extra.pop()}"
    if roles[0] != "system" or roles[1:] != ["user", "assistant"] * (len(roles) // 2 - 1) + [
        "user"
    ]:
        return "Conversation roles must alternate"
    return None


@contextmanager
def openai_server() -> Iterator[OpenAiServer]:
    """A server on a free port, stopped in the end."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            server.requests.append((self.path, dict(self.headers), body))
            if self.path != "/v1/chat/completions":
                self.refuse(Refusal(404, {"error": {"message": "Not found"}}))
            elif said := problem(body):
                self.refuse(Refusal(400, {"error": {"message": said}}))
            elif isinstance(reply := self.next(body), Refusal):
                self.refuse(reply)
            else:
                self.stream(reply)

        do_GET = do_HEAD = do_POST

        def next(self, body: dict[str, Any]) -> Iterable[Step] | Refusal:
            return server.replies.popleft() if server.replies else server.reply(body)

        def refuse(self, refusal: Refusal) -> None:
            is_text = isinstance(refusal.body, str)
            data = (str(refusal.body) if is_text else json.dumps(refusal.body)).encode()
            self.send_response(refusal.status)
            self.send_header("Content-Type", "text/plain" if is_text else "application/json")
            self.send_header("Content-Length", str(len(data)))
            for name, value in refusal.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data)

        def stream(self, steps: Iterable[Step]) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream; charset=utf-8")
            kind = (
                ("Transfer-Encoding", "chunked") if server.is_chunked else ("Connection", "close")
            )
            self.send_header(*kind)
            self.end_headers()
            self.close_connection = True
            for step in steps:
                if step is None:
                    return
                if isinstance(step, float):
                    time.sleep(step)
                elif not self.send(step if isinstance(step, bytes) else event(step)):
                    return
            if server.is_chunked:
                self.wfile.write(b"0\r\n\r\n")

        def send(self, data: bytes) -> bool:
            framed = f"{len(data):x}\r\n".encode() + data + b"\r\n" if server.is_chunked else data
            try:
                self.wfile.write(framed)
                self.wfile.flush()
            except OSError:
                return False
            return True

        def log_message(self, *_details: object) -> None:
            """Say nothing."""

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server = OpenAiServer(url=f"http://127.0.0.1:{http.server_port}/v1")
    thread = threading.Thread(target=http.serve_forever)
    thread.start()
    try:
        yield server
    finally:
        http.shutdown()
        thread.join()
        http.server_close()


def event(step: object) -> bytes:
    """A server-sent event."""
    return b"data: " + json.dumps(step).encode() + b"\n\n"
