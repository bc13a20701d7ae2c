"""Tails: whether a twin has as many of the largest and of the smallest values as its source, as far out as k lets it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pyarrow as pa

from warehouse_twin.metrics.binning import group_counts
from warehouse_twin.metrics.columns import Floats, Ints, decode, modelled_kind
from warehouse_twin.metrics.samples import compared
from warehouse_twin.metrics.score import Score
from warehouse_twin.metrics.sides import Counted, Side, Sides, nothing

BEYOND = 0.001
EXPECTED = 30
"""Rows that a sample must be expected to have beyond an end."""
HOLDERS = 2
"""Times k: what fewer entities hold is pulled in, or averaged with what they do not."""
ENDS = ("low", "high")


@dataclass(frozen=True, slots=True)
class End:
    """Where a tail begins: at `value` for rows of `column` at it or beyond."""

    column: str
    end: str
    value: float


def ends(training: pa.Table, entities: Ints, kinds: Mapping[str, str], *, k: int, rows: int) -> list[End]:
    """Both ends of every column of numbers or times that has them: the 0.1 % and the 99.9 % quantile of the training rows, or as far out
    as 2k entities are beyond and thirty of `rows` should be; none where that is more than every tenth row."""
    found = []
    for name in training.column_names:
        kind = modelled_kind(training.schema.field(name).type, kinds.get(name))
        if kind not in ("numeric", "datetime"):
            continue
        values = decode(training.column(name), kind, name=name)
        order = np.flatnonzero(~values.missing)[np.argsort(values.data[~values.missing], kind="stable")]
        least = int(np.ceil(max(BEYOND, EXPECTED / max(rows, 1)) * len(order)))
        for end, outwards in zip(ENDS, (order, order[::-1]), strict=True):
            most = len(order) // 10
            beyond = max(least, _held_by(entities[outwards[:most]], HOLDERS * k))
            if 0 < beyond <= most:
                found.append(End(name, end, values.data[outwards[beyond - 1]]))
    return found


def tails(sides: Sides, known: Sequence[End]) -> Score:
    """How many rows lie at the ends of columns: the smaller of two shares over the larger, in [0, 1], 1 is equal.

    The shares of the training and the drawn rows that lie at an end of `ends` or beyond; of rows that have a value. Of all ends the one
    whose interval is furthest below its ceiling, named in `columns` as `low` or `high`. Without rows n is 0 and the interval all of
    [0, 1]; where no column has an end that k lets be seen there is nothing to lose, and the score is 1.
    """
    if not sides.n:
        return nothing("tails", sides)
    found = [_at(sides, end) for end in known]
    if not found:
        return Score("tails", sides.table, 1.0, 1.0, 1.0, sides.n)
    return max(found, key=_below).scored("tails", sides)


def _below(one: Counted) -> float:
    """How far the interval is below the ceiling: a handful of rows more or fewer is chance."""
    return (1.0 if one.ceiling is None else one.ceiling) - one.replicates.interval()[1]


def _at(sides: Sides, end: End) -> Counted:
    counts = partial(_counts, end=end)
    real = counts(sides.training)
    whole = real.sum(axis=0)
    others = (None if side is None or not len(side.rows) else side for side in (sides.floor, sides.holdout))
    floor, ceiling = (None if side is None else float(_ratio(whole, counts(side).sum(axis=0))) for side in others)
    return Counted((end.column, end.end), compared(_ratio, real, counts(sides.synthetic)), floor, ceiling)


def _counts(side: Side, end: End) -> Ints:
    """Rows of each group before the end, and at it or beyond, `(groups, 2)`."""
    column = side.rows.column(end.column)
    values = decode(column, modelled_kind(column.type, None), name=end.column)
    beyond = values.data <= end.value if end.end == "low" else values.data >= end.value
    return group_counts(np.where(values.missing, -1, beyond), side.group, groups=side.groups, size=2)


def _ratio(one: Ints, other: Ints) -> Floats:
    """The smaller share beyond over the larger; 1 where both are none."""
    shares = [counts[..., 1] / np.maximum(counts.sum(axis=-1), 1) for counts in (one, other)]
    larger = np.maximum(*shares)
    return np.where(larger > 0, np.minimum(*shares) / np.where(larger > 0, larger, 1), 1.0)


def _held_by(entities: Ints, wanted: int) -> int:
    """How many of the first rows so many entities hold; more than all where there are not so many."""
    _, first = np.unique(entities, return_index=True)
    return int(np.sort(first)[wanted - 1]) + 1 if len(first) >= wanted else len(entities) + 1
