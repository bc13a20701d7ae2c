"""Reading the training part of a table of the snapshot: some columns of it, or of all columns some rows.

Rows are read a row group at a time, so that what is not wanted never stands in memory as a whole.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from warehouse_twin.profiling.pairs import MAX_ROWS, spread_rows
from warehouse_twin.randomness import random_bits

ENTITY, HOLDOUT = "__entity", "__holdout"
Ints = NDArray[np.int64]


def training_part(path: Path, columns: Sequence[str]) -> pa.Table:
    """These columns of every row that is not held out."""
    names = list(dict.fromkeys(columns))
    parts = [group.filter(pc.invert(group.column(HOLDOUT))).select(names) for _, group in _groups(path, [*names, HOLDOUT])]
    return pa.concat_tables(parts) if parts else pq.read_schema(path).empty_table().select(names)


def training_rows(path: Path) -> Ints:
    """The numbers of the rows that are not held out."""
    return np.flatnonzero(~pq.read_table(path, columns=[HOLDOUT]).column(0).to_numpy()).astype(np.int64)


def sampled_rows(path: Path, *, at_most: int, seed: int) -> Ints:
    """The numbers of training rows, ascending: all of them, or all rows of as many entities as have `at_most` rows together.

    Entities are taken in the order of a hash, the same for all tables with the same seed, so that parents keep their children.
    An entity with more rows than would be left without it lends some of them.
    """
    whole = pq.read_table(path, columns=[ENTITY, HOLDOUT])
    rows: Ints = np.flatnonzero(~whole.column(HOLDOUT).to_numpy()).astype(np.int64)
    if len(rows) <= at_most:
        return rows
    place = random_bits(whole.column(ENTITY).to_numpy()[rows], seed=seed, stream="sampled_rows")
    edge = np.partition(place, at_most)[at_most]
    whole_ones: Ints = rows[place < edge]
    if len(whole_ones) >= at_most / 2:
        return whole_ones
    within: Ints = rows[place <= edge]
    return within[spread_rows(len(within), at_most=at_most)]


def spread_training(path: Path, columns: Sequence[str], *, at_most: int = MAX_ROWS) -> pa.Table:
    """These columns of rows spread over the training part."""
    rows = training_rows(path)
    return rows_of(path, columns, rows[spread_rows(len(rows), at_most=at_most)])


def rows_of(path: Path, columns: Sequence[str], rows: Ints) -> pa.Table:
    """These columns of the rows with these numbers, ascending."""
    names = list(dict.fromkeys(columns))
    parts = []
    for start, group in _groups(path, names):
        mine = rows[np.searchsorted(rows, start) : np.searchsorted(rows, start + group.num_rows)] - start
        parts.append(group.take(pa.array(mine)))
    return pa.concat_tables(parts) if parts else pq.read_schema(path).empty_table().select(names)


@dataclass(frozen=True)
class StoredRows:
    """Some rows of a table of the snapshot, read from there a column at a time; `rows` are their numbers, ascending."""

    path: Path
    column_names: list[str]
    rows: Ints

    @property
    def schema(self) -> pa.Schema:
        whole = pq.read_schema(self.path)
        return pa.schema([whole.field(name) for name in self.column_names])

    def column(self, name: str) -> pa.ChunkedArray:
        return rows_of(self.path, [name], self.rows).column(0)

    def take(self, places: pa.Array) -> StoredRows:
        """The rows at these places among those, ascending."""
        return replace(self, rows=self.rows[places.to_numpy(zero_copy_only=False)])


def _groups(path: Path, columns: Sequence[str]) -> Iterator[tuple[int, pa.Table]]:
    """The number of its first row, and the row group."""
    start = 0
    with pq.ParquetFile(path) as file:
        for number in range(file.num_row_groups):
            group = file.read_row_group(number, columns=list(columns)).select(list(columns))
            yield start, group
            start += group.num_rows
