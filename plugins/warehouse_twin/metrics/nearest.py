"""The closest of many points to each of a few, by Gower's distance; every pair is looked at, in machine code."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from warehouse_twin.compiling import compiled
from warehouse_twin.metrics.columns import Ints
from warehouse_twin.metrics.points import Points, Shorts

FARTHEST = np.iinfo(np.int16).max
AT_ONCE = 4_096
"""References whose distances are held at once: with a column of them, what fits into a processor's first cache."""


def nearest_in_groups(queries: Points, references: Points, *, starts: Ints) -> Shorts:
    """The distance from every query to the closest reference of each group, shape `(queries, groups)`.

    References lie sorted by group; group g starts at `starts[g]`, none is empty.
    """
    nearest = np.full((len(queries), len(starts)), FARTHEST, dtype=np.int16)
    ends = np.append(starts, len(references))
    # some rows of others are strided in memory, and would be gone through ten times slower
    all_ranks, all_codes = np.ascontiguousarray(references.ranks), np.ascontiguousarray(references.codes)
    ranks, codes = np.ascontiguousarray(queries.ranks.T), np.ascontiguousarray(queries.codes.T)
    _least(ranks, codes, all_ranks, all_codes, np.int16(references.scale), ends, nearest)
    return nearest


@compiled
def _least(
    ranks: Shorts, codes: NDArray[np.uint16], all_ranks: Shorts, all_codes: NDArray[np.uint16], scale: np.int16, ends: Ints, nearest: Shorts
) -> None:
    """Fill in `nearest`. Queries lie in rows, references in columns. A rank is never farther than the scale: missing is twice that,
    and as far from every value as values can be."""
    apart = np.empty(AT_ONCE, np.int16)
    for query in range(len(nearest)):
        group = 0
        for first in range(0, ends[-1], AT_ONCE):
            rows = min(AT_ONCE, ends[-1] - first)
            apart[:rows] = 0
            for column in range(len(all_codes)):
                code, known = codes[query, column], all_codes[column, first : first + rows]
                for row in range(rows):
                    apart[row] += scale if known[row] != code else np.int16(0)
            for column in range(len(all_ranks)):
                rank, values = ranks[query, column], all_ranks[column, first : first + rows]
                for row in range(rows):
                    apart[row] += min(scale, np.int16(abs(np.int16(values[row] - rank))))
            group = _closest(apart, first, rows, ends, group, nearest[query])


@compiled
def _closest(apart: Shorts, first: int, rows: int, ends: Ints, group: int, nearest: Shorts) -> int:
    """The least distance of each group that rows `first` and those after it belong to, and the group of the row behind them."""
    start = 0
    while start < rows:
        end = min(rows, ends[group + 1] - first)
        least = nearest[group]
        for row in range(start, end):
            least = min(least, apart[row])
        nearest[group] = least
        if ends[group + 1] - first <= end:
            group += 1
        start = end
    return group
