"""Compiled passes over rows, against answers known by hand."""

from __future__ import annotations

import numpy as np

from warehouse_twin.synthesizers.marginal_fitting import Layout
from warehouse_twin.synthesizers.marginal_measuring import Count, Estimate, Measured
from warehouse_twin.synthesizers.marginal_walking import cells_of, dealt_out, summed, walked, weighed

CODES = np.asarray([[0, 1, 2, 2], [1, 0, 1, 0]])


def measured() -> Measured:
    """Two columns alone, both together, and both in coarse parts: the first's cells 1 and 2 are one part."""
    none = np.zeros(1, dtype=np.int64)
    counts = [Count((0,), none.repeat(3), 1.0), Count((1,), none.repeat(2), 1.0), Count((0, 1), none.repeat(6).reshape(3, 2), 1.0)]
    counts.append(Count((0, 1), none.repeat(4).reshape(2, 2), 1.0, coarse=True))
    return Measured((3, 2), 0, Estimate(4.0, 1.0), ((0, 1, 1), (0, 1)), tuple(counts))


def test_a_draw_is_the_first_cell_whose_share_is_above_it() -> None:
    codes = np.zeros((2, 5), dtype=np.int64)
    walked(codes, 0, -1, np.asarray([[0.25, 0.5, 1.0]]), np.asarray([0.0, 0.25, 0.49, 0.5, 0.999]))
    assert codes[0].tolist() == [0, 1, 1, 2, 2]
    walked(codes, 1, 0, np.asarray([[1.0, 1.0], [0.5, 1.0], [0.0, 1.0]]), np.full(5, 0.4))
    assert codes[1].tolist() == [0, 0, 0, 1, 1]
    walked(codes, 1, -1, np.asarray([[0.3, 0.9]]), np.full(5, 0.95))  # shares that end below one by rounding
    assert codes[1].tolist() == [1] * 5


def test_a_row_falls_into_one_cell_of_every_count() -> None:
    layout = Layout.of(measured())
    assert layout.size == 3 + 2 + 6 + 4
    cells = cells_of(CODES, layout.counts, layout.maps)
    assert cells.tolist() == [[0, 4, 6, 12], [1, 3, 7, 13], [2, 4, 10, 14], [2, 3, 9, 13]]
    weights = np.arange(15.0)
    assert summed(cells, weights).tolist() == [22.0, 24.0, 30.0, 27.0]
    assert weighed(CODES, layout.counts, layout.maps, weights).tolist() == [22.0, 24.0, 30.0, 27.0]
    assert dealt_out(cells, np.asarray([0.5, 0.25, 0.125, 0.125]), layout.size)[[0, 2, 3, 13]].tolist() == [0.5, 0.25, 0.375, 0.375]
