"""The two passes over all rows that iterative proportional scaling takes for each feature, compiled (`synthesizers.margins`)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from warehouse_twin.compiling import compiled

Shares = NDArray[np.float32]
Ints = NDArray[np.int64]


@compiled
def counted(shares: Shares, bins: Ints, count: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The sums of the rows' `shares`, shape (rows, groups), in each of `count` bins; and those of all their squares, shape (count,)."""
    found, squares = np.zeros((count, shares.shape[1])), np.zeros(count)
    for row in range(shares.shape[0]):
        place, total = bins[row], np.float32(0)
        for group in range(shares.shape[1]):
            share = shares[row, group]
            found[place, group] += share
            total += share * share
        squares[place] += total
    return found, squares


@compiled
def scaled(shares: Shares, bins: Ints, factors: Shares) -> None:
    """Multiply each row of `shares` by the factors of its bin, shape (bins, groups), and bring it back to a sum of one, in place."""
    for row in range(shares.shape[0]):
        place = bins[row]
        total = np.float32(0)
        for group in range(shares.shape[1]):
            shares[row, group] *= factors[place, group]
            total += shares[row, group]
        for group in range(shares.shape[1]):
            shares[row, group] /= total
