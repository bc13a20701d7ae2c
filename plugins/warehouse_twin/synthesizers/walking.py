"""The passes over rows that drawing from a tree takes, compiled: to the leaf, its classes weighed by margins, and one of them drawn."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from warehouse_twin.compiling import compiled

Single = NDArray[np.float32]
Ints = NDArray[np.int64]


@compiled
def descended(seen: Single, used: Ints, threshold: NDArray[np.float64], left: Ints, right: Ints, node: Ints) -> Ints:
    """The leaf each row of `seen`, shape (features, rows), ends in from its `node`. `used` is the row of `seen` that a node splits on, -1
    in a leaf: values up to and with its threshold go left."""
    found = np.empty_like(node)
    for row in range(len(node)):
        here = node[row]
        while used[here] >= 0:
            here = left[here] if seen[used[here], row] <= threshold[here] else right[here]
        found[row] = here
    return found


@compiled
def weighed(histograms: Single, leaf: Ints, groups: Ints, seen: Single, starts: Ints, bins: Ints, logs: Single) -> Single:
    """Cumulative weights, shape (rows, classes): the steps of the `leaf`'s cumulative histogram, each times e to the sum of its group's
    `logs` over the terms. The bin of code c of term t is `bins[starts[t] + c + 1]`, of codes beyond the term's last its last one."""
    found = np.empty((len(leaf), histograms.shape[1]), np.float32)
    factors = np.empty(logs.shape[1], np.float32)
    for row in range(len(leaf)):
        factors[:] = 0
        for term in range(seen.shape[0]):
            place = bins[min(starts[term] + np.int64(seen[term, row]) + 1, starts[term + 1] - 1)]
            for group in range(factors.shape[0]):
                factors[group] += logs[place, group]
        for group in range(factors.shape[0]):
            factors[group] = np.exp(factors[group])
        before, total = np.float32(0), np.float32(0)
        for place in range(histograms.shape[1]):
            end = histograms[leaf[row], place]
            total += (end - before) * factors[groups[place]]
            before = end
            found[row, place] = total
    return found


@compiled
def drawn(ends: Single, draws: NDArray[np.float64]) -> Ints:
    """The first class of each row whose cumulative weight, shape (rows, classes), is more than that share of the last; else the last."""
    found = np.empty(len(draws), np.int64)
    last = ends.shape[1] - 1
    for row in range(len(draws)):
        wanted, place = draws[row] * np.float64(ends[row, last]), 0
        while place < last and ends[row, place] <= wanted:
            place += 1
        found[row] = place
    return found


@compiled
def drawn_among(ends: Single, opened: NDArray[np.bool_], spare: NDArray[np.float64], draws: NDArray[np.float64]) -> Ints:
    """The same among those classes that are `opened` to a row, in the same shape, or among all where none is. Where these have no weight
    they are drawn by `spare`, and where that has none either, alike."""
    found = np.empty(len(draws), np.int64)
    weights = np.empty(ends.shape[1], np.float64)
    for row in range(len(draws)):
        free = not opened[row].any()
        total = 0.0
        for kind in range(3):
            before = 0.0
            for place in range(len(weights)):
                end = np.float64(ends[row, place])
                weight = end - before if kind == 0 else spare[place] if kind == 1 else 1.0
                before = end
                weights[place] = weight if free or opened[row, place] else 0.0
                total += weights[place]
            if total > 0:
                break
        wanted, passed = draws[row] * total, 0.0
        for place in range(len(weights)):
            if weights[place] > 0:
                passed += weights[place]
                found[row] = place
                if passed > wanted:
                    break
    return found
