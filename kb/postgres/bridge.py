"""A tiny server on a Unix socket that PostgreSQL asks with dblink: one text in, one text out.

No SQL is parsed: the query's text is the question, so nothing but `answer` can be reached. Every
question is answered within its deadline, with an error if need be. Knows nothing of embeddings.
"""

from __future__ import annotations

import asyncio
import hmac
import itertools
import logging
import os
import secrets
import signal
import struct
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from kb.embedding_sql.refusals import MODEL_FAILED, TOO_LARGE, TOO_LATE, Refusal
from kb.errors import KbError
from kb.postgres import bridge_wire as wire

_LOG = logging.getLogger(__name__)

Answer = Callable[[str], str]
#: libpq builds the socket's name from the port.
PORT = 5433
_LONGEST_STARTUP_BYTES = 10_000
_LARGEST_QUESTION_BYTES = 8 * 1024**2
_BLOCK_BYTES = 1 << 16
#: What an answer may fail with that is not a refusal.
TRIPPED = (
    *(KbError, ValueError, TypeError, AttributeError, ArithmeticError, LookupError),
    *(RuntimeError, MemoryError, OSError),
)
#: How often the bridge asks whether it is still wanted; a heartbeat depends on it.
_WANTED_SECONDS = 1.0


class EmbeddingBridge:
    """Serves `answer` on the socket of `port` in `folder`, to whoever knows `password`."""

    def __init__(
        self,
        answer: Answer,
        folder: Path,
        *,
        port: int = PORT,
        deadline_seconds: float = 30.0,
        threads: int = 2,
    ) -> None:
        self.port = port
        self.folder = folder
        self.password = secrets.token_urlsafe(32)
        self.deadline_seconds = deadline_seconds
        self._answer = answer
        self._number_of_threads = threads
        self._numbers = itertools.count(1)
        #: What is being answered, by the key data of its connection.
        self._running: dict[tuple[int, int], asyncio.Future[str]] = {}
        self._connections: set[asyncio.Task[None]] = set()

    @property
    def socket(self) -> Path:
        """The socket's path."""
        return self.folder / f".s.PGSQL.{self.port}"

    @property
    def conninfo(self) -> str:
        """For dblink, with the password."""
        return (
            f"host={_quoted(str(self.folder))} port={self.port} user=embed dbname=embed "
            f"password={self.password} sslmode=disable gssencmode=disable connect_timeout=5"
        )

    async def serve(self, ready: Callable[[], Awaitable[None]]) -> None:
        """Serve until cancelled; `ready` is awaited once the socket listens."""
        self._threads = ThreadPoolExecutor(self._number_of_threads, "embed")
        # Whoever calls holds the lock of this data folder: the socket is a dead bridge's.
        self.socket.unlink(missing_ok=True)
        server = await asyncio.start_unix_server(self._serve_connection, self.socket)
        try:
            self._give_to_server_user()
            await ready()
            await asyncio.get_running_loop().create_future()
        finally:
            server.close()
            self.socket.unlink(missing_ok=True)
            for connection in self._connections:
                connection.cancel()
            await asyncio.gather(*self._connections, return_exceptions=True)
            self._threads.shutdown(wait=False, cancel_futures=True)

    def _give_to_server_user(self) -> None:
        owner = self.folder.stat()
        self.socket.chmod(0o600)
        if os.geteuid() == 0:
            os.chown(self.socket, owner.st_uid, owner.st_gid)

    async def _serve_connection(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            key = await self._welcome(reader, writer)
            while key and await self._serve_message(key, reader, writer):
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            _LOG.debug("a session went away")
        except asyncio.CancelledError:
            _LOG.debug("the bridge ends")
        finally:
            self._connections.discard(task)
            writer.close()
            with suppress(ConnectionError, asyncio.CancelledError):
                await writer.wait_closed()

    async def _welcome(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> tuple[int, int] | None:
        """Startup and password; None when there is nobody to serve."""
        while True:
            length, code = struct.unpack("!II", await reader.readexactly(8))
            if not 8 <= length <= _LONGEST_STARTUP_BYTES:
                return None
            rest = await reader.readexactly(length - 8)
            if code not in (wire.SSL_REQUEST, wire.GSS_REQUEST):
                break
            writer.write(b"N")
        if code == wire.CANCEL_REQUEST and len(rest) >= 8:
            self._cancel(struct.unpack("!II", rest[:8]))
        if code >> 16 != wire.PROTOCOL_3:
            return None
        if code & 0xFFFF:
            writer.write(wire.NEGOTIATE)
        writer.write(wire.ASK_PASSWORD)
        kind, body = await _read_message(reader)
        if kind != b"p" or not hmac.compare_digest(body.rstrip(b"\0"), self.password.encode()):
            writer.write(wire.error("28P01", "The bridge's password is wrong.", fatal=True))
            return None
        key = (next(self._numbers), secrets.randbits(32))
        writer.write(wire.WELCOME + wire.settings() + wire.key_data(*key) + wire.READY)
        return key

    async def _serve_message(
        self, key: tuple[int, int], reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        try:
            kind, body = await _read_message(reader)
        except Refusal as refusal:
            writer.write(wire.error(refusal.sqlstate, str(refusal)) + wire.READY)
            return True
        if kind == b"X":
            return False
        if kind != b"Q":
            writer.write(wire.error("0A000", "Only simple queries are answered.") + wire.READY)
        elif not body.startswith(b"{"):
            writer.write(wire.command_done() + wire.READY)
        else:
            writer.write(await self._result(key, body.rstrip(b"\0")) + wire.READY)
        return True

    async def _result(self, key: tuple[int, int], question: bytes) -> bytes:
        loop = asyncio.get_running_loop()
        running = loop.run_in_executor(self._threads, self._answer, question.decode())
        self._running[key] = running
        try:
            return wire.one_text(await asyncio.wait_for(running, self.deadline_seconds))
        except TimeoutError:
            late = f"The model gave no answer within {self.deadline_seconds:g} s."
            return wire.error(TOO_LATE, late)
        except asyncio.CancelledError:
            if not running.cancelled():
                raise
            return wire.error("57014", "The call was cancelled.")
        except Refusal as refusal:
            return wire.error(refusal.sqlstate, str(refusal), refusal.hint)
        except TRIPPED as error:
            # Whatever the model trips over is the caller's to see; the bridge goes on.
            _LOG.warning("a call failed", exc_info=error)
            return wire.error(MODEL_FAILED, f"The model failed: {error}")
        finally:
            self._running.pop(key, None)

    def _cancel(self, key: tuple[int, int]) -> None:
        if running := self._running.get(key):
            running.cancel()


async def _read_message(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    """Kind and body; a body that is too large is read to its end and refused."""
    head = await reader.readexactly(5)
    length = int.from_bytes(head[1:]) - 4
    if length > _LARGEST_QUESTION_BYTES:
        while length > 0:
            length -= len(await reader.readexactly(min(length, _BLOCK_BYTES)))
        limit = _LARGEST_QUESTION_BYTES // 1024**2
        raise Refusal(TOO_LARGE, f"model_input is larger than {limit} MB.")
    return head[:1], await reader.readexactly(max(0, length))


def _quoted(value: str) -> str:
    """As libpq wants a value with spaces or quotes."""
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def run_while_wanted(
    bridge: EmbeddingBridge, ready: Callable[[], Awaitable[None]], wanted: Callable[[], bool]
) -> None:
    """Serve in this thread until the process is told to end, or is not wanted any more."""

    async def main() -> None:
        task = asyncio.create_task(bridge.serve(ready))
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, task.cancel)
        while not task.done() and wanted():
            await asyncio.wait([task], timeout=_WANTED_SECONDS)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

    asyncio.run(main())
