"""As many rows of each kind, side by side: learned from, drawn, columns drawn independently, held out.

A measure that counts rows in cells needs no more than the cell of every row: `counted` makes the score, its interval and both
yardsticks of it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from warehouse_twin.metrics.binning import group_counts
from warehouse_twin.metrics.columns import Ints
from warehouse_twin.metrics.replicates import Replicates, scored
from warehouse_twin.metrics.samples import compared, total_variation_complement
from warehouse_twin.metrics.score import Score


@dataclass(frozen=True, slots=True)
class Side:
    """Rows of one kind, and the jackknife group of each."""

    rows: pa.Table
    group: Ints
    groups: int


@dataclass(frozen=True, slots=True)
class Sides:
    """Rows of one table. All but those of `training` should be equally many: distances fall with the sample's size."""

    table: str
    training: Side
    synthetic: Side
    floor: Side | None = None
    holdout: Side | None = None

    @property
    def n(self) -> int:
        """Rows of the smallest side of those that are compared."""
        held = [] if self.holdout is None else [len(self.holdout.rows)]
        return min(len(self.training.rows), len(self.synthetic.rows), *held)

    def select(self, columns: Sequence[str]) -> Sides:
        """The same rows with these columns."""

        def fewer(side: Side) -> Side:
            return Side(side.rows.select(list(columns)), side.group, side.groups)

        floor, holdout = (None if side is None else fewer(side) for side in (self.floor, self.holdout))
        return Sides(self.table, fewer(self.training), fewer(self.synthetic), floor, holdout)

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(self.training.rows.column_names)


@dataclass(frozen=True, slots=True)
class Cells:
    """The cell of every row of a side, negative for rows that do not count, and how many cells there are."""

    codes: Ints
    size: int


@dataclass(frozen=True, slots=True)
class Counted:
    """How alike the cells of drawn and real rows are: 1 - total variation distance in [0, 1], and its yardsticks."""

    columns: tuple[str, ...]
    replicates: Replicates
    floor: float | None
    ceiling: float | None

    @property
    def shortfall(self) -> float:
        return (1.0 if self.ceiling is None else self.ceiling) - self.replicates.value

    def scored(self, measure: str, sides: Sides) -> Score:
        known = {"floor": self.floor, "ceiling": self.ceiling, "n": sides.n, "columns": self.columns}
        return scored(self.replicates, measure=measure, table=sides.table, **known)  # type: ignore[arg-type]


def counted(sides: Sides, cells: Callable[[Side], Cells], *, columns: tuple[str, ...]) -> Counted:
    """Rows of all sides counted in cells: 1 - ½ Σ |p - q| of training and drawn rows, of independent and of held-out ones."""

    def counts(side: Side) -> Ints:
        found = cells(side)
        return group_counts(found.codes, side.group, groups=side.groups, size=found.size)

    real = counts(sides.training)
    whole = real.sum(axis=0)
    floor, ceiling = (
        None if side is None or not len(side.rows) else float(total_variation_complement(whole, counts(side).sum(axis=0)))
        for side in (sides.floor, sides.holdout)
    )
    return Counted(columns, compared(total_variation_complement, real, counts(sides.synthetic)), floor, ceiling)


def nothing(measure: str, sides: Sides, *, value: float = 0.0, better: str = "higher") -> Score:
    """The score of a measure that has nothing to say of these rows: n is 0 and the interval all of [0, 1]."""
    return Score(measure, sides.table, value, 0.0, 1.0, 0, better)  # type: ignore[arg-type]


def any_of(codes: Ints) -> bool:
    """Whether any row counts."""
    return bool(np.any(codes >= 0))
