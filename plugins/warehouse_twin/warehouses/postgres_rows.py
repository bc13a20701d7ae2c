"""Rows of a PostgreSQL table as Arrow, and back.

What leaves the server is numbers, booleans, bytes and text; DuckDB, which every later stage reads with, makes the column's
type of the text. So a value reads the same from PostgreSQL as from a DuckDB file: to the last digit, in UTC, infinite times too.
"""

from __future__ import annotations

from pathlib import Path

import duckdb
import pyarrow as pa

from warehouse_twin.errors import IntegrityError
from warehouse_twin.warehouses import literal, quoted
from warehouse_twin.warehouses.catalog import Column, Table
from warehouse_twin.warehouses.duckdb_catalog import as_read
from warehouse_twin.warehouses.postgres_connection import Opened

_AS_THEY_ARE = {"smallint", "integer", "bigint", "real", "double precision", "boolean", "text", "bytea"}
_SENT_AS_THEY_ARE = {"BOOLEAN", "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "FLOAT", "DOUBLE", "VARCHAR", "BLOB"}
_STAGED = "twin_staged"

# An interval's months, days and microseconds: DuckDB does not read the signs PostgreSQL writes.
_INTERVAL = (
    "CASE WHEN isfinite({0}) THEN (extract(year from {0}) * 12 + extract(month from {0}))::bigint || ' months ' || "
    "extract(day from {0})::bigint || ' days ' || (extract(hour from {0}) * 3600000000 + extract(minute from {0}) * 60000000 "
    "+ extract(microseconds from {0}))::bigint || ' microseconds' END"
)


def read_rows(opened: Opened, schema: str, table: Table) -> pa.Table:
    """All rows of a table or view, columns in declared order; in the order of its primary key, else of all its columns."""
    listed = ", ".join(f"{_sent(column)} AS {_number(place)}" for place, column in enumerate(table.columns))
    arrived = opened.arrow(f"SELECT {listed} FROM {quoted(schema)}.{quoted(table.name)}")
    with duckdb.connect(":memory:") as made:
        made.execute("SET TimeZone = 'UTC'")
        made.execute("SET threads = 2")
        made.register("arrived", arrived)
        typed = ", ".join(f"{_typed(column, _number(place))} AS {quoted(column.name)}" for place, column in enumerate(table.columns))
        final = ", ".join(as_read(column) for column in table.columns)
        order = ", ".join(f"{quoted(name)} NULLS LAST" for name in table.primary_key or table.column_names)
        query = (
            f"WITH typed AS (SELECT {typed} FROM arrived), ordered AS (SELECT * FROM typed ORDER BY {order}) SELECT {final} FROM ordered"
        )
        return made.sql(query).to_arrow_table()


def _number(place: int) -> str:
    """No name of a column can clash with these."""
    return f"c{place}"


def _sent(column: Column) -> str:
    """The column as it leaves the server."""
    name, native = quoted(column.name), column.native_type
    if native in _AS_THEY_ARE:
        return name
    if native == "money":
        return f"{name}::numeric::text"
    if column.sql_type == "INTERVAL":
        return _INTERVAL.format(name)
    if column.sql_type.endswith("[]"):
        if column.sql_type == "INTERVAL[]":
            return f"(SELECT array_agg({_INTERVAL.format('e')} ORDER BY i) FROM unnest({name}) WITH ORDINALITY AS u(e, i))"
        return f"{name}::text[]"
    return f"{name}::text"


def _typed(column: Column, name: str) -> str:
    """The column as DuckDB has it, made from what was sent."""
    if column.sql_type.endswith("[]") and column.native_type.endswith("[]"):
        element = _element(column.sql_type[:-2], "e")
        return f"CAST(list_transform({name}, lambda e: {element}) AS {column.sql_type})"
    if column.native_type in _AS_THEY_ARE:
        return f"CAST({name} AS {column.sql_type})"
    return f"CAST({_element(column.sql_type, name)} AS {column.sql_type})"


def _element(sql_type: str, text: str) -> str:
    """A value from PostgreSQL's text of it."""
    if sql_type.startswith("DECIMAL"):  # no decimal of DuckDB is infinite or not a number
        return f"CAST(CASE WHEN {text} NOT IN ('NaN', 'Infinity', '-Infinity') THEN {text} END AS {sql_type})"
    if sql_type.startswith(("DATE", "TIMESTAMP")):  # 0044-03-15 10:00:00 BC → 0044-03-15 (BC) 10:00:00
        return f"CAST(regexp_replace({text}, '^(\\S+)( .*)? BC$', '\\1 (BC)\\2') AS {sql_type})"
    if sql_type == "BLOB":
        return f"unhex({text}[3:])"
    return f"CAST({text} AS {sql_type})"


def load_rows(opened: Opened, schema: str, table: Table, path: Path) -> None:
    """Insert all rows of a Parquet file. Raises IntegrityError when its columns are not the table's."""
    columns = table.columns
    with duckdb.connect(":memory:") as made:
        made.execute("SET TimeZone = 'UTC'")
        file = made.from_parquet(_exact(path), hive_partitioning=False)
        if set(file.columns) != set(table.column_names):
            missing, extra = sorted(set(table.column_names) - set(file.columns)), sorted(set(file.columns) - set(table.column_names))
            raise IntegrityError(f"{path.name}: not the columns of {schema}.{table.name}: missing {missing}, unknown {extra}")
        types = dict(zip(file.columns, map(str, file.types), strict=True))
        stored = [column for column in columns if not column.generated]
        listed = ", ".join(f"{_staged(column, types[column.name])} AS {_number(place)}" for place, column in enumerate(stored))
        staged = file.project(listed).to_arrow_table()
    opened.ingest(_STAGED, staged)
    target = f"{quoted(schema)}.{quoted(table.name)}"
    into = ", ".join(quoted(column.name) for column in stored)
    of = ", ".join(_cast(column, _number(place)) for place, column in enumerate(stored))
    opened.execute(f"INSERT INTO {target} ({into}) OVERRIDING SYSTEM VALUE SELECT {of} FROM pg_temp.{_STAGED}")
    opened.execute(f"DROP TABLE pg_temp.{_STAGED}")


def _staged(column: Column, file_type: str) -> str:
    """The column as it goes to the server: as it is, or as text that PostgreSQL reads."""
    name = quoted(column.name)
    if file_type in _SENT_AS_THEY_ARE:
        return name
    if file_type.endswith("[]") and column.native_type.endswith("[]"):
        return f"list_transform({name}, lambda e: {_spelled(file_type[:-2], 'e')})"
    if column.native_type in ("json", "jsonb") and file_type != "JSON":
        return f"CAST(to_json({name}) AS VARCHAR)"
    return _spelled(file_type, name)


def _spelled(file_type: str, name: str) -> str:
    if file_type == "BLOB":
        return f"'\\x' || hex({name})"
    if file_type.startswith(("DATE", "TIMESTAMP")):  # 0044-03-15 (BC) 10:00:00 → 0044-03-15 10:00:00 BC
        return f"regexp_replace(CAST({name} AS VARCHAR), '^(\\S+) \\(BC\\)(.*)$', '\\1\\2 BC')"
    return f"CAST({name} AS VARCHAR)"


def _cast(column: Column, name: str) -> str:
    if column.native_type == "money":
        return f"{name}::numeric::money"
    return f"{name}::{column.native_type}"


def _exact(path: Path) -> str:
    """A file's name in which characters that would make it a pattern stand for themselves."""
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in str(path))


def move_sequences(opened: Opened, schema: str, table: Table) -> None:
    """The next number that the table hands out follows those it holds."""
    for column in table.columns:
        if column.identity:
            name = f"{quoted(schema)}.{quoted(table.name)}"
            sequence = f"pg_get_serial_sequence({literal(name)}, {literal(column.name)})"
            opened.rows(f"SELECT setval({sequence}, max({quoted(column.name)})) FROM {name} HAVING max({quoted(column.name)}) >= 1")
