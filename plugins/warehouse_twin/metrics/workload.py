"""How far two answers to one question are apart: pure, numbers and labels in, a distance out.

- `relative_error`: Σ|a - b| / Σ|a|, at most 1, over groups that are matched by what they are called, or over ranks;
- `average_overlap`: how far two rankings agree, the mean over depths d of |A_d ∩ B_d| / d (Fagin, Kumar and Sivakumar 2003,
  "Comparing top k lists", doi:10.1137/S0895480102412856; the name is of Webber, Moffat and Zobel 2010,
  "A similarity measure for indefinite rankings", doi:10.1145/1852102.1852106).
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence

import numpy as np

from warehouse_twin.metrics.columns import Floats

TOP = 10
LEVELS = 1_000
"""Values of a column that are compared by size, at most."""


def relative_difference(one: Floats, other: Floats) -> float:
    """Σ|a - b| / Σ|a| of numbers that stand in the same places; 1 where nothing should be and something is."""
    whole, off = float(np.abs(one).sum()), float(np.abs(one - other).sum())
    return off / whole if whole else float(off > 0)


def relative_error(one: Floats, other: Floats) -> float:
    """The same, at most 1."""
    return min(1.0, relative_difference(one, other))


def matched(one: Mapping[Hashable, float], other: Mapping[Hashable, float]) -> tuple[Floats, Floats]:
    """Numbers by group, in one order; a group that a side lacks counts as 0 there."""
    labels = list(dict.fromkeys([*one, *other]))
    return np.array([one.get(label, 0.0) for label in labels]), np.array([other.get(label, 0.0) for label in labels])


def by_rank(one: Floats, other: Floats) -> tuple[Floats, Floats]:
    """Numbers as they stand; the shorter side has zeros behind."""
    size = max(len(one), len(other))
    return np.pad(one, (0, size - len(one))), np.pad(other, (0, size - len(other)))


def by_size(one: Floats, other: Floats) -> tuple[Floats, Floats]:
    """Both sides' quantiles, as many as the smaller has values, and at most a thousand."""
    size = min(len(one), len(other), LEVELS)
    if not size:
        return by_rank(one, other)
    levels = (np.arange(size) + 0.5) / size
    return np.quantile(one, levels), np.quantile(other, levels)


def average_overlap(one: Sequence[Hashable], other: Sequence[Hashable], *, depth: int = TOP) -> float:
    """1: the same `depth` first, in the same order; 0: nothing in common. Two empty rankings agree."""
    depth = min(depth, max(len(one), len(other)))
    if not depth:
        return 1.0
    shares = [len(set(one[:place]) & set(other[:place])) / place for place in range(1, depth + 1)]
    return float(np.mean(shares))


def ratio(one: float, other: float) -> float:
    """The smaller of two numbers that are not negative as a share of the larger; two zeros agree."""
    return min(one, other) / max(one, other) if max(one, other) > 0 else 1.0
