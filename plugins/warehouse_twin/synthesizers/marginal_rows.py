"""From codes to values: what a row of each cell is drawn as."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from warehouse_twin.randomness import uniforms
from warehouse_twin.synthesizers.marginal_domains import Cell, Domain
from warehouse_twin.synthesizers.marginal_grids import from_numbers

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


def drawn_column(domain: Domain, codes: Ints, kind: pa.DataType, counters: Ints, *, seed: int) -> pa.ChunkedArray:
    """Values of the rows in these cells, shape `(rows,)`; each hangs on its counter alone."""
    missing = codes >= len(domain.cells)
    first, second = (uniforms(counters, seed=seed, stream=f"{domain.name}/{place}") for place in range(2))
    if domain.numeric:
        numbers = np.zeros(len(codes), dtype=np.int64)
        for place, cell in enumerate(domain.cells):
            rows = np.flatnonzero(codes == place)
            numbers[rows] = _numbers(cell, first[rows], second[rows])
        return pa.chunked_array([from_numbers(numbers, ~missing, kind)])
    found = np.full(len(codes), "", dtype=object)
    shown = [value for cell in domain.cells for value, _ in cell.values]
    for place, cell in enumerate(domain.cells):
        rows = np.flatnonzero(codes == place)
        pool = [value for value, _ in cell.values] or shown  # what too few hold is any of what may be shown
        if pool:
            found[rows] = np.asarray(pool, dtype=object)[(first[rows] * len(pool)).astype(np.int64)]
        else:
            found[rows] = [f"{domain.name} {counter}" for counter in counters[rows]]
    return pa.chunked_array([pa.array(found.tolist(), type=pa.string(), mask=missing).cast(kind)])


def _numbers(cell: Cell, first: Floats, second: Floats) -> Ints:
    """Grid numbers of a cell: one of its values, or any between the ends of one of its ranges."""
    pieces = [(value, value + 1, weight) for value, weight in cell.values] + list(cell.ranges)
    if not pieces:
        return np.zeros(len(first), dtype=np.int64)
    low, high = (np.asarray([piece[end] for piece in pieces], dtype=np.int64) for end in range(2))
    weights = np.asarray([piece[2] for piece in pieces]) + 1e-9
    chosen = np.minimum(np.searchsorted(np.cumsum(weights / weights.sum()), first, side="right"), len(pieces) - 1)
    found: Ints = low[chosen] + np.floor(second * (high - low)[chosen]).astype(np.int64)
    return found
