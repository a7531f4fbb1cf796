"""Who one is to a database. The password is in no repr, so that no log and no page can show it."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """A role and its password, or what stands for one, such as an IAM token."""

    user: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseSecret:
    """A secret in RDS' shape; one that RDS manages has no address."""

    login: Login
    host: str | None = None
    port: int | None = None
    database: str | None = None
