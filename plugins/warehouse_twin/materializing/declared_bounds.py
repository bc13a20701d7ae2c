"""Numbers no further than the source's own CHECK constraints and domains let them go.

A run of the largest values is drawn as one cell, which may end beyond the largest (`profiling.cells`): beyond 100 in a column of
percentages. What a constraint says is in the catalog, so it tells nobody's value.
"""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from warehouse_twin.profiling.values import is_number
from warehouse_twin.warehouses import quoted
from warehouse_twin.warehouses.catalog import Column, Table

if TYPE_CHECKING:
    from warehouse_twin.materializing.comparisons import Bound


def within_bounds(rows: pa.Table, table: Table) -> pa.Table:
    """The rows, numbers that a bound forbids moved to the nearest value that it allows; null, NaN and all else stay."""
    for column in table.columns:
        place = rows.column_names.index(column.name)
        values = rows.column(place)
        kind = values.type
        if not is_number(kind):
            continue
        for bound in bounds_of(table, column):
            edge = _edge(bound, kind)
            if edge is not None:
                beyond = pc.less(values, edge) if bound.least else pc.greater(values, edge)
                if pc.any(beyond).as_py():
                    values = pc.if_else(beyond, edge, values)
        if values is not rows.column(place):
            rows = rows.set_column(place, rows.schema.field(place), values)
    return rows


def bounds_of(table: Table, column: Column) -> list[Bound]:
    """What checks of the column, and the domain it is of, say of it by comparison with a number; others say nothing here."""
    checks = [(one.definition, column.name) for one in table.constraints if one.kind == "check" and column.name in one.columns]
    called = {column.native_type, column.native_type.rpartition(".")[2]}
    domains = [(one.definition, "value") for one in table.types if called & {one.name, quoted(one.name)}]
    if not checks and not domains:
        return []
    from warehouse_twin.materializing.comparisons import bounds_in

    return [bound for definition, name in (*checks, *domains) for bound in bounds_in(definition, name)]


def _edge(bound: Bound, kind: pa.DataType) -> pa.Scalar | None:
    """The last value of a type that the bound allows; None where the type cannot hold it."""
    way = 1 if bound.least else -1
    try:
        if pa.types.is_floating(kind):
            number = kind.to_pandas_dtype()(bound.value)
            return pa.scalar(np.nextafter(number, number.dtype.type(way * np.inf)) if bound.open else number, kind)
        step = Decimal(1).scaleb(-kind.scale) if pa.types.is_decimal(kind) else Decimal(1)
        edge = bound.value.quantize(step, ROUND_CEILING if bound.least else ROUND_FLOOR)
        if bound.open and edge == bound.value:
            edge += way * step
        return pa.scalar(edge if pa.types.is_decimal(kind) else int(edge), kind)
    except (ArithmeticError, OverflowError, pa.ArrowInvalid):
        return None
