"""Tables made from a few drawn facts each: keys of several columns, bridges, one-to-one, self-references, circles, broken rows."""

from __future__ import annotations

import datetime as dt
import decimal
from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow as pa

from warehouse_twin.manifest.resolved import ResolvedTable
from warehouse_twin.warehouses.catalog import Column, ForeignKey, Table

TYPES = {
    "INTEGER": pa.int32(),
    "SMALLINT": pa.int16(),
    "DOUBLE": pa.float64(),
    "DECIMAL(9,2)": pa.decimal128(9, 2),
    "VARCHAR": pa.string(),
    "DATE": pa.date32(),
    "TIMESTAMP": pa.timestamp("us"),
    "BOOLEAN": pa.bool_(),
    "BLOB": pa.binary(),
}
KEY_TYPES = ("INTEGER", "SMALLINT", "VARCHAR", "DATE", "TIMESTAMP", "DECIMAL(9,2)")
SHAPES = ("own key", "own key", "no key", "place and time", "two parents", "one to one", "parent and line", "reference")


@dataclass(frozen=True)
class Spec:
    """A table to be: everything else follows from these and the seed."""

    shape: str
    rows: int
    key_type: str
    columns: tuple[tuple[str, bool, bool], ...]
    """type, nullable, rare"""
    parents: tuple[tuple[int, bool], ...]
    """which table before it, nullable"""
    itself: str | None
    orphans: bool
    shared: bool
    again: bool = False
    """whether two keys may lead to the same parent"""
    back: int | None = None
    """a table after it that it refers to as well, so that keys may go round in a circle"""


@dataclass
class Builder:
    """Makes tables of specs, parents before children, with rows that fit them."""

    draw: np.random.Generator
    tables: list[ResolvedTable] = field(default_factory=list)
    rows: dict[str, pa.Table] = field(default_factory=dict)

    def add(self, spec: Spec) -> None:
        self.spec, self.name = spec, f"t{len(self.tables)}"
        self.columns: dict[str, Column] = {}
        self.values: dict[str, list] = {}
        self.foreign: list[ForeignKey] = []
        self.size = spec.rows
        primary = self._primary()
        if primary is None:
            return
        for index, nullable in spec.parents if spec.shape != "reference" else ():
            self._refer(index, nullable=nullable, unique=False)
        for place, (sql_type, nullable, rare) in enumerate(spec.columns):
            self._put(f"c{place}", sql_type, self._data(sql_type, rare=rare, nulls=nullable), nullable=nullable)
        if spec.itself and len(primary) == 1 and spec.shape == "own key":
            self._self(primary[0])
        self._break(set(primary))
        arrays = {name: pa.array(values, type=TYPES[self.columns[name].sql_type]) for name, values in self.values.items()}
        if not arrays:
            return
        self.rows[self.name] = pa.table(arrays)
        declared = Table(self.name, tuple(self.columns.values()), primary, tuple(self.foreign))
        self.tables.append(ResolvedTable(declared, keep_real=spec.shape == "reference", synthesizer="tree"))

    def _put(self, name: str, sql_type: str, values: list, *, nullable: bool) -> None:
        self.columns[name] = Column(name, sql_type, nullable)
        self.values[name] = values

    def _primary(self) -> tuple[str, ...] | None:
        spec = self.spec
        if spec.shape in ("own key", "reference"):
            self._put("id", spec.key_type, self._distinct(spec.key_type), nullable=False)
            return ("id",)
        if spec.shape == "no key":
            self._put("c", "INTEGER", [int(value) for value in self.draw.integers(0, 5, self.size)], nullable=True)
            return ()
        if spec.shape == "place and time":
            places = self._refer(spec.parents[0][0], nullable=False, unique=False) if spec.parents else None
            if places is None:
                self._put("place", "VARCHAR", [f"place {value}" for value in self.draw.integers(0, 3, self.size)], nullable=False)
                places = ("place",)
            start = dt.datetime(2024, 1, 1, 5, 30)
            self._put("at", "TIMESTAMP", [start + dt.timedelta(hours=2 * row) for row in range(self.size)], nullable=False)
            return (*places, "at")
        if spec.shape == "one to one":
            return self._refer(0 if not spec.parents else spec.parents[0][0], nullable=False, unique=True)
        if spec.shape == "parent and line":
            above = self._refer(spec.parents[0][0] if spec.parents else 0, nullable=False, unique=False)
            if above is None:
                return None
            self._put("line", "SMALLINT", list(range(self.size)), nullable=False)
            return (*above, "line")
        return self._bridge()

    def _bridge(self) -> tuple[str, ...] | None:
        """Two parents, every pair once."""
        if len(self.tables) < 2:
            return None
        first = self._refer(len(self.tables) - 1, nullable=False, unique=False)
        second = self._refer(len(self.tables) - 2, nullable=False, unique=False)
        if first is None or second is None or set(first) & set(second):
            return None
        primary = (*first, *second)
        seen: dict[tuple, int] = {}
        for row in range(self.size):
            seen.setdefault(tuple(self.values[name][row] for name in primary), row)
        keep = sorted(seen.values())
        self.size = len(keep)
        self.values = {name: [values[row] for row in keep] for name, values in self.values.items()}
        return primary

    def _refer(self, index: int, *, nullable: bool, unique: bool) -> tuple[str, ...] | None:
        """A foreign key to some table before this one; None when it has no key or no rows to refer to."""
        candidates = [item for item in self.tables if item.table.primary_key]
        if not candidates:
            return None
        parent = candidates[index % len(candidates)]
        rows = self.rows[parent.name]
        twice = any(key.references == parent.name for key in self.foreign)
        if twice and (not self.spec.again or len(self.foreign) > 2):
            return None
        if rows.num_rows == 0 and not nullable:
            self.size = 0 if not self.values else self.size
            if self.size:
                return None
        if unique:
            self.size = min(self.size, rows.num_rows)
            chosen = self.draw.permutation(rows.num_rows)[: self.size]
        else:
            chosen = self.draw.integers(0, max(1, rows.num_rows), self.size)
        names = tuple(f"{'other_' * twice}{self._named(parent, column)}" for column in parent.table.primary_key)
        if len(set(names)) < len(names) or (twice and any(name in self.values for name in names)):
            return None  # no key has a column twice
        if self.spec.shared and any(name in self.values for name in names):
            chosen = self._agreeing(parent, names, rows, chosen)
            if chosen is None:
                return None
        for name, column in zip(names, parent.table.primary_key, strict=True):
            if name not in self.values:
                values = rows.column(column).take(pa.array(chosen, type=pa.int64())).to_pylist() if rows.num_rows else [None] * self.size
                self._put(name, parent.table.column(column).sql_type, values, nullable=nullable)
        self.foreign.append(ForeignKey(names, parent.name, parent.table.primary_key))
        return names

    def _named(self, parent: ResolvedTable, column: str) -> str:
        """The child's name of a parent's column: with `shared`, one name for whatever it leads to in the end."""
        if self.spec.shared:
            for key in parent.table.foreign_keys:
                if key.columns == (column,):
                    return f"{key.references}_id"
            if parent.table.primary_key == (column,):
                return f"{parent.name}_id"
        return f"{parent.name}_{column}"

    def _agreeing(self, parent: ResolvedTable, names: tuple[str, ...], rows: pa.Table, chosen: np.ndarray) -> list[int] | None:
        """Parent rows that agree with what the child has already; None when there are none for some row."""
        known = [(name, column) for name, column in zip(names, parent.table.primary_key, strict=True) if name in self.values]
        found = []
        theirs = rows.select([column for _, column in known]).to_pylist()
        for row in range(self.size):
            mine = {column: self.values[name][row] for name, column in known}
            fitting = [place for place, other in enumerate(theirs) if other == mine]
            if not fitting:
                return None
            found.append(int(self.draw.choice(fitting)))
        return found

    def _distinct(self, sql_type: str) -> list:
        numbers = sorted(int(value) for value in self.draw.permutation(4 * self.size)[: self.size])
        day = dt.datetime(2024, 1, 1, 5, 30)
        make = {
            "INTEGER": lambda number: number,
            "SMALLINT": lambda number: number,
            "VARCHAR": lambda number: f"K{number:04}",
            "DATE": lambda number: (day + dt.timedelta(days=number)).date(),
            "TIMESTAMP": lambda number: day + dt.timedelta(days=number),
            "DECIMAL(9,2)": lambda number: decimal.Decimal(number) / 4,
        }[sql_type]
        return [make(number) for number in numbers]

    def _data(self, sql_type: str, *, rare: bool, nulls: bool) -> list:
        numbers = self.draw.permutation(1_000)[: self.size] if rare else self.draw.integers(0, 3, self.size)
        day = dt.datetime(2020, 2, 28)
        make = {
            "INTEGER": lambda number: number,
            "SMALLINT": lambda number: number,
            "DOUBLE": lambda number: number / 8 if number else float("nan"),
            "DECIMAL(9,2)": lambda number: decimal.Decimal(number) / 4,
            "VARCHAR": lambda number: f"word {number}",
            "DATE": lambda number: (day + dt.timedelta(days=number)).date(),
            "TIMESTAMP": lambda number: day + dt.timedelta(minutes=number),
            "BOOLEAN": lambda number: number % 2 == 0,
            "BLOB": lambda number: bytes([number % 250]),
        }[sql_type]
        return [None if nulls and self.draw.random() < 0.2 else make(int(number)) for number in numbers]

    def _self(self, primary: str) -> None:
        """Every row under an earlier one; the first under nobody, or itself."""
        required = self.spec.itself == "required"
        keys = self.values[primary]
        above = [keys[int(self.draw.integers(0, row + 1))] if row or required else None for row in range(self.size)]
        self._put("above", self.columns[primary].sql_type, above, nullable=not required)
        self.foreign.append(ForeignKey(("above",), self.name, (primary,)))

    def _break(self, primary: set[str]) -> None:
        """Some rows with keys that lead nowhere, or nothing in them."""
        for key in self.foreign:
            name = key.columns[-1]
            if name in primary or sum(name in other.columns for other in self.foreign) > 1 or key.references == self.name:
                continue
            nullable = self.columns[name].nullable
            for row in range(self.size):
                if nullable and self.draw.random() < 0.2:
                    self.values[name][row] = None
                elif self.spec.orphans and self.draw.random() < 0.2:
                    self.values[name][row] = self._stranger(self.columns[name].sql_type)

    def _stranger(self, sql_type: str) -> object:
        return {
            "INTEGER": -7,
            "SMALLINT": -7,
            "VARCHAR": "stranger",
            "DATE": dt.date(1999, 1, 1),
            "TIMESTAMP": dt.datetime(1999, 1, 1),
            "DECIMAL(9,2)": decimal.Decimal("-7.25"),
        }[sql_type]

    def refer_back(self, place: int, index: int) -> None:
        """A key that may be null from a table to one that comes after it, with rows that refer to some of its rows or to none."""
        item = self.tables[place]
        later = [other for other in self.tables[place + 1 :] if other.table.primary_key and not other.keep_real]
        if item.keep_real or not later:
            return
        parent = later[index % len(later)]
        rows, theirs = self.rows[item.name], self.rows[parent.name]
        chosen = self.draw.integers(0, max(1, theirs.num_rows), rows.num_rows)
        nothing = (self.draw.random(rows.num_rows) < 0.3) | (theirs.num_rows == 0)
        columns, names = list(item.table.columns), []
        for column in parent.table.primary_key:
            name = f"back_{column}"
            values = theirs.column(column).take(pa.array(np.where(nothing, 0, chosen), mask=nothing))
            rows = rows.append_column(name, values)
            columns.append(Column(name, parent.table.column(column).sql_type, True))
            names.append(name)
        key = ForeignKey(tuple(names), parent.name, parent.table.primary_key)
        self.rows[item.name] = rows
        table = replace(item.table, columns=tuple(columns), foreign_keys=(*item.table.foreign_keys, key))
        self.tables[place] = replace(item, table=table)
