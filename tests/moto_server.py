"""AWS on this machine: moto's server, and what it is to do wrong.

It speaks the protocols of S3, Secrets Manager and IAM over HTTP, so that boto3's real clients are
the callers. `faults` are answered first, one for each request that they fit.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest
from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from werkzeug.serving import make_server

#: For one of S3's answers; Secrets Manager's are JSON.
S3_ERROR = "<?xml version='1.0'?><Error><Code>{code}</Code><Message>{message}</Message></Error>"
JSON_ERROR = '{{"__type": "{code}", "message": "{message}"}}'
Respond = Callable[..., Any]


@dataclass(frozen=True, kw_only=True)
class Fault:
    """An answer in place of moto's."""

    code: str
    status: int = 503
    message: str = "Please reduce your request rate."
    #: The requests that it fits, as `METHOD /path?query`.
    fits: str = ""
    times: int = 1
    form: str = S3_ERROR


@dataclass
class AwsServer:
    """A running server."""

    url: str
    faults: list[Fault] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    #: Seconds that every answer takes.
    slow_seconds: float = 0.0
    _served: dict[int, int] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        """For boto3, in this process or in another."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_REGION": "eu-central-1",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def set_environment(self, monkeypatch: pytest.MonkeyPatch, nowhere: Path) -> None:
        """Let boto3 find the server in this process, and nothing else of AWS."""
        for name, value in self.environment.items():
            monkeypatch.setenv(name, value)
        for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
            monkeypatch.setenv(name, str(nowhere / name))

    def reset(self) -> None:
        """Forget everything: moto's state belongs to the process, not to the server."""
        self.faults.clear()
        self._served.clear()
        self.slow_seconds = 0.0
        with urlopen(Request(f"{self.url}/moto-api/reset", method="POST")) as answer:
            assert answer.status == 200
        self.requests.clear()

    def count(self, pattern: str) -> int:
        """How many requests have fitted."""
        return sum(bool(re.search(pattern, request)) for request in self.requests)

    def fault(self, request: str) -> Fault | None:
        """The fault that this request meets."""
        for number, fault in enumerate(self.faults):
            served = self._served.get(number, 0)
            if served < fault.times and re.search(fault.fits, request):
                self._served[number] = served + 1
                return fault
        return None


class _Application:
    def __init__(self, server: AwsServer) -> None:
        self._server = server
        self._moto = DomainDispatcherApplication(create_backend_app)

    def __call__(self, environ: dict[str, Any], respond: Respond) -> Iterable[bytes]:
        query = environ.get("QUERY_STRING", "")
        request = f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}?{query}"
        if target := environ.get("HTTP_X_AMZ_TARGET"):
            request += f" {target}"
        self._server.requests.append(request)
        time.sleep(self._server.slow_seconds)
        if fault := self._server.fault(request):
            # Unread, the body would be taken for the next request of the connection.
            environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
            body = fault.form.format(code=fault.code, message=fault.message).encode()
            respond(f"{fault.status} Fault", [("Content-Length", str(len(body)))])
            return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]
        answer: Iterable[bytes] = self._moto(environ, respond)
        return answer


@contextmanager
def aws_server(tls: Any = None) -> Iterator[AwsServer]:
    """A server on a free port, stopped in the end; `tls` is an ssl.SSLContext."""
    server = AwsServer(url="")
    http = make_server(
        "127.0.0.1",
        0,
        _Application(server),
        threaded=True,
        request_handler=MotoRequestHandler,
        ssl_context=tls,
    )
    server.url = f"{'https' if tls else 'http'}://127.0.0.1:{http.server_port}"
    thread = threading.Thread(target=http.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        http.shutdown()
        thread.join()
        http.server_close()


def environment_for(server: AwsServer, environ: Mapping[str, str]) -> dict[str, str]:
    """An environment for a process that is to find the server."""
    return {**environ, **server.environment}
