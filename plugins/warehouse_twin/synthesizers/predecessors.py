"""Which columns say something about which: the dependence a model's order and its trees' predecessors are chosen by."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from warehouse_twin.profiling.pairs import dependence_of
from warehouse_twin.profiling.table_profile import TableProfile

Floats = NDArray[np.float64]
LIMIT, LEAST = 30, 4
"""Earlier columns that a tree sees at most, and those it sees even where none says much."""
SHARE, FLOOR = 0.1, 0.001
"""Beyond `LEAST` a column must say this share of what the best one says, and more than chance lets any say."""


def dependence(training: pa.Table, profile: TableProfile) -> Floats:
    """Normalised mutual information of the profile's columns, shape (columns, columns), symmetric, the diagonal 0.

    The profile's own pairs count; what it has none for (a parent's columns in a child's view, a count of children) is computed
    on rows spread over `training`, which has the profile's columns.
    """
    names = [column.name for column in profile.columns]
    places = {name: place for place, name in enumerate(names)}
    known = np.full((len(names), len(names)), np.nan)
    np.fill_diagonal(known, 0.0)
    for a, b, information in profile.pairs:
        if a in places and b in places:
            known[places[a], places[b]] = known[places[b], places[a]] = information
    missing = np.isnan(known)
    if missing.any():
        known[missing] = dependence_of([training.column(name) for name in names])[missing]
    return known


def predecessors(matrix: Floats) -> tuple[tuple[int, ...], ...]:
    """For each column the earlier ones that its trees may see, ascending; `matrix` is the dependence of columns in their order.

    All while there are no more than `LIMIT`. Of more, those that say most, up to `LIMIT`: the cost of a wide table grows with its
    columns and not with their square, and a column among many that say nothing of it costs less than one that many explain.
    """
    return tuple(_chosen(row[:place]) for place, row in enumerate(matrix))


def _chosen(information: Floats) -> tuple[int, ...]:
    if len(information) <= LIMIT:
        return tuple(range(len(information)))
    best = np.argsort(-information, kind="stable")[:LIMIT]
    telling = information[best] >= max(SHARE * information[best[0]], FLOOR)
    telling[:LEAST] = True
    return tuple(sorted(best[telling].tolist()))
