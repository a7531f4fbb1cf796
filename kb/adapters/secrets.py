"""Logins from AWS Secrets Manager, or from a file with the same JSON.

No password is ever part of an error: neither of its sentence nor of what it was raised from.
"""

from __future__ import annotations

import json
import stat
import threading
from pathlib import Path
from typing import Any

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from kb.adapters import aws
from kb.errors import DatabaseError, SettingsError
from kb.models.login import DatabaseSecret, Login

NOT_THERE = ("ResourceNotFoundException", "InvalidRequestException")
LIMITS = Config(
    connect_timeout=aws.CONNECT_SECONDS,
    read_timeout=10,
    retries={"mode": "standard", "total_max_attempts": 4},
)


class SecretsManager:
    """Credentials from a secret in RDS' shape, asked for once and again when they are refused."""

    def __init__(self, secret_id: str) -> None:
        """`secret_id` is an ARN or a name."""
        self._secret_id = secret_id
        self._lock = threading.Lock()
        self._found: DatabaseSecret | None = None

    def secret(self) -> DatabaseSecret:
        """The secret as it was when it was last asked for."""
        # One thread asks and the others wait for what it finds.
        with self._lock:
            if self._found is None:
                self._found = parse(self._fetch(), f"The secret {self._secret_id}")
            return self._found

    def login(self, host: str, port: int) -> Login:
        """The same for every host."""
        return self.secret().login

    def renew(self, refused: Login) -> None:
        """Ask again, unless another thread has done so since."""
        with self._lock:
            if self._found and self._found.login == refused:
                self._found = None

    def _fetch(self) -> str:
        region = _region(self._secret_id)
        options = {"region_name": region} if region else {}
        client = aws.open_client(
            "secretsmanager", "KB_SECRET_ARN names a secret", config=LIMITS, **options
        )
        try:
            answer = client.get_secret_value(SecretId=self._secret_id)
        except ClientError as error:
            raise self._refused(error) from error
        except BotoCoreError as error:
            raise DatabaseError(aws.sentence(error, "Secrets Manager")) from error
        if "SecretString" not in answer:
            raise SettingsError(f"The secret {self._secret_id} is binary; store it as JSON text.")
        return str(answer["SecretString"])

    def _refused(self, error: ClientError) -> DatabaseError | SettingsError:
        name = aws.code(error)
        if name in NOT_THERE:
            return SettingsError(
                f"There is no secret {self._secret_id} to read ({aws.said(error)}); check "
                "KB_SECRET_ARN, the account and AWS_REGION."
            )
        if name in aws.DENIED:
            return DatabaseError(
                f"AWS denies access to the secret ({aws.said(error)}); allow "
                f"secretsmanager:GetSecretValue on {self._secret_id}, and kms:Decrypt on its key "
                "if it is your own."
            )
        return DatabaseError(aws.sentence(error, "Secrets Manager"))


class SecretFile:
    """Credentials from a file that only its owner may read, looked at for each connection."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def secret(self) -> DatabaseSecret:
        """The secret as it stands in the file now."""
        try:
            mode = self._path.stat().st_mode
            content = self._path.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError(
                f"The secret's file {self._path} can not be read; check KB_SECRET_FILE."
            ) from error
        if mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise SettingsError(
                f"Others may read the secret in {self._path}; run `chmod 600 {self._path}`."
            )
        return parse(content, f"The file {self._path}")

    def login(self, host: str, port: int) -> Login:
        """The same for every host."""
        return self.secret().login

    def renew(self, refused: Login) -> None:
        """Nothing: the file is read each time."""


def parse(content: str, what: str) -> DatabaseSecret:
    """A secret's JSON, with or without an address. Raises SettingsError that starts with `what`."""
    shape = 'a JSON object with "username" and "password", as RDS writes it'
    try:
        given: Any = json.loads(content)
    except ValueError:
        # Its error would hold all of the text.
        given = None
    if not isinstance(given, dict):
        raise SettingsError(f"{what} is not {shape}; mend it.")
    user, password = given.get("username"), given.get("password")
    if not (isinstance(user, str) and user and isinstance(password, str) and password):
        raise SettingsError(f"{what} has no user or no password; store {shape}.")
    engine = given.get("engine", "postgres")
    if engine not in ("postgres", "postgresql", "aurora-postgresql"):
        raise SettingsError(f"{what} is for another engine than PostgreSQL; name another secret.")
    port = str(given.get("port") or "")
    if port and not (port.isdecimal() and 0 < int(port) < 65536):
        raise SettingsError(f"{what} has no number between 1 and 65535 as its port; mend it.")
    return DatabaseSecret(
        login=Login(user=user, password=password),
        host=str(given["host"]) if given.get("host") else None,
        port=int(port) if port else None,
        database=str(given["dbname"]) if given.get("dbname") else None,
    )


def _region(secret_id: str) -> str | None:
    """The region that stands in an ARN."""
    parts = secret_id.split(":")
    return parts[3] if len(parts) > 6 and parts[0] == "arn" else None
