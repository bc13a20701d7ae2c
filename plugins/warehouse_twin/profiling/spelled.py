"""Types whose values are read as text, though not every text is a value: intervals, JSON, bits, times with a zone."""

from __future__ import annotations

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


def is_spelled(sql_type: str) -> bool:
    """Whether values of the type arrive as text that must be spelled in its own way."""
    return sql_type in _NEUTRAL or (taken_apart(sql_type).only_text and not sql_type.startswith("ENUM("))


def neutral_text(sql_type: str) -> str:
    """The text that stands for a value of the type which nobody may know: nothing, zero, empty."""
    if sql_type in _NEUTRAL:
        return _NEUTRAL[sql_type]
    return "[]" if sql_type.endswith("]") else "{}" if sql_type.startswith("MAP") else ""
