"""`DuckDBWarehouse`: a warehouse in one DuckDB file, the embedded engine of demo, tests and candidates."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import duckdb
import pyarrow as pa

from warehouse_twin.errors import SourceError, TerminalError, TwinError
from warehouse_twin.warehouses import Publication, quoted
from warehouse_twin.warehouses.catalog import Table
from warehouse_twin.warehouses.duckdb_catalog import database_of, read_columns, read_table, schemas_of, tables_of
from warehouse_twin.warehouses.duckdb_connection import connection, transaction, without_values
from warehouse_twin.warehouses.duckdb_loading import load_table
from warehouse_twin.warehouses.duckdb_publishing import (
    point_views,
    read_release,
    refuse_if_read,
    require_release_schema,
    write_release,
)

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class DuckDBSnapshot:
    """One transaction's view of a schema; valid until the context it came from is left."""

    opened: duckdb.DuckDBPyConnection
    warehouse: str
    schema: str
    known: tuple[Table, ...]
    readers: int = 1

    def tables(self) -> tuple[Table, ...]:
        return self.known

    def read(self, table: Table) -> pa.Table:
        with without_values(f"warehouse {self.warehouse}: {self.schema}.{table.name}", error=SourceError):
            return read_columns(self.opened, self.schema, table)


@dataclass(slots=True)
class DuckDBWarehouse:
    """See `Warehouse`. `lock_seconds` is how long an opening waits for whoever has the file."""

    name: str
    path: Path
    lock_seconds: float = 600.0
    dialect: Literal["duckdb"] = "duckdb"

    @contextmanager
    def snapshot(self, schema: str) -> Iterator[DuckDBSnapshot]:
        with self._reading() as opened:
            with self._told(schema, error=SourceError):
                opened.execute("BEGIN TRANSACTION")
                known = tables_of(opened, schema)
            yield DuckDBSnapshot(opened, self.name, schema, known)

    def schemas(self) -> tuple[str, ...]:
        if not self.path.exists():
            return ()
        with self._reading() as opened:
            return schemas_of(opened)

    def read(self, schema: str, table: str, like: Table | None = None) -> pa.Table:
        with self._reading() as opened, self._told(f"{schema}.{table}", error=SourceError):
            return read_table(opened, schema, table)

    def install(
        self, schema: str, statements: Sequence[str], tables: Mapping[str, Path], finishing: Sequence[tuple[str, str]] = ()
    ) -> tuple[str, ...]:
        require_release_schema(schema)
        with self._writing() as opened, self._told(schema), transaction(opened):
            opened.execute(f"DROP SCHEMA IF EXISTS {database_of(opened)}.{quoted(schema)} CASCADE")
            for statement in statements:
                opened.execute(statement)
            made = {table.name: table for table in tables_of(opened, schema)}
            if set(made) != set(tables):
                raise SourceError(f"{schema}: statements made {sorted(made)}, files are for {sorted(tables)}; wanted the same tables")
            for name, path in tables.items():
                with self._told(f"{schema}.{name}"):
                    load_table(opened, schema, made[name], path)
            left = [statement for statement, broken in finishing if broken and opened.execute(broken).fetchall()[0][0]]
            for statement in (statement for statement, _ in finishing if statement not in left):
                opened.execute(statement)
        logger.info("warehouse %s: installed %s, %d tables", self.name, schema, len(tables))
        return tuple(left)

    def publish(self, *, public: str, private: str, tables: Sequence[Table], publication: Publication) -> None:
        with self._writing() as opened, self._told(public), transaction(opened):
            point_views(opened, public=public, private=private, tables=tables)
            write_release(opened, public, publication)
        logger.info("warehouse %s: %s now shows %s@%d", self.name, public, publication.twin, publication.release)

    def published(self, schema: str) -> Publication | None:
        if not self.path.exists():
            return None
        with self._reading() as opened, self._told(schema):
            return read_release(opened, schema)

    def drop(self, schema: str) -> None:
        require_release_schema(schema)
        if schema not in self.schemas():
            return
        with self._writing() as opened, self._told(schema), transaction(opened):
            refuse_if_read(opened, schema)
            opened.execute(f"DROP SCHEMA IF EXISTS {database_of(opened)}.{quoted(schema)} CASCADE")
        logger.info("warehouse %s: dropped %s", self.name, schema)

    def _reading(self) -> AbstractContextManager[duckdb.DuckDBPyConnection]:
        return connection(self.name, self.path, read_only=True, lock_seconds=self.lock_seconds)

    def _writing(self) -> AbstractContextManager[duckdb.DuckDBPyConnection]:
        return connection(self.name, self.path, read_only=False, lock_seconds=self.lock_seconds)

    def _told(self, what: str, *, error: type[TwinError] = TerminalError) -> AbstractContextManager[None]:
        """DuckDB's errors in the block say which warehouse and what in it."""
        return without_values(f"warehouse {self.name}: {what}", error=error)
