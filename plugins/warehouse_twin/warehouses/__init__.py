"""Where tables live: the `Warehouse` protocol and how a name becomes one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

from warehouse_twin.errors import ConfigurationError
from warehouse_twin.warehouses.catalog import Table

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Dialect", "Publication", "Snapshot", "Warehouse", "open_warehouse"]

Dialect = Literal["duckdb", "postgres"]


@dataclass(frozen=True, slots=True)
class Publication:
    """What readers of a public schema see: the `_release` row."""

    twin: str
    release: int
    data_digest: str
    published_at: str


class Snapshot(Protocol):
    """One consistent view of a schema, for as long as the context it came from is open."""

    @property
    def readers(self) -> int:
        """How many threads may read at once."""

    def tables(self) -> tuple[Table, ...]:
        """The schema's base tables, by name."""

    def read(self, table: Table) -> pa.Table:
        """All rows of a table, columns in declared order, in a fixed row order."""


class Warehouse(Protocol):
    """A place where tables live.

    Every method opens what it needs and closes it before it returns, so that nobody is shut out for longer than that.
    Raises LockedError when somebody else holds the warehouse longer than the settings allow, and SourceError when
    a schema or table is not there. All names are quoted; none is trusted.
    """

    name: str

    @property
    def dialect(self) -> Dialect:
        """Whose SQL it speaks."""

    def snapshot(self, schema: str) -> AbstractContextManager[Snapshot]:
        """One consistent view of `schema`."""

    def schemas(self) -> tuple[str, ...]:
        """The names of all schemas."""

    def install(
        self, schema: str, statements: Sequence[str], tables: Mapping[str, Path], finishing: Sequence[tuple[str, str]] = ()
    ) -> tuple[str, ...]:
        """Make `schema` from nothing in one transaction: run DDL `statements` (which name it), then load each Parquet file.

        `tables` is in foreign-key order. A schema of that name is dropped first: it can only be what a killed run left.
        `finishing` are statements for when all rows are there, each with a query that counts the rows that break it, or none:
        where it counts any, the statement is left out. Returns those.
        """

    def read(self, schema: str, table: str, like: Table | None = None) -> pa.Table:
        """All rows of one table or view, as the column types of `like` where that is given."""

    def publish(self, *, public: str, private: str, tables: Sequence[Table], publication: Publication) -> None:
        """Point the views of schema `public` at `private` and change its `_release` row, in one transaction."""

    def published(self, schema: str) -> Publication | None:
        """The `_release` row of a public schema; None when it has never been published to."""

    def drop(self, schema: str) -> None:
        """Drop a release's schema. Refuses one that a `_release` row names."""


def open_warehouse(name: str, url: str, **options: Any) -> Warehouse:
    """The warehouse called `name` at `url` (`duckdb:///path`, `postgresql://…`). Raises ConfigurationError for a scheme nobody handles."""
    scheme = url.partition(":")[0]
    if scheme == "duckdb":
        from warehouse_twin.warehouses.duckdb_warehouse import DuckDBWarehouse

        return DuckDBWarehouse(name=name, path=Path(url.removeprefix("duckdb://")), **options)
    if scheme == "postgresql":
        from warehouse_twin.warehouses.postgres_warehouse import PostgresWarehouse

        return PostgresWarehouse(name=name, url=url, **options)
    raise ConfigurationError(f"warehouse {name}: no engine for {scheme!r} URLs; wanted duckdb:///absolute/path or postgresql://host/database")


def quoted(name: str) -> str:
    """An SQL identifier, quoted: any name is safe."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """An SQL string literal."""
    return "'" + text.replace("'", "''") + "'"


