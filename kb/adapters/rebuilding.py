"""A second table for vectors of another model, and how it takes the first one's place."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from psycopg import sql as psycopg_sql
from sqlalchemy import Connection, Engine

from kb import sql
from kb.adapters import copy_in
from kb.adapters.database import Row, driver, rows, transaction
from kb.errors import Conflict
from kb.models import ChunkEmbeddings, ModelIdentity
from kb.models.staging import RebuildText

REBUILT = "bedrock_kb_rebuilt"
#: kB that building its indexes may use.
BUILD_KB = 128 * 1024


class Rebuilding:
    """A RebuildArea on PostgreSQL."""

    def __init__(self, engine: Engine, *, identity: ModelIdentity) -> None:
        self._engine = engine
        self._identity = identity

    def check_alone(self, ingestion_job_id: str) -> None:
        with transaction(self._engine) as connection:
            if rows(connection, "rebuild/others", ingestion_job_id=ingestion_job_id):
                raise Conflict(
                    "Another ingestion job of this database is running; wait for it, then rebuild."
                )

    def is_current(self) -> bool:
        with transaction(self._engine) as connection:
            found = rows(connection, "catalogue/embedding_models")
        return [ModelIdentity(**row) for row in found] == [self._identity]

    def texts(self, limit: int) -> list[RebuildText]:
        with transaction(self._engine) as connection:
            return self._texts(connection, limit)

    def _texts(self, connection: Connection, limit: int) -> list[RebuildText]:
        found = rows(connection, "rebuild/texts", model=self._identity.key, row_limit=limit)
        return [
            RebuildText(
                text_sha256=bytes(row["text_sha256"]),
                text=row["text"],
                heading_path=tuple(row["heading_path"] or ()),
                embedding_prefix=row["embedding_prefix"],
            )
            for row in found
        ]

    def add_embeddings(
        self, ingestion_job_id: str, hashes: Sequence[bytes], embeddings: ChunkEmbeddings
    ) -> None:
        with transaction(self._engine) as connection:
            copy_in.copy_embeddings(connection, self._identity.key, hashes, embeddings)
            rows(
                connection,
                "rebuild/count_embedding_calls",
                ingestion_job_id=ingestion_job_id,
                embedding_calls=len(hashes),
            )

    def swap(self) -> bool:
        with transaction(self._engine) as connection:
            rows(connection, "rebuild/lock")
            if self._texts(connection, 1):
                return False
            self._fill(connection)
            rows(
                connection,
                "rebuild/set_model",
                provider=self._identity.provider,
                model=self._identity.model,
                dimensions=self._identity.dimensions,
                normalised=self._identity.normalised,
            )
        return True

    def _fill(self, connection: Connection) -> None:
        """Readers wait only from the drop of the old table to the commit, a few milliseconds."""
        create = sql.statement("rebuild/create_table", literals=("dimensions",))
        connection.execute(create, {"dimensions": self._identity.dimensions})
        rows(connection, "rebuild/fill_table", model=self._identity.key)
        rows(connection, "ingestion/build_memory", kilobytes=BUILD_KB)
        indexes = rows(connection, "rebuild/indexes")
        below = driver(connection)
        for index in indexes:
            below.execute(_for_rebuilt(index))
        below.execute(sql.script("rebuild/swap").encode())
        for index in indexes:
            for statement in _renamed(index):
                below.execute(statement)


def _renamed(index: Row) -> Iterator[psycopg_sql.Composed]:
    """What gives an index of the new table the name that it has on the old one."""
    old, new = map(psycopg_sql.Identifier, (_temporary(index["name"]), index["name"]))
    rename = psycopg_sql.SQL("ALTER INDEX bedrock_integration.{} RENAME TO {}")
    primary = psycopg_sql.SQL(
        "ALTER TABLE bedrock_integration.bedrock_kb ADD CONSTRAINT {} PRIMARY KEY USING INDEX {}"
    )
    yield rename.format(old, new)
    if index["is_primary"]:
        yield primary.format(new, new)


def _temporary(name: str) -> str:
    # PostgreSQL cuts names at 63 bytes.
    return f"r_{name}"[:63]


def _for_rebuilt(index: Row) -> psycopg_sql.Composed:
    """What makes the index, for the new table and under a free name."""
    # The server's own words: "CREATE INDEX name ON table USING hnsw (...) WITH (...)".
    _, using, how = index["definition"].partition(" USING ")
    return psycopg_sql.SQL("CREATE {} {} ON bedrock_integration.{} {}").format(
        psycopg_sql.SQL("UNIQUE INDEX" if index["is_unique"] else "INDEX"),
        psycopg_sql.Identifier(_temporary(index["name"])),
        psycopg_sql.Identifier(REBUILT),
        psycopg_sql.SQL(using + how),
    )
