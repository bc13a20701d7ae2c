"""Which columns say something about which: the dependence a model's order and its trees' predecessors are chosen by."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from warehouse_twin.profiling.pairs import dependence_of
from warehouse_twin.profiling.table_profile import TableProfile

Floats = NDArray[np.float64]


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
