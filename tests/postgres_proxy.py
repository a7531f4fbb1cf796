"""A TCP way to the embedded PostgreSQL's socket that can be slow, cut, closed, or speak TLS.

It stands for a cluster's endpoint: paused and waking up, or failing over.
"""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

#: What a client sends first when it wants TLS.
SSL_REQUEST = b"\x00\x00\x00\x08\x04\xd2\x16\x2f"
BLOCK = 1 << 16


@dataclass
class Proxy:
    """An endpoint that tests can disturb."""

    port: int
    tls: ssl.SSLContext | None = None
    #: Seconds after the first connection before anybody is served, as a paused cluster's.
    wakes_after_seconds: float = 0.0
    #: Connections that came, and what the first bytes of each were.
    connections: int = 0
    sent: list[bytes] = field(default_factory=list)
    _first: float | None = None
    _open: list[socket.socket] = field(default_factory=list)
    _closed_until: float = 0.0

    def url(self, database_url: str, user: str = "postgres", host: str = "127.0.0.1") -> str:
        """The same database by way of here."""
        name = urlsplit(database_url).path
        return f"postgresql://{user}@{host}:{self.port}{name}"

    def cut(self, *, for_seconds: float = 0.0) -> None:
        """End all connections, and answer no new ones for so long, as in a failover."""
        self._closed_until = time.monotonic() + for_seconds
        for found in self._open:
            with suppress(OSError):
                found.shutdown(socket.SHUT_RDWR)
        self._open.clear()

    def serve(self, client: socket.socket, target: str) -> None:
        """Bring one connection to the server and back until either side ends it."""
        self.connections += 1
        self._first = self._first or time.monotonic()
        if time.monotonic() < self._closed_until:
            client.close()
            return
        time.sleep(max(0.0, self._first + self.wakes_after_seconds - time.monotonic()))
        with suppress(OSError):
            self._join(self._negotiated(client), target)
        client.close()

    def _negotiated(self, client: socket.socket) -> socket.socket:
        if client.recv(len(SSL_REQUEST), socket.MSG_PEEK) != SSL_REQUEST:
            return client
        client.recv(len(SSL_REQUEST))
        client.sendall(b"S" if self.tls else b"N")
        return self.tls.wrap_socket(client, server_side=True) if self.tls else client

    def _join(self, client: socket.socket, target: str) -> None:
        with socket.socket(socket.AF_UNIX) as server:
            server.connect(target)
            self._open += [client, server]
            back = threading.Thread(target=_copy, args=(server, client, None), daemon=True)
            back.start()
            _copy(client, server, self.sent)
            back.join()
            client.close()


def _copy(source: socket.socket, target: socket.socket, seen: list[bytes] | None) -> None:
    with suppress(OSError):
        while block := source.recv(BLOCK):
            if seen is not None:
                seen.append(block)
            target.sendall(block)
    for end in (source, target):
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)


@contextmanager
def postgres_proxy(
    server_url: str,
    tls: ssl.SSLContext | None = None,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
) -> Iterator[Proxy]:
    """A proxy on a port of this machine, any free one if none is named, closed in the end."""
    query = parse_qs(urlsplit(server_url).query)
    target = f"{query['host'][0]}/.s.PGSQL.{query['port'][0]}"
    with socket.create_server((host, port)) as listener:
        proxy = Proxy(port=listener.getsockname()[1], tls=tls)

        def accept() -> None:
            with suppress(OSError):
                while True:
                    client, _ = listener.accept()
                    threading.Thread(target=proxy.serve, args=(client, target), daemon=True).start()

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield proxy
        proxy.cut()
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
    thread.join()
