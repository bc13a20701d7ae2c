"""The terms of sequences: names of columns that are no table's, facts of families, and how families stand at each step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.types as pt
from numpy.typing import NDArray

from warehouse_twin.profiling.table_profile import ColumnProfile
from warehouse_twin.profiling.values import DAY_MICROSECONDS, whole_number
from warehouse_twin.synthesizers.event_times import Gaps

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
FAMILY = "#family"
PREVIOUS = "#previous."
CHANGE = "#change."
GAP, LENGTH, START, PASSED = "#gap", "#length", "#start", "#passed"


@dataclass(frozen=True)
class Facts:
    """What holds in every family of the training part, and how times are coded. Names of columns and public numbers only."""

    order: str
    to: str | None
    by_day: bool
    start: str | None
    """the parent's column that first events are counted from"""
    after: tuple[str, ...]
    before: tuple[str, ...]
    latest: float
    """about the last event of the training part, k-safe"""
    step: float
    apart: bool
    never: float | None
    """what stands in `to` of a window that is open; None for null"""
    always_open: bool
    """the last window of a family is always open"""
    changes: tuple[str, ...]
    constant: tuple[str, ...]

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> Facts:
        lists = {name: tuple(value[name]) for name in ("after", "before", "changes", "constant")}
        return cls(**{**value, **lists})

    @property
    def gap(self) -> Gaps:
        return Gaps(GAP, self.by_day)

    @property
    def length(self) -> Gaps:
        return Gaps(LENGTH, self.by_day)

    @property
    def timed(self) -> tuple[str, ...]:
        return (self.order,) if self.to is None else (self.order, self.to)


@dataclass(frozen=True)
class Families:
    """Rows by family, the largest family first: those of the n-th step are the first of `starts`, n rows on."""

    rows: Ints
    starts: Ints
    sizes: Ints

    @classmethod
    def of(cls, family: Ints) -> Families:
        rows = np.argsort(family, kind="stable")
        starts = np.flatnonzero(np.r_[True, family[rows][1:] != family[rows][:-1]])
        sizes = np.diff(np.r_[starts, len(rows)])
        largest = np.argsort(-sizes, kind="stable")
        return cls(rows, starts[largest], sizes[largest])

    def steps(self) -> list[tuple[int, Ints]]:
        """Each step and its rows, in the order of the families."""
        alive = np.searchsorted(-self.sizes, -np.arange(int(self.sizes[0])), side="left")
        return [(place, self.rows[self.starts[:count] + place]) for place, count in enumerate(alive)]


def situated(*, place: float | Floats, remaining: Floats, first: Floats, last: Floats, end: Floats) -> dict[str, Floats]:
    """Where a family stands before its next event: how many were, how many will be, since when, and how long each may take."""
    return {
        "#position": np.broadcast_to(np.asarray(place, dtype=np.float64), remaining.shape).copy(),
        "#remaining": remaining,
        "#since": last - first,
        "#pace": (end - last) / (remaining + 1.0),
    }


def in_units_of(column: pa.ChunkedArray, kind: pa.DataType) -> Floats:
    """A parent's date or timestamp as the order column counts: days for a date, microseconds for a timestamp."""
    values = whole_number(column)
    if pt.is_timestamp(column.type) and pt.is_date(kind):
        values = np.floor(values / DAY_MICROSECONDS)
    elif pt.is_date(column.type) and pt.is_timestamp(kind):
        values = values * DAY_MICROSECONDS
    return values


def within(values: Floats, profile: ColumnProfile) -> Floats:
    """Numbers held inside what was profiled, on its own steps."""
    part = profile.parts[0]
    if part.step > 0:
        values = np.round(np.rint(values / part.step) * part.step, 9)
    lowest, highest = (part.cells[0][0], part.cells[-1][1]) if part.cells else (-np.inf, np.inf)
    held: Floats = np.clip(values, lowest, highest)
    return held
