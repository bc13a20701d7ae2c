"""Drift: how far the source, and the twin, are from what they were at an earlier release, a column at a time.

`source_drift` is read off the k-safe profiles of both releases, as no real row is kept: for numbers and times the largest difference
of the distribution functions (Kolmogorov-Smirnov) of their cells, rows evenly within a cell; for categories total variation of
the kept values and of all others together; or the difference in the share of missing values, if that is more. `twin_drift` is
1 - `column_shape` of both releases' rows. In [0, 1], lower is less; the column that drifted most is named.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from warehouse_twin.metrics.columns import Floats
from warehouse_twin.metrics.samples import Samples
from warehouse_twin.metrics.score import Score
from warehouse_twin.metrics.shapes import column_shape
from warehouse_twin.profiling.table_profile import ColumnProfile, Part, TableProfile

_KS_95 = 1.358
"""Kolmogorov's two-sided 95 % point, in units of sqrt(1/n + 1/m)."""


def source_drift(before: TableProfile | None, now: TableProfile) -> Score:
    """n counts the entities behind the smaller profile; 0 without an earlier one, or without a column in both.

    The interval reaches as far as two samples of so many entities of one source could be apart.
    """
    apart = {} if before is None else dict(_columns(before, now))
    if before is None or not apart:
        return _unknown("source_drift", now.table)
    name = max(sorted(apart), key=lambda column: apart[column])
    n = min(before.entities, now.entities)
    reach = _KS_95 * math.sqrt(1 / max(1, before.entities) + 1 / max(1, now.entities))
    value = apart[name]
    return Score("source_drift", now.table, value, max(0.0, value - reach), min(1.0, value + reach), n, "lower", columns=(name,))


def twin_drift(samples: Samples) -> Score:
    """Of samples that were learned from (`training`: the earlier release) and drawn (`synthetic`: the new one)."""
    columns = [score for score in column_shape(samples) if score.columns]
    if not columns or not samples.n:
        return _unknown("twin_drift", samples.table)
    worst = min(columns, key=lambda score: (score.value, score.columns))
    ends = (1 - worst.high, 1 - worst.low)
    return Score("twin_drift", samples.table, 1 - worst.value, *ends, samples.n, "lower", columns=worst.columns, df=worst.df)


def _unknown(measure: str, table: str) -> Score:
    return Score(measure, table, 1.0, 0.0, 1.0, 0, "lower")


def _columns(before: TableProfile, now: TableProfile) -> Iterator[tuple[str, float]]:
    known = {column.name: column for column in before.columns}
    for column in now.columns:
        if column.name in known:
            yield column.name, _drift(known[column.name], column)


def _drift(one: ColumnProfile, other: ColumnProfile) -> float:
    """A column of another type is as far off as can be; of one that is modelled otherwise only missing values are compared."""
    if one.sql_type != other.sql_type:
        return 1.0
    parts = [abs(one.nulls / max(1, one.rows) - other.nulls / max(1, other.rows))]
    if one.kind == other.kind:
        parts += [_apart(a, b) for a, b in zip(one.parts, other.parts, strict=False) if a.kind == b.kind]
    return max(parts)


def _apart(one: Part, other: Part) -> float:
    if one.cells or other.cells:
        ends = np.unique([end for part in (one, other) for low, high, _ in part.cells for end in (low, high)])
        # At an end the function may jump: both what is below it and what is at it or below are compared.
        return max(float(np.abs(_below(one, ends, at=at) - _below(other, ends, at=at)).max(initial=0.0)) for at in (False, True))
    values = list(dict.fromkeys([*one.values, *other.values]))
    shares = [_shares(part, values) for part in (one, other)]
    return float(np.abs(shares[0] - shares[1]).sum()) / 2


def _shares(part: Part, values: list[str]) -> Floats:
    held = dict(zip(part.values, part.rows, strict=False))
    counts = np.array([*(held.get(value, 0) for value in values), part.protected], dtype=np.float64)
    total = float(counts.sum())
    return counts / total if total else counts


def _below(part: Part, ends: Floats, *, at: bool) -> Floats:
    """The share of rows below each end, with those `at` it or without."""
    found = np.zeros(len(ends))
    total = sum(rows for *_, rows in part.cells)
    for low, high, rows in part.cells:
        if high > low:
            found += rows * np.clip((ends - low) / (high - low), 0, 1)
        else:
            found += rows * (ends >= low if at else ends > low)
    return found / max(1, total)
