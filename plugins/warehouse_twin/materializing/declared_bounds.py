"""Numbers no further than the source's own CHECK constraints and domains let them go.

A run of the largest values is drawn as one cell, which may end beyond the largest (`profiling.cells`): beyond 100 in a column of
percentages. What a constraint says is in the catalog, so it tells nobody's value.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from warehouse_twin.warehouses.catalog import Column, Table

_CHECKS = re.compile(r"CHECK ?(\(.*?\))(?= CHECK ?\(|$)", re.DOTALL)
_TURNED: dict[type[exp.Binary], type[exp.Binary]] = {exp.GTE: exp.LTE, exp.GT: exp.LT, exp.LTE: exp.GTE, exp.LT: exp.GT}
"""A comparison, and the same with its sides changed."""


@dataclass(frozen=True, slots=True)
class Bound:
    """The `least` value that a column may have, or the greatest; with `open`, the value itself is not one of them."""

    value: Decimal
    least: bool
    open: bool


def within_bounds(rows: pa.Table, table: Table) -> pa.Table:
    """The rows, numbers that a bound forbids moved to the nearest value that it allows; null, NaN and all else stay."""
    for column in table.columns:
        place = rows.column_names.index(column.name)
        values = rows.column(place)
        kind = values.type
        if not (pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)):
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
    found = [bound for one in table.constraints if one.kind == "check" for bound in _said(one.definition, column.name)]
    own = column.native_type.rpartition(".")[2].strip('"')
    return found + [bound for one in table.types if one.name == own for bound in _said(one.definition, "value")]


def _said(definition: str, name: str) -> Iterator[Bound]:
    for condition in _CHECKS.findall(definition):
        try:
            tree = sqlglot.parse_one(condition, read="postgres")
        except SqlglotError:
            continue
        yield from _compared(_bare(tree), name)


def _compared(part: exp.Expr, name: str) -> Iterator[Bound]:
    if isinstance(part, exp.And):
        for one in part.flatten():
            yield from _compared(_bare(one), name)
    elif isinstance(part, exp.Between):
        yield from _compared(exp.GTE(this=part.this, expression=part.args["low"]), name)
        yield from _compared(exp.LTE(this=part.this, expression=part.args["high"]), name)
    elif isinstance(part, exp.Binary) and type(part) in _TURNED:
        kind, left, right = type(part), _bare(part.left), _bare(part.right)
        if _number(left) is not None:
            kind, left, right = _TURNED[kind], right, left
        value = _number(right)
        if value is not None and isinstance(left, exp.Column) and left.name.lower() == name.lower():
            yield Bound(value, kind in (exp.GTE, exp.GT), kind in (exp.GT, exp.LT))


def _bare(tree: exp.Expr) -> exp.Expr:
    """Without brackets and casts: PostgreSQL writes `(0)::numeric`."""
    while isinstance(tree, exp.Paren | exp.Cast):
        tree = tree.this
    return tree


def _number(tree: exp.Expr) -> Decimal | None:
    tree = _bare(tree)
    if isinstance(tree, exp.Neg):
        value = _number(tree.this)
        return None if value is None else -value
    return Decimal(tree.name) if isinstance(tree, exp.Literal) and re.fullmatch(r"-?\d+(\.\d+)?", tree.name) else None


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
