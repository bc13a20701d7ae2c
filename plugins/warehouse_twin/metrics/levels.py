"""A handful of levels a column, for tables of several columns at once: few enough that rows fill the cells."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np

from warehouse_twin.metrics.binning import Binned, ColumnBins
from warehouse_twin.metrics.columns import Floats, Ints

LEVELS = 4
"""Groups of quantile bins, or commonest categories; the others and the missing come on top."""


def level_count(column: ColumnBins) -> int:
    """Number of levels; the last is the missing."""
    return min(column.coarse_size - 1, LEVELS if column.categories is None else LEVELS + 1) + 1


def levels(sample: Binned, column: ColumnBins) -> Ints:
    """The level of every row, shape `(rows,)`: neighbouring quantile bins together, or the commonest categories and all others."""
    coarse, missing = sample.coarse[column.name], column.coarse_size - 1
    known = level_count(column) - 1
    own = np.minimum(coarse, known - 1) if column.categories is not None else coarse * known // missing
    return np.where(coarse == missing, known, own)


def association(one: Ints, other: Ints) -> float:
    """How far two columns of levels are from independent: the total variation distance of their cells from the product of their
    shares, in [0, 1)."""
    width = int(other.max(initial=0)) + 1
    size = (int(one.max(initial=0)) + 1) * width
    cells: Floats = np.bincount(one * width + other, minlength=size).reshape(-1, width) / max(len(one), 1)
    return float(np.abs(cells - np.outer(cells.sum(axis=1), cells.sum(axis=0))).sum()) / 2


def strengths(codes: Mapping[str, Ints], wanted: Collection[str]) -> dict[str, float]:
    """For each of the `wanted` columns of levels how far it goes together with the column that it goes furthest together with."""
    return {name: max((association(codes[name], codes[other]) for other in codes if other != name), default=0.0) for name in wanted}
