"""A thousand schemas that nobody would make: each is scaffolded, and its manifest holds against the catalog and the rows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from warehouse_twin.errors import ConfigurationError
from warehouse_twin.manifest.checking import resolve_manifest
from warehouse_twin.manifest.loading import parse
from warehouse_twin.relations.entities import memberships
from warehouse_twin.relations.key_plans import key_plans
from warehouse_twin.scaffolding.schema_scaffold import scaffold
from warehouse_twin.scaffolding.usable import usable_tables
from warehouse_twin.stages.snapshots import refuse_broken, repair
from warehouse_twin.synthesizers.registry import known_synthesizers
from warehouse_twin.warehouses.catalog import Column, ForeignKey, Table
from warehouse_twin.warehouses.duckdb_warehouse import DuckDBWarehouse

FILE = Path("twins/shop.yml")
TABLES = [
    "users",
    "orders",
    "order_lines",
    "countries",
    "Users",
    "user",
    "_release",
    "raw_customers",
    "Bestellung",
    "select; drop",
    "ä ö",
    "a.b",
    "a/b",
    'say "x"',
    "line\nbreak",
    "true",
    "~",
    "1",
    "*x",
    "#",
    "x: y",
    "{}",
    "заказы",
    "注文",
    "😀",
    "a\u2028b",
    "a\x85b",
    "\ufeffx",
    "n" * 63,
]
COLUMNS = [
    "id",
    "ID",
    "user_id",
    "order_id",
    "line_no",
    "country",
    "parent_id",
    "email",
    "name",
    "valid_from",
    "valid_to",
    "created_at",
    "__entity",
    "null",
    "yes",
    "ä ö",
    "a.b",
    'say "x"',
    "tab\tbed",
    "x\ny",
    "a\x00b",
    "\x1b[0m",
    "注文_id",
    "😀",
    "#",
    "- x",
    "%",
    "\u202eabc",
    "rowid",
    "n" * 63,
]
TYPES = {
    "INTEGER": pa.int32(),
    "BIGINT": pa.int64(),
    "VARCHAR": pa.string(),
    "DOUBLE": pa.float64(),
    "BOOLEAN": pa.bool_(),
    "DATE": pa.date32(),
    "TIMESTAMP": pa.timestamp("us"),
    "DECIMAL(18,0)": pa.decimal128(18, 0),
    "BLOB": pa.binary(),
    "INTEGER[]": pa.list_(pa.int32()),
}
KEYED = ("INTEGER", "BIGINT", "VARCHAR", "DATE")
MANY = settings(max_examples=200, deadline=None, derandomize=True, database=None)


@dataclass
class Made:
    """What was generated."""

    declared: list[Table]
    rows: dict[str, pa.Table]

    def tables(self) -> tuple[Table, ...]:
        return tuple(self.declared)

    def read(self, table: Table) -> pa.Table:
        return self.rows[table.name]


@dataclass
class Generated(DuckDBWarehouse):
    """A warehouse without a file: every snapshot is what was generated."""

    made: Made | None = None

    @contextmanager
    def snapshot(self, schema: str) -> Iterator[Any]:
        yield self.made


def values(draw: np.random.Generator, sql_type: str, rows: int, kind: str) -> pa.Array:
    """Values of a type: `serial` tells rows apart, `few` repeats, `holed` has nulls, `none` has nothing else."""
    numbers = np.arange(rows) if kind == "serial" else draw.integers(0, max(1, rows // 2), rows)
    missing = np.ones(rows, bool) if kind == "none" else draw.random(rows) < (0.3 if kind == "holed" else 0.0)
    made: list[Any] = [None if gone else _value(sql_type, int(number)) for number, gone in zip(numbers, missing, strict=True)]
    return pa.array(made, type=TYPES[sql_type])


def _value(sql_type: str, number: int) -> Any:
    if sql_type == "VARCHAR":
        return f"qqq {number}"
    if sql_type == "BOOLEAN":
        return number % 2 == 0
    if sql_type == "BLOB":
        return b"x" * (number % 3)
    if sql_type == "INTEGER[]":
        return [number] * (number % 3)
    return number


@st.composite
def schemas(draw: st.DrawFn) -> Made:
    """Up to five tables with up to six columns; keys declared or not, holding or not, in circles or not."""
    names = draw(st.lists(st.sampled_from(TABLES), min_size=1, max_size=5, unique=True))
    made = Made([], {})
    numbers = np.random.default_rng(draw(st.integers(0, 2**32)))
    for name in names:
        columns = draw(st.lists(st.sampled_from(COLUMNS), min_size=1, max_size=6, unique=True))
        rows = draw(st.sampled_from([0, 1, 2, 30]))
        declared, arrays = [], []
        for column in columns:
            sql_type, kind = draw(st.sampled_from(list(TYPES))), draw(st.sampled_from(["serial", "few", "holed", "none"]))
            declared.append(Column(column, sql_type, nullable=kind in ("holed", "none") or draw(st.booleans())))
            arrays.append(values(numbers, sql_type, rows, kind))
        key = tuple(column.name for column in declared if column.sql_type in KEYED)[: draw(st.integers(0, 2))]
        made.declared.append(Table(name, tuple(declared), key))
        made.rows[name] = pa.Table.from_arrays(arrays, names=columns)
    made.declared = [_referring(draw, table, made.declared) for table in made.declared]
    return made


def _referring(draw: st.DrawFn, table: Table, tables: list[Table]) -> Table:
    """The table with a declared key to some table, where columns are left for it."""
    parent = draw(st.sampled_from(tables))
    columns = tuple(column.name for column in table.columns if column.sql_type in KEYED)[: len(parent.primary_key)]
    if not draw(st.booleans()) or not parent.primary_key or len(columns) < len(parent.primary_key):
        return table
    return Table(table.name, table.columns, table.primary_key, (ForeignKey(columns, parent.name, parent.primary_key),))


@MANY
@given(made=schemas())
def test_whatever_a_schema_holds_its_scaffold_resolves(made: Made) -> None:
    warehouse = Generated("prod", Path("none"), made=made)
    usable, left_out = usable_tables(made.declared)
    if not usable:
        with pytest.raises(ConfigurationError, match="no table that a twin can have"):
            scaffold(warehouse, schema="shop", twin="shop", target=("dev", "shop"), file=FILE)
        return
    found = scaffold(warehouse, schema="shop", twin="shop", target=("dev", "shop"), file=FILE)
    assert set(found.tables) | set(left_out) == {table.name for table in made.declared}
    loaded = parse(found.text.encode(), FILE)
    assert set(loaded.manifest.tables) == set(usable)
    resolved = resolve_manifest(loaded, made.declared, synthesizers=known_synthesizers(), goals=())
    tables = {name: made.rows[name] for name in usable}
    memberships(resolved, tables, secret=b"s" * 32)
    refuse_broken(resolved, tables)
    repair(resolved, tables)
    key_plans(resolved)
    assert "qqq" not in found.text  # nothing of the rows is in it
