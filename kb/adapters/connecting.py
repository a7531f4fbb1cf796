"""How one gets a connection: where the database is, who one is there, how long one waits for it.

Everything that connects goes this way, so that a password that was rotated is fetched again, and a
cluster that is paused or fails over is waited for.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from enum import Enum
from typing import Any, Self

import psycopg
from psycopg.conninfo import make_conninfo
from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from kb.errors import SettingsError
from kb.models.login import Login
from kb.protocols import Credentials

log = logging.getLogger(__name__)

DEFAULT_PORT = 5432
#: How long one attempt may take; a cluster that wakes up takes several.
ATTEMPT_SECONDS, ONLY_ATTEMPT_SECONDS = 10, 15
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.2, 2.0
#: A peer that died, as in a failover, is noticed within half a minute, also in mid-statement.
KEEP_ALIVE = {
    "keepalives_idle": 20,
    "keepalives_interval": 5,
    "keepalives_count": 2,
    "tcp_user_timeout": 30_000,
}


class Failure(Enum):
    """Why there is no connection. libpq tells it in words only."""

    LOGIN = "the login was refused"
    AWAY = "nobody answers, or not yet"
    TLS = "the server's certificate is not trusted"
    OTHER = "anything that trying again does not change"


#: Words of libpq and PostgreSQL, those that decide first.
WORDS = (
    (Failure.LOGIN, ("authentication failed", "no password supplied", "no pg_hba.conf entry")),
    (Failure.TLS, ("certificate", "does not support ssl")),
    (
        Failure.AWAY,
        (
            *("the database system is", "terminating connection", "session is read-only"),
            *("too many clients", "too many connections", "remaining connection slots"),
        ),
    ),
    (Failure.OTHER, ("fatal:", "could not translate host name", "failed to resolve host")),
)


class Database:
    """Where a database is, and the way in; threads may share it."""

    def __init__(
        self,
        url: URL | str,
        credentials: Credentials | None = None,
        *,
        wait_seconds: float = 0.0,
        attempt_seconds: int = ATTEMPT_SECONDS,
    ) -> None:
        """`credentials` are asked for each connection, in place of the URL's user and password.

        Raises SettingsError when the URL is none of PostgreSQL's.
        """
        self._url = libpq_url(url)
        self._credentials = credentials
        self._wait_seconds = wait_seconds
        self._attempt_seconds = attempt_seconds if wait_seconds else ONLY_ATTEMPT_SECONDS

    @classmethod
    def at(cls, database: Database | str) -> Database:
        """The same, also by a URL alone."""
        return database if isinstance(database, Database) else cls(database)

    def __repr__(self) -> str:
        return f"Database({self._url.render_as_string(hide_password=True)})"

    def at_url(self, url: URL) -> Self:
        """The same credentials and patience at another address, such as a reader endpoint."""
        return type(self)(
            url,
            self._credentials,
            wait_seconds=self._wait_seconds,
            attempt_seconds=self._attempt_seconds,
        )

    @property
    def address(self) -> URL:
        """The URL, without a password where credentials are asked for one."""
        return self._url

    def url(self) -> URL:
        """The URL with today's user and password."""
        return self._with(self._login())

    def _with(self, login: Login | None) -> URL:
        return self._url.set(username=login.user, password=login.password) if login else self._url

    def conninfo(self) -> str:
        """The same for libpq. It holds the password: never show it."""
        return make_conninfo(**_parts(self.url()))

    def connect(self, **options: Any) -> psycopg.Connection[Any]:
        """A connection, with psycopg's own options. Raises psycopg.OperationalError."""
        options = {"connect_timeout": self._attempt_seconds, **KEEP_ALIVE, **options}
        pauses = _pauses(self._wait_seconds)
        renewed = False
        while True:
            login = self._login()
            try:
                return psycopg.connect(**{**_parts(self._with(login)), **options})
            except psycopg.OperationalError as error:
                why = failure(error)
                if why is Failure.LOGIN and login and self._credentials and not renewed:
                    log.info("the login of %s was refused; asking for it again", login.user)
                    self._credentials.renew(login)
                    renewed = True
                elif why is not Failure.AWAY or not self._may_wait(next(pauses, None)):
                    raise

    def _may_wait(self, pause_seconds: float | None) -> bool:
        if pause_seconds is None:
            return False
        threading.Event().wait(pause_seconds)
        return True

    def _login(self) -> Login | None:
        if self._credentials is None:
            return None
        host, port = self._url.host or "", self._url.port or DEFAULT_PORT
        return self._credentials.login(host, port)


def _parts(url: URL) -> dict[str, Any]:
    """libpq's own parameters. Not a URL: libpq repeats those that it does not understand."""
    query = {
        name: value if isinstance(value, str) else ",".join(value)
        for name, value in url.query.items()
    }
    own = {
        "host": url.host,
        "port": url.port,
        "user": url.username,
        "password": url.password,
        "dbname": url.database,
    }
    return query | {name: value for name, value in own.items() if value is not None}


def _pauses(wait_seconds: float) -> Iterator[float]:
    """Seconds to wait before each further attempt, until that was long enough."""
    deadline = time.monotonic() + wait_seconds
    pause = FIRST_PAUSE_SECONDS
    while time.monotonic() < deadline:
        if pause == FIRST_PAUSE_SECONDS:
            log.warning(
                "The database does not answer yet; waiting up to %.0f s for it, since a paused "
                "Aurora cluster wakes up and a failover ends.",
                wait_seconds,
            )
        yield pause
        pause = min(2 * pause, LONGEST_PAUSE_SECONDS)


def failure(error: BaseException) -> Failure:
    """Why a connection was not made, as far as the words tell."""
    words = str(error).lower()
    return next((why for why, known in WORDS if any(word in words for word in known)), Failure.AWAY)


def libpq_url(database_url: URL | str) -> URL:
    """The URL in its parts; SettingsError when it is none of PostgreSQL's."""
    # The words of these errors could repeat a password.
    sentence = (
        "KB_DATABASE_URL is not a PostgreSQL URL; write postgresql://user@host:5432/database."
    )
    try:
        url = make_url(database_url)
    except (ArgumentError, ValueError) as error:
        raise SettingsError(sentence) from error
    if url.drivername.partition("+")[0] not in ("postgresql", "postgres"):
        raise SettingsError(sentence)
    return url.set(drivername="postgresql")
