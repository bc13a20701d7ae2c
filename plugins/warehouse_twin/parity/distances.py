"""How far two summaries of a mart are from each other: pure, each distance from 0 (alike) to 1.

- *nulls*: |a - b| of the shares;
- *values*: for a number or a time the mean of |a - b| over 19 quantiles, each against the source's spread and at most 1; for
  a category total variation of the shares of its commonest values and of all others together. Not of a small aggregate;
- *groups*: for a number Σ|a - b| / Σ|a| over its sums in the groups of each grouping column, and over all rows of an aggregate, at
  most 1; for two grouping columns total variation of their joint shares. The mean over all of them that the column is in.

A column's distance is the mean of those it has; a mart's is the mean over its columns and over the relative difference in rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from warehouse_twin.parity.marts import Column, Look, Summary

ROWS = ""
"""In the place of a column's name: the number of rows."""


def distances(look: Look, one: Summary, other: Summary, *, sized: bool = True) -> dict[str, float]:
    """The distance of every column, and under `ROWS` that of the number of rows; `one` is what the other is held against.

    Where one of the sides has no row, all columns are as far as can be. Where they are not to be of one size (`sized`), rows do not
    count, and sums are those of as many rows.
    """
    found = {ROWS: min(1.0, abs(one.rows - other.rows) / max(1, one.rows))} if sized else {}
    if not one.rows or not other.rows:
        far = float(bool(one.rows) != bool(other.rows))
        return found | {column.name: far for column in look.columns}
    scale = 1.0 if sized else one.rows / other.rows
    return found | {column.name: _column(column, one, other, small=look.small, scale=scale) for column in look.columns}


def mean(found: Mapping[str, float]) -> float:
    """A mart's distance from its columns'."""
    return sum(found.values()) / len(found) if found else 0.0


def _column(column: Column, one: Summary, other: Summary, *, small: bool, scale: float) -> float:
    name = column.name
    if name not in one.nulls or name not in other.nulls:
        return float((name in one.nulls) != (name in other.nulls))
    parts = [abs(one.nulls[name] - other.nulls[name])]
    if column.kind == "number" and not small:
        parts.append(_quantiles(one.quantiles[name], other.quantiles[name], column.scale))
    elif column.kind == "category" and not small:
        parts.append(_shares(one, other, name))
    if groups := list(_groups(name, one, other, scale=scale)):
        parts.append(sum(groups) / len(groups))
    return sum(parts) / len(parts)


def _quantiles(one: Sequence[float], other: Sequence[float], scale: float) -> float:
    if not one or not other:
        return float(bool(one) != bool(other))
    parts = [abs(a - b) for a, b in zip(one, other, strict=True)]
    return sum(min(1.0, part / scale) if scale > 0 else float(part > 0) for part in parts) / len(parts)


def _shares(one: Summary, other: Summary, name: str) -> float:
    values = one.shares[name].keys() | other.shares[name].keys()
    off = sum(abs(one.shares[name].get(value, 0.0) - other.shares[name].get(value, 0.0)) for value in values)
    rest = [1 - side.nulls[name] - sum(side.shares[name].values()) for side in (one, other)]
    return min(1.0, (off + abs(rest[0] - rest[1])) / 2)


def _groups(name: str, one: Summary, other: Summary, *, scale: float) -> Iterator[float]:
    """The distances of all groupings that a column is the number, or one of the groups, of, if both sides have them."""
    for pair, sums in one.sums.items():
        if pair[0] == name and pair in other.sums:
            yield _relative(sums, {label: scale * total for label, total in other.sums[pair].items()})
    for pair, joint in one.joint.items():
        if name in pair and pair in other.joint:
            yield _apart(joint, other.joint[pair]) / 2


def _relative(one: Mapping[Any, float], other: Mapping[Any, float]) -> float:
    whole, off = sum(map(abs, one.values())), _apart(one, other)
    return min(1.0, off / whole) if whole else float(off > 0)


def _apart(one: Mapping[Any, float], other: Mapping[Any, float]) -> float:
    return sum(abs(one.get(label, 0.0) - other.get(label, 0.0)) for label in one.keys() | other.keys())
