"""Drawn keys made to fit: moved to a parent's key that exists, or apart from one another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from warehouse_twin.profiling.matching import codes_of, match_rows
from warehouse_twin.profiling.table_profile import ColumnProfile
from warehouse_twin.profiling.values import DAY_MICROSECONDS, from_parts, part_names, to_parts
from warehouse_twin.randomness import uniforms

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


def snap(child: Sequence[pa.ChunkedArray], parent: Sequence[pa.ChunkedArray], *, seed: int) -> Ints:
    """For each child key a parent row: the one with this key; else the nearest in the last number or time among parents that
    agree on the other columns; else any. -1 for a key with a null in it, or when there is no parent."""
    links = match_rows(child, parent)
    filled = np.logical_and.reduce([column.is_valid().to_numpy() for column in child])
    loose = np.flatnonzero((links < 0) & filled)
    if not len(loose) or not len(parent[0]):
        return links
    numbers = [index for index, column in enumerate(child) if part_names(column.type)]
    if numbers:
        place = numbers[-1]
        others = [index for index in range(len(child)) if index != place]
        wanted, having = whole_number(child[place]), whole_number(parent[place])
        mine, theirs = _groups([child[i] for i in others], [parent[i] for i in others], len(child[0]), len(parent[0]))
        for group in np.unique(mine[loose]):
            rows = loose[mine[loose] == group]
            candidates = np.flatnonzero(theirs == group)
            if len(candidates):
                links[rows] = candidates[_nearest(wanted[rows], having[candidates])]
    still = np.flatnonzero((links < 0) & filled)
    draw = uniforms(still, seed=seed, stream="any parent")
    links[still] = (draw * len(parent[0])).astype(np.int64)
    return links


def _groups(child: list[pa.ChunkedArray], parent: list[pa.ChunkedArray], children: int, parents: int) -> tuple[Ints, Ints]:
    if not child:
        return np.zeros(children, dtype=np.int64), np.zeros(parents, dtype=np.int64)
    mine, theirs = codes_of(child, parent)
    return mine, theirs


def _nearest(wanted: Floats, having: Floats) -> Ints:
    order = np.argsort(having, kind="stable")
    right = np.clip(np.searchsorted(having[order], wanted), 0, len(having) - 1)
    left = np.maximum(right - 1, 0)
    closer = np.abs(having[order][left] - wanted) <= np.abs(having[order][right] - wanted)
    return order[np.where(closer, left, right)]


def whole_number(column: pa.ChunkedArray) -> Floats:
    """A number or time as one float64: microseconds since the epoch for a timestamp."""
    parts = to_parts(column)
    return parts[0] * DAY_MICROSECONDS + parts[1] if len(parts) == 2 else parts[0]


def spread_apart(column: pa.ChunkedArray, others: Sequence[pa.ChunkedArray], profile: ColumnProfile) -> pa.ChunkedArray:
    """The column with equal values, among rows that agree on `others`, moved to the nearest free steps.

    Values keep their order; a run that would leave the drawn range is pushed back into it where there is room.
    """
    values = whole_number(column)
    timestamp = len(part_names(column.type)) == 2
    step = (profile.parts[-1].step or 1.0) if timestamp else (profile.parts[0].step or 1.0)
    slots = np.rint(values / step).astype(np.int64)
    lowest, highest = int(slots.min(initial=0)), int(slots.max(initial=0))
    (groups,) = codes_of(others) if others else (np.zeros(len(slots), dtype=np.int64),)
    order = np.lexsort((slots, groups))
    for rows in np.split(order, np.flatnonzero(np.diff(groups[order])) + 1):
        slots[rows] = _apart(slots[rows], lowest, highest)
    whole = slots * step
    parts: tuple[NDArray[np.floating[Any]], ...] = (np.floor(whole / DAY_MICROSECONDS), whole % DAY_MICROSECONDS) if timestamp else (whole,)
    return pa.chunked_array([from_parts(parts, column.type)])


def _apart(slots: Ints, lowest: int, highest: int) -> Ints:
    """Ascending slots made strictly ascending, within [lowest, highest] if they fit, beyond its ends if not."""
    ranks = np.arange(len(slots), dtype=np.int64)
    moved = np.maximum.accumulate(slots - ranks) + ranks
    bound = max(highest, lowest + len(slots) - 1)
    return np.minimum(moved, bound - ranks[::-1])
