"""Exact copies: rows that equal a real row, beside how often that happens to real rows by chance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from warehouse_twin.metrics.columns import Bools, Ints, row_hashes
from warehouse_twin.metrics.intervals import newcombe, wilson
from warehouse_twin.metrics.replicates import exact
from warehouse_twin.metrics.score import Score
from warehouse_twin.randomness import UInts, first_permuted

FEWEST_COLUMNS = 2
REPEATS = 20_000
"""Rows that are looked at for others like them."""
Z = 2.9
"""A release has many tables, and each of them would be failed by chance one time in forty at 1.96; here it is one in five hundred."""


@dataclass(frozen=True, slots=True)
class Records:
    """The rows of one table that are compared as records, and the columns that make the record. `entities` are the training rows'."""

    table: str
    columns: tuple[str, ...]
    training: pa.Table
    synthetic: pa.Table
    floor: pa.Table | None = None
    holdout: pa.Table | None = None
    entities: Ints | None = None


def exact_copies(records: Records) -> Score:
    """The share of synthetic rows that equal some training row on all of the record's columns: in [0, 1], lower is better.

    The ceiling is what chance does: the share of real rows, held-out ones that equal a training row, and, where their entities are
    known, training rows that equal one of another entity, which says the same of five times as many rows; or the floor, the share
    of independently drawn columns, where that is larger (nobody copied those; the rows of a source that counts its values out may
    meet less often than by chance). All against the whole training part. The interval is Newcombe's for the difference to the ceiling, laid
    there, so that `low` above the ceiling means: significantly more copies than chance makes of real rows (one-sided,
    0.2 %). Two training rows that equal each other are counted twice and are one finding: in the interval a training row is half
    a row. Without a holdout the interval is Wilson's. A record of fewer than two columns says nothing: n is 0 and the interval
    all of [0, 1].
    """
    if len(records.columns) < FEWEST_COLUMNS:
        return Score("exact_copies", records.table, 0.0, 0.0, 1.0, 0, "lower")
    sides = [side for side in (records.training, records.synthetic, records.floor, records.holdout) if side is not None]
    training, *others = row_hashes(sides, [records.columns] * len(sides))
    known = pc.unique(pa.array(training))
    shared = _shared(training, records.entities) if records.entities is not None else None
    found = iter([(_copies(known, other), len(other)) for other in others])
    synthetic = next(found)
    floor = next(found) if records.floor is not None else (0, 0)
    holdout = next(found) if records.holdout is not None else (0, 0)
    value = synthetic[0] / max(synthetic[1], 1)
    low, high = wilson(*synthetic)
    n = min(len(training), synthetic[1])
    ceiling = None
    if holdout[1]:
        real, rows = holdout if shared is None else (holdout[0] + shared.sum(), holdout[1] + len(shared))
        ceiling = float(real) / rows
        counted = holdout[1] + (rows - holdout[1]) / 2
        if floor[1] and floor[0] / floor[1] > ceiling:
            ceiling, counted = floor[0] / floor[1], floor[1]
        low, high = (min(1.0, max(0.0, ceiling + bound)) for bound in newcombe(synthetic, (ceiling * counted, counted), z=Z))
        n = min(n, holdout[1])
    below = floor[0] / floor[1] if floor[1] else None
    return Score("exact_copies", records.table, value, min(low, value), max(high, value), n, "lower", below, ceiling)


def repeated_rows(records: Records, *, seed: int) -> Score:
    """The share of synthetic rows that equal another of them on all of the record's columns: in [0, 1], lower is better.

    A twin that says the same over and over (mode collapse) has it near 1. Of each side as many rows, 20,000 at the most, since the share
    grows with the rows. The ceiling is what is to be expected: the share of training rows that equal another one, or of independently
    drawn rows where that is larger. The interval is Wilson's for half as many rows, as equal ones come in pairs at least. A record of
    fewer than two columns says nothing: n is 0 and the interval all of [0, 1].
    """
    sides = [side for side in (records.synthetic, records.training, records.floor) if side is not None]
    size = min([REPEATS, *(len(side) for side in sides)])
    if len(records.columns) < FEWEST_COLUMNS or not size:
        return Score("repeated_rows", records.table, 0.0, 0.0, 1.0, 0, "lower")
    chosen = [side.take(pa.array(np.sort(first_permuted(len(side), size, seed=seed, stream="repeats")))) for side in sides]
    value, real, *alone = (_repeated(hashes) for hashes in row_hashes(chosen, [records.columns] * len(chosen)))
    low, high = wilson(value * size / 2, size / 2)
    floor = alone[0] if alone else None
    return Score("repeated_rows", records.table, value, min(low, value), max(high, value), size, "lower", floor, max(real, floor or 0.0))


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


def _shared(hashes: UInts, entities: Ints) -> Bools:
    """Which rows equal a row of another entity."""
    place = pc.dictionary_encode(pa.array(hashes)).indices.to_numpy()
    first = np.empty(int(place.max(initial=-1)) + 1, dtype=np.int64)
    first[place[::-1]] = entities[::-1]  # written last wins
    more = np.zeros(len(first), dtype=bool)
    more[place[entities != first[place]]] = True
    shared: Bools = more[place]
    return shared


def _repeated(hashes: UInts) -> float:
    """The share of rows that equal another one."""
    _, counts = np.unique(hashes, return_counts=True)
    return float(counts[counts > 1].sum()) / len(hashes)


def _copies(known: pa.Array, rows: UInts) -> int:
    """How many of `rows` are among those that are known."""
    return int(pc.sum(pc.is_in(pa.array(rows), value_set=known)).as_py() or 0)
