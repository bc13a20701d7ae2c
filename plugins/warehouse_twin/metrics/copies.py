"""Exact copies: rows that equal a real row, beside how often that happens to real rows by chance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from warehouse_twin.metrics.columns import row_hashes
from warehouse_twin.metrics.intervals import newcombe, wilson
from warehouse_twin.metrics.replicates import exact
from warehouse_twin.metrics.score import Score
from warehouse_twin.randomness import UInts

FEWEST_COLUMNS = 2


@dataclass(frozen=True, slots=True)
class Records:
    """The rows of one table that are compared as records, and the columns that make the record."""

    table: str
    columns: tuple[str, ...]
    training: pa.Table
    synthetic: pa.Table
    floor: pa.Table | None = None
    holdout: pa.Table | None = None


def exact_copies(records: Records) -> Score:
    """The share of synthetic rows that equal some training row on all of the record's columns: in [0, 1], lower is better.

    The ceiling is the holdout's own share, the floor that of independently drawn columns, all against the whole training
    part. The interval is Newcombe's for the difference to the holdout's share, laid at that share, so that `low` above the
    ceiling means: significantly more copies than chance makes of real rows (one-sided, 2.5 %); without a holdout it is
    Wilson's. A record of fewer than two columns says nothing: n is 0 and the interval all of [0, 1].
    """
    if len(records.columns) < FEWEST_COLUMNS:
        return Score("exact_copies", records.table, 0.0, 0.0, 1.0, 0, "lower")
    sides = [side for side in (records.training, records.synthetic, records.floor, records.holdout) if side is not None]
    training, *others = row_hashes(sides, [records.columns] * len(sides))
    known = np.unique(training)
    counted = iter([(_copies(known, other), len(other)) for other in others])
    synthetic = next(counted)
    floor = next(counted) if records.floor is not None else (0, 0)
    holdout = next(counted) if records.holdout is not None else (0, 0)
    value = synthetic[0] / max(synthetic[1], 1)
    low, high = wilson(*synthetic)
    n = min(len(training), synthetic[1])
    if holdout[1]:
        share = holdout[0] / holdout[1]
        low, high = (min(1.0, max(0.0, share + bound)) for bound in newcombe(synthetic, holdout))
        n = min(n, holdout[1])
    ceiling = holdout[0] / holdout[1] if holdout[1] else None
    below = floor[0] / floor[1] if floor[1] else None
    return Score("exact_copies", records.table, value, min(low, value), max(high, value), n, "lower", below, ceiling)


def same_rows(table: str, source: pa.Table, twin: pa.Table, *, columns: Sequence[str]) -> Score:
    """For a table that is passed through: the share of rows that are in both, counted with multiplicity, over the larger side.

    In [0, 1]; 1 exactly when both hold the same rows.
    """
    one, other = row_hashes([source, twin], [columns, columns])
    larger = max(len(one), len(other))
    if larger == 0:
        return exact("same_rows", table, 1.0, n=0)
    _, place = np.unique(np.concatenate([one, other]), return_inverse=True)
    size = int(place.max()) + 1
    shared = np.minimum(np.bincount(place[: len(one)], minlength=size), np.bincount(place[len(one) :], minlength=size)).sum()
    return exact("same_rows", table, float(shared) / larger, n=larger)


def _copies(known: UInts, rows: UInts) -> int:
    """How many of `rows` are in the sorted `known`."""
    if not len(known):
        return 0
    place = np.minimum(np.searchsorted(known, rows), len(known) - 1)
    return int((known[place] == rows).sum())
