"""The tables of one side of a benchmark, real or synthetic, with what their foreign keys link, and as frames to measure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from benchmarks import measures
from warehouse_twin.profiling.matching import columns_of, match_rows
from warehouse_twin.warehouses.catalog import ForeignKey, Table

Tables = Mapping[str, pa.Table]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Schema:
    """Tables with their keys, parents before children; `kept` are passed through as they are."""

    tables: tuple[Table, ...]
    kept: frozenset[str] = frozenset()

    def __getitem__(self, name: str) -> Table:
        return next(table for table in self.tables if table.name == name)

    @property
    def keys(self) -> list[tuple[str, ForeignKey]]:
        return [(table.name, key) for table in self.tables for key in table.foreign_keys]


@dataclass(frozen=True)
class Way:
    """Foreign keys, each from where the one before it leads: `hops` of them, from a child to an ancestor."""

    keys: tuple[tuple[str, ForeignKey], ...]

    @property
    def names(self) -> list[str]:
        """The tables on the way, the child first."""
        return [self.keys[0][0], *(key.references for _, key in self.keys)]

    def __str__(self) -> str:
        return " > ".join([self.keys[0][0], *(f"{key.references}({'+'.join(key.columns)})" for _, key in self.keys)])


def ways(schema: Schema, hops: int) -> list[Way]:
    """Every way to follow so many foreign keys from a table that is not kept; a table that refers to itself is entered once."""
    found = [Way((step,)) for step in schema.keys]
    for _ in range(hops - 1):
        found = [Way((*way.keys, step)) for way in found for step in schema.keys if step[0] == way.names[-1] and step not in way.keys]
    return [way for way in found if way.names[0] not in schema.kept]


@dataclass(frozen=True)
class Linked:
    """The tables of one side, with the parent's row of every child row found once."""

    schema: Schema
    tables: Tables
    frames: dict[str, pd.DataFrame] = field(default_factory=dict)

    @cached_property
    def links(self) -> dict[tuple[str, ForeignKey], Ints]:
        return {(name, key): self._links(name, key) for name, key in self.schema.keys}

    def _links(self, name: str, key: ForeignKey) -> Ints:
        child, parent = self.tables[name], self.tables[key.references]
        wanted = [column.type for column in columns_of(parent, key.references_columns)]
        mine = [column.cast(kind, safe=False) for column, kind in zip(columns_of(child, key.columns), wanted, strict=True)]
        return match_rows(mine, columns_of(parent, key.references_columns))

    def frame(self, name: str) -> pd.DataFrame:
        if name not in self.frames:
            self.frames[name] = plain(self.tables[name])
        return self.frames[name]

    def follow(self, keys: Sequence[tuple[str, ForeignKey]]) -> Ints:
        """The row at the end of these keys for every row of the first table; -1 where the way ends before."""
        found = np.arange(self.tables[keys[0][0]].num_rows) if keys else np.zeros(0, dtype=np.int64)
        for key in keys:
            found = np.where(found < 0, -1, np.append(self.links[key], -1)[found])
        return found


def read_tables(folder: Path, names: Iterable[str]) -> dict[str, pa.Table]:
    """Tables of a folder with one Parquet file each, through DuckDB: strings as the engines give them."""
    with duckdb.connect() as opened:
        opened.execute("SET TimeZone = 'UTC'")
        return {name: opened.read_parquet(str(folder / f"{name}.parquet")).to_arrow_table() for name in names}


def plain(table: pa.Table) -> pd.DataFrame:
    """A frame of what measures understand: numbers as floats, times without zone as nanoseconds, the rest as text."""
    columns = {}
    for item in table.schema:
        column = table.column(item.name)
        if pa.types.is_date(item.type) or pa.types.is_timestamp(item.type):
            columns[item.name] = pd.Series(column.cast(pa.timestamp("us", tz=getattr(item.type, "tz", None))).to_pandas())
            columns[item.name] = columns[item.name].dt.tz_localize(None).astype("datetime64[ns]")
        elif pa.types.is_decimal(item.type) or pa.types.is_integer(item.type) or pa.types.is_floating(item.type):
            columns[item.name] = pd.Series(column.cast(pa.float64(), safe=False).to_pandas())
        else:
            columns[item.name] = pd.Series(column.cast(pa.string(), safe=False).to_pandas(), dtype=object)
    return pd.DataFrame(columns)


def telling(schema: Schema, real: Linked) -> dict[str, list[str]]:
    """By table the columns that are compared: no keys, no text that differs in most rows (few values will do where it is kept)."""
    found = {}
    for table in schema.tables:
        keys = set(table.primary_key).union(*(key.columns for key in table.foreign_keys))
        frame = real.frame(table.name)
        names = [str(name) for name in frame if name not in keys]
        numbers = [name for name in names if measures.numeric(frame[name]) is not None]
        most = {name: measures.CATEGORIES if table.name in schema.kept else frame[name].count() / 2 for name in names}
        found[table.name] = [name for name in names if name in numbers or frame[name].nunique() <= most[name]]
    return found


def spelled(name: str, key: ForeignKey) -> str:
    return f"{name}.{'+'.join(key.columns)}>{key.references}"


def whole(schema: Schema, tables: Tables) -> dict[str, pa.Table]:
    """The rows whose every foreign key is filled and leads to a row that stays: what every engine accepts."""
    found = dict(tables)
    for table in schema.tables:
        for key in table.foreign_keys:
            links = Linked(Schema((Table(table.name, (), (), (key,)),)), found).links[table.name, key]
            found[table.name] = found[table.name].filter(pa.array(links >= 0))
    return found
