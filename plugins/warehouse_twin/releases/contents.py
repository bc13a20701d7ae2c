"""What a schema in a warehouse holds: rows and digest of every table, and one digest of them all.

A release's data digest is taken of its tables as a warehouse gives them back, so that it can be taken again of what was
installed, anywhere.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from warehouse_twin.digests import digest_of, digest_table
from warehouse_twin.manifest.resolved import ResolvedTwin
from warehouse_twin.warehouses import Warehouse
from warehouse_twin.warehouses.catalog import Table

_OPTIONAL = ("native_type", "default", "identity", "generated", "actions", "constraints", "types")


@dataclass(frozen=True, slots=True)
class Contents:
    """Tables as declared, and what is in them: `tables` maps a name to its rows and digest."""

    declared: tuple[Table, ...]
    tables: Mapping[str, Mapping[str, Any]]

    @property
    def data_digest(self) -> str:
        return digest_of({name: table["digest"] for name, table in self.tables.items()})

    def schema(self) -> dict[str, dict[str, Any]]:
        return schema_of(self.declared)


def schema_of(tables: Sequence[Table]) -> dict[str, dict[str, Any]]:
    """The tables' columns, keys and constraints, without their names, without comments, which name the release, and without grants."""
    found = {table.name: asdict(table) for table in tables}
    for table in found.values():
        _without(table, "comment", "grants", "primary_key_name")
        for column in table["columns"]:
            _without(column, "comment")
        for constraint in table.get("constraints", ()):
            _without(constraint, "name")
        for key in table["foreign_keys"]:
            _without(key, "keeps_orphans", "name")
    return found


def _without(facts: dict[str, Any], *names: str) -> None:
    """Leave out facts of these names, and the optional ones that are not given."""
    for name in (*names, *(name for name in _OPTIONAL if not facts.get(name))):
        facts.pop(name, None)


def contents_of(warehouse: Warehouse, schema: str, like: ResolvedTwin | None = None) -> Contents:
    """Read every table of a schema, one at a time, its values as the types they have in the twin `like`."""
    types = {item.name: item.table for item in like.tables} if like else {}
    with warehouse.snapshot(schema) as snapshot:
        declared = snapshot.tables()
        tables: dict[str, Mapping[str, Any]] = {}
        for table in declared:
            rows = snapshot.read(table.read_as(types[table.name]) if table.name in types else table)
            tables[table.name] = {"rows": rows.num_rows, "digest": digest_table(rows, keys=table.primary_key)}
    return Contents(declared, tables)
