"""The shipped statements by name, and those of them that a reader may run as they stand."""

from __future__ import annotations

from kb import sql
from kb.errors import ResourceNotFound

#: Shipped statements that only read, for the pane of the page.
EXAMPLES = {
    "One phrase": "aurora_ml/020_embed_phrase",
    "Similarity search": "aurora_ml/080_search",
    "What is installed": "aurora_ml/015_check",
}
EXAMPLE_VALUES = {":phrase": "'PostgreSQL I/O monitoring views'", ":number_of_results": "5"}


def examples() -> dict[str, str]:
    """The walk-through's statements that only read, ready to run."""
    return {title: _ready(script(name)) for title, name in EXAMPLES.items()}


def scripts() -> list[str]:
    """Names of all shipped statements."""
    return sorted(
        path.relative_to(sql.SQL_DIR).with_suffix("").as_posix()
        for path in sql.SQL_DIR.rglob("*.sql")
    )


def script(name: str) -> str:
    """A shipped statement by its name, or by the end of it: 080_search."""
    wanted = name.removeprefix("sql/").removesuffix(".sql")
    found = [n for n in scripts() if n == wanted] or [
        n for n in scripts() if n.rpartition("/")[2] == wanted
    ]
    if len(found) != 1:
        raise ResourceNotFound(
            f"No one shipped statement is called '{name}'; `python -m kb sql` lists them."
        )
    return sql.script(found[0])


def _ready(text: str) -> str:
    lines = [line for line in text.splitlines() if not line.startswith("--")]
    ready = "\n".join(lines).strip()
    for parameter, value in EXAMPLE_VALUES.items():
        ready = ready.replace(parameter, value)
    return ready
