"""Are the synthesized files what dbt is to build from? Checked before dbt starts, since a cast would round silently."""
# ruff: noqa: S608 - identifiers go through `quoted`, file names through `scan`

from __future__ import annotations

from pathlib import Path

import duckdb
import pyarrow.parquet as pq

from warehouse_twin.errors import TerminalError
from warehouse_twin.manifest.resolved import ResolvedTable, ResolvedTwin
from warehouse_twin.materializing.naming import scan
from warehouse_twin.warehouses import quoted


def check_synthesized(resolved: ResolvedTwin, *, release: int, synthesized: Path) -> dict[str, int]:
    """Table → rows of its file.

    Raises TerminalError when a file is missing, holds other columns than the table, or values its types cannot hold exactly.
    """
    what = f"materialize {resolved.twin}@{release}"
    again = f"next: twin synthesize {resolved.twin}"
    rows: dict[str, int] = {}
    with duckdb.connect(":memory:") as connection:
        connection.execute("SET TimeZone = 'UTC'")
        for item in resolved.tables:
            path = synthesized / f"{item.name}.parquet"
            if not path.is_file():
                raise TerminalError(f"{what}: table {item.name!r}: got no file {path.name!r}; wanted one per table; {again}")
            with pq.ParquetFile(path) as file:
                names, rows[item.name] = file.schema_arrow.names, file.metadata.num_rows
            if tuple(names) != item.table.column_names:
                raise TerminalError(
                    f"{what}: table {item.name!r}: got columns {', '.join(names)}; wanted {', '.join(item.table.column_names)}; {again}"
                )
            for column, declared, got, count in _changed_by_cast(connection, item, path):
                raise TerminalError(
                    f"{what}: table {item.name!r}, column {column!r}: {count} values of type {got} are not exact as {declared}; "
                    f"wanted values of the source's type; {again}"
                )
    return rows


def _changed_by_cast(connection: duckdb.DuckDBPyConnection, item: ResolvedTable, path: Path) -> list[tuple[str, str, str, int]]:
    """Columns whose file type is not the declared one, with how many values the cast would lose or change."""
    described = {name: kind for name, kind, *_ in connection.execute(f"DESCRIBE SELECT * FROM {scan(path)}").fetchall()}
    changed: list[tuple[str, str, str, int]] = []
    for column in item.table.columns:
        got, name = described[column.name], quoted(column.name)
        if got == column.sql_type:
            continue
        there = f"TRY_CAST({name} AS {column.sql_type})"
        # text has many spellings of one value, so it only has to be readable; other types have to come back the same
        lost = f"{there} IS NULL" if got == "VARCHAR" else f"TRY_CAST({there} AS {got}) IS DISTINCT FROM {name}"
        query = f"SELECT count(*) FROM {scan(path)} WHERE {name} IS NOT NULL AND ({lost})"
        [(count,)] = connection.execute(query).fetchall()
        if count:
            changed.append((column.name, column.sql_type, got, count))
    return changed
