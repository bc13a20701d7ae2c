"""Take the candidate out of its database: DDL, Parquet files in key order, and the digest of what they hold."""
# ruff: noqa: S608 - identifiers go through `quoted`, file names through `scan`

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb

from warehouse_twin.digests import digest_of, digest_table
from warehouse_twin.errors import TerminalError
from warehouse_twin.manifest.resolved import ResolvedTable, ResolvedTwin
from warehouse_twin.materializing.ddl import read_catalog, rebuilt_catalog
from warehouse_twin.materializing.keeping import broken_constraints
from warehouse_twin.materializing.naming import release_schema, scan
from warehouse_twin.materializing.target_ddl import target_schema
from warehouse_twin.warehouses import literal, quoted
from warehouse_twin.warehouses.duckdb_catalog import read_columns
from warehouse_twin.workspace import write_json

# Parquet has no such types: DuckDB 2.0 would write doubles, drop the offset or the microseconds. As text they load back exactly.
_AS_TEXT = ("HUGEINT", "UHUGEINT", "BIGNUM", "TIME WITH TIME ZONE", "INTERVAL")
_ROWS_A_GROUP = 122_880


@dataclass(frozen=True, slots=True)
class Exported:
    """What was exported: rows and digest of each table, and the digest of the data as a whole."""

    rows: Mapping[str, int]
    digests: Mapping[str, str]
    left_out: tuple[tuple[str, str], ...] = ()
    """(table, definition) of constraints that the rows do not keep"""

    @property
    def data_digest(self) -> str:
        return digest_of(dict(self.digests))


def export(candidate: Path, *, resolved: ResolvedTwin, release: int, folder: Path, rows: Mapping[str, int]) -> Exported:
    """Write `schema.json` and `tables/<table>.parquet` into `folder`.

    Raises TerminalError when the candidate's catalog is not what the DDL makes, when a table has not as many `rows` as were
    synthesized, or when a file does not read back as the table.
    """
    what = f"materialize {resolved.twin}@{release}"
    schema = release_schema(resolved, release)
    digests: dict[str, str] = {}
    (folder / "tables").mkdir(parents=True)
    with duckdb.connect(str(candidate), read_only=True) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute("SET threads = 1")  # the same rows make the same bytes
        _compare_catalogs(connection, resolved, release=release, what=what)
        for item in resolved.tables:
            path = folder / "tables" / f"{item.name}.parquet"
            relation = f"{quoted(schema)}.{quoted(item.name)}"
            _copy(connection, item, relation, path)
            count = _compare_rows(connection, item, relation, path, what=what)
            if count != rows[item.name]:
                raise TerminalError(
                    f"{what}: table {item.name!r}: got {count} rows in the candidate; wanted the {rows[item.name]} that were synthesized; "
                    "next: look at dbt_project/macros/twin_table.sql, which must select every row"
                )
            data = read_columns(connection, schema, item.table)  # as publish will read it back
            digests[item.name] = digest_table(data, keys=item.table.primary_key)
        broken = broken_constraints(connection, resolved, schema)
    write_json(folder / "schema.json", target_schema(resolved, release=release, broken=broken).to_dict())
    return Exported(rows=dict(rows), digests=digests, left_out=broken)


def _compare_catalogs(connection: duckdb.DuckDBPyConnection, resolved: ResolvedTwin, *, release: int, what: str) -> None:
    """The candidate that dbt built must have the columns and keys of the schema that publish will build."""
    built = read_catalog(connection, release_schema(resolved, release))
    wanted = rebuilt_catalog(resolved, release=release)
    for table in sorted(built.keys() | wanted.keys()):
        got, want = built.get(table, []), wanted.get(table, [])
        if got != want:
            extra, missing = [fact for fact in got if fact not in want], [fact for fact in want if fact not in got]
            raise TerminalError(
                f"{what}: table {table!r}: the candidate's keys and types are not the source's: got {extra or 'another order'}; "
                f"wanted {missing or 'the declared order'}; next: look at dbt_project/dbt_project.yml, which must enforce contracts"
            )


def _copy(connection: duckdb.DuckDBPyConnection, item: ResolvedTable, relation: str, path: Path) -> None:
    """One table in key order, all columns where it has no key, so that equal rows make equal files."""
    columns = ", ".join(
        f"{quoted(column.name)}::VARCHAR AS {quoted(column.name)}" if column.sql_type in _AS_TEXT else quoted(column.name)
        for column in item.table.columns
    )
    order = ", ".join(f"{relation}.{quoted(name)} NULLS LAST" for name in item.table.primary_key or item.table.column_names)
    options = f"FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {_ROWS_A_GROUP}"
    connection.execute(f"COPY (SELECT {columns} FROM {relation} ORDER BY {order}) TO {literal(str(path))} ({options})")


def _compare_rows(connection: duckdb.DuckDBPyConnection, item: ResolvedTable, relation: str, path: Path, *, what: str) -> int:
    """Rows of the table, after comparing count and sum of row hashes with what the file reads back as."""
    table = ", ".join(quoted(column.name) for column in item.table.columns)
    file = ", ".join(f"CAST({quoted(column.name)} AS {column.sql_type})" for column in item.table.columns)
    counted = connection.execute(f"SELECT count(*), sum(hash({table})::HUGEINT) FROM {relation}").fetchall()
    written = connection.execute(f"SELECT count(*), sum(hash({file})::HUGEINT) FROM {scan(path)}").fetchall()
    if counted != written:
        raise TerminalError(
            f"{what}: table {item.name!r}: its Parquet file does not read back as the table; wanted the same rows; "
            "next: leave out columns of types that Parquet cannot hold"
        )
    return int(counted[0][0])
