"""How many children: draws from the profiled distribution of children per parent."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from warehouse_twin.profiling.table_profile import Part
from warehouse_twin.randomness import permutation, uniforms

Ints = NDArray[np.int64]
NUDGES = 8


def draw_counts(children: Part, parents: int, *, seed: int, stream: str) -> Ints:
    """Children per parent, shape `(parents,)`: inverse CDF of the cells at evenly spread quantiles, in random order.

    Even quantiles keep the total near its expectation, where independent draws of a skewed count would let it wander.
    """
    if not children.cells or parents == 0:
        return np.zeros(parents, dtype=np.int64)
    cells = np.asarray(children.cells, dtype=np.float64)
    counters = np.arange(parents, dtype=np.int64)
    quantile = (permutation(parents, seed=seed, stream=f"{stream}/order") + uniforms(counters, seed=seed, stream=stream)) / parents
    ends = np.cumsum(cells[:, 2])
    cell = np.minimum(np.searchsorted(ends, quantile * ends[-1], side="right"), len(cells) - 1)
    place = uniforms(counters, seed=seed, stream=f"{stream}/place")
    drawn = np.rint(cells[cell, 0] + place * (cells[cell, 1] - cells[cell, 0]))
    counts: Ints = np.maximum(drawn, 0).astype(np.int64)
    return counts


def scaled_to(counts: Ints, total: int) -> Ints:
    """Counts in the same proportions that add up to `total`, by largest remainder; even where all counts are zero."""
    if not len(counts):
        return counts
    weights = counts.astype(np.float64) if counts.sum() else np.ones(len(counts))
    exact = weights * (total / weights.sum())
    whole: Ints = np.floor(exact).astype(np.int64)
    missing = int(total - whole.sum())
    whole[np.argsort(-(exact - whole), kind="stable")[:missing]] += 1
    return whole


def scaled_within(counts: Ints, groups: Ints, totals: Ints) -> Ints:
    """Counts in the same proportions in each group, that add up to the group's total, by largest remainder.

    Even where all counts of a group are zero; a group that nobody is in gets nothing.
    """
    weights = counts.astype(np.float64)
    sums = np.bincount(groups, weights=weights, minlength=len(totals))
    weights = np.where(sums[groups] > 0, weights, 1.0)
    sums = np.bincount(groups, weights=weights, minlength=len(totals))
    exact = weights * (totals / np.maximum(sums, 1.0))[groups]
    whole = np.floor(exact + 1e-9).astype(np.int64)
    missing = np.rint(totals - np.bincount(groups, weights=whole, minlength=len(totals))).astype(np.int64)
    order = np.lexsort((-(exact - whole), groups))
    ordered = groups[order]
    whole[order] += np.arange(len(order)) - np.searchsorted(ordered, ordered, side="left") < missing[ordered]
    return whole


def in_ranks_of(counts: Ints, drawn: Ints, *, seed: int, stream: str) -> Ints:
    """The values of `counts`, in the ranks of `drawn`: the parent with most of the ones has most of the others. Ties at random."""
    order = permutation(len(drawn), seed=seed, stream=stream)
    ranked = np.empty_like(counts)
    ranked[order[np.argsort(drawn[order], kind="stable")]] = np.sort(counts)
    return ranked


def nudged(counts: Ints, total: int, *, seed: int, stream: str) -> Ints:
    """Counts that add up to `total`: parents picked at random take the count that another one has, so that every count stays
    one that was drawn, and the distribution nearly as it was; what is missing then is added or dropped.
    """
    counts = counts.copy()
    for attempt in range(NUDGES):
        wanted = total - int(counts.sum())
        if not wanted:
            break
        order = permutation(len(counts), seed=seed, stream=f"{stream}/{attempt}")
        mine, theirs = order[: len(order) // 2], order[len(order) - len(order) // 2 :]
        change = counts[theirs] - counts[mine]
        mine, change = mine[change * wanted > 0], change[change * wanted > 0]
        counts[mine] += np.where(np.abs(np.cumsum(change)) <= abs(wanted), change, 0)
    missing = total - int(counts.sum())
    more, fewer = max(missing, 0), max(-missing, 0)
    if more:
        return add_rows(counts, more, seed=seed, stream=f"{stream}/more")
    return drop_rows(counts, fewer, seed=seed, stream=f"{stream}/fewer") if fewer else counts


def add_rows(counts: Ints, rows: int, *, seed: int, stream: str) -> Ints:
    """Counts with `rows` more: parents picked at random get as many again as they have, so that no count is out of the ordinary.

    Where nobody has any, everybody gets as many.
    """
    if not len(counts):
        return counts
    order = permutation(len(counts), seed=seed, stream=stream)
    shuffled = counts[order]
    if counts.any():
        whole, rest = divmod(rows, int(counts.sum()))
        shuffled = shuffled * (whole + 1) + np.clip(rest - (np.cumsum(shuffled) - shuffled), 0, shuffled)
    else:
        shuffled = scaled_to(shuffled, rows)
    more = np.empty_like(counts)
    more[order] = shuffled
    return more


def drop_rows(counts: Ints, rows: int, *, seed: int, stream: str) -> Ints:
    """Counts with `rows` fewer, at the most all: parents picked at random lose theirs, the others keep the number they have."""
    order = permutation(len(counts), seed=seed, stream=stream)
    shuffled = counts[order]
    left = np.empty_like(counts)
    left[order] = shuffled - np.clip(rows - (np.cumsum(shuffled) - shuffled), 0, shuffled)
    return left
