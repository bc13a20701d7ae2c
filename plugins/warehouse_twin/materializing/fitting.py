"""Rows as the source's own types hold them: what a warehouse would cut, round, reorder or compute is so before it is judged.

A synthesizer knows a column by the type its values are read as. PostgreSQL has types narrower than those: `varchar(20)`,
`timestamp(3)`, `jsonb`, whose text is always in one order; and either warehouse may compute a column from others.
"""
# ruff: noqa: S608 - identifiers go through `quoted`; expressions are the source's own

from __future__ import annotations

import json
import logging
import re
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from warehouse_twin.manifest.resolved import Column, ResolvedTwin, Table
from warehouse_twin.materializing.declared_bounds import within_bounds
from warehouse_twin.warehouses import quoted
from warehouse_twin.warehouses.column_types import text_limit
from warehouse_twin.warehouses.duckdb_catalog import as_read

_PLACES = re.compile(r"(?:timestamp|time)\((\d)\) (?:with|without) time zone")
logger = logging.getLogger(__name__)


def with_computable(resolved: ResolvedTwin, tables: Mapping[str, pa.Table]) -> ResolvedTwin:
    """The twin without the generated columns that only the source can compute: they are drawn, and declared, like any other.

    Kept is an expression that gives every value of the source's rows again.
    """
    items = []
    for item in resolved.tables:
        columns = tuple(
            replace(column, generated="") if column.generated and not _gives_again(item.table, column, tables.get(item.name)) else column
            for column in item.table.columns
        )
        items.append(replace(item, table=replace(item.table, columns=columns)))
    return replace(resolved, tables=tuple(items))


def _gives_again(table: Table, column: Column, rows: pa.Table | None) -> bool:
    if rows is None:  # a table that is not read
        return False
    try:
        found = _computed(table, column, rows)
    except duckdb.Error:
        found = None
    same = found is not None and found.equals(rows.column(column.name).combine_chunks())
    if not same:
        what = "%s.%s is computed by the source in a way of its own; the twin draws it like any other column"
        logger.warning(what, table.name, column.name)
    return same


def _computed(table: Table, column: Column, rows: pa.Table) -> pa.Array:
    """A generated column from the others of its rows, as it would be read."""
    with duckdb.connect(":memory:") as made:
        made.execute("SET TimeZone = 'UTC'")
        made.execute("SET threads = 1")  # rows stay in their order
        made.register("arrived", rows)
        typed = ", ".join(f"CAST({quoted(one.name)} AS {one.sql_type}) AS {quoted(one.name)}" for one in table.columns if one != column)
        expression = column.generated.removesuffix(" STORED").removesuffix(" VIRTUAL")
        query = f"SELECT CAST({expression} AS {column.sql_type}) AS {quoted(column.name)} FROM (SELECT {typed} FROM arrived)"
        found = made.sql(f"SELECT {as_read(column)} FROM ({query})").to_arrow_table().column(0)
    return found.cast(rows.schema.field(column.name).type).combine_chunks()


def fitted(rows: pa.Table, table: Table) -> pa.Table:
    """The rows, each column as its declared type holds it, and within what constraints say of it."""
    rows = within_bounds(rows, table)
    for column in table.columns:
        place = rows.column_names.index(column.name)
        values = _fitted(rows.column(place), column)
        if column.generated:
            values = _computed(table, column, rows)
        if values is not None:
            rows = rows.set_column(place, rows.schema.field(place), values)
    return rows


def _fitted(values: pa.ChunkedArray, column: Column) -> pa.ChunkedArray | None:
    """The values where the type changes them; None where it takes every value as it is."""
    limit = text_limit(column.native_type)
    if limit is not None and pa.types.is_string(values.type) | pa.types.is_large_string(values.type):
        cut = pc.utf8_slice_codeunits(values, 0, limit)
        return pc.utf8_rtrim(cut, " ") if column.native_type.startswith("character(") else cut
    if column.native_type == "jsonb":
        return pa.chunked_array([pa.array([_jsonb(text) for text in values.to_pylist()], values.type)])
    places = _PLACES.fullmatch(column.native_type)
    if places and (pa.types.is_timestamp(values.type) or pa.types.is_time(values.type)):
        return _rounded(values, int(places[1]))
    return None


def _rounded(values: pa.ChunkedArray, places: int) -> pa.ChunkedArray:
    """Times with so many places of a second; infinite ones stay as they are."""
    unit = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}[values.type.unit]
    step = unit // 10**places
    if step <= 1:
        return values
    array = values.combine_chunks()
    counts = array.view(pa.int64()).fill_null(0).to_numpy(zero_copy_only=False)
    finite = np.abs(counts) < np.iinfo(np.int64).max - step
    rounded = np.where(finite, counts // step * step, counts)
    return pa.chunked_array([pa.array(rounded, pa.int64(), mask=array.is_null().to_numpy(zero_copy_only=False)).view(values.type)])


def _jsonb(text: str | None) -> str | None:
    """A JSON text as PostgreSQL's jsonb writes it: shorter keys first, the last of two alike, one space after `:` and `,`."""
    return None if text is None else _written(json.loads(text, parse_float=Decimal, parse_int=Decimal, parse_constant=str))


def _written(value: Any) -> str:
    if isinstance(value, Mapping):
        keys = sorted(value, key=lambda key: (len(key.encode()), key.encode()))
        return "{" + ", ".join(f"{_written(key)}: {_written(value[key])}" for key in keys) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_written(one) for one in value) + "]"
    if isinstance(value, Decimal):
        return f"{value:f}".removeprefix("-") if not value else f"{value:f}"
    return json.dumps(value, ensure_ascii=False)
