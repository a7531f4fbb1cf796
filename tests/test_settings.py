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
        "KB_GENERATION_MODEL": "extractive, openai:llama3.1:8b",
        "KB_OPENAI_BASE_URL": "http://127.0.0.1:11434/v1/",
        "KB_OPENAI_API_KEY": "sk-1",
        "KB_RERANKING_MODEL": "cohere.rerank-v3-5:0, late-interaction",
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
        generation_model="extractive,openai:llama3.1:8b",
        openai_base_url="http://127.0.0.1:11434/v1",
        openai_api_key="sk-1",
        reranking_model="cohere.rerank-v3-5:0,late-interaction",
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
        ("generation_model", "extractve"),
        ("generation_model", "extractive,"),
        ("generation_model", "openai:"),
        ("generation_model", "openai:a b"),
        ("generation_model", "http://127.0.0.1/v1"),
        ("generation_model", "arn:aws:s3:::bucket/key"),
        ("reranking_model", "late"),
        ("reranking_model", "none,late-interaction"),
        ("openai_base_url", "http://example.com/v1"),
        ("openai_base_url", "http://10.0.0.1/v1"),
        ("openai_base_url", "http://localhost.example.com/v1"),
        ("openai_base_url", "https://user:secret@example.com/v1"),
        ("openai_base_url", "https://example.com/v1?key=secret"),
        ("openai_base_url", "ftp://127.0.0.1/v1"),
        ("openai_base_url", "127.0.0.1:11434"),
        ("openai_base_url", "http://127.0.0.1:99999/v1"),
        ("openai_base_url", "http://[::1"),
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


@pytest.mark.parametrize(
    ("value", "names"),
    [
        ("extractive", ["extractive"]),
        ("amazon.nova-lite-v1:0,extractive", ["amazon.nova-lite-v1:0", "extractive"]),
        ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", None),
        ("global.anthropic.claude-sonnet-4-5-20250929-v1:0", None),
        ("arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-pro-v1:0", None),
        ("arn:aws-us-gov:bedrock:us-gov-west-1:111122223333:inference-profile/a.b", None),
        ("arn:aws:bedrock:us-east-1:111122223333:application-inference-profile/x1", None),
        ("openai.gpt-oss-120b-1:0", None),
        (
            "openai:gpt-oss:20b, openai:meta-llama/Llama-3",
            ["openai:gpt-oss:20b", "openai:meta-llama/Llama-3"],
        ),
        ("extractive, extractive", ["extractive"]),
    ],
)
def test_answerers_are_named_one_after_the_other(
    value: str, names: list[str] | None, secrets: Path
) -> None:
    settings = Settings.load({"KB_GENERATION_MODEL": value}, secrets)
    assert list(settings.generation_models) == (names or [value])


@pytest.mark.parametrize(
    ("value", "address"),
    [
        ("http://localhost:11434/v1", None),
        ("http://127.0.0.53/v1", None),
        ("http://[::1]:8080/v1", None),
        ("https://api.openai.com/v1", None),
        (" https://example.com/v1/chat/completions ", "https://example.com/v1"),
    ],
)
def test_an_endpoint_s_address_is_taken_as_it_is_used(
    value: str, address: str | None, secrets: Path
) -> None:
    settings = Settings.load({"KB_OPENAI_BASE_URL": value}, secrets)
    assert settings.openai_base_url == (address or value)


def test_no_secret_is_in_a_description_or_a_sentence(secrets: Path) -> None:
    settings = Settings.load(
        {"KB_OPENAI_API_KEY": "sk-geheim", "KB_DATABASE_URL": "postgresql://u:geheim@h/d"}, secrets
    )
    assert "geheim" not in repr(settings)
    with pytest.raises(SettingsError) as caught:
        Settings.load({"KB_OPENAI_BASE_URL": "https://u:geheim@h/v1"}, secrets)
    assert "geheim" not in f"{caught.value}{caught.value.__cause__}"


@pytest.mark.parametrize("key", ["sk-geheim\nX-Other: 1", "sk geheim", "sk-geheimß"])
def test_a_key_that_fits_into_no_header_is_refused_without_being_shown(
    key: str, secrets: Path
) -> None:
    with pytest.raises(SettingsError, match=r"^KB_OPENAI_API_KEY ") as caught:
        Settings.load({"KB_OPENAI_API_KEY": key}, secrets)
    assert "geheim" not in f"{caught.value!r}{caught.value.__cause__!r}"


def test_none_is_the_word_for_no_reranker(secrets: Path) -> None:
    assert Settings.load({"KB_RERANKING_MODEL": "none"}, secrets).reranking_models == ()
    assert Settings.load({}, secrets).reranking_models == ("late-interaction",)
