"""Settings name the database: by URL, secret, file or IAM, checked by TLS, read at the reader."""

from __future__ import annotations

import io
import json
import logging
import ssl
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
import psycopg
import pytest

from kb.cli import main
from kb.errors import SettingsError
from kb.postgres.embedded import EmbeddedServer
from kb.settings import Settings
from kb.workbench import open_workbench
from kb.workbench.databases import for_reading, open_database
from tests.certificates import Authority
from tests.moto_server import AwsServer
from tests.passwords import role
from tests.postgres_proxy import postgres_proxy

HOST = "my.cluster-abc.eu-central-1.rds.amazonaws.com"
READER = "my.cluster-ro-abc.eu-central-1.rds.amazonaws.com"
LOGIN = {"username": "kb_admin", "password": "geheim"}


@pytest.fixture
def bundle(tmp_path: Path) -> str:
    """A file with certificates."""
    return str(Authority(tmp_path).bundle)


def secret_file(folder: Path, **content: Any) -> Path:
    path = folder / "secret.json"
    path.write_text(json.dumps({**LOGIN, **content}))
    path.chmod(0o600)
    return path


def address(**settings: Any) -> dict[str, Any]:
    """What the settings make of the address, as libpq's parameters."""
    url = open_database(Settings(**settings)).address
    return {
        "host": url.host,
        "port": url.port,
        "dbname": url.database,
        "user": url.username,
        **url.query,
    }


def test_a_secret_with_an_address_is_enough(tmp_path: Path, bundle: str) -> None:
    path = secret_file(tmp_path, host=HOST, port=5433, dbname="manuals")
    assert address(secret_file=path, ca_bundle=bundle) == {
        "host": HOST,
        "port": 5433,
        "dbname": "manuals",
        "user": "kb_admin",
        "sslmode": "verify-full",
        "sslrootcert": bundle,
        "target_session_attrs": "read-write",
    }


def test_a_secret_that_rds_manages_takes_the_address_from_settings(
    tmp_path: Path, bundle: str
) -> None:
    found = address(
        secret_file=secret_file(tmp_path), database_host=HOST, database_port=6432, ca_bundle=bundle
    )
    assert (found["host"], found["port"], found["dbname"]) == (HOST, 6432, "postgres")


def test_a_secret_of_secrets_manager_is_fetched(aws: AwsServer, bundle: str) -> None:
    client = boto3.client("secretsmanager", region_name="eu-central-1")
    content = json.dumps({**LOGIN, "host": HOST})
    arn = client.create_secret(Name="kb", SecretString=content)["ARN"]
    assert address(secret_arn=arn, ca_bundle=bundle)["user"] == "kb_admin"


def test_a_secret_without_an_address_asks_for_the_host(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="set KB_DATABASE_HOST to the cluster's endpoint"):
        open_database(Settings(secret_file=secret_file(tmp_path)))


def test_a_host_alone_asks_who_logs_in() -> None:
    with pytest.raises(SettingsError, match=r"nobody logs in .* KB_DATABASE_USER for IAM"):
        open_database(Settings(database_host=HOST))


def test_two_who_log_in_are_one_too_many(tmp_path: Path) -> None:
    path = secret_file(tmp_path, host=HOST)
    with pytest.raises(SettingsError, match="KB_SECRET_FILE and KB_DATABASE_USER both say"):
        open_database(Settings(secret_file=path, database_user="kb"))


def test_a_url_s_password_beside_a_secret_is_refused_and_not_told(tmp_path: Path) -> None:
    url = f"postgresql://u:streng@{HOST}/d"
    with pytest.raises(SettingsError, match="take the password out of the URL") as error:
        open_database(Settings(database_url=url, secret_file=secret_file(tmp_path)))
    assert "streng" not in str(error.value)


def test_a_url_gives_the_address_of_a_secret(tmp_path: Path, bundle: str) -> None:
    url = f"postgresql://{HOST}:5555/manuals"
    path = secret_file(tmp_path, host="elsewhere")
    found = address(database_url=url, secret_file=path, ca_bundle=bundle)
    assert (found["host"], found["port"], found["user"]) == (HOST, 5555, "kb_admin")


def test_an_rds_host_without_certificates_says_where_to_get_them() -> None:
    url = f"postgresql://u:geheim@{HOST}/d"
    with pytest.raises(
        SettingsError, match=r"KB_CA_BUNDLE .* get https://truststore\.pki"
    ) as error:
        open_database(Settings(database_url=url))
    assert "geheim" not in str(error.value)


def test_certificates_that_are_not_there_are_a_setting(tmp_path: Path) -> None:
    url = f"postgresql://u@{HOST}/d"
    with pytest.raises(SettingsError, match=r"no file .*nothing\.pem"):
        open_database(Settings(database_url=url, ca_bundle=str(tmp_path / "nothing.pem")))


def test_what_a_url_says_of_tls_is_kept() -> None:
    found = address(database_url=f"postgresql://u@{HOST}/d?sslmode=require")
    assert found["sslmode"] == "require" and "sslrootcert" not in found


def test_the_system_s_certificates_can_be_named() -> None:
    # For RDS Proxy, whose certificate is a public one.
    found = address(database_url=f"postgresql://u@{HOST}/d", ca_bundle="system")
    assert (found["sslmode"], found["sslrootcert"]) == ("verify-full", "system")


def test_a_server_of_one_s_own_is_left_as_it_is() -> None:
    assert "sslmode" not in address(database_url="postgresql://u@db.example.org/d")


def test_the_reader_endpoint_is_checked_as_the_writer_and_may_be_read_only(bundle: str) -> None:
    settings = Settings(
        database_url=f"postgresql://u@{HOST}/d", ca_bundle=bundle, reader_host=READER
    )
    url = for_reading(settings, open_database(settings)).address
    assert (url.host, url.query["sslmode"]) == (READER, "verify-full")
    assert url.query["target_session_attrs"] == "any"


@pytest.mark.database
@pytest.mark.parametrize(("host", "trusted"), [("localhost", True), ("127.0.0.1", False)])
def test_tls_checks_the_server_s_name(
    host: str, trusted: bool, server: EmbeddedServer, database_url: str, tmp_path: Path
) -> None:
    authority = Authority(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*authority.certificate("localhost"))
    with postgres_proxy(server.url, tls=context) as proxy:
        settings = Settings(
            database_url=proxy.url(database_url, host=host), ca_bundle=str(authority.bundle)
        )
        database = open_database(settings)
        if trusted:
            with database.connect() as connection:
                assert connection.pgconn.ssl_in_use
        else:
            with pytest.raises(psycopg.OperationalError, match="certificate"):
                database.connect()


@pytest.mark.database
def test_a_server_without_tls_is_not_spoken_to_in_clear(
    server: EmbeddedServer, database_url: str, bundle: str
) -> None:
    with postgres_proxy(server.url) as proxy:
        settings = Settings(database_url=proxy.url(database_url), ca_bundle=bundle)
        with pytest.raises(psycopg.OperationalError, match="SSL"):
            open_database(settings).connect()
        assert proxy.sent == []


NOTE = b"# Checkpoints\n\nA checkpoint writes all dirty buffers to disk.\n"


@pytest.mark.database
def test_searches_go_to_the_reader_and_all_else_to_the_writer(
    settings: Settings, server: EmbeddedServer
) -> None:
    assert settings.database_url
    with (
        postgres_proxy(server.url) as writer,
        # In AWS the endpoints have the same port and another name.
        postgres_proxy(server.url, host="127.0.0.2", port=writer.port) as reader,
    ):
        url = writer.url(settings.database_url)
        with open_workbench(replace(settings, database_url=url, reader_host="127.0.0.2")) as bench:
            bench.data_source.upload("notes.md", io.BytesIO(NOTE))
            job = bench.data_source.start_ingestion_job(detached=False)
            for _ in bench.data_source.watch(job.ingestion_job_id, work=True):
                pass
            assert writer.connections and not reader.connections
            writer.cut(for_seconds=600)
            assert bench.knowledge_base.retrieve("What is written to disk?").results
            assert reader.connections


@pytest.mark.database
def test_a_whole_workbench_runs_on_a_secret_and_shows_it_nowhere(
    aws: AwsServer,
    settings: Settings,
    server: EmbeddedServer,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG, "kb")
    assert settings.database_url
    client = boto3.client("secretsmanager", region_name="eu-central-1")
    with role(server) as own, postgres_proxy(server.url) as proxy:
        own.set_password("geheim")
        content = {
            "username": own.name,
            "password": "geheim",
            "host": "127.0.0.1",
            "port": proxy.port,
            "dbname": urlsplit(settings.database_url).path.lstrip("/"),
        }
        arn = client.create_secret(Name="kb", SecretString=json.dumps(content))["ARN"]
        monkeypatch.setenv("KB_SECRET_ARN", arn)
        monkeypatch.setenv("KB_DATA_DIR", str(settings.data_dir))
        monkeypatch.setenv("KB_WORKERS", "0")
        note = settings.data_dir / "notes.md"
        note.write_bytes(NOTE)
        assert main(["-vv", "up"]) == 0
        assert main(["-vv", "upload", str(note)]) == 0
        assert main(["-vv", "sync", "--wait"]) == 0
        assert main(["-vv", "ask", "What does a checkpoint write to disk?"]) == 0
    shown = capfd.readouterr()
    assert own.name in shown.out and "dirty buffers" in shown.out
    assert "geheim" not in shown.out + shown.err + caplog.text
