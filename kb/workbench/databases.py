"""Which database, and who one is there: the embedded server, a URL, a secret, or IAM."""

from __future__ import annotations

import ipaddress
from pathlib import Path

from sqlalchemy import URL

from kb.adapters.connecting import Database, libpq_url
from kb.errors import SettingsError
from kb.models.login import DatabaseSecret
from kb.postgres.embedded import EmbeddedServer
from kb.protocols import Credentials
from kb.setting_values import SYSTEM
from kb.settings import Settings

DEFAULT_NAME = "postgres"
RDS = (".rds.amazonaws.com", ".rds.amazonaws.com.cn")
BUNDLE = "https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem"


def embedded_server(settings: Settings) -> EmbeddedServer:
    """The server that belongs to this data folder, running or not."""
    return EmbeddedServer(settings.data_dir / "postgres")


def open_database(settings: Settings) -> Database:
    """The database that the settings name; starts the embedded server if it is that one.

    Raises SettingsError when they name none or too many, or leave out what RDS needs.
    """
    if settings.uses_embedded_server:
        return Database(embedded_server(settings).start())
    credentials, secret = _credentials(settings)
    url = _address(settings, secret)
    if credentials and url.password:
        raise SettingsError(
            "KB_DATABASE_URL has a password, and other settings name who logs in; take the "
            "password out of the URL."
        )
    if secret:
        url = url.set(username=secret.login.user)
    if _is_rds(url) and "target_session_attrs" not in url.query:
        # For a moment after a failover the name still leads to what is a reader now.
        url = url.update_query_dict({"target_session_attrs": "read-write"})
    url = _with_tls(url, settings.ca_bundle)
    return Database(url, credentials, wait_seconds=_patience(settings, url))


def for_reading(settings: Settings, database: Database) -> Database:
    """The same database by the cluster's reader endpoint, if there is one."""
    if settings.reader_host is None:
        return database
    url = database.address.set(host=settings.reader_host)
    url = url.update_query_dict({"target_session_attrs": "any"})
    return database.at_url(_with_tls(url, settings.ca_bundle))


def _credentials(settings: Settings) -> tuple[Credentials | None, DatabaseSecret | None]:
    given = [
        name
        for name, value in (
            ("KB_SECRET_ARN", settings.secret_arn),
            ("KB_SECRET_FILE", settings.secret_file),
            ("KB_DATABASE_USER", settings.database_user),
        )
        if value
    ]
    if len(given) > 1:
        raise SettingsError(f"{' and '.join(given)} both say who logs in; keep one of them.")
    if settings.database_user:
        from kb.adapters.iam_login import IamLogin

        return IamLogin(settings.database_user), None
    if settings.secret_arn or settings.secret_file:
        # boto3 takes a fifth of a second to import.
        from kb.adapters.secrets import SecretFile, SecretsManager

        source = (
            SecretsManager(settings.secret_arn)
            if settings.secret_arn
            else SecretFile(settings.secret_file or Path())
        )
        return source, source.secret()
    return None, None


def _address(settings: Settings, secret: DatabaseSecret | None) -> URL:
    if settings.database_url:
        return libpq_url(settings.database_url)
    host = settings.database_host or (secret.host if secret else None)
    if host is None:
        raise SettingsError(
            "The secret has no host, as those that RDS manages; set KB_DATABASE_HOST to the "
            "cluster's endpoint."
        )
    if secret is None and settings.database_user is None:
        raise SettingsError(
            "KB_DATABASE_HOST is set and nobody logs in there; set KB_SECRET_ARN, KB_SECRET_FILE, "
            "or KB_DATABASE_USER for IAM."
        )
    return URL.create(
        "postgresql",
        username=settings.database_user,
        host=host,
        port=settings.database_port or (secret.port if secret else None),
        database=settings.database_name or (secret.database if secret else None) or DEFAULT_NAME,
    )


def _with_tls(url: URL, ca_bundle: str | None) -> URL:
    """The server's name and certificate are checked on RDS, and wherever a bundle is named."""
    if "sslmode" in url.query or not (_is_rds(url) or ca_bundle):
        return url
    bundle = ca_bundle or url.query.get("sslrootcert")
    if bundle is None:
        raise SettingsError(
            f"{url.host} is checked by its certificate, and KB_CA_BUNDLE does not say by which; "
            f"get {BUNDLE} and name the file there."
        )
    if bundle != SYSTEM and not Path(str(bundle)).is_file():
        raise SettingsError(
            f"There is no file {bundle} with certificates; get {BUNDLE}, or mend KB_CA_BUNDLE."
        )
    return url.update_query_dict({"sslmode": "verify-full", "sslrootcert": str(bundle)})


def _is_rds(url: URL) -> bool:
    return (url.host or "").endswith(RDS)


def _patience(settings: Settings, url: URL) -> float:
    return 0.0 if _is_here(url) else float(settings.connect_seconds)


def _is_here(url: URL) -> bool:
    """Whether it is on this machine, where nothing wakes up by itself."""
    host = str(url.host or url.query.get("host", ""))
    if not host or host.startswith("/") or host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
