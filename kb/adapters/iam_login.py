"""Logins with IAM: a token for each connection, good for 15 minutes, signed on this machine."""

from __future__ import annotations

import re
import threading
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from kb.adapters import aws
from kb.errors import DatabaseError
from kb.models.login import Login

#: my-cluster.cluster-abc.eu-central-1.rds.amazonaws.com, also those of China.
RDS_HOST = re.compile(r"\.(?P<region>[a-z0-9-]+)\.rds\.amazonaws\.com(\.cn)?$")


class IamLogin:
    """Credentials of a role that was granted rds_iam."""

    def __init__(self, user: str) -> None:
        self._user = user
        self._lock = threading.Lock()
        self._clients: dict[str, Any] = {}

    def login(self, host: str, port: int) -> Login:
        """A token for this host alone. Raises DatabaseError without credentials of AWS."""
        try:
            token: str = self._client(host).generate_db_auth_token(
                DBHostname=host, Port=port, DBUsername=self._user
            )
        except (BotoCoreError, ClientError) as error:
            raise DatabaseError(aws.sentence(error, "IAM")) from error
        return Login(user=self._user, password=token)

    def renew(self, refused: Login) -> None:
        """Find AWS' credentials anew; those that signed the token may have ended."""
        with self._lock:
            self._clients.clear()

    def _client(self, host: str) -> Any:
        found = RDS_HOST.search(host)
        region = found["region"] if found else ""
        with self._lock:
            if region not in self._clients:
                options = {"region_name": region} if region else {}
                self._clients[region] = aws.open_client(
                    "rds", "KB_DATABASE_USER logs in with IAM", **options
                )
            return self._clients[region]
