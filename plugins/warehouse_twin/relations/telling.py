"""Which columns of ancestors are worth being context: those that say something of a table's own columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from warehouse_twin.profiling.pairs import coarse_codes, conditional_information, dependence_of, spread_rows
from warehouse_twin.relations.contexts import Way

Floats = NDArray[np.float64]
TELLING = 0.003
"""The normalised mutual information above which a column is context; more where rows are few."""
MOST = 12
"""Columns of ancestors that are context beside the driving parent's own, at the most."""


def strengths(columns: Sequence[pa.ChunkedArray], own: pa.Table) -> Floats:
    """How much each column says of one of `own`, of as many rows, at the most."""
    if not len(columns) or not own.num_columns:
        return np.zeros(len(columns))
    found: Floats = dependence_of([*columns, *own.columns])[: len(columns), len(columns) :].max(axis=1)
    return found


def strengths_within(columns: Sequence[pa.ChunkedArray], own: pa.Table, groups: NDArray[np.int64]) -> Floats:
    """The same among rows of one group: I(A; B | G) over the smaller of H(A | G) and H(B | G)."""
    if not len(columns) or not own.num_columns:
        return np.zeros(len(columns))
    rows = spread_rows(own.num_rows)
    group = np.unique(groups[rows], return_inverse=True)[1] + 1
    codes = [coarse_codes(column.take(pa.array(rows))) for column in (*columns, *own.columns)]
    found: Floats = conditional_information(codes[: len(columns)], codes[len(columns) :], group).max(axis=1)
    return found


def enough(strength: Floats, rows: int) -> NDArray[np.bool_]:
    """Whether a strength is more than chance lets any column have in so many rows."""
    return strength >= TELLING + 15 / max(1, rows)


def strongest(ways: Sequence[Way], strength: Floats, rows: int) -> list[Way]:
    """The ways with those columns that say enough, and most; `strength` has one number for each column of each way, in their order."""
    named = [(way, column) for way in ways for column in way.columns]
    telling = enough(strength, rows)
    chosen = {named[place] for place in np.argsort(-strength, kind="stable")[:MOST] if telling[place]}
    kept = [replace(way, columns=tuple(column for column in way.columns if (way, column) in chosen)) for way in ways]
    return [way for way in kept if way.columns]
