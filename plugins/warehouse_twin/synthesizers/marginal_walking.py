"""The passes over rows that fitting and drawing from noisy counts take, compiled: along the tree, and what each row's cells weigh.

A *layout* says which cell of which measured count a row falls into: for each count `(first column, second or -1, place of the first's map,
place of the second's, cells of the second, place of the count's own cells)`, shape `(counts, 6)`; `maps` give a code's place in a count.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from warehouse_twin.compiling import compiled

Ints = NDArray[np.int64]
Small = NDArray[np.int32]
Floats = NDArray[np.float64]


@compiled
def walked(codes: Ints, column: int, parent: int, shares: Floats, draws: Floats) -> None:
    """Draw one column of `codes`, shape `(columns, rows)`, from the cumulative `shares` of each cell of `parent`; of the first, if it is
    -1."""
    for row in range(len(draws)):
        mine = shares[codes[parent, row] if parent >= 0 else 0]
        low, high = 0, len(mine) - 1
        while low < high:
            middle = (low + high) // 2
            if mine[middle] <= draws[row]:
                low = middle + 1
            else:
                high = middle
        codes[column, row] = low


@compiled
def cells_of(codes: Ints, layout: Ints, maps: Ints) -> Small:
    """Among all cells of all counts those that each row falls into, shape `(rows, counts)`."""
    found = np.empty((codes.shape[1], len(layout)), np.int32)
    for row in range(codes.shape[1]):
        for count in range(len(layout)):
            first, second, of_first, of_second, width, start = layout[count]
            place = maps[of_first + codes[first, row]]
            if second >= 0:
                place = place * width + maps[of_second + codes[second, row]]
            found[row, count] = start + place
    return found


@compiled
def weighed(codes: Ints, layout: Ints, maps: Ints, weights: Floats) -> Floats:
    """The sum of the `weights` of the cells that each row falls into, shape `(rows,)`."""
    found = np.zeros(codes.shape[1])
    for count in range(len(layout)):
        first, second, of_first, of_second, width, start = layout[count]
        for row in range(codes.shape[1]):
            place = maps[of_first + codes[first, row]]
            if second >= 0:
                place = place * width + maps[of_second + codes[second, row]]
            found[row] += weights[start + place]
    return found


@compiled
def summed(cells: Small, weights: Floats) -> Floats:
    """The sum of the `weights` of each row's `cells`, shape `(rows,)`."""
    found = np.zeros(len(cells))
    for row in range(len(cells)):
        for count in range(cells.shape[1]):
            found[row] += weights[cells[row, count]]
    return found


@compiled
def dealt_out(cells: Small, chances: Floats, size: int) -> Floats:
    """The sum of the `chances` of the rows that fall into each cell, shape `(size,)`."""
    found = np.zeros(size)
    for row in range(len(cells)):
        for count in range(cells.shape[1]):
            found[cells[row, count]] += chances[row]
    return found
