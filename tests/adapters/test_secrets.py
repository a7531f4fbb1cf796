"""Secrets in RDS' shapes, from moto's Secrets Manager over the wire and from a file."""

from __future__ import annotations

import json
import logging
import traceback
from pathlib import Path
from typing import Any

import boto3
import pytest
from sqlalchemy import text

from kb.adapters.connecting import Database
from kb.adapters.database import open_engine, transaction
from kb.adapters.iam_login import IamLogin
from kb.adapters.secrets import SecretFile, SecretsManager
from kb.errors import DatabaseError, KbError, SettingsError
from kb.models.login import DatabaseSecret, Login
from kb.postgres.embedded import EmbeddedServer
from tests.moto_server import JSON_ERROR, AwsServer, Fault
from tests.passwords import Role, role
from tests.postgres_proxy import postgres_proxy

PASSWORD = "geheim:/?#[]@!$&'()*+,;=% ü"
RDS = {
    "username": "bedrock_user",
    "password": PASSWORD,
    "engine": "postgres",
    "host": "my.cluster-abc.eu-central-1.rds.amazonaws.com",
    "port": 5433,
    "dbname": "manuals",
    "dbClusterIdentifier": "my",
}
MANAGED = {"username": "postgres", "password": PASSWORD}


class Secret:
    """A secret in moto."""

    def __init__(self, content: str) -> None:
        self._client = boto3.client("secretsmanager", region_name="eu-central-1")
        self.arn: str = self._client.create_secret(Name="kb-test", SecretString=content)["ARN"]

    def put(self, content: str) -> None:
        self._client.put_secret_value(SecretId=self.arn, SecretString=content)


def written(path: Path, content: str, mode: int = 0o600) -> Path:
    path.write_text(content, "utf-8")
    path.chmod(mode)
    return path


def test_rds_shape_has_the_address(aws: AwsServer) -> None:
    assert SecretsManager(Secret(json.dumps(RDS)).arn).secret() == DatabaseSecret(
        login=Login(user="bedrock_user", password=PASSWORD),
        host="my.cluster-abc.eu-central-1.rds.amazonaws.com",
        port=5433,
        database="manuals",
    )


def test_a_secret_that_rds_manages_has_a_login_alone(aws: AwsServer) -> None:
    found = SecretsManager(Secret(json.dumps(MANAGED)).arn).secret()
    assert found == DatabaseSecret(login=Login(user="postgres", password=PASSWORD))


def test_a_file_has_the_same_json(tmp_path: Path) -> None:
    path = written(tmp_path / "secret.json", json.dumps(RDS))
    assert SecretFile(path).secret().login == Login(user="bedrock_user", password=PASSWORD)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644])
def test_a_file_that_others_may_read_is_refused(mode: int, tmp_path: Path) -> None:
    path = written(tmp_path / "secret.json", json.dumps(RDS), mode)
    with pytest.raises(SettingsError, match="chmod 600"):
        SecretFile(path).secret()


def test_a_file_that_is_not_there_is_a_setting(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="KB_SECRET_FILE"):
        SecretFile(tmp_path / "nothing.json").secret()


@pytest.mark.parametrize(
    "content",
    [
        "geheim",
        '"geheim"',
        '{"password": "geheim"',
        '{"password": "geheim"}',
        '{"username": "u", "password": ""}',
        '{"username": "u", "password": ["geheim"]}',
        '{"username": "u", "password": "geheim", "engine": "mysql"}',
        '{"username": "u", "password": "geheim", "port": "many"}',
    ],
)
def test_another_shape_is_a_sentence_without_the_secret(content: str, tmp_path: Path) -> None:
    path = written(tmp_path / "secret.json", content)
    with pytest.raises(SettingsError) as error:
        SecretFile(path).secret()
    told = "".join(traceback.format_exception(error.value)) + repr(vars(error.value))
    assert "geheim" not in told
    assert error.value.__cause__ is None and error.value.__context__ is None


@pytest.mark.parametrize(
    ("code", "status", "kind", "words"),
    [
        ("ResourceNotFoundException", 400, SettingsError, "no secret .* check KB_SECRET_ARN"),
        ("AccessDeniedException", 400, DatabaseError, "allow secretsmanager:GetSecretValue"),
        ("ExpiredTokenException", 400, DatabaseError, "log in again"),
        ("UnrecognizedClientException", 400, DatabaseError, "log in again"),
        ("InvalidSignatureException", 400, DatabaseError, "does not accept the credentials"),
        ("DecryptionFailure", 400, DatabaseError, "refused .DecryptionFailure"),
        ("ThrottlingException", 400, DatabaseError, "throttles .* wait a moment"),
        ("InternalServiceError", 500, DatabaseError, "overloaded"),
    ],
)
def test_each_refusal_of_secrets_manager_is_a_sentence(
    code: str, status: int, kind: type[KbError], words: str, aws: AwsServer
) -> None:
    arn = Secret(json.dumps(RDS)).arn
    fits = "GetSecretValue"
    aws.faults.append(Fault(code=code, status=status, fits=fits, times=9, form=JSON_ERROR))
    with pytest.raises(kind, match=words):
        SecretsManager(arn).secret()


def test_throttling_that_passes_is_tried_again(aws: AwsServer) -> None:
    arn = Secret(json.dumps(RDS)).arn
    aws.faults.append(
        Fault(
            code="ThrottlingException", status=400, fits="GetSecretValue", times=2, form=JSON_ERROR
        )
    )
    assert SecretsManager(arn).secret().login.user == "bedrock_user"


def test_a_secret_is_asked_for_in_the_region_of_its_arn(
    aws: AwsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    arn = Secret(json.dumps(RDS)).arn
    monkeypatch.setenv("AWS_REGION", "us-west-2")
    assert SecretsManager(arn).secret().login.user == "bedrock_user"


def test_a_secret_is_asked_for_once(aws: AwsServer) -> None:
    secrets = SecretsManager(Secret(json.dumps(RDS)).arn)
    for _ in range(3):
        secrets.login("host", 5432)
    assert aws.count("GetSecretValue") == 1


def credentials_of(own: Role, password: str) -> str:
    return json.dumps({"username": own.name, "password": password})


@pytest.mark.database
def test_a_rotated_password_is_asked_for_again(
    aws: AwsServer, server: EmbeddedServer, database_url: str
) -> None:
    with role(server) as own, postgres_proxy(server.url) as proxy:
        own.set_password("first " + PASSWORD)
        secret = Secret(credentials_of(own, "first " + PASSWORD))
        database = Database(proxy.url(database_url), SecretsManager(secret.arn))
        engine = open_engine(database)
        with transaction(engine) as connection:
            assert connection.execute(text("SELECT current_user")).scalar() == own.name
        own.set_password("second " + PASSWORD)
        secret.put(credentials_of(own, "second " + PASSWORD))
        proxy.cut()
        with transaction(engine) as connection:
            assert connection.execute(text("SELECT current_user")).scalar() == own.name
        engine.dispose()
    assert aws.count("GetSecretValue") == 2


@pytest.mark.database
def test_a_password_that_is_wrong_is_asked_for_once_more_and_not_told(
    aws: AwsServer, server: EmbeddedServer, database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "kb")
    with role(server) as own, postgres_proxy(server.url) as proxy:
        own.set_password("right")
        secret = Secret(credentials_of(own, "geheim"))
        engine = open_engine(Database(proxy.url(database_url), SecretsManager(secret.arn)))
        with pytest.raises(DatabaseError, match="refuses the login") as error, transaction(engine):
            pass
        told = "".join(traceback.format_exception(error.value))
    assert aws.count("GetSecretValue") == 2
    assert "geheim" not in told + repr(engine) + repr(error.value) + caplog.text


@pytest.mark.database
def test_a_file_that_was_rewritten_is_read_again(
    server: EmbeddedServer, database_url: str, tmp_path: Path
) -> None:
    with role(server) as own, postgres_proxy(server.url) as proxy:
        own.set_password("first")
        path = written(tmp_path / "secret.json", credentials_of(own, "first"))
        database = Database(proxy.url(database_url), SecretFile(path))
        database.connect().close()
        own.set_password("second")
        written(path, credentials_of(own, "second"))
        database.connect().close()


def test_a_login_has_no_password_in_its_repr() -> None:
    secret: Any = DatabaseSecret(login=Login(user="u", password="geheim"))
    assert "geheim" not in repr(secret) + str(secret) + f"{secret}"


@pytest.mark.database
def test_iam_sends_a_token_for_this_host_role_and_region(
    aws: AwsServer, server: EmbeddedServer, database_url: str
) -> None:
    # The server asks for a password in clear, as RDS does for tokens; it knows none of AWS'.
    with role(server, "password") as own, postgres_proxy(server.url) as proxy:
        database = Database(proxy.url(database_url, own.name), IamLogin(own.name))
        with pytest.raises(DatabaseError, match="rds_iam"), transaction(open_engine(database)):
            pass
        sent = b"".join(proxy.sent)
    assert f"127.0.0.1:{proxy.port}/?Action=connect&DBUser={own.name}".encode() in sent
    assert b"X-Amz-Expires=900" in sent and b"%2Feu-central-1%2Frds-db%2F" in sent


def test_the_region_of_a_token_is_that_of_an_rds_host(aws: AwsServer) -> None:
    host = "my.cluster-abc.ap-south-1.rds.amazonaws.com"
    token = IamLogin("kb").login(host, 5432).password
    assert token.startswith(f"{host}:5432/?Action=connect&DBUser=kb")
    assert "%2Fap-south-1%2Frds-db%2F" in token


def test_iam_without_credentials_is_a_sentence(
    aws: AwsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(DatabaseError, match="no AWS credentials"):
        IamLogin("kb").login("h.eu-central-1.rds.amazonaws.com", 5432)
