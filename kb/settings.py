"""One frozen set of settings, read from `KB_*` variables over `.streamlit/secrets.toml` [kb]."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from kb.errors import SettingsError
from kb.model_names import (
    EXTRACTIVE,
    LATE_INTERACTION,
    answerers,
    api_key,
    endpoint,
    rerankers,
)
from kb.models import NO_RERANKING
from kb.setting_values import S3, bucket, bundle, folder, seconds, share, whole_number

SECRETS_FILE = Path(__file__).resolve().parent.parent / ".streamlit" / "secrets.toml"
#: The embedding model that needs no account.
LOCAL_EMBEDDING_MODEL = "all-MiniLM-L6-v2"
#: Bedrock's dataDeletionPolicy.
DELETE, RETAIN = "DELETE", "RETAIN"


def default_data_dir() -> Path:
    """Where the default mode writes: the user's data folder.

    For root a folder that the unprivileged user who runs the server can reach.
    """
    if os.geteuid() == 0:
        return Path("/var/lib/kb-workbench")
    base = os.environ.get("XDG_DATA_HOME")
    return (Path(base) if base else Path.home() / ".local" / "share") / "kb-workbench"


def _setting(default: Any, about: str) -> Any:
    return field(default=default, metadata={"about": about})


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All settings; each field is `KB_` + its name in capitals."""

    data_dir: Path = field(
        default_factory=default_data_dir,
        metadata={"about": "Folder for everything that the default mode writes"},
    )
    database_url: str | None = field(
        default=None,
        repr=False,
        metadata={"about": "PostgreSQL >= 15 with pgvector >= 0.8 to use, not the embedded one"},
    )
    secret_arn: str | None = _setting(
        None, "Secrets Manager secret with the database's user and password, in RDS' shape"
    )
    secret_file: Path | None = _setting(
        None, "The same JSON in a file that only its owner may read (0600)"
    )
    database_host: str | None = _setting(
        None, "Host of the database, when neither a URL nor the secret has it"
    )
    database_port: int | None = _setting(None, "Its port")
    database_name: str | None = _setting(None, "Name of the database")
    database_user: str | None = _setting(
        None, "Role that logs in with an IAM token, when there is no secret"
    )
    reader_host: str | None = _setting(
        None, "Reader endpoint of the cluster; searches go there, all else to the writer"
    )
    ca_bundle: str | None = _setting(
        None,
        "File with the certificates that the database's own is checked against, or `system`; "
        "RDS hosts need it",
    )
    connect_seconds: int = _setting(
        60, "Seconds for which a database on another machine that does not answer is waited for"
    )
    statement_seconds: float = _setting(30.0, "Seconds that a search in the database may take")
    bucket: str = _setting(
        "workbench",
        "Name of the bucket (a folder of the data folder), or `s3://bucket/prefix` for one on S3",
    )
    model_dir: Path | None = _setting(
        None, "Folder with another all-MiniLM-L6-v2 `model.onnx` and `tokenizer.json`"
    )
    embedding_model: str = _setting(
        LOCAL_EMBEDDING_MODEL,
        "Who embeds: the local model, or one on Bedrock by its id, with `:512` behind it for "
        "other dimensions",
    )
    generation_model: str = _setting(
        EXTRACTIVE,
        "Who answers: `extractive`, a Bedrock model by its id, inference profile or ARN, or "
        "`openai:` and a model; several with commas between them, the default first",
    )
    openai_base_url: str | None = _setting(
        None, "Address of the OpenAI-compatible endpoint, up to `/v1`"
    )
    openai_api_key: str | None = field(
        default=None, repr=False, metadata={"about": "Its API key, where it wants one"}
    )
    reranking_model: str = _setting(
        LATE_INTERACTION,
        "Who sorts the candidates of a search once more: `late-interaction`, a reranking model of "
        "Bedrock, several with commas between them, or `none`",
    )
    max_document_bytes: int = _setting(50 * 1024 * 1024, "Largest document; Bedrock allows 50 MB")
    data_deletion_policy: str = _setting(
        DELETE, "`DELETE` or `RETAIN` what was indexed of documents that have left the bucket"
    )
    workers: int = _setting(1, "Workers that the app and `sync` start on this machine, 0 to 16")
    heartbeat_seconds: float = _setting(
        3.0, "Seconds between a worker's signs of life; dead after four missed ones"
    )
    answer_threshold: float = _setting(
        0.18, "Confidence below which the extractive answerer does not answer (0 to 1)"
    )
    port: int = _setting(8501, "Port of the app on 127.0.0.1")

    @property
    def uses_embedded_server(self) -> bool:
        """Whether the database is our own embedded server."""
        named = (self.database_url, self.database_host, self.secret_arn, self.secret_file)
        return not any(named)

    @property
    def uses_s3(self) -> bool:
        """Whether the documents are in a bucket of S3's."""
        return self.bucket.startswith(S3)

    @property
    def bucket_path(self) -> str:
        """`bucket`, or `bucket/prefix`: what stands between `s3://` and a document's key."""
        return self.bucket.removeprefix(S3)

    @property
    def embeds_locally(self) -> bool:
        """Whether the embedding model is the one on this machine."""
        return self.embedding_model == LOCAL_EMBEDDING_MODEL

    @property
    def generation_models(self) -> tuple[str, ...]:
        """The answerers by name, the default first."""
        return answerers(self.generation_model)

    @property
    def reranking_models(self) -> tuple[str, ...]:
        """The rerankers by name, the default first; empty for none."""
        return rerankers(self.reranking_model)

    @classmethod
    def load(
        cls,
        environ: Mapping[str, str] | None = None,
        secrets_file: Path = SECRETS_FILE,
    ) -> Settings:
        """Read settings; a variable wins over the file.

        Raises SettingsError naming the variable when a value does not fit.
        """
        environ = os.environ if environ is None else environ
        values: dict[str, Any] = dict(_secrets(secrets_file))
        for name in (f.name for f in fields(cls)):
            if given := environ.get(f"KB_{name.upper()}"):
                values[name] = given
        return cls(**{name: _convert(name, value) for name, value in values.items()})


def variable(name: str) -> str:
    """The environment variable of a field."""
    return f"KB_{name.upper()}"


def _secrets(path: Path) -> Mapping[str, Any]:
    if not path.is_file():
        return {}
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8")).get("kb", {})
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path.name} is not valid TOML; mend or remove it.") from error
    if not isinstance(table, dict):
        raise SettingsError(f"{path.name} has no table [kb] but a value of that name; mend it.")
    known = {f.name for f in fields(Settings)}
    if unknown := sorted(set(table) - known):
        raise SettingsError(f"{path.name} [kb] has an unknown setting '{unknown[0]}'; remove it.")
    return dict(table)


def _convert(name: str, value: Any) -> Any:
    try:
        return _CONVERTERS.get(name, str)(value)
    except ValueError as error:
        raise SettingsError(f"{variable(name)} has a value that does not fit: {error}.") from error


def _deletion_policy(value: Any) -> str:
    if value not in (DELETE, RETAIN):
        raise ValueError(f"it must be {DELETE} or {RETAIN}")
    return str(value)


def _generation_model(value: Any) -> str:
    return ",".join(answerers(value))


def _reranking_model(value: Any) -> str:
    return ",".join(rerankers(value)) or NO_RERANKING


_CONVERTERS: dict[str, Any] = {
    "connect_seconds": whole_number(0, 600),
    "data_dir": folder,
    "database_port": whole_number(1, 65535),
    "model_dir": folder,
    "generation_model": _generation_model,
    "openai_base_url": endpoint,
    "openai_api_key": api_key,
    "reranking_model": _reranking_model,
    "bucket": bucket,
    "max_document_bytes": whole_number(1, 5 * 1024**4),
    "data_deletion_policy": _deletion_policy,
    "workers": whole_number(0, 16),
    "heartbeat_seconds": seconds,
    "statement_seconds": seconds,
    "secret_file": folder,
    "ca_bundle": bundle,
    "answer_threshold": share,
    "port": whole_number(1, 65535),
}
