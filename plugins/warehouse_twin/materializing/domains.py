"""Domains that are public: the keys of real reference tables, for the columns that refer to them."""
# ruff: noqa: S608 - identifiers go through `quoted`, file names through `scan`

from __future__ import annotations

from pathlib import Path

import duckdb

from warehouse_twin.manifest.resolved import ResolvedTwin
from warehouse_twin.materializing.naming import scan
from warehouse_twin.warehouses import quoted

MOST_VALUES = 50


def public_domains(resolved: ResolvedTwin, synthesized: Path) -> dict[str, dict[str, list[str]]]:
    """Table → column → its accepted values, where the column refers to a small table that is kept real."""
    domains: dict[str, dict[str, list[str]]] = {}
    with duckdb.connect(":memory:") as connection:
        connection.execute("SET TimeZone = 'UTC'")  # as in the build, where the values are compared as text
        for item in resolved.protected:
            for key in item.table.foreign_keys:
                if len(key.columns) != 1 or key.keeps_orphans or not resolved[key.references].keep_real:
                    continue
                column = resolved[key.references].table.column(key.references_columns[0])
                text = f"CAST(CAST({quoted(column.name)} AS {column.sql_type}) AS VARCHAR)"
                values = _values(connection, scan(synthesized / f"{key.references}.parquet"), text)
                if len(values) <= MOST_VALUES:
                    domains.setdefault(item.name, {})[key.columns[0]] = values
    return domains


def _values(connection: duckdb.DuckDBPyConnection, parent: str, text: str) -> list[str]:
    query = f"SELECT DISTINCT {text} AS value FROM {parent} WHERE value IS NOT NULL ORDER BY value"
    return [value for (value,) in connection.execute(f"{query} LIMIT {MOST_VALUES + 1}").fetchall()]
