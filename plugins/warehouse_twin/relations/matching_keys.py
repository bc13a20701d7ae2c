"""Drawn keys made to fit: moved to a parent's key that exists, or apart from one another."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from warehouse_twin.profiling.matching import codes_of, match_rows
from warehouse_twin.profiling.table_profile import ColumnProfile
from warehouse_twin.profiling.values import DAY_MICROSECONDS, from_whole, part_names, whole_number
from warehouse_twin.randomness import uniforms

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Columns = Sequence[pa.ChunkedArray]


def snap(child: Columns, parent: Columns, *, seed: int, fixed: Collection[int] = ()) -> Ints:
    """For each child key a parent row: the one with this key; else one that agrees on all columns but one, the nearest if that
    is a number or a time; else any. -1 for a key with a null in it, or when there is no parent to choose from.

    The columns at `fixed` are settled already: only parents that agree on them are chosen from.
    """
    links = match_rows(child, parent)
    filled = np.logical_and.reduce([column.is_valid().to_numpy() for column in child])
    having = np.flatnonzero(np.logical_and.reduce([column.is_valid().to_numpy() for column in parent]))
    loose = np.flatnonzero((links < 0) & filled)
    free = [index for index in range(len(child)) if index not in fixed]
    if not len(loose) or not len(having) or not free:
        return links
    numbers = [index for index in free if part_names(child[index].type)]
    place = numbers[-1] if numbers else free[-1]
    mine, theirs = _groups(child, parent, [index for index in range(len(child)) if index != place], loose, having)
    if numbers:
        found = _nearest(mine, whole_number(child[place])[loose], theirs, whole_number(parent[place])[having])
    else:
        found = _any(mine, theirs, uniforms(loose, seed=seed, stream="any of the group"))
    mine, theirs = _groups(child, parent, sorted(fixed), loose, having)
    found = np.where(found >= 0, found, _any(mine, theirs, uniforms(loose, seed=seed, stream="any parent")))
    links[loose] = np.where(found >= 0, having[found], -1)
    return links


def _groups(child: Columns, parent: Columns, places: Sequence[int], rows: Ints, parents: Ints) -> tuple[Ints, Ints]:
    """Codes of these rows by the columns at `places`, equal where a child row and a parent row agree."""
    if not places:
        return np.zeros(len(rows), dtype=np.int64), np.zeros(len(parents), dtype=np.int64)
    mine, theirs = codes_of([child[place] for place in places], [parent[place] for place in places])
    return mine[rows], theirs[parents]


def _nearest(mine: Ints, wanted: Floats, theirs: Ints, having: Floats) -> Ints:
    """For each wanted number the index of the nearest one in its group, the lower of two; -1 where the group is empty."""
    group, value = np.concatenate([theirs, mine]), np.concatenate([having, wanted])
    own = np.arange(len(group)) >= len(theirs)
    order = np.lexsort((own, value, group))
    place = np.arange(len(order))
    below = np.maximum.accumulate(np.where(own[order], -1, place))
    above = np.minimum.accumulate(np.where(own[order], len(order), place)[::-1])[::-1]
    asked = np.flatnonzero(own[order])
    rows = order[asked]

    def distance(at: Ints) -> Floats:
        there = order[np.clip(at, 0, len(order) - 1)]
        inside = (at >= 0) & (at < len(order)) & (group[there] == group[rows])
        return np.where(inside, np.abs(value[there] - value[rows]), np.inf)

    down, up = distance(below[asked]), distance(above[asked])
    chosen = order[np.clip(np.where(down <= up, below[asked], above[asked]), 0, len(order) - 1)]
    found = np.full(len(mine), -1, dtype=np.int64)
    found[rows - len(theirs)] = np.where(np.isfinite(np.minimum(down, up)), chosen, -1)
    return found


def _any(mine: Ints, theirs: Ints, draws: Floats) -> Ints:
    """For each row an index of its group, by a draw in [0, 1); -1 where the group is empty."""
    order = np.argsort(theirs, kind="stable")
    first = np.searchsorted(theirs[order], mine, side="left")
    sizes = np.searchsorted(theirs[order], mine, side="right") - first
    return np.where(sizes > 0, order[np.minimum(first + (draws * sizes).astype(np.int64), len(order) - 1)], -1)


def step_between(profile: ColumnProfile, kind: pa.DataType) -> float:
    """The granularity of a column as `whole_number` counts: a day for timestamps that have all the same time; 0 for none."""
    if len(part_names(kind)) < 2:
        return profile.parts[0].step if profile.parts else 0.0
    day, time = profile.parts if len(profile.parts) == 2 else (None, None)
    if day is None or time is None:
        return 0.0
    if len(time.cells) == 1 and time.cells[0][0] == time.cells[0][1]:
        return max(day.step, 1.0) * DAY_MICROSECONDS
    return float(np.gcd(np.int64(time.step), np.int64(DAY_MICROSECONDS)))


def spread_apart(column: pa.ChunkedArray, others: Columns, profile: ColumnProfile) -> pa.ChunkedArray:
    """The column with equal values, among rows that agree on `others`, moved to the nearest free steps.

    Values keep their order; a run that would leave the drawn range is pushed back into it where there is room.
    """
    values = whole_number(column)
    if not len(values):
        return column
    step = step_between(profile, column.type) or float(np.ptp(values)) / (4 * len(values)) or 1.0
    start = values[0] - step * np.rint(values[0] / step)
    slots = np.rint((values - start) / step).astype(np.int64)
    (groups,) = codes_of(others) if others else (np.zeros(len(slots), dtype=np.int64),)
    moved = slots_apart(slots, groups, lowest=int(slots.min()), highest=int(slots.max()))
    whole = np.where(moved == slots, values, np.round(moved * step + start, 9))
    return pa.chunked_array([from_whole(whole, column.type)])


def slots_apart(slots: Ints, groups: Ints, *, lowest: int, highest: int) -> Ints:
    """Slots moved so that no two rows of a group have the same, within [lowest, highest] where a group fits, beyond if not.

    In order of their slots, each row of a group takes the first free one from its own on; those beyond the end are pushed back.
    """
    order = np.lexsort((slots, groups))
    ordered = groups[order]
    first = np.searchsorted(ordered, ordered, side="left")
    rank = np.arange(len(order)) - first
    size = np.searchsorted(ordered, ordered, side="right") - first
    # A running maximum inside each group: over ranks of values, so that groups can be kept apart by an offset without overflow.
    values, ranks = np.unique(slots[order] - rank, return_inverse=True)
    offset = first * np.int64(len(values) + 1)
    free = values[np.maximum.accumulate(ranks + offset) - offset] + rank
    bound = np.maximum(highest, lowest + size - 1)
    moved = np.empty_like(slots)
    moved[order] = np.where(size > 1, np.minimum(free, bound - (size - 1 - rank)), slots[order])
    return moved
