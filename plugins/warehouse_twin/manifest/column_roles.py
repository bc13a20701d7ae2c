"""What only some columns can do: order the rows of a parent, be predicted, or hold a key that leads nowhere."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence

from warehouse_twin.errors import Fault
from warehouse_twin.manifest.foreign_keys import has_categories, is_text
from warehouse_twin.manifest.model import ColumnSpec, TableSpec
from warehouse_twin.manifest.names import unknown
from warehouse_twin.manifest.positions import Positions, Steps
from warehouse_twin.warehouses.catalog import ForeignKey, Table

_ORDERED = re.compile(
    r"(?:u?(?:tiny|small|big|huge)?int(?:eger)?\d*|(?:decimal|numeric|dec)(?:\s*\(.*\))?|double(?: precision)?|float\d*|real|date|"
    r"timestamp.*|datetime)"
)


def orders(sql_type: str) -> bool:
    """Whether values of a type are numbers, dates or timestamps."""
    return _ORDERED.fullmatch(sql_type.strip().lower()) is not None


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
        elif not orders(table.column(column).sql_type):
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


def target_faults(positions: Positions, name: str, spec: TableSpec, table: Table, keys: Collection[str]) -> Iterator[Fault]:
    """Faults of `targets` of one table, whose columns `keys` are part of keys that are drawn anew."""
    seen: set[str] = set()
    for index, column in enumerate(spec.targets or ()):
        path: Steps = ("tables", name, "targets", index)
        said = spec.columns.get(column, ColumnSpec())
        if column not in table.column_names:
            yield positions.fault(path, f"{unknown('column', column, table.column_names)} (of {name})")
        elif column in seen:
            yield positions.fault(path, f"column {column} is there already; wanted once")
        elif reason := _not_predicted(table.column(column).sql_type, said, in_key=column in keys):
            yield positions.fault(path, f"column {column} {reason}; wanted a column with values of the source")
        seen.add(column)


def _not_predicted(sql_type: str, said: ColumnSpec, *, in_key: bool) -> str | None:
    """Why what is learned of other columns says nothing of this one."""
    if in_key:
        return "is part of a key"
    if said.pii is not None:
        return "is personal data"
    if said.generator is not None:
        return "is made by a generator"
    if said.kind in ("code", "text"):
        return f"has kind {said.kind} and is made up"
    return None if orders(sql_type) or has_categories(sql_type) else f"is {sql_type}"


def orphan_faults(
    positions: Positions, table: Table, primary: Sequence[str], foreign: Sequence[tuple[Steps, ForeignKey]]
) -> Iterator[Fault]:
    """Orphans can be kept where a column of the key is in no other key: that one leads nowhere."""
    for path, key in foreign:
        if not key.keeps_orphans:
            continue
        shared = {column for _, other in foreign if other != key for column in other.columns} | set(primary)
        own = next((column for column in key.columns if column not in shared), None)
        message = ""
        if key.references == table.name:
            message = f"{table.name} refers to itself, and its rows are loaded parents first; remove orphans"
        elif own is None:
            message = f"every column of ({', '.join(key.columns)}) is in another key of {table.name}; remove orphans"
        elif not (is_text(table.column(own).sql_type) or orders(table.column(own).sql_type)):
            message = f"column {own} is {table.column(own).sql_type}; wanted text, a number, a date or a timestamp; remove orphans"
        if message:
            yield positions.fault((*path, "orphans"), message)
