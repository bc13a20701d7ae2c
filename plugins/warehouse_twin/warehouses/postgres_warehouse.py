"""`PostgresWarehouse`: a warehouse in one PostgreSQL database."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pyarrow as pa

from warehouse_twin.errors import LockedError, SourceError, TerminalError, TwinError
from warehouse_twin.warehouses import Publication, literal, quoted
from warehouse_twin.warehouses.catalog import Table
from warehouse_twin.warehouses.duckdb_connection import nearest
from warehouse_twin.warehouses.duckdb_publishing import require_release_schema
from warehouse_twin.warehouses.postgres_catalog import readable_tables, schemas_of, tables_of, views_of
from warehouse_twin.warehouses.postgres_connection import LONGEST_WAIT, Opened, connection, retried, set_search, without_values
from warehouse_twin.warehouses.postgres_publishing import point_views, read_release, refuse_if_read, write_release
from warehouse_twin.warehouses.postgres_rows import load_rows, move_sequences, read_rows

READERS = 4
"""Tables of a snapshot that are read at once, each on a connection of its own."""
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class PostgresSnapshot:
    """One transaction's view of a schema, which other connections share; valid until the context it came from is left."""

    warehouse: PostgresWarehouse
    schema: str
    known: tuple[Table, ...]
    number: str
    readers: int = READERS

    def tables(self) -> tuple[Table, ...]:
        return self.known

    def read(self, table: Table) -> pa.Table:
        """As the protocol says; several threads may read at once, each on a connection of its own."""
        made = self.warehouse
        with made.opened() as opened, made.told(f"{self.schema}.{table.name}", error=SourceError):
            opened.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            opened.execute(f"SET TRANSACTION SNAPSHOT {literal(self.number)}")
            return read_rows(opened, self.schema, table)


@dataclass(slots=True)
class PostgresWarehouse:
    """See `Warehouse`. `lock_seconds` is how long a change waits for whoever holds what it changes."""

    name: str
    url: str = field(repr=False)
    lock_seconds: float = 600.0
    dialect: Literal["postgres"] = "postgres"

    @contextmanager
    def snapshot(self, schema: str) -> Iterator[PostgresSnapshot]:
        with self.opened() as opened:
            retried(self.name, schema, lambda wait: self._begin_snapshot(opened, schema, wait), lock_seconds=self.lock_seconds)
            with self.told(schema, error=SourceError):
                known = tables_of(opened, schema)
                [(number,)] = opened.rows("SELECT pg_export_snapshot()")
            yield PostgresSnapshot(self, schema, known, number)

    def _begin_snapshot(self, opened: Opened, schema: str, wait: float) -> None:
        """Hold every table from before the snapshot begins: TRUNCATE and DROP of another would show through any snapshot."""
        names = self._readable(opened, schema)
        try:
            with self.told(schema, error=SourceError):
                opened.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
                opened.execute(f"SET LOCAL lock_timeout = {int(wait * 1000)}")
                if names:  # which takes no snapshot yet
                    opened.execute(f"LOCK TABLE {', '.join(f'{quoted(schema)}.{quoted(name)}' for name in names)} IN ACCESS SHARE MODE")
        except SourceError:
            if self._readable(opened, schema) == names:
                raise
            raise LockedError(f"{schema}: tables came or went") from None  # once more, with those that are there now

    def _readable(self, opened: Opened, schema: str) -> tuple[str, ...]:
        """The tables that we may read, asked in a transaction of its own; one that failed before is given up."""
        with self.told(schema, error=SourceError):
            opened.rollback()
            names = readable_tables(opened, schema)
            opened.rollback()
        return names

    def schemas(self) -> tuple[str, ...]:
        with self.opened() as opened, self.told("schemas"):
            return schemas_of(opened)

    def read(self, schema: str, table: str, like: Table | None = None) -> pa.Table:
        with self.opened() as opened, self.told(f"{schema}.{table}", error=SourceError):
            opened.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            known = {found.name: found for found in (*tables_of(opened, schema), *views_of(opened, schema))}
            if table not in known:
                raise SourceError(f"no table {table!r} in schema {schema!r}{nearest(table, list(known))}")
            return read_rows(opened, schema, known[table] if like is None else known[table].read_as(like))

    def install(
        self, schema: str, statements: Sequence[str], tables: Mapping[str, Path], finishing: Sequence[tuple[str, str]] = ()
    ) -> tuple[str, ...]:
        require_release_schema(schema)

        def work(wait: float) -> tuple[str, ...]:
            with self.opened(wait) as opened, self.told(schema):
                opened.execute(f"DROP SCHEMA IF EXISTS {quoted(schema)} CASCADE")
                set_search(opened, (schema,))  # types and sequences of the release are named without it
                for statement in statements:
                    opened.execute(statement)
                made = {table.name: table for table in tables_of(opened, schema)}
                if set(made) != set(tables):
                    raise SourceError(f"{schema}: statements made {sorted(made)}, files are for {sorted(tables)}; wanted the same tables")
                for name, path in tables.items():
                    with self.told(f"{schema}.{name}"):
                        load_rows(opened, schema, made[name], path)
                        move_sequences(opened, schema, made[name])
                set_search(opened, (schema,))
                left = _finish(opened, finishing)
                opened.commit()
            return left

        left = retried(self.name, schema, work, lock_seconds=self.lock_seconds)
        logger.info("warehouse %s: installed %s, %d tables", self.name, schema, len(tables))
        return left

    def publish(self, *, public: str, private: str, tables: Sequence[Table], publication: Publication) -> None:
        grants = {table.name: table.grants for table in tables}

        def work(wait: float) -> None:
            with self.opened(wait) as opened, self.told(public):
                point_views(opened, public=public, private=private, tables=tables, grants=grants)
                write_release(opened, public, publication)
                opened.commit()

        retried(self.name, public, work, lock_seconds=self.lock_seconds)
        logger.info("warehouse %s: %s now shows %s@%d", self.name, public, publication.twin, publication.release)

    def published(self, schema: str) -> Publication | None:
        with self.opened() as opened, self.told(schema):
            return read_release(opened, schema)

    def drop(self, schema: str) -> None:
        require_release_schema(schema)

        def work(wait: float) -> bool:
            with self.opened(wait) as opened, self.told(schema):
                if schema not in schemas_of(opened):
                    return False
                refuse_if_read(opened, schema)
                opened.execute(f"DROP SCHEMA IF EXISTS {quoted(schema)} CASCADE")
                opened.commit()
            return True

        if retried(self.name, schema, work, lock_seconds=self.lock_seconds):
            logger.info("warehouse %s: dropped %s", self.name, schema)

    def opened(self, wait: float = LONGEST_WAIT) -> AbstractContextManager[Opened]:
        return connection(self.name, self.url, wait=wait)

    def told(self, what: str, *, error: type[TwinError] = TerminalError) -> AbstractContextManager[None]:
        """PostgreSQL's errors in the block say which warehouse and what in it."""
        return without_values(f"warehouse {self.name}: {what}", error=error)


def _finish(opened: Opened, finishing: Sequence[tuple[str, str]]) -> tuple[str, ...]:
    """Run each statement whose query counts no row that breaks it; the others."""
    left = []
    for statement, broken in finishing:
        if broken and opened.rows(broken)[0][0]:
            left.append(statement)
        else:
            opened.execute(statement)
    return tuple(left)
