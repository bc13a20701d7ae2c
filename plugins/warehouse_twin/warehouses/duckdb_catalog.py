"""What a DuckDB file says about its schemas, tables, views and keys, and how rows are read as Arrow."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import duckdb
import pyarrow as pa

from warehouse_twin.errors import SourceError
from warehouse_twin.warehouses import quoted
from warehouse_twin.warehouses.catalog import Column, Constraint, ForeignKey, Table
from warehouse_twin.warehouses.duckdb_connection import nearest
from warehouse_twin.warehouses.duckdb_types import taken_apart


def database_of(opened: duckdb.DuckDBPyConnection) -> str:
    """The database's name, quoted: a schema of the same name makes every shorter reference ambiguous."""
    return quoted(str(_rows(opened, "SELECT current_database()")[0][0]))


def schemas_of(opened: duckdb.DuckDBPyConnection) -> tuple[str, ...]:
    found = _rows(opened, "SELECT schema_name FROM duckdb_schemas() WHERE database_name = current_database()")
    return tuple(sorted(row[0] for row in found))


def tables_of(opened: duckdb.DuckDBPyConnection, schema: str) -> tuple[Table, ...]:
    """The base tables of a schema, by name. Raises SourceError when there is no such schema."""
    require_schema(opened, schema)
    comments = _rows(
        opened,
        "SELECT table_name, comment FROM duckdb_tables() "
        "WHERE database_name = current_database() AND schema_name = ? AND NOT internal AND NOT temporary",
        schema,
    )
    columns, keys = _described(opened, schema), _keys_of(opened, schema)
    tables = [replace(keys.get(name, Table(name, ())), columns=columns[name], comment=comment or "") for name, comment in comments]
    return tuple(sorted(tables, key=lambda table: table.name))


def columns_of(opened: duckdb.DuckDBPyConnection, schema: str) -> dict[str, tuple[Column, ...]]:
    """Columns in order, of every table and view of a schema."""
    found: dict[str, tuple[Column, ...]] = {}
    for table, column, sql_type, nullable, comment in _rows(
        opened,
        "SELECT table_name, column_name, data_type, is_nullable, comment FROM duckdb_columns() "
        "WHERE database_name = current_database() AND schema_name = ? AND NOT internal ORDER BY table_name, column_index",
        schema,
    ):
        found[table] = (*found.get(table, ()), Column(column, sql_type, bool(nullable), comment or ""))
    return found


def _described(opened: duckdb.DuckDBPyConnection, schema: str) -> dict[str, tuple[Column, ...]]:
    """As `columns_of`, with defaults, and expressions of generated columns, which only a table's own DDL tells apart."""
    own = "database_name = current_database() AND schema_name = ?"
    made = dict(_rows(opened, f"SELECT table_name, sql FROM duckdb_tables() WHERE {own}", schema))
    found = columns_of(opened, schema)
    for table, name, expression in _rows(
        opened,
        f"SELECT table_name, column_name, column_default FROM duckdb_columns() WHERE {own} AND column_default IS NOT NULL AND NOT internal",
        schema,
    ):
        if table not in made:
            continue
        column = next(column for column in found[table] if column.name == name)
        spelled = "|".join(re.escape(text) for text in (name, quoted(name)))
        computed = re.search(rf"[(,]\s*(?:{spelled}) {re.escape(column.sql_type)} GENERATED ALWAYS AS", made[table])
        if computed:
            cast = f" AS {column.sql_type})"  # DuckDB's own, around what was said
            said = expression.removeprefix("CAST(").removesuffix(cast) if expression.endswith(cast) else expression
            column = replace(column, generated=f"({said}) VIRTUAL")
        elif "nextval" not in expression:  # a sequence is the schema's own, and none is made for a twin
            column = replace(column, default=expression)
        found[table] = tuple(column if one.name == name else one for one in found[table])
    return found


def views_of(opened: duckdb.DuckDBPyConnection) -> tuple[tuple[str, str, str], ...]:
    """(schema, view, definition) of every view somebody made."""
    found = _rows(
        opened,
        "SELECT schema_name, view_name, sql FROM duckdb_views() WHERE database_name = current_database() AND NOT internal",
    )
    return tuple(sorted((schema, view, sql or "") for schema, view, sql in found))


def require_schema(opened: duckdb.DuckDBPyConnection, schema: str) -> None:
    known = list(schemas_of(opened))
    if schema not in known:
        raise SourceError(f"no schema {schema!r} in {database_of(opened)}{nearest(schema, known)}")


def read_table(opened: duckdb.DuckDBPyConnection, schema: str, table: str) -> pa.Table:
    """All rows of a table in the order they were stored, or of a view in the order it gives.

    Raises SourceError when there is no such schema, table or view.
    """
    require_schema(opened, schema)
    known = columns_of(opened, schema)
    if table not in known:
        raise SourceError(f"no table {table!r} in schema {schema!r}{nearest(table, list(known))}")
    is_view = any((schema, table) == (where, view) for where, view, _ in views_of(opened))
    return read_columns(opened, schema, Table(table, known[table]), stored=not is_view)


def read_columns(opened: duckdb.DuckDBPyConnection, schema: str, table: Table, *, stored: bool = True) -> pa.Table:
    """Rows of a table's columns; `stored` for a base table, whose rows have numbers to order by."""
    expressions = ", ".join(as_read(column) for column in table.columns)
    # A column of that name hides the row's number; a scan keeps the stored order then too.
    ordered = stored and "rowid" not in {name.casefold() for name in table.column_names}
    order = " ORDER BY rowid" if ordered else ""
    return opened.sql(f"SELECT {expressions} FROM {database_of(opened)}.{quoted(schema)}.{quoted(table.name)}{order}").to_arrow_table()


def as_read(column: Column) -> str:
    """A column as rows are read: itself, its text, or as a type that loses nothing on the way."""
    name, declared = quoted(column.name), taken_apart(column.sql_type)
    if declared.only_text:
        return f"CAST({name} AS VARCHAR) AS {name}"
    wanted = declared.read_as()
    return name if wanted == column.sql_type else f"CAST({name} AS {wanted}) AS {name}"


def _keys_of(opened: duckdb.DuckDBPyConnection, schema: str) -> dict[str, Table]:
    """Tables without columns: their keys and constraints."""
    found: dict[str, Table] = {}
    for name, kind, columns, references, referenced, called, text in _rows(
        opened,
        "SELECT table_name, constraint_type, constraint_column_names, referenced_table, referenced_column_names, constraint_name, "
        "constraint_text "
        "FROM duckdb_constraints() WHERE database_name = current_database() AND schema_name = ? "
        "AND constraint_type IN ('PRIMARY KEY', 'FOREIGN KEY', 'UNIQUE', 'CHECK') ORDER BY table_name, constraint_index",
        schema,
    ):
        table = found.get(name, Table(name, ()))
        if kind == "PRIMARY KEY":
            found[name] = replace(table, primary_key=tuple(columns))
        elif kind == "FOREIGN KEY":
            key = ForeignKey(tuple(columns), references, tuple(referenced), name=called or "")
            found[name] = replace(table, foreign_keys=(*table.foreign_keys, key))
        else:
            found[name] = replace(table, constraints=(*table.constraints, Constraint(kind.lower(), tuple(columns), text)))
    return found


def _rows(opened: duckdb.DuckDBPyConnection, query: str, *parameters: str) -> list[tuple[Any, ...]]:
    rows: list[tuple[Any, ...]] = opened.execute(query, list(parameters)).fetchall()
    return rows
