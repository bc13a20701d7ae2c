"""Where a schema is counted: column by column and pair by pair, in this process or as tasks of Spark.

A task reads one column of the rows, or the codes of the two columns that it counts together, and gives back a table of counts: no
process holds more of the rows than that. Codes are kept in memory, or in files where tasks are other processes'; such files are as secret
as the rows.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any, Protocol, TypeVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Codes = NDArray[np.integer[Any]] | Path
"""The cell of each row in one column, shape `(rows,)`, or a file of them."""
Result = TypeVar("Result")
MOST_TASKS = 64
ROWS_A_TASK = 5_000_000
"""Rows that are worth a task of their own; starting one costs some hundredths of a second."""


class Rows(Protocol):
    """Rows of a table, as Arrow's own tables are: all in memory, or read a column at a time."""

    @property
    def column_names(self) -> list[str]: ...

    @property
    def schema(self) -> pa.Schema: ...

    def column(self, name: str, /) -> pa.ChunkedArray:
        """The values of one column."""

    def take(self, places: pa.Array, /) -> Rows:
        """The rows at these places."""


class Runner(Protocol):
    """Makes `work` of 0 to `count` - 1, wherever that is, and gives back the results in order."""

    def __call__(self, work: Callable[[int], Result], count: int) -> list[Result]: ...


def in_process(work: Callable[[int], Result], count: int) -> list[Result]:
    """One after another, here."""
    return [work(number) for number in range(count)]


@dataclass(frozen=True, slots=True)
class Counting:
    """Who counts tables of at least `least` looks (`looks`), and the folder of their codes where that is not this process, which counts
    all others."""

    run: Runner = in_process
    folder: Path | None = None
    least: float = math.inf

    def of_table(self, number: int, looked: float) -> Counting:
        """Who counts the table with this number: names of tables may be no names of folders."""
        if self.folder is None or looked < self.least:
            return Counting()
        own = self.folder / str(number)
        own.mkdir()
        return Counting(self.run, own)

    def file(self, what: str, number: int) -> Path | None:
        return None if self.folder is None else self.folder / f"{what}{number}.npy"


def looks(rows: int, columns: int) -> float:
    """How often values are looked at to count a table: once in each pair of columns."""
    return rows * columns * (columns + 1) / 2


def dealt(work: Callable[[int], Result], count: int, rows: int, run: Runner) -> list[Result]:
    """`work` of 0 to `count` - 1, each on so many rows, several to a task where that is little."""
    tasks = min(count, MOST_TASKS, math.ceil(count * rows / ROWS_A_TASK)) if rows else min(count, 1)
    batches = [batch.tolist() for batch in np.array_split(np.arange(count), tasks)] if tasks else []

    def some(number: int) -> list[Result]:
        return [work(place) for place in batches[number]]

    return [found for batch in run(some, len(batches)) for found in batch]


def kept(codes: Ints, size: int, file: Path | None) -> Codes:
    """Codes below `size` in as few bytes as they need; in `file`, if there is one."""
    small = codes.astype(np.min_scalar_type(max(size - 1, 0)))
    if file is None:
        return small
    np.save(file, small)
    return file


def opened(codes: Codes) -> NDArray[np.integer[Any]]:
    """Codes that were `kept`, shape `(rows,)`; what is in a file is mapped, not read."""
    return np.load(codes, mmap_mode="r") if isinstance(codes, Path) else codes


@dataclass(frozen=True, slots=True)
class Coded:
    """Rows as codes, column by column; the first `given` columns are known beforehand. `sizes` are the columns' cells, `ordered` says
    whose parts are to be neighbours."""

    codes: Sequence[Codes]
    sizes: tuple[int, ...]
    ordered: tuple[bool, ...]
    given: int = 0

    @property
    def own(self) -> range:
        return range(self.given, len(self.sizes))

    @property
    def pairs(self) -> list[tuple[int, int]]:
        """All pairs of columns but those that are both given."""
        return [(a, b) for a, b in combinations(range(len(self.sizes)), 2) if b >= self.given]

    @property
    def rows(self) -> int:
        return len(opened(self.codes[0])) if len(self.codes) else 0

    def counts(self, column: int) -> Ints:
        """Rows by cell, shape `(sizes[column],)`."""
        return np.bincount(opened(self.codes[column]), minlength=self.sizes[column]).astype(np.int64)

    def table(self, a: int, b: int) -> Ints:
        """Rows by the cells of both, shape `(sizes[a], sizes[b])`."""
        cells = opened(self.codes[a]).astype(np.int64)
        cells *= self.sizes[b]
        cells += opened(self.codes[b])
        return np.bincount(cells, minlength=self.sizes[a] * self.sizes[b]).reshape(self.sizes[a], self.sizes[b]).astype(np.int64)


@dataclass(frozen=True, slots=True)
class Pair:
    """Of a pair of columns: how far it is from independence, and rows by the coarse parts of both."""

    distance: float
    coarse: Ints


def pairs_of(coded: Coded, parts: Sequence[Sequence[int]], run: Runner) -> dict[tuple[int, int], Pair]:
    """Every pair that is to be measured; `parts` are the coarse parts of each column's cells. Exact, so for noise only."""
    pairs = coded.pairs

    def look(place: int) -> Pair:
        a, b = pairs[place]
        return _looked_at(coded.table(a, b), parts[a], parts[b])

    return dict(zip(pairs, dealt(look, len(pairs), coded.rows, run), strict=True))


def _looked_at(table: Ints, of_rows: Sequence[int], of_columns: Sequence[int]) -> Pair:
    coarse = np.zeros((max(of_rows) + 1, max(of_columns) + 1), dtype=np.int64)
    np.add.at(coarse, (np.asarray(of_rows)[:, None], np.asarray(of_columns)[None, :]), table)
    return Pair(_from_independence(table), coarse)


def _from_independence(table: Ints) -> float:
    """Σ|n_ab - n_a n_b / n|: rows that a product of the margins has in other cells, twice."""
    product = np.outer(table.sum(1), table.sum(0)) / max(int(table.sum()), 1)
    return float(np.abs(table - product).sum())
