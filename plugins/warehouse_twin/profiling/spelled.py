"""Types whose values are read as text, though not every text is a value: intervals, JSON, bits, times with a zone."""

from __future__ import annotations

import re

from warehouse_twin.warehouses import quoted
from warehouse_twin.warehouses.catalog import Column, Table
from warehouse_twin.warehouses.duckdb_types import taken_apart

_NEUTRAL = {
    "INTERVAL": "00:00:00",
    "JSON": "{}",
    "TIME WITH TIME ZONE": "00:00:00+00",
    "BIT": "0",
    "BIGNUM": "0",
    "UHUGEINT": "0",
    "GEOMETRY": "POINT EMPTY",
}
_NEUTRAL_NATIVE = {
    "inet": "0.0.0.0/32",
    "cidr": "0.0.0.0/32",
    "macaddr": "00:00:00:00:00:00",
    "macaddr8": "00:00:00:00:00:00:00:00",
    "money": "0.00",
    "point": "(0,0)",
    "line": "{1,0,0}",
    "lseg": "[(0,0),(0,0)]",
    "box": "(0,0),(0,0)",
    "path": "((0,0))",
    "polygon": "((0,0))",
    "circle": "<(0,0),0>",
    "pg_lsn": "0/0",
}
"""PostgreSQL's own types that are read as text."""
_CONSTRAINED = re.compile(r" (?:COLLATE|DEFAULT|NOT NULL|CONSTRAINT|CHECK)\b")
_TEXTS = re.compile(r"(?:text|character(?: varying)?(?:\(\d+\))?|name|citext|)(?: |$)")


def spelling(table: Table, column: Column) -> str:
    """The type by which a column's values are spelled: the warehouse's own where they are read as text and are none."""
    bases = {quoted(one.name): _CONSTRAINED.split(one.definition)[0] for one in table.types}  # a domain's values are its base's
    native = bases.get(column.native_type) or column.native_type
    return native if column.sql_type == "VARCHAR" and not _TEXTS.match(native) else column.sql_type


def is_spelled(sql_type: str) -> bool:
    """Whether values of the type arrive as text that must be spelled in its own way."""
    return sql_type in _NEUTRAL or _is_native(sql_type) or (taken_apart(sql_type).only_text and not sql_type.startswith("ENUM("))


def _is_native(sql_type: str) -> bool:
    """Whether it is a type of PostgreSQL's, whose names are small or quoted; DuckDB's are in capitals."""
    return bool(sql_type) and (sql_type[0].islower() or sql_type[0] == '"')


def neutral_text(sql_type: str) -> str:
    """The text that stands for a value of the type which nobody may know: nothing, zero, empty."""
    known = _NEUTRAL | _NEUTRAL_NATIVE
    if sql_type in known:
        return known[sql_type]
    if _is_native(sql_type):
        return "{}" if sql_type.endswith("[]") else "empty" if "range" in sql_type else ""
    return "[]" if sql_type.endswith("]") else "{}" if sql_type.startswith("MAP") else ""
