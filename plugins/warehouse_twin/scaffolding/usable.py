"""Which tables of a schema can be in a manifest at all, and why the others cannot."""

from __future__ import annotations

import re
from collections.abc import Sequence

from warehouse_twin.errors import ConfigurationError
from warehouse_twin.manifest.checking import RESERVED_COLUMNS, RESERVED_TABLES
from warehouse_twin.manifest.model import FILE_NAME
from warehouse_twin.manifest.reading import can_be_written
from warehouse_twin.manifest.resolved import ResolvedTable, ResolvedTwin
from warehouse_twin.materializing.naming import refuse_unquotable
from warehouse_twin.warehouses.catalog import Table

_CASELESS = "and the candidate is built where case says nothing"


def usable_tables(tables: Sequence[Table]) -> tuple[dict[str, Table], dict[str, str]]:
    """The tables that a twin can have, by name, and for each of the others the reason."""
    kept: dict[str, Table] = {}
    left_out: dict[str, str] = {}
    folded: dict[str, str] = {}
    for table in tables:
        why = _unusable(table)
        if why is None and table.name.casefold() in folded:
            why = f"its name differs from that of {folded[table.name.casefold()]} by case alone, {_CASELESS}"
        if why is None:
            kept[table.name] = table
            folded[table.name.casefold()] = table.name
        else:
            left_out[table.name] = why
    return kept, left_out


def _unusable(table: Table) -> str | None:
    if table.name in RESERVED_TABLES:
        return "the twin has a table of its own by that name"
    if re.match(FILE_NAME, table.name) is None or not can_be_written(table.name):
        return "its name cannot name a file (no slash, no dot first, nothing unprintable, at most 100 characters)"
    if not table.columns:
        return "it has no columns"
    if taken := [name for name in table.column_names if name in RESERVED_COLUMNS]:
        return f"its column {taken[0]} has a name that snapshots need"
    if len({name.casefold() for name in table.column_names}) < len(table.columns):
        return f"names of its columns differ by case alone, {_CASELESS}"
    if not all(can_be_written(name) for name in (*table.primary_key, *(name for key in table.foreign_keys for name in key.columns))):
        return "a key has a column whose name cannot be written in a manifest"
    try:
        refuse_unquotable(_alone(table))
    except ConfigurationError:
        return "it has a name that cannot be built with"
    return None


def _alone(table: Table) -> ResolvedTwin:
    return ResolvedTwin("t", "w", "s", "w", "t", 1, None, 10, 0.2, (ResolvedTable(table, keep_real=False),))
