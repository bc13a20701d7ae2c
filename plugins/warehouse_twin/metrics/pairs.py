"""Pair trends: whether two columns move together as they do in the source."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from warehouse_twin.metrics.binning import Binned, ColumnBins, group_counts
from warehouse_twin.metrics.columns import Ints
from warehouse_twin.metrics.replicates import Replicates, mean_of, scored
from warehouse_twin.metrics.samples import Samples, compared, total_variation_complement
from warehouse_twin.metrics.score import Score
from warehouse_twin.metrics.shapes import mean_or_none

SHORT_WAY = 0.02
"""Where floor and ceiling are closer than this, columns are as good as independent and there is no way to cover."""

RELATED = 0.05


@dataclass(frozen=True, slots=True)
class Pair:
    """One pair of columns: its score as replicates, and its yardsticks."""

    one: ColumnBins
    other: ColumnBins
    replicates: Replicates
    floor: float | None
    ceiling: float | None

    @property
    def shortfall(self) -> float:
        return (1.0 if self.ceiling is None else self.ceiling) - self.replicates.value


def measure_pairs(samples: Samples, pairs: Iterable[tuple[ColumnBins, ColumnBins]] | None = None) -> list[Pair]:
    """Every pair of columns, in order; or those of `pairs`.

    The score of a pair is 1 - total variation distance over its contingency table, with 10 quantile bins or the 30
    commonest categories a column, the rest and the missing each a bin of its own, edges fixed on the training rows: in
    [0, 1], 1 is equal. SDMetrics' ContingencySimilarity, for every type of column (of opaque ones: whether they are missing).
    """
    return [_pair(samples, one, other) for one, other in (combinations(samples.bins, 2) if pairs is None else pairs)]


def pair_trend(samples: Samples, pairs: list[Pair]) -> list[Score]:
    """Scores of a table's pairs; none without a pair. All in [0, 1], higher is better.

    `pair_trend`: the mean over all pairs. `pair_trend_min`: the pair that is furthest below its ceiling, named in
    `columns`. `pair_trend_way`: how far of the way from the floor's mean to the ceiling's the mean got; 1 where that way is
    shorter than 0.02; where a yardstick is missing it says nothing: n is 0 and the interval all of [0, 1].
    """
    if not pairs:
        return []
    table, n = samples.table, samples.n
    whole = mean_of([pair.replicates for pair in pairs])
    mean = mean_trend("pair_trend", samples, pairs)
    floor, ceiling = mean.floor, mean.ceiling
    worst = max(pairs, key=lambda pair: pair.shortfall)
    least = scored(
        worst.replicates,
        measure="pair_trend_min",
        table=table,
        n=n,
        columns=(worst.one.name, worst.other.name),
        floor=worst.floor,
        ceiling=worst.ceiling,
    )
    if floor is None or ceiling is None:
        return [mean, least, Score("pair_trend_way", table, 0.0, 0.0, 1.0, 0)]
    return [mean, least, scored(_way(whole, floor, ceiling), measure="pair_trend_way", table=table, n=n, floor=0.0, ceiling=1.0)]


def mean_trend(measure: str, samples: Samples, pairs: list[Pair], *, columns: tuple[str, ...] = ()) -> Score:
    """The mean over pairs, one at least, with the means of their yardsticks."""
    return scored(
        mean_of([pair.replicates for pair in pairs]),
        measure=measure,
        table=samples.table,
        n=samples.n,
        columns=columns,
        floor=mean_or_none([pair.floor for pair in pairs]),
        ceiling=mean_or_none([pair.ceiling for pair in pairs]),
    )


def related(pairs: list[Pair]) -> list[Pair]:
    """The pairs that go together in the source: whose floor is 0.05 or more below the ceiling. All, where none is or one is not known."""
    known = [pair for pair in pairs if pair.floor is not None and pair.ceiling is not None and pair.ceiling - pair.floor >= RELATED]
    return known or pairs


def pair_matrices(pairs: list[Pair]) -> Mapping[str, Any]:
    """Per-pair values for the report, as JSON: `columns` and the symmetric matrices `value`, `floor`, `ceiling` (diagonal None)."""
    columns = list(dict.fromkeys(name for pair in pairs for name in (pair.one.name, pair.other.name)))
    place = {name: index for index, name in enumerate(columns)}
    matrices: dict[str, list[list[float | None]]] = {
        name: [[None] * len(columns) for _ in columns] for name in ("value", "floor", "ceiling")
    }
    for pair in pairs:
        row, column = place[pair.one.name], place[pair.other.name]
        for name, figure in (("value", pair.replicates.value), ("floor", pair.floor), ("ceiling", pair.ceiling)):
            matrices[name][row][column] = matrices[name][column][row] = None if figure is None else round(figure, 6)
    return {"columns": columns, **matrices}


def _pair(samples: Samples, one: ColumnBins, other: ColumnBins) -> Pair:
    real = _cells(samples.training, one, other)
    replicates = compared(total_variation_complement, real, _cells(samples.synthetic, one, other))
    whole = real.sum(axis=0)
    floor, ceiling = samples.yardsticks(lambda sample: float(total_variation_complement(whole, _cells(sample, one, other).sum(axis=0))))
    return Pair(one, other, replicates, floor, ceiling)


def _cells(sample: Binned, one: ColumnBins, other: ColumnBins) -> Ints:
    """Counts of the contingency table's cells in each group, shape `(groups, cells)`."""
    cell = sample.coarse[one.name] * other.coarse_size + sample.coarse[other.name]
    return group_counts(cell, sample.group, groups=sample.groups, size=one.coarse_size * other.coarse_size)


def _way(mean: Replicates, floor: float, ceiling: float) -> Replicates:
    way = ceiling - floor
    if way < SHORT_WAY:
        return Replicates(1.0, tuple(np.ones_like(sample) for sample in mean.samples))
    return Replicates((mean.value - floor) / way, tuple((sample - floor) / way for sample in mean.samples))
