"""The two passes over rows that drawing from a tree takes, compiled: down to the leaf, and its classes weighed by margins."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from warehouse_twin.synthesizers.compiling import compiled

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
