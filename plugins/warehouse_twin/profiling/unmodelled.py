"""What is told of columns that are not modelled: how their values are made, and of which of them the twin keeps little or nothing."""

from __future__ import annotations

from collections.abc import Sequence

from warehouse_twin.profiling.spelled import is_spelled, neutral_text
from warehouse_twin.profiling.spelled_numbers import PARTS
from warehouse_twin.profiling.table_profile import MADE_UP, ColumnProfile
from warehouse_twin.warehouses.duckdb_types import taken_apart

_MADE = {
    "code": "made up by pattern",
    "text": "made up word after word",
    "uuid": "random",
    "nested": "made up part by part, each alone",
}


def made_up(columns: Sequence[ColumnProfile]) -> dict[str, str]:
    """Column → how its values are made, of those that are made by kind. Personal data and the manifest's generators are told elsewhere."""
    filled = [column for column in columns if column.nulls < column.rows]
    return {column.name: _made(column) for column in filled if column.kind in _MADE or "sizes" in column.formats}


def lost(columns: Sequence[ColumnProfile]) -> dict[str, str]:
    """Column → what was done instead, of those whose type cannot be modelled and whose values cannot be made after the source's either."""
    told = {column.name: _loss(column) for column in columns}
    return {name: words for name, words in told.items() if words}


def _made(column: ColumnProfile) -> str:
    if "sizes" in column.formats:
        what = "random bits" if column.sql_type == "BIT" else "random bytes"
        return f"{what}, as many as the source has"
    beside = any(MADE_UP in part.values for part in column.parts)
    return _MADE[column.kind] + (", beside common values that are kept" if beside else "")


def _loss(column: ColumnProfile) -> str:
    spelled = is_spelled(column.sql_type) and column.sql_type not in PARTS
    if column.kind == "opaque" and "sizes" not in column.formats and column.nulls < column.rows:
        return f"every value is {neutral_text(column.sql_type)!r}, as nothing is learned of values like these"
    if column.kind == "categorical" and spelled and any(part.protected for part in column.parts):
        return f"values that fewer than k entities share are replaced by those that more do{_member(column)}"
    return f"values are kept{_member(column)}" if column.kind == "categorical" and _member(column) else ""


def _member(column: ColumnProfile) -> str:
    union = any(part.name in ("UNION", "VARIANT") for part in taken_apart(column.sql_type).all()) if is_spelled(column.sql_type) else False
    return ", but which member of the type held one is lost" if union else ""
