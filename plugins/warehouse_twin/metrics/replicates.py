"""Delete-a-group jackknife: the 95 % interval of a statistic of two or more samples.

Each sample is cut into (at most) ten groups, or as many as its caller says, whole entities on the real side; the statistic is
computed again with each group left out. Its variance is the sum over the samples of (G - 1)/G · Σ (θ_g - mean θ)²
(Kott 2001, "The Delete-a-Group Jackknife", Journal of Official Statistics 17(4)). The interval uses Student's t with G - 1
degrees of freedom. With fewer than two groups nothing is known, and the interval is all there is.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from warehouse_twin.metrics.columns import Floats, Ints
from warehouse_twin.metrics.intervals import reach
from warehouse_twin.metrics.score import Better, Score
from warehouse_twin.randomness import random_bits

GROUPS = 10


@dataclass(frozen=True, slots=True)
class Replicates:
    """A statistic and, for each sample, its values with each of that sample's groups left out, shape `(groups,)`."""

    value: float
    samples: tuple[Floats, ...]

    def interval(self, *, least: float = 0.0, most: float = 1.0) -> tuple[float, float]:
        """The 95 % interval, within the bounds of the statistic."""
        half = self.half_width
        if not math.isfinite(half):
            return least, most
        return max(least, self.value - half), min(most, self.value + half)

    @property
    def half_width(self) -> float:
        if self.df < 1:
            return math.inf
        return reach(self.df) * math.sqrt(sum(jackknife_variance(sample) for sample in self.samples))

    @property
    def df(self) -> int:
        """Degrees of freedom: one less than groups of the sample that has fewest."""
        return min((len(sample) for sample in self.samples), default=0) - 1


def jackknife_variance(sample: Floats) -> float:
    """(G - 1)/G · Σ (θ_g - mean θ)² of a statistic's values with each group left out."""
    return (len(sample) - 1) / len(sample) * float(np.square(sample - sample.mean()).sum())


def mean_of(parts: Sequence[Replicates]) -> Replicates:
    """The mean of statistics of the same samples in the same groups."""
    samples = zip(*(part.samples for part in parts), strict=True)
    value = float(np.mean([part.value for part in parts]))
    return Replicates(value, tuple(np.mean(np.stack(sample), axis=0) for sample in samples))


def entity_groups(entities: Ints, *, seed: int, groups: int = GROUPS) -> tuple[Ints, int]:
    """A group for every row, shape `(rows,)`, and the number of groups: whole entities, equally many a group."""
    distinct, place = np.unique(entities, return_inverse=True)
    order = np.argsort(random_bits(distinct, seed=seed, stream="groups"), kind="stable")
    count = min(groups, len(distinct))
    group = np.empty(len(distinct), dtype=np.int64)
    group[order] = np.arange(len(distinct)) % max(count, 1)
    return group[place], count


def row_groups(rows: int, *, seed: int, groups: int = GROUPS) -> tuple[Ints, int]:
    """A group for every row of a sample whose rows are independent."""
    return entity_groups(np.arange(rows, dtype=np.int64), seed=seed, groups=groups)


def scored(
    replicates: Replicates,
    *,
    measure: str,
    table: str,
    n: int,
    columns: tuple[str, ...] = (),
    floor: float | None = None,
    ceiling: float | None = None,
    better: Better = "higher",
    least: float = 0.0,
    most: float = 1.0,
) -> Score:
    """A statistic as a Score with its interval."""
    value = min(max(replicates.value, least), most)
    low, high = replicates.interval(least=least, most=most)
    return Score(measure, table, value, min(low, value), max(high, value), n, better, floor, ceiling, columns, max(replicates.df, 1))


def exact(measure: str, table: str, value: float, *, n: int, columns: tuple[str, ...] = (), better: Better = "higher") -> Score:
    """A Score that was counted over all rows and has no uncertainty."""
    return Score(measure, table, value, value, value, n, better, columns=columns)
