"""What values a column can have, learned with part of the budget where nobody declared it: the cells that rows are counted in.

A value is shown by itself when enough rows hold it for noise not to hide them. Ranges of numbers are found from the sign and the number
of digits down, a part that holds many rows being split in eight, so that no bound is read from the data for free (bounds that were
let membership be told with certainty: Annamalai et al. 2024, arXiv:2405.08539).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from warehouse_twin.privacy.accounting import Account
from warehouse_twin.privacy.mechanisms import deviation, frequent, noisy_counts
from warehouse_twin.synthesizers.marginal_grids import is_numbered, numbered, texts

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Draws = Callable[[str], Floats]
SPIKE = 0.04
"""A value that this share of all rows hold is a cell of its own."""
CELLS, HELD = 16, 3.25
"""Parts of a range, about equally many rows in each, besides spikes; they hold so many deviations of the noise at the least, or such
a part of all rows where that is less."""
TOLD_APART = 200
"""Public values that are a cell each, at most."""
FAN, LEVELS, DIGITS = 8, 5, 54
SPLIT, KEPT, LEAST = 16.0, 1.0, 0.02
"""A part is split that holds more rows than so many deviations of the noise and than this share; one is kept above the second."""
VALUES = 0.4
"""Of a numeric column's part of the budget what is spent on values; the rest is on ranges."""


@dataclass(frozen=True, slots=True)
class Cell:
    """Rows that are counted together: those of some `values`, or between the first and the last of `ranges`.

    Values and ranges (from, to, exclusive) have the weight that they are drawn with. A cell without both holds no value that may be
    shown: its rows are drawn from the others or made up.
    """

    values: tuple[tuple[Any, float], ...] = ()
    ranges: tuple[tuple[int, int, float], ...] = ()

    @property
    def mean(self) -> float:
        """Of a cell of numbers, the mean of what it is drawn as."""
        middles = [*self.values, *(((low + high - 1) / 2, weight) for low, high, weight in self.ranges)]
        return float(np.average([middle for middle, _ in middles], weights=[weight for _, weight in middles]))


@dataclass(frozen=True, slots=True)
class Domain:
    """The cells of one column, missing values in a last one if `nullable`; `numeric` where values are grid numbers."""

    name: str
    numeric: bool
    nullable: bool
    cells: tuple[Cell, ...]

    @property
    def size(self) -> int:
        return len(self.cells) + self.nullable

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> Domain:
        cells = tuple(
            Cell(tuple(map(tuple, cell["values"])), tuple(map(tuple, cell["ranges"])))
            for cell in value["cells"]
        )
        return cls(value["name"], value["numeric"], value["nullable"], cells)

    def codes(self, column: pa.ChunkedArray) -> Ints:
        """The cell of each row, shape `(rows,)`."""
        found, there = self._numbers(column) if self.numeric else self._texts(column)
        return np.where(there, found, len(self.cells) if self.nullable else len(self.cells) - 1).astype(np.int64)

    def _texts(self, column: pa.ChunkedArray) -> tuple[Ints, NDArray[np.bool_]]:
        if len(self.cells) == 1:
            return np.zeros(len(column), dtype=np.int64), np.asarray(column.is_valid(), dtype=bool)
        words, places, there = texts(column)
        cells = {value: place for place, cell in enumerate(self.cells) for value, _ in cell.values}
        last = len(self.cells) - 1
        return np.asarray([*(cells.get(word, last) for word in words), last], dtype=np.int64)[places], there

    def _numbers(self, column: pa.ChunkedArray) -> tuple[Ints, NDArray[np.bool_]]:
        values, there = numbered(column)
        ranged = [place for place, cell in enumerate(self.cells) if cell.ranges]
        found = np.full(len(values), len(self.cells) - 1, dtype=np.int64)
        if ranged:
            starts = [self.cells[place].ranges[0][0] for place in ranged]
            found = np.asarray(ranged)[np.clip(np.searchsorted(starts, values, side="right") - 1, 0, len(ranged) - 1)]
        for place, cell in enumerate(self.cells):
            if not cell.ranges and cell.values:
                found[values == cell.values[0][0]] = place
        return found, there


@dataclass(frozen=True, slots=True)
class Allowance:
    """What the domain of one column may cost, and how many rows an entity has at the most."""

    rho: float
    delta: float
    distance: int
    account: Account


def learn_domain(
    name: str, column: pa.ChunkedArray, *, nullable: bool, rows: float, allowance: Allowance, bounds: tuple[int, int] | None = None
) -> Domain:
    """The domain of a column; `rows` is about how many there are, known with noise; `bounds` are grid numbers somebody declared."""
    if not is_numbered(column.type):
        words = _frequent(name, _texts_held(column), allowance, allowance.rho)
        cells = [Cell(values=((value, 1.0),)) for value in words]
        return Domain(name, False, nullable, (*cells, Cell()))
    numbers, there = numbered(column)
    numbers = numbers if bounds is None else np.clip(numbers, *bounds)
    values, held = np.unique(numbers[there], return_counts=True)
    written = dict(zip(map(str, values.tolist()), held.tolist(), strict=True))
    shown = {int(value): count for value, count in _frequent(name, written, allowance, allowance.rho * VALUES).items()}
    ranges = _ranges(name, (values, held), rows, allowance, _parts() if bounds is None else _pieces(bounds[0], bounds[1] + 1))
    told = HELD * deviation(_rho_of_ranges(allowance), distance=allowance.distance)
    return Domain(name, True, nullable, _cells(shown, ranges, rows, told))


def declared_domain(name: str, kind: pa.DataType, values: Sequence[str], *, nullable: bool) -> Domain:
    """The domain of a column whose values somebody declared, and so are public."""
    if not is_numbered(kind):
        return Domain(name, False, nullable, tuple(Cell(values=((value, 1.0),)) for value in dict.fromkeys(values)))
    numbers, _ = numbered(pa.chunked_array([pa.array(list(values), type=pa.string()).cast(kind)]))
    return Domain(name, True, nullable, tuple(Cell(values=((int(value), 1.0),)) for value in np.unique(numbers)))


def _texts_held(column: pa.ChunkedArray) -> dict[str, int]:
    """How many rows hold each text."""
    words, places, there = texts(column)
    return dict(zip(words, np.bincount(places[there], minlength=len(words)).tolist(), strict=True))


def _frequent(name: str, held: Mapping[str, int], allowance: Allowance, rho: float) -> Mapping[str, int]:
    """Values that stand out of the noise, with noisy counts."""
    shown, _, cost = frequent(held, rho=rho, delta=allowance.delta, distance=allowance.distance)
    allowance.account.spend(f"{name}: values", cost)
    return shown


def public_domain(name: str, column: pa.ChunkedArray, values: Sequence[str], *, nullable: bool, allowance: Allowance) -> Domain:
    """The domain of a column whose values are public: a cell each, or of many only those that are seen to be common."""
    if len(values) <= TOLD_APART:
        return declared_domain(name, column.type, values, nullable=nullable)
    common = _frequent(name, _texts_held(column), allowance, allowance.rho)
    cells = [Cell(values=((value, 1.0),)) for value in values if value in common]
    return Domain(name, False, nullable, (*cells, Cell(values=tuple((value, 1.0) for value in values if value not in common))))


def bounds_of(kind: pa.DataType, low: str, high: str) -> tuple[int, int]:
    """Grid numbers of two values of a type, the lower one first. Raises ArrowInvalid for what is no value of it."""
    numbers, _ = numbered(pa.chunked_array([pa.array([low, high], type=pa.string()).cast(kind)]))
    return int(numbers.min()), int(numbers.max())


def made_domain(name: str, *, nullable: bool) -> Domain:
    """The domain of a column whose values are made up: one cell, and another of missing values."""
    return Domain(name, False, nullable, (Cell(),))


def _parts() -> list[tuple[int, int]]:
    """All grid numbers by sign and number of digits, in order."""
    below = [(-(2**b), -(2 ** (b - 1))) for b in range(DIGITS, 0, -1)]
    return [(low + 1, high + 1) for low, high in below] + [(0, 1)] + [(2**b, 2 ** (b + 1)) for b in range(DIGITS)]


def _ranges(
    name: str, values: tuple[Ints, Ints], rows: float, allowance: Allowance, parts: list[tuple[int, int]]
) -> list[tuple[int, int, float]]:
    """Ranges with noisy counts, in order: those of `parts`, and of their parts, that hold more than noise.

    `values` are the distinct ones, ascending, and how many rows hold each.
    """
    below = np.concatenate([[0], np.cumsum(values[1])])
    rho = _rho_of_ranges(allowance)
    noise = deviation(rho, distance=allowance.distance)
    kept: list[tuple[int, int, float]] = []
    for level in range(LEVELS + 1):
        edges = np.searchsorted(values[0], np.asarray(parts, dtype=np.int64))
        noisy, cost = noisy_counts(below[edges[:, 1]] - below[edges[:, 0]], rho=rho, distance=allowance.distance)
        allowance.account.spend(f"{name}: ranges", cost)
        counted = [(low, high, float(count)) for (low, high), count in zip(parts, noisy, strict=True)]
        split = [part for part in counted if level < LEVELS and part[1] - part[0] > 1 and part[2] > max(SPLIT * noise, LEAST * rows)]
        kept += [part for part in counted if part not in split and part[2] > KEPT * noise]
        parts = [piece for low, high, _ in split for piece in _pieces(low, high)]
        if not parts:
            break
    return sorted(kept)


def _rho_of_ranges(allowance: Allowance) -> float:
    """What counting ranges once may cost."""
    return allowance.rho * (1 - VALUES) / (LEVELS + 1)


def _pieces(low: int, high: int) -> list[tuple[int, int]]:
    edges = [low + (high - low) * part // FAN for part in range(FAN + 1)]
    return [(start, end) for start, end in pairwise(edges) if end > start]


def _cells(shown: Mapping[int, int], ranges: Sequence[tuple[int, int, float]], rows: float, told: float) -> tuple[Cell, ...]:
    """Spikes by themselves, then the ranges in groups of about equally many rows, with the other values that stand out inside.

    Where most rows are in spikes, the few others tell the most: they are told apart as far as noise lets (`told` rows).
    """
    spikes = {value: count for value, count in shown.items() if count > SPIKE * rows}
    others = {value: count for value, count in sorted(shown.items()) if value not in spikes}
    wanted = max((rows - sum(spikes.values())) / CELLS, min(told, rows / CELLS))
    cells = [Cell(values=((value, 1.0),)) for value in sorted(spikes)]
    group: list[tuple[int, int, float]] = []
    for low, high, count in ranges:
        inside = sum(number for value, number in spikes.items() if low <= value < high)
        group.append((low, high, max(count - inside, 0.0)))
        if sum(part[2] for part in group) >= wanted:
            cells.append(_ranged(group, others))
            group = []
    if group and (sum(part[2] for part in group) > wanted / 4 or not any(cell.ranges for cell in cells)):
        cells.append(_ranged(group, others))
    return tuple(cells) or (Cell(),)


def _ranged(group: Sequence[tuple[int, int, float]], others: Mapping[int, int]) -> Cell:
    """Ranges that are drawn from together, less what single values inside them account for."""
    low, high = group[0][0], group[-1][1]
    inside = tuple((value, float(count)) for value, count in others.items() if low <= value < high)
    left = []
    for start, end, count in group:
        held = sum(number for value, number in inside if start <= value < end)
        left.append((start, end, max(count - held, 0.0)))
    return Cell(inside, tuple(left))
