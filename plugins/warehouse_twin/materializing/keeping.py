"""Do the rows of a candidate keep what its source demands beyond keys: UNIQUE, CHECK, and no circles in a table's own key?

What they do not keep is left out of the release's schema, and said so: a twin with its rows is worth more than none.
"""
# ruff: noqa: S608 - identifiers go through `quoted`; conditions are the source's own

from __future__ import annotations

import logging

import duckdb

from warehouse_twin.manifest.resolved import ForeignKey, ResolvedTwin, Table
from warehouse_twin.warehouses import quoted
from warehouse_twin.warehouses.catalog import Constraint

logger = logging.getLogger(__name__)


def broken_constraints(connection: duckdb.DuckDBPyConnection, resolved: ResolvedTwin, schema: str) -> tuple[tuple[str, str], ...]:
    """(table, definition) of each constraint of a DuckDB target that rows of the candidate break.

    PostgreSQL is asked itself, when the rows are there.
    """
    if resolved.target_dialect != "duckdb":
        return ()
    found: list[tuple[str, str]] = []
    for item in resolved.tables:
        relation = f"{quoted(schema)}.{quoted(item.name)}"
        constraints = [one for one in item.table.constraints if one.kind == "unique" or resolved.source_dialect == "duckdb"]
        found += [(item.name, one.definition) for one in constraints if _breaks(connection, relation, one)]
        own = [key for key in item.table.foreign_keys if key.references == item.name and key.name]
        found += [(item.name, own_key(key)) for key in own if _circles(connection, relation, item.table, key)]
    for table, definition in found:
        logger.warning("%s.%s: rows do not keep what the source demands; left out: %s", schema, table, definition)
    return tuple(found)


def own_key(key: ForeignKey) -> str:
    """A table's key to itself, as it is named among what is broken."""
    return f"FOREIGN KEY ({', '.join(quoted(name) for name in key.columns)})"


def _breaks(connection: duckdb.DuckDBPyConnection, relation: str, one: Constraint) -> bool:
    columns = ", ".join(quoted(name) for name in one.columns)
    if one.kind == "check":
        condition = one.definition.removeprefix("CHECK")
        query = f"SELECT count(*) FROM {relation} WHERE NOT {condition}"
    else:
        filled = " AND ".join(f"{quoted(name)} IS NOT NULL" for name in one.columns)
        query = f"SELECT count(*) FROM (SELECT 1 FROM {relation} WHERE {filled} GROUP BY {columns} HAVING count(*) > 1)"
    return bool(connection.execute(query).fetchall()[0][0])


def _circles(connection: duckdb.DuckDBPyConnection, relation: str, table: Table, key: ForeignKey) -> bool:
    """Whether a row leads to itself: DuckDB stores no row before the one it refers to."""
    parents = ", ".join(f"p.{quoted(name)}" for name in key.references_columns)
    children = ", ".join(f"c.{quoted(name)}" for name in key.columns)
    null = " OR ".join(f"{quoted(name)} IS NULL" for name in key.columns)
    primary = ", ".join(quoted(name) for name in table.primary_key)
    return bool(
        connection.execute(
            f"WITH RECURSIVE stored AS (SELECT {primary} FROM {relation} WHERE {null} UNION SELECT {_of('c', table)} "
            f"FROM {relation} AS c JOIN stored AS p ON ({children}) = ({parents})) "
            f"SELECT (SELECT count(*) FROM {relation}) - (SELECT count(*) FROM stored)"
        ).fetchall()[0][0]
    )


def _of(alias: str, table: Table) -> str:
    return ", ".join(f"{alias}.{quoted(name)}" for name in table.primary_key)
