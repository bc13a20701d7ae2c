"""What a manifest says about the order of rows: columns that can order them, and a parent whose rows they belong to."""

from __future__ import annotations

import re
from collections.abc import Iterator

from warehouse_twin.errors import Fault
from warehouse_twin.manifest.model import TableSpec
from warehouse_twin.manifest.names import unknown
from warehouse_twin.manifest.positions import Positions, Steps
from warehouse_twin.warehouses.catalog import Table

_ORDERED = re.compile(
    r"(?:u?(?:tiny|small|big|huge)?int(?:eger)?\d*|(?:decimal|numeric|dec)(?:\s*\(.*\))?|double(?: precision)?|float\d*|real|date|"
    r"timestamp.*|datetime)"
)


def order_faults(positions: Positions, name: str, spec: TableSpec, table: Table, protected_parents: list[str]) -> Iterator[Fault]:
    """Faults of `order_by` and `validity` of one table."""
    path: Steps = ("tables", name)
    asked: list[tuple[Steps, str]] = []
    if spec.order_by is not None:
        asked.append(((*path, "order_by"), spec.order_by))
    if spec.validity is not None:
        asked += [((*path, "validity", "from"), spec.validity.from_), ((*path, "validity", "to"), spec.validity.to)]
    if not asked:
        return
    for place, column in asked:
        if column not in table.column_names:
            yield positions.fault(place, f"{unknown('column', column, table.column_names)} (of {name})")
        elif not _ORDERED.fullmatch(table.column(column).sql_type.strip().lower()):
            sql_type = table.column(column).sql_type
            yield positions.fault(place, f"column {column} is {sql_type}; wanted a number, a date or a timestamp, which order rows")
        elif spec.columns.get(column) is not None and spec.columns[column].kind == "categorical":
            yield positions.fault(place, f"column {column} is said to be categorical, and categories order nothing; remove its kind")
    if not protected_parents:
        message = f"rows are ordered within their parent, and {name} refers to no table that is synthesized; wanted such a foreign key"
        yield positions.fault(asked[0][0], message)
    if spec.validity is not None and all(column in table.column_names for _, column in asked):
        begins, ends = (table.column(column).sql_type for column in (spec.validity.from_, spec.validity.to))
        if begins.lower() != ends.lower() or spec.validity.from_ == spec.validity.to:
            message = f"windows from {spec.validity.from_} ({begins}) to {spec.validity.to} ({ends}); wanted two columns of the same type"
            yield positions.fault((*path, "validity"), message)
