"""How many children: draws from the profiled distribution of children per parent."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from warehouse_twin.profiling.table_profile import Part
from warehouse_twin.randomness import permutation, uniforms

Ints = NDArray[np.int64]


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


def links_of(counts: Ints, *, seed: int, stream: str) -> Ints:
    """Parent row of each child, every parent as often as its count says, in random order."""
    links = np.repeat(np.arange(len(counts), dtype=np.int64), counts)
    return links[permutation(len(links), seed=seed, stream=stream)]
