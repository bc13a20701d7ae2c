"""Bins of one column that a picture may show: round numbers, calendar steps or common values, each held by k training entities.

They are fixed on a sample of the training part. The scores' own bins (`binning`) lie at values of the source, and are never shown.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pt

from warehouse_twin.metrics.axes import Axis, moments, numbers
from warehouse_twin.metrics.binning import Holders, commonest
from warehouse_twin.metrics.columns import Ints, Values
from warehouse_twin.metrics.k_safety import few, merged, presence

CATEGORIES = 7
"""Values that are named; all others are one bin."""
OTHERS = "all others"
MISSING, OUTSIDE = -1, -2
_LARGEST = 1e150
"""Numbers beyond it, and infinite ones, are on no axis: what is reckoned with them would not be a number."""
_TAIL = 0.005
"""An axis leaves this share of the rows beyond either end, or k entities where that is more."""
_REACH = 4.0
"""Nor does it go further from the quartiles than so many times their distance."""


@dataclass(frozen=True, slots=True)
class ShownBins:
    """Bins of a column: what each is called, how many steps of the axis it is wide, and what its ends are called.

    `named` bins have no order and no axis. `code` gives the bin of every value: -1 where it is missing, -2 where it lies outside of what
    the training part has; `span` calls neighbours together, from a bin to another. Without bins nothing may be shown.
    """

    kind: Literal["ordered", "named"]
    labels: tuple[str, ...]
    widths: tuple[int, ...]
    ends: tuple[str, str]
    code: Callable[[Values], Ints]
    span: Callable[[int, int], str] = lambda first, last: OTHERS

    def __len__(self) -> int:
        return len(self.labels)


NOTHING = ShownBins("named", (), (), ("", ""), lambda values: np.full(len(values), MISSING))


def fit_shown(values: Values, holders: Holders, kind: pa.DataType) -> ShownBins:
    """Bins of training values of an Arrow type; none for what has no order and no names (binary, nested, durations)."""
    there = Holders(holders.entities[~values.missing], holders.k)
    if values.kind == "opaque" or pt.is_duration(kind) or len(np.unique(there.entities)) < holders.k:
        return NOTHING
    if values.kind == "categorical":
        return _named(values, holders)
    data = values.data[~values.missing]
    finite = np.abs(data.astype(np.float64)) < _LARGEST
    if len(np.unique(there.entities[finite])) < holders.k:
        return NOTHING
    low, high = _bounds(data[finite], Holders(there.entities[finite], holders.k))
    if low > high:  # no two round numbers between which k entities lie on either side
        return NOTHING
    if values.kind == "datetime":
        return _ordered(moments(int(low), int(high), clock=pt.is_time(kind)), data, there)
    return _ordered(numbers(float(low), float(high), decimals=_decimals(data[finite])), data, there)


def _decimals(data: np.ndarray) -> int | None:
    """The fewest decimals that all numbers can be written with; None for more than four."""
    return next((count for count in range(5) if np.allclose(data * 10.0**count, np.round(data * 10.0**count), rtol=0, atol=1e-6)), None)


def _bounds(data: np.ndarray, holders: Holders) -> tuple[float, float]:
    """Where an axis begins and ends: k entities and 0.5 % of the rows lie at or beyond, unless that is far from all the rest."""
    order = np.argsort(data, kind="stable")
    ordered, people = data[order], holders.entities[order]
    tail = int(_TAIL * len(ordered))

    def inner(from_end: np.ndarray) -> int:
        return max(tail, int(np.sort(np.unique(from_end, return_index=True)[1])[holders.k - 1]))

    low, high = ordered[inner(people)], ordered[::-1][inner(people[::-1])]
    quarter, three = ordered[len(ordered) // 4], ordered[len(ordered) * 3 // 4]
    if three > quarter:
        low, high = max(low, quarter - _REACH * (three - quarter)), min(high, three + _REACH * (three - quarter))
    return low, high


def _ordered(axis: Axis, data: np.ndarray, holders: Holders) -> ShownBins:
    """The steps of an axis, and what lies beyond them, put together until k entities are in each."""

    def step(found: np.ndarray) -> Ints:
        """0 below the first edge, then a step each, the last beyond the last edge."""
        return np.searchsorted(axis.edges, found, side="right").astype(np.int64)

    last = len(axis.edges)
    held = presence(step(data), holders.entities, size=last + 1)
    used = np.flatnonzero(held.any(axis=1))
    begin, end = int(used[0]), int(used[-1]) + 1
    groups = [[begin + place for place in group] for group in merged(held[begin:end], k=holders.k)]
    bin_of = np.full(last + 1, OUTSIDE)
    for place, group in enumerate(groups):
        bin_of[group] = place
    spans = [(group[0] - 1, group[-1]) for group in groups]

    def code(values: Values) -> Ints:
        return np.where(values.missing, MISSING, bin_of[step(values.data)])

    labels = tuple(_label(axis, start, stop) for start, stop in spans)
    return ShownBins(
        "ordered",
        labels,
        tuple(len(group) for group in groups),
        _ends(axis, spans, labels),
        code,
        lambda first, final: _label(axis, spans[first][0], spans[final][1]),
    )


def _label(axis: Axis, start: int, stop: int) -> str:
    """Edges `start` and `stop` of the axis; before the first there is none, and none after the last."""
    if start < 0:
        return "all values" if stop == len(axis.edges) else f"{axis.under} {axis.point(stop)}"
    return axis.beyond.format(axis.point(start)) if stop == len(axis.edges) else axis.between(start, stop)


def _ends(axis: Axis, spans: Sequence[tuple[int, int]], labels: Sequence[str]) -> tuple[str, str]:
    """What stands below an axis at its left and at its right."""
    if len(spans) < 2:
        return "", labels[-1] if labels else ""
    (first, _), (_, stop) = spans[0], spans[-1]
    last = labels[-1] if stop == len(axis.edges) else labels[-1].rpartition(" to ")[2]
    return labels[0] if first < 0 else axis.point(first), last


def _named(values: Values, holders: Holders) -> ShownBins:
    """The commonest values that k entities hold, and all others, who are k or nobody."""
    filled = values.data.filter(pa.array(~values.missing))
    common = commonest(values.data, holders)[:CATEGORIES]
    there = holders.entities[~values.missing]
    while True:
        codes = pc.index_in(filled, value_set=common).fill_null(len(common)).to_numpy(zero_copy_only=False)
        held = presence(codes, there, size=len(common) + 1)
        if not few(held[-1], k=holders.k):
            break
        common = common[:-1]
    if not len(common):
        return NOTHING

    def code(found: Values) -> Ints:
        place = pc.index_in(found.data, value_set=common).fill_null(len(common)).to_numpy(zero_copy_only=False).astype(np.int64)
        return np.where(found.missing, MISSING, place)

    labels = (*(str(value) for value in common.to_pylist()), OTHERS)
    return ShownBins("named", labels, (1,) * len(labels), ("", ""), code)
