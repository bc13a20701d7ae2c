"""What a picture shows of real and drawn rows side by side, as JSON: shares of rows in bins that at least k training entities hold.

The real side is the training part alone. A picture without labels is one of which nothing may be shown, or there is nothing to show.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from warehouse_twin.metrics.binning import Holders
from warehouse_twin.metrics.columns import Bools, Ints, Values, decode, modelled_kind
from warehouse_twin.metrics.k_safety import few, hidden, presence
from warehouse_twin.metrics.shown_bins import MISSING, OTHERS, OUTSIDE, ShownBins, fit_shown
from warehouse_twin.metrics.times import CYCLES, phases

NAMES: Mapping[str, tuple[str, ...]] = {
    "hour": tuple(f"{hour:02d}" for hour in range(24)),
    "weekday": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
    "month": ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
}
COARSE = 7
"""Bins a side of a picture of two columns, about, and one for the missing."""
_DIGITS = 5

assert set(NAMES) == set(CYCLES)


@dataclass(frozen=True, slots=True)
class Shown:
    """Columns of training and of drawn rows in bins that may be shown, and where they are missing. `holders` are the training rows'."""

    bins: Mapping[str, ShownBins]
    real: Mapping[str, Ints]
    twin: Mapping[str, Ints]
    missing: Mapping[str, tuple[Bools, Bools]]
    holders: Holders


def shown(real: pa.Table, twin: pa.Table, holders: Holders, *, kinds: Mapping[str, str]) -> Shown:
    """All columns of `real`, which `twin` has too; `kinds` says how the manifest models a column where its type does not."""
    bins, codes, drawn, missing = dict[str, ShownBins](), dict[str, Ints](), dict[str, Ints](), dict[str, tuple[Bools, Bools]]()
    for name in real.column_names:
        kind = modelled_kind(real.schema.field(name).type, kinds.get(name))
        values, others = (decode(rows.column(name), kind, name=name) for rows in (real, twin))
        bins[name] = fit_shown(values, holders, real.schema.field(name).type)
        codes[name], drawn[name], missing[name] = bins[name].code(values), bins[name].code(others), (values.missing, others.missing)
    return Shown(bins, codes, drawn, missing, holders)


def distribution(column: str, found: Shown) -> dict[str, Any]:
    """One column: shares of the rows that have a value, and the share that has none (None where fewer than k have or lack one)."""
    missing, holders = found.missing[column], found.holders
    unsaid = any(few(row, k=holders.k) for row in presence(missing[0].astype(np.int64), holders.entities, size=2))
    return {
        "column": column,
        "missing": {"real": None if unsaid else _share(missing[0]), "twin": _share(missing[1])},
        **_beside(found.bins[column], found.real[column], found.twin[column]),
    }


def counts(real: Ints, drawn: Ints, holders: Holders) -> dict[str, Any]:
    """How often each number comes, such as that of the children of a parent; one number an entity's row."""

    def values(numbers: Ints) -> Values:
        return Values("numeric", numbers, np.zeros(len(numbers), dtype=bool))

    bins = fit_shown(values(real), holders, pa.int64())
    return _beside(bins, bins.code(values(real)), bins.code(values(drawn)))


def season(column: str, cycle: str, real: pa.Table, twin: pa.Table, holders: Holders) -> dict[str, Any]:
    """How the rows that have a time are spread over the hours of a day, the days of a week or the months of a year.

    None stands for a place that fewer than k entities are in.
    """
    codes, drawn = (phases(rows, column, cycle).codes for rows in (real, twin))
    names = NAMES[cycle]
    unseen = hidden(presence(codes, holders.entities, size=len(names)), k=holders.k)
    if bool(unseen.all()) or few(presence(np.minimum(codes, 0), holders.entities, size=1)[0], k=holders.k):
        names, unseen = (), np.zeros(0, dtype=bool)
    shares = [None if out else share for share, out in zip(_shares(codes, len(names)), unseen, strict=True)]
    return {"column": column, "cycle": cycle, "labels": list(names), "real": shares, "twin": _shares(drawn, len(names))}


def joint(one: str, other: str, found: Shown) -> dict[str, Any] | None:
    """Two columns: shares of all rows in the cells of a table with about seven bins a side; None where there is nothing to show.

    A cell of fewer than k training entities is None, as is one that is empty. What is told of the others is rounded to k rows, so that
    no sum gives away what is left out.
    """
    sides = [_coarse(found, name) for name in (one, other)]
    if any(len(labels) < 2 for labels, _, _ in sides):
        return None
    (rows, real_row, twin_row), (columns, real_column, twin_column) = sides
    size = len(rows) * len(columns)
    real, counted = _cells(real_row, real_column, len(columns))
    twin, _ = _cells(twin_row, twin_column, len(columns))
    held = presence(real, found.holders.entities[counted], size=size).sum(axis=1)
    k = found.holders.k
    there, total = np.bincount(real, minlength=size), max(len(real), 1)
    shares = [round(k * round(int(count) / k) / total, _DIGITS) if few_ >= k else None for count, few_ in zip(there, held, strict=True)]
    width = len(columns)

    def folded(cells: list[Any]) -> list[list[Any]]:
        return [cells[start : start + width] for start in range(0, size, width)]

    return {
        "columns": [one, other],
        "rows": list(rows),
        "across": list(columns),
        "real": folded(shares),
        "twin": folded(_shares(twin, size)),
    }


def _cells(row: Ints, column: Ints, width: int) -> tuple[Ints, Bools]:
    """The cell of every row that has both, and which these are."""
    counted: Bools = (row >= 0) & (column >= 0)
    return row[counted] * width + column[counted], counted


def _coarse(found: Shown, name: str) -> tuple[tuple[str, ...], Ints, Ints]:
    """Labels of fewer, larger bins and the rows' codes in them; the missing have one of their own where k entities lack a value."""
    bins, real, twin = found.bins[name], found.real[name], found.twin[name]
    if not len(bins):
        return (), real, twin
    share = np.bincount(real[real >= 0], minlength=len(bins)) / max(int((real >= 0).sum()), 1)
    group = _groups(bins, share)
    labels = _joined(bins, group)
    if labels[-1] == OTHERS and not any((group[codes[codes >= 0]] == len(labels) - 1).any() for codes in (real, twin)):
        labels = labels[:-1]  # nobody has another value
    lacking = presence(np.where(real == MISSING, 0, -1), found.holders.entities, size=1)[0].sum()
    if lacking >= found.holders.k:
        labels = (*labels, "missing")

    def coded(codes: Ints) -> Ints:
        known = np.where(codes >= 0, group[np.maximum(codes, 0)], -1)
        return np.where((codes == MISSING) & (lacking >= found.holders.k), len(labels) - 1, known)

    return labels, coded(real), coded(twin)


def _groups(bins: ShownBins, share: np.ndarray) -> Ints:
    """Which larger bin each bin is in: neighbours of about equal shares; of names the commonest, and the rest together."""
    if bins.kind == "named":
        return np.where(np.arange(len(bins)) < COARSE - 1, np.arange(len(bins)), min(COARSE - 1, len(bins) - 1))
    middle = np.cumsum(share) - share / 2
    _, place = np.unique(np.minimum((middle * COARSE).astype(np.int64), COARSE - 1), return_inverse=True)
    return place.astype(np.int64)


def _joined(bins: ShownBins, group: Ints) -> tuple[str, ...]:
    labels = []
    for place in range(int(group.max()) + 1):
        (inside,) = np.nonzero(group == place)
        if bins.kind == "named":
            labels.append(bins.labels[inside[0]] if len(inside) == 1 else OTHERS)
        else:
            labels.append(bins.span(int(inside[0]), int(inside[-1])))
    return tuple(labels)


def _beside(bins: ShownBins, real: Ints, twin: Ints) -> dict[str, Any]:
    """Shares of the rows that have a value; `outside` are drawn ones beyond all that the training part has."""
    if not len(bins):
        return {"kind": bins.kind, "labels": []}
    filled = max(int((twin != MISSING).sum()), 1)
    shares = [round(int(count) / filled, _DIGITS) for count in np.bincount(twin[twin >= 0], minlength=len(bins))]
    known = _shares(real, len(bins))
    size = len(bins) - (bins.labels[-1] == OTHERS and not known[-1] and not shares[-1])  # nobody has another value
    return {
        "kind": bins.kind,
        "labels": list(bins.labels[:size]),
        "widths": list(bins.widths[:size]),
        "ends": list(bins.ends),
        "real": known[:size],
        "twin": shares[:size],
        "outside": round(int((twin == OUTSIDE).sum()) / filled, _DIGITS),
    }


def _shares(codes: Ints, size: int) -> list[float]:
    there = codes[codes >= 0]
    return [round(int(count) / max(len(there), 1), _DIGITS) for count in np.bincount(there, minlength=size)[:size]]


def _share(mask: Bools) -> float:
    return round(float(mask.mean()), _DIGITS) if len(mask) else 0.0
