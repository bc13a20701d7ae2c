"""Measures of one column at a time: the shape of its values and the share of missing ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from warehouse_twin.metrics.binning import Binned, ColumnBins, group_counts
from warehouse_twin.metrics.columns import Ints
from warehouse_twin.metrics.replicates import Replicates, mean_of, scored
from warehouse_twin.metrics.samples import Samples, compared, kolmogorov_smirnov_complement, total_variation_complement
from warehouse_twin.metrics.score import Score

Comparison = Callable[[Binned, Binned, ColumnBins], Replicates]


def column_shape(samples: Samples) -> list[Score]:
    """How like the source's each column is distributed; the table's mean first. No columns: no scores.

    Numbers and times: 1 - Kolmogorov-Smirnov distance; categories: 1 - total variation distance over the 1,000 commonest
    that k entities hold and the rest. In [0, 1], 1 is equal. SDMetrics' Column Shapes (KSComplement, TVComplement), but that
    a missing value counts as one more value, below all others: leaving it out compares the handful that a nearly empty column
    has, which is noise.
    """
    found = [_column_score("column_shape", samples, _shape, column) for column in samples.bins]
    if not found:
        return []
    scores = [score for score, _ in found]
    mean = scored(
        mean_of([replicates for _, replicates in found]),
        measure="column_shape",
        table=samples.table,
        n=samples.n,
        floor=mean_or_none([score.floor for score in scores]),
        ceiling=mean_or_none([score.ceiling for score in scores]),
    )
    return [mean, *scores]


def null_share(samples: Samples) -> list[Score]:
    """1 - |difference of the shares of missing values|, a column: in [0, 1] (SDMetrics' MissingValueSimilarity).

    The last score, `null_share_worst`, repeats the lowest and names its column. No columns: no scores.
    """
    scores = [_column_score("null_share", samples, _missing, column)[0] for column in samples.bins]
    if not scores:
        return []
    worst = min(scores, key=lambda score: (score.value, score.columns))
    return [*scores, replace(worst, measure="null_share_worst")]


def mean_or_none(values: Sequence[float | None]) -> float | None:
    """The mean; None when one of the values is."""
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known and len(known) == len(values) else None


def _column_score(measure: str, samples: Samples, comparison: Comparison, column: ColumnBins) -> tuple[Score, Replicates]:
    replicates = comparison(samples.training, samples.synthetic, column)
    floor, ceiling = samples.yardsticks(lambda other: comparison(samples.training, other, column).value)
    score = scored(replicates, measure=measure, table=samples.table, n=samples.n, columns=(column.name,), floor=floor, ceiling=ceiling)
    return score, replicates


def _shape(real: Binned, other: Binned, column: ColumnBins) -> Replicates:
    agreement = kolmogorov_smirnov_complement if column.kind in ("numeric", "datetime") else total_variation_complement

    def counts(sample: Binned) -> Ints:
        return group_counts(sample.fine[column.name] + 1, sample.group, groups=sample.groups, size=column.fine_size + 1)

    return compared(agreement, counts(real), counts(other))


def _missing(real: Binned, other: Binned, column: ColumnBins) -> Replicates:
    def counts(sample: Binned) -> Ints:
        return group_counts(sample.missing[column.name].astype(np.int64), sample.group, groups=sample.groups, size=2)

    return compared(total_variation_complement, counts(real), counts(other))
