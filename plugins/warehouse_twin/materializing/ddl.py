"""The DDL of a release's schema, and a schema's catalog in a form that can be compared."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import duckdb

from warehouse_twin.manifest.resolved import ForeignKey, ResolvedTwin, Table
from warehouse_twin.materializing.naming import release_schema, table_comment
from warehouse_twin.warehouses import literal, quoted

Facts = dict[str, list[tuple[Any, ...]]]
"""table → what the catalog says about it, in a fixed order"""

_COLUMNS = "SELECT table_name, column_name, data_type, is_nullable, coalesce(comment, '') FROM duckdb_columns()"
_COMMENTS = "SELECT table_name, 'comment', coalesce(comment, '') FROM duckdb_tables()"
_CONSTRAINTS = (
    "SELECT table_name, constraint_type, constraint_column_names, coalesce(referenced_table, ''), referenced_column_names, "
    "coalesce(expression, '') FROM duckdb_constraints()"
)


def statements(resolved: ResolvedTwin, *, release: int) -> list[str]:
    """DDL in foreign-key order: the schema, then each table with its keys, then its comments."""
    schema = release_schema(resolved, release)
    made = [f"CREATE SCHEMA {quoted(schema)}"]
    for item in resolved.tables:
        made.append(_create_table(schema, item.table, enforced(resolved, item.table)))
        name = f"{quoted(schema)}.{quoted(item.name)}"
        made.append(f"COMMENT ON TABLE {name} IS {literal(table_comment(resolved, item, release))}")
        made += [
            f"COMMENT ON COLUMN {name}.{quoted(column.name)} IS {literal(column.comment)}"
            for column in item.table.columns
            if column.comment
        ]
    return made


def enforced(resolved: ResolvedTwin, table: Table) -> tuple[ForeignKey, ...]:
    """The foreign keys the database is to enforce: all but those to the table itself or to one that comes after it, and those that
    keep orphans.

    DuckDB 2.0 checks a row against what stood there before the INSERT, so no single statement can load a table that
    refers to itself, and it adds no key to a table that is made. Such keys are tested, not declared.
    """
    left = {*resolved.cut(table.name), *(key for key in table.foreign_keys if key.keeps_orphans or key.references == table.name)}
    return tuple(key for key in table.foreign_keys if key not in left)


def _create_table(schema: str, table: Table, keys: Sequence[ForeignKey]) -> str:
    lines = [f"{quoted(column.name)} {column.sql_type}{'' if column.nullable else ' NOT NULL'}" for column in table.columns]
    if table.primary_key:
        lines.append(f"PRIMARY KEY ({_listed(table.primary_key)})")
    for key in keys:
        parent = f"{quoted(schema)}.{quoted(key.references)} ({_listed(key.references_columns)})"
        lines.append(f"FOREIGN KEY ({_listed(key.columns)}) REFERENCES {parent}")
    return f"CREATE TABLE {quoted(schema)}.{quoted(table.name)} (\n  " + ",\n  ".join(lines) + "\n)"


def _listed(columns: Sequence[str]) -> str:
    return ", ".join(quoted(column) for column in columns)


def read_catalog(connection: duckdb.DuckDBPyConnection, schema: str) -> Facts:
    """Columns in order with types, nullability and comments; the table's comment; constraints, sorted."""
    catalog: Facts = {}
    here = f"WHERE database_name = current_database() AND schema_name = {literal(schema)}"
    for table, *facts in connection.execute(f"{_COLUMNS} {here} ORDER BY table_name, column_index").fetchall():
        catalog.setdefault(table, []).append(("column", *facts))
    for table, *facts in connection.execute(f"{_COMMENTS} {here}").fetchall():
        catalog.setdefault(table, []).append(tuple(facts))
    constraints = connection.execute(f"{_CONSTRAINTS} {here}").fetchall()
    for table, kind, columns, parent, parent_columns, expression in sorted(constraints):
        catalog.setdefault(table, []).append((kind, tuple(columns), parent, tuple(parent_columns), expression))
    return catalog


def rebuilt_catalog(resolved: ResolvedTwin, *, release: int) -> Facts:
    """The catalog that the statements make in an empty database."""
    with duckdb.connect(":memory:") as connection:
        for statement in statements(resolved, release=release):
            connection.execute(statement)
        return read_catalog(connection, release_schema(resolved, release))
