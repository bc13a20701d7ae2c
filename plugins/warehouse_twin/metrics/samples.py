"""The samples a table is scored on, all in the same bins: what was learned from, what was drawn, and the two yardsticks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from warehouse_twin.metrics.binning import Binned, ColumnBins
from warehouse_twin.metrics.columns import Floats, Ints
from warehouse_twin.metrics.replicates import Replicates


@dataclass(frozen=True, slots=True)
class Samples:
    """Samples of one table. `synthetic`, `floor` (columns drawn independently) and `holdout` should have equally many rows:
    the measures fall with the sample's size, so only equal sizes compare."""

    table: str
    bins: tuple[ColumnBins, ...]
    training: Binned
    synthetic: Binned
    floor: Binned | None = None
    holdout: Binned | None = None

    @property
    def n(self) -> int:
        return min(self.training.rows, self.synthetic.rows)

    def yardsticks(self, value: Callable[[Binned], float]) -> tuple[float | None, float | None]:
        """Floor and ceiling: the same measure on the samples that stand for them, None without one."""
        floor = value(self.floor) if self.floor is not None and self.floor.rows else None
        ceiling = value(self.holdout) if self.holdout is not None and self.holdout.rows else None
        return floor, ceiling


Agreement = Callable[[Ints, Ints], Floats]
"""Agreement in [0, 1] of two histograms; the last axis is the bins, leading axes are broadcast."""


def total_variation_complement(one: Ints, other: Ints) -> Floats:
    """1 - total variation distance of two histograms: 1 - ½ Σ |p - q|, in [0, 1].

    SDMetrics' TVComplement; over the cells of a contingency table its ContingencySimilarity.
    """
    return _complement(one, other, 0.5 * np.abs(_shares(one) - _shares(other)).sum(axis=-1))


def kolmogorov_smirnov_complement(one: Ints, other: Ints) -> Floats:
    """1 - sup |F - G| over the bins of two histograms, in [0, 1]: SDMetrics' KSComplement, exact where every value is a knot."""
    gap = np.abs(np.cumsum(_shares(one), axis=-1) - np.cumsum(_shares(other), axis=-1))
    return _complement(one, other, gap.max(axis=-1, initial=0.0))  # without any parent there are no bins


def _shares(counts: Ints) -> Floats:
    shares: Floats = counts / np.maximum(counts.sum(axis=-1, keepdims=True), 1)
    return shares


def _complement(one: Ints, other: Ints, distance: Floats) -> Floats:
    """1 - distance; two empty histograms agree, an empty and another do not."""
    empty = (one.sum(axis=-1) == 0).astype(np.int64) + (other.sum(axis=-1) == 0)
    return np.where(empty == 2, 1.0, np.where(empty == 1, 0.0, 1.0 - np.minimum(distance, 1.0)))


def compared(agreement: Agreement, real: Ints, synthetic: Ints) -> Replicates:
    """Agreement of two samples given as counts of shape `(groups, bins)`, with its jackknife replicates."""
    whole_real, whole_synthetic = real.sum(axis=0), synthetic.sum(axis=0)
    return Replicates(
        float(agreement(whole_real, whole_synthetic)),
        (agreement(whole_real - real, whole_synthetic), agreement(whole_real, whole_synthetic - synthetic)),
    )
