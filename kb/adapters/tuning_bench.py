"""A TuningBench on PostgreSQL: copies the live table's vectors for a sweep and removes the copy.

The live table is only read. All else happens in the schema `workbench_tuning`, under an advisory
lock. Knows nothing of indexes and searches.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from typing import Any

import psycopg
from psycopg import errors as pg

from kb.adapters.database import Database, translated_errors
from kb.adapters.tuning_session import Connection, connect, read_row, read_value, run
from kb.adapters.tuning_shadow import TuningShadow
from kb.errors import Conflict, DatabaseError, ResourceNotFound, ValidationError
from kb.models import ShadowCopy

_log = logging.getLogger(__name__)
_STAYS = "The shadow copy stays until the next sweep."


class TuningBench:
    """Makes shadow copies of `bedrock_integration.bedrock_kb` in a database or at its URL."""

    def __init__(self, database: Database | str) -> None:
        self._database = Database.at(database)

    @contextmanager
    def shadow(self) -> Iterator[TuningShadow]:
        """A fresh copy, removed when the context ends, however it ends.

        Raises Conflict while another sweep holds one, ValidationError when there is no vector.
        """
        with translated_errors(), closing(connect(self._database)) as keeper:
            if not _take_lock(keeper):
                raise Conflict("Another sweep is running on this database; wait until it ends.")
            try:
                with closing(TuningShadow(self._database, _copy_vectors(keeper))) as shadow:
                    yield shadow
            finally:
                locked_throughout = self._remove(keeper)
            if not locked_throughout:
                raise DatabaseError("The sweep's connection was lost on the way; run it again.")

    def _remove(self, keeper: Connection) -> bool:
        """Drop the copy; tell whether `keeper` and with it the lock were still there."""
        try:
            _drop_leftovers(keeper)
        except psycopg.Error:
            if keeper.closed:
                self._remove_without_keeper()
            else:
                _log.warning(_STAYS, exc_info=True)
        return not keeper.closed

    def _remove_without_keeper(self) -> None:
        try:
            with closing(connect(self._database)) as successor:
                # The lock went with the connection: another sweep may own the copy by now.
                if _take_lock(successor):
                    _drop_leftovers(successor)
        except psycopg.Error:
            _log.warning(_STAYS, exc_info=True)


def _take_lock(connection: Connection) -> bool:
    return bool(read_value(connection, "take_lock"))


def _copy_vectors(keeper: Connection) -> ShadowCopy:
    """Copy the live table's vectors and describe the copy."""
    try:
        _drop_leftovers(keeper)
        if not read_value(keeper, "schema_exists"):
            run(keeper, "create_schema")
        excluded = _fill(keeper)
    except (pg.UndefinedTable, pg.InvalidSchemaName) as error:
        raise ResourceNotFound(
            "The database has no knowledge base; upload a document and sync it first."
        ) from error
    except pg.InsufficientPrivilege as error:
        raise DatabaseError(
            "This role may not make a copy to measure on; grant it CREATE on the database and "
            "SELECT on bedrock_integration.bedrock_kb."
        ) from error
    run(keeper, "analyze_shadow")
    shape = read_row(keeper, "describe_shadow")
    if not shape["chunks"]:
        raise ValidationError("The knowledge base has no vectors to measure; sync it first.")
    dimensions = shape.pop("most_dimensions")
    if shape.pop("fewest_dimensions") != dimensions:
        raise ValidationError(
            "The table mixes vectors of different dimensions; embed all chunks with one model."
        )
    return ShadowCopy(dimensions=dimensions, **excluded, **shape)


def _fill(keeper: Connection) -> dict[str, Any]:
    """Copy in one snapshot, whose only lock on the live table is ACCESS SHARE."""
    keeper.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    with keeper.transaction():
        run(keeper, "create_shadow")
        run(keeper, "keep_vectors_in_row")
        run(keeper, "fill_shadow")
        return read_row(keeper, "count_excluded")


def _drop_leftovers(keeper: Connection) -> None:
    if not read_value(keeper, "schema_exists"):
        return
    run(keeper, "drop_shadow")
    if read_value(keeper, "may_drop_schema"):
        # Something that is not ours may live there.
        with suppress(pg.DependentObjectsStillExist):
            run(keeper, "drop_schema")
