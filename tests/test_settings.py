"""Settings: variables over secrets.toml, and one sentence that names what does not fit."""

from __future__ import annotations

from pathlib import Path

import pytest

from kb.errors import SettingsError
from kb.settings import Settings, default_data_dir, variable


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    return tmp_path / "secrets.toml"


def test_without_anything_the_embedded_server_is_used(secrets: Path) -> None:
    settings = Settings.load({}, secrets)
    assert settings.uses_embedded_server
    assert settings.data_dir == default_data_dir()


def test_a_variable_sets_its_field(secrets: Path, tmp_path: Path) -> None:
    environ = {
        "KB_DATA_DIR": str(tmp_path),
        "KB_DATABASE_URL": "postgresql://u@h/d",
        "KB_BUCKET": "manuals",
        "KB_MODEL_DIR": str(tmp_path / "model"),
        "KB_EMBEDDING_MODEL": "cohere.embed-english-v3",
        "KB_MAX_DOCUMENT_BYTES": "1000",
        "KB_DATA_DELETION_POLICY": "RETAIN",
        "KB_WORKERS": "0",
        "KB_HEARTBEAT_SECONDS": "0.5",
        "KB_ANSWER_THRESHOLD": "0.5",
        "KB_PORT": "9000",
    }
    assert Settings.load(environ, secrets) == Settings(
        data_dir=tmp_path,
        database_url="postgresql://u@h/d",
        bucket="manuals",
        model_dir=tmp_path / "model",
        embedding_model="cohere.embed-english-v3",
        max_document_bytes=1000,
        data_deletion_policy="RETAIN",
        workers=0,
        heartbeat_seconds=0.5,
        answer_threshold=0.5,
        port=9000,
    )


def test_secrets_are_read_from_their_kb_table(secrets: Path) -> None:
    secrets.write_text('[kb]\nbucket = "manuals"\nport = 9000\n[other]\nbucket = "no"\n')
    settings = Settings.load({}, secrets)
    assert (settings.bucket, settings.port) == ("manuals", 9000)


def test_a_variable_wins_over_secrets(secrets: Path) -> None:
    secrets.write_text("[kb]\nport = 9000\n")
    assert Settings.load({"KB_PORT": "9001"}, secrets).port == 9001


def test_an_empty_variable_counts_as_not_set(secrets: Path) -> None:
    assert Settings.load({"KB_DATABASE_URL": "", "KB_PORT": ""}, secrets) == Settings()


def test_a_relative_folder_becomes_absolute(secrets: Path) -> None:
    assert Settings.load({"KB_DATA_DIR": "here"}, secrets).data_dir == Path.cwd() / "here"


def test_the_home_folder_is_understood(secrets: Path) -> None:
    assert Settings.load({"KB_DATA_DIR": "~/kb"}, secrets).data_dir == Path.home() / "kb"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("port", "0"),
        ("port", "65536"),
        ("port", "eight"),
        ("port", "80.5"),
        ("max_document_bytes", "0"),
        ("max_document_bytes", "-1"),
        ("data_deletion_policy", "KEEP"),
        ("data_deletion_policy", "retain"),
        ("workers", "-1"),
        ("workers", "17"),
        ("heartbeat_seconds", "0"),
        ("heartbeat_seconds", "61"),
        ("heartbeat_seconds", "often"),
        ("answer_threshold", "1.1"),
        ("answer_threshold", "-0.1"),
        ("answer_threshold", "nan"),
        ("answer_threshold", "high"),
        ("bucket", "../elsewhere"),
        ("bucket", "a/b"),
        ("bucket", "s3://"),
        ("bucket", "s3://Upper/docs"),
        ("bucket", "s3://documents//docs"),
        ("bucket", "s3://documents/../docs"),
        ("bucket", "s3://documents/a b"),
        ("bucket", ".hidden"),
        ("bucket", "Upper Case"),
        ("bucket", "x" * 64),
    ],
)
def test_a_value_that_does_not_fit_is_refused_with_its_variable(
    name: str, value: str, secrets: Path
) -> None:
    with pytest.raises(SettingsError, match=f"^{variable(name)} "):
        Settings.load({variable(name): value}, secrets)


@pytest.mark.parametrize("value", ["[1]", "{ a = 1 }", "2026-01-01", "true", '"x"'])
def test_a_secret_of_the_wrong_kind_is_refused_with_its_variable(value: str, secrets: Path) -> None:
    secrets.write_text(f"[kb]\nport = {value}\n")
    with pytest.raises(SettingsError, match="KB_PORT"):
        Settings.load({}, secrets)


@pytest.mark.parametrize("text", ["[kb", "kb = 1\n", "[kb]\nport = \n", "[[kb]]\nport = 1\n"])
def test_secrets_that_are_not_a_table_are_refused_with_the_file_s_name(
    text: str, secrets: Path
) -> None:
    secrets.write_text(text)
    with pytest.raises(SettingsError, match=r"secrets\.toml"):
        Settings.load({}, secrets)


def test_secrets_in_another_encoding_are_refused(secrets: Path) -> None:
    secrets.write_bytes("[kb]\nbucket = 'é'\n".encode("latin-1"))
    with pytest.raises(SettingsError, match="TOML"):
        Settings.load({}, secrets)


def test_an_unknown_secret_is_refused_by_name(secrets: Path) -> None:
    secrets.write_text("[kb]\nbukcet = 'x'\n")
    with pytest.raises(SettingsError, match="bukcet"):
        Settings.load({}, secrets)


def test_the_database_s_password_is_not_in_the_representation() -> None:
    assert "geheim" not in repr(Settings(database_url="postgresql://u:geheim@h/d"))


@pytest.mark.parametrize(
    ("given", "on_s3", "path"),
    [
        ("manuals", False, "manuals"),
        ("s3://manuals", True, "manuals"),
        ("s3://manuals/", True, "manuals"),
        ("s3://manuals/team-1/v_16", True, "manuals/team-1/v_16"),
    ],
)
def test_a_bucket_is_a_folder_or_one_of_s3_s(given: str, on_s3: bool, path: str) -> None:
    settings = Settings.load({"KB_BUCKET": given})
    assert (settings.uses_s3, settings.bucket_path) == (on_s3, path)
