"""Missingness patterns: which columns of a row are null together."""

from __future__ import annotations

import numpy as np
import pyarrow.compute as pc

from warehouse_twin.metrics.columns import Ints
from warehouse_twin.metrics.score import Score
from warehouse_twin.metrics.sides import Cells, Side, Sides, counted, nothing
from warehouse_twin.randomness import UInts, mix

PATTERNS = 100
"""The commonest patterns of the training rows are told apart; all others count as one."""


def missing_patterns(sides: Sides) -> Score:
    """1 - total variation distance of the patterns of missing values over a row: in [0, 1].

    The patterns of Little and Rubin (Statistical Analysis with Missing Data, 2002, section 1.2): for each row which of its columns are
    missing, the 100 commonest of the training rows apart. With one pattern, as where nothing is missing, all sides
    agree. `null_share` asks of each column alone; what is missing together is lost where columns are drawn alone.
    """
    if not min(len(sides.training.rows), len(sides.synthetic.rows)) or not sides.columns:
        return nothing("missing_patterns", sides)
    known = _commonest(_patterns(sides.training))

    def cells(side: Side) -> Cells:
        found = _patterns(side)
        place = np.minimum(np.searchsorted(known, found), len(known) - 1)
        return Cells(np.where(known[place] == found, place, len(known)), len(known) + 1)

    return counted(sides, cells, columns=()).scored("missing_patterns", sides)


def _patterns(side: Side) -> UInts:
    """A hash of the set of missing columns of every row."""
    found = np.zeros(len(side.rows), dtype=np.uint64)
    for number, column in enumerate(side.rows.columns):
        missing = pc.is_null(column, nan_is_null=True).to_numpy()
        found ^= np.where(missing, mix(np.asarray([number], dtype=np.uint64)), np.uint64(0))
    return found


def _commonest(patterns: UInts) -> UInts:
    distinct, counts = np.unique(patterns, return_counts=True)
    order: Ints = np.argsort(-counts, kind="stable")[:PATTERNS]
    return np.sort(distinct[order])
