"""Triple trends: whether three columns go together as they do in the source, where no two of them tell it all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np

from warehouse_twin.metrics.binning import Binned, ColumnBins, group_counts
from warehouse_twin.metrics.columns import Floats, Ints
from warehouse_twin.metrics.levels import level_count, levels, strengths
from warehouse_twin.metrics.replicates import Replicates, mean_of, scored
from warehouse_twin.metrics.samples import Samples, compared, total_variation_complement
from warehouse_twin.metrics.score import Score
from warehouse_twin.metrics.shapes import mean_or_none

LOOKED_AT = 12
"""Columns whose triples are looked at: those that go furthest together with another one."""
CHOSEN = 20
ROUNDS = 15
"""Rounds of fitting: what is left to fit then is far below what chance does."""
Triple = tuple[ColumnBins, ColumnBins, ColumnBins]


def triple_trend(samples: Samples) -> Score:
    """1 - total variation distance over the cells of three columns, on average over some triples: in [0, 1].

    Each column has four groups of quantile bins or its four commonest categories that k entities hold, all others and the missing one
    each. The triples are those whose columns have most in common that no two of them show, in the training rows: the
    likelihood ratio of the log-linear model of all three pairs, less its degrees of freedom (Bishop, Fienberg and Holland 1975, Discrete
    Multivariate Analysis, chapter 5); twenty of those of the twelve columns that go furthest together with another one.
    Without three columns or rows n is 0 and the interval all of [0, 1].
    """
    found = chosen(samples) if samples.n else []
    if not found:
        return Score("triple_trend", samples.table, 0.0, 0.0, 1.0, 0)
    measured = [_measured(samples, triple) for triple in found]
    return scored(
        mean_of([replicates for replicates, _, _ in measured]),
        measure="triple_trend",
        table=samples.table,
        n=samples.n,
        floor=mean_or_none([floor for _, floor, _ in measured]),
        ceiling=mean_or_none([ceiling for _, _, ceiling in measured]),
    )


def chosen(samples: Samples) -> list[Triple]:
    """The triples that are scored, those with most in common first; decided on the training rows alone."""
    codes = {column.name: levels(samples.training, column) for column in samples.bins}
    strength = strengths(codes, list(codes))
    looked_at = sorted(samples.bins, key=lambda column: -strength[column.name])[:LOOKED_AT]
    triples = list(combinations(looked_at, 3))
    if not triples:
        return []
    order = np.argsort(-_in_common(triples, codes), kind="stable")
    return [triples[place] for place in order[:CHOSEN]]


def _in_common(triples: Sequence[Triple], codes: Mapping[str, Ints]) -> Floats:
    """What is in each triple beyond its pairs, shape `(triples,)`: G² of the model without an interaction of all three, less its
    degrees of freedom."""
    width = max(level_count(column) for triple in triples for column in triple)
    rows = [(codes[a.name] * width + codes[b.name]) * width + codes[c.name] for a, b, c in triples]
    seen = np.stack([np.bincount(cells, minlength=width**3) for cells in rows]).reshape(-1, width, width, width).astype(np.float64)
    fitted = np.ones_like(seen)
    for _ in range(ROUNDS):
        for axis in (1, 2, 3):
            wanted, had = seen.sum(axis=axis, keepdims=True), fitted.sum(axis=axis, keepdims=True)
            fitted *= np.divide(wanted, had, out=np.zeros_like(had), where=had > 0)
    ratio = np.divide(seen, fitted, out=np.ones_like(seen), where=(seen > 0) & (fitted > 0))
    present = [(seen.sum(axis=others) > 0).sum(axis=1) - 1 for others in ((2, 3), (1, 3), (1, 2))]
    found: Floats = 2 * (seen * np.log(ratio)).sum(axis=(1, 2, 3)) - np.prod(present, axis=0)
    return found


def _measured(samples: Samples, triple: Triple) -> tuple[Replicates, float | None, float | None]:
    """The score of a triple as replicates, and its yardsticks."""
    real = _cells(samples.training, triple)
    whole = real.sum(axis=0)
    yardsticks = samples.yardsticks(lambda sample: float(total_variation_complement(whole, _cells(sample, triple).sum(axis=0))))
    return compared(total_variation_complement, real, _cells(samples.synthetic, triple)), *yardsticks


def _cells(sample: Binned, triple: Triple) -> Ints:
    """Counts of the cells in each group, shape `(groups, cells)`."""
    cell, size = np.zeros(sample.rows, dtype=np.int64), 1
    for column in triple:
        cell, size = cell * level_count(column) + levels(sample, column), size * level_count(column)
    return group_counts(cell, sample.group, groups=sample.groups, size=size)
