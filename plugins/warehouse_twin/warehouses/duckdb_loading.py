"""Loading Parquet into tables of a DuckDB file, inside the caller's transaction, and reading it as such a table."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import duckdb
import pyarrow as pa

from warehouse_twin.errors import IntegrityError, TerminalError
from warehouse_twin.warehouses import literal, quoted
from warehouse_twin.warehouses.catalog import ForeignKey, Table
from warehouse_twin.warehouses.duckdb_catalog import as_read, database_of

_STAGED, _WAVE = "temp.main.twin_staged", "temp.main.twin_wave"


def load_table(opened: duckdb.DuckDBPyConnection, schema: str, table: Table, path: Path) -> None:
    """Insert all rows of a Parquet file. Raises IntegrityError when its columns are not the table's."""
    found = [row[0] for row in opened.execute(f"DESCRIBE SELECT * FROM {_parquet(path)}").fetchall()]
    if set(found) != set(table.column_names):
        missing, extra = sorted(set(table.column_names) - set(found)), sorted(set(found) - set(table.column_names))
        raise IntegrityError(f"{path.name}: not the columns of {schema}.{table.name}: missing {missing}, unknown {extra}")
    target = f"{database_of(opened)}.{quoted(schema)}.{quoted(table.name)}"
    table = replace(table, columns=tuple(column for column in table.columns if not column.generated))  # those are computed
    columns = ", ".join(quoted(name) for name in table.column_names)
    if any(key.references == table.name for key in table.foreign_keys):
        _load_in_waves(opened, table, target, path)
    else:
        opened.execute(f"INSERT INTO {target} ({columns}) SELECT {columns} FROM {_parquet(path)}")


def read_file(path: Path, table: Table) -> pa.Table:
    """Rows of a Parquet file exported from `table`: in the file's order, with the types that the table itself is read with."""
    columns = ", ".join(f"CAST({quoted(column.name)} AS {column.sql_type}) AS {quoted(column.name)}" for column in table.columns)
    expressions = ", ".join(as_read(column) for column in table.columns)
    with duckdb.connect(":memory:") as opened:
        opened.execute("SET TimeZone = 'UTC'")
        return opened.sql(f"SELECT {expressions} FROM (SELECT {columns} FROM {_parquet(path)})").to_arrow_table()


def rows_as_read(table: Table, rows: pa.Table) -> pa.Table:
    """Rows given as text, with the types that the table is read with; text that is no value of its type becomes null."""
    columns = ", ".join(f"TRY_CAST({quoted(column.name)} AS {column.sql_type}) AS {quoted(column.name)}" for column in table.columns)
    expressions = ", ".join(as_read(column) for column in table.columns)
    with duckdb.connect(":memory:") as opened:
        opened.execute("SET TimeZone = 'UTC'")
        opened.register("made_up", rows)
        return opened.sql(f"SELECT {expressions} FROM (SELECT {columns} FROM made_up)").to_arrow_table()


def _load_in_waves(opened: duckdb.DuckDBPyConnection, table: Table, target: str, path: Path) -> None:
    """Rows that refer to rows of their own table: DuckDB (2.0) wants those stored by an earlier statement."""
    columns = table.column_names
    number = {name: f"c{position}" for position, name in enumerate(columns)}  # no name can clash with `rowid`
    listed = ", ".join(f"{quoted(name)} AS {number[name]}" for name in columns)
    opened.execute(f"CREATE OR REPLACE TEMP TABLE {_STAGED} AS SELECT {listed} FROM {_parquet(path)}")
    ready = " AND ".join(_parent_stored(key, number, target) for key in table.foreign_keys if key.references == table.name)
    into, of = ", ".join(quoted(name) for name in columns), ", ".join(number.values())
    while True:
        opened.execute(f"CREATE OR REPLACE TEMP TABLE {_WAVE} AS SELECT s.rowid AS r FROM {_STAGED} AS s WHERE {ready}")
        if not _count(opened, _WAVE):
            break
        rows = f"rowid IN (SELECT r FROM {_WAVE})"
        opened.execute(f"INSERT INTO {target} ({into}) SELECT {of} FROM {_STAGED} WHERE {rows} ORDER BY rowid")
        opened.execute(f"DELETE FROM {_STAGED} WHERE {rows}")
    if left := _count(opened, _STAGED):
        raise TerminalError(f"{table.name}: {left} rows refer to rows of the same table that are not there, to themselves or in a circle")


def _parent_stored(key: ForeignKey, number: Mapping[str, str], target: str) -> str:
    """The condition that a staged row `s` refers to nothing, or to a row of `target`."""
    nulls = [f"s.{number[name]} IS NULL" for name in key.columns]
    pairs = zip(key.references_columns, key.columns, strict=True)
    same = " AND ".join(f"p.{quoted(parent)} = s.{number[child]}" for parent, child in pairs)
    return f"({' OR '.join(nulls)} OR EXISTS (SELECT 1 FROM {target} AS p WHERE {same}))"


def _count(opened: duckdb.DuckDBPyConnection, table: str) -> int:
    return int(opened.execute(f"SELECT count(*) FROM {table}").fetchall()[0][0])


def _parquet(path: Path) -> str:
    """The file as a table; characters that would make its name a pattern stand for themselves."""
    exact = re.sub(r"([*?\[])", r"[\1]", str(path))
    return f"read_parquet({literal(exact)}, hive_partitioning = false)"
