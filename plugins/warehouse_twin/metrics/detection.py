"""Detection: how well a classifier tells drawn rows from real ones (a classifier two-sample test).

Lopez-Paz and Oquab 2017, "Revisiting classifier two-sample tests", arXiv:1610.06545, with gradient boosting (scikit-learn's
HistGradientBoostingClassifier) and the area under the ROC curve in the place of accuracy.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import numpy as np

from warehouse_twin.metrics.binning import Binned, ColumnBins
from warehouse_twin.metrics.columns import Floats, Ints
from warehouse_twin.metrics.replicates import Replicates, scored
from warehouse_twin.metrics.score import Score

FEWEST = 200
"""With fewer rows a side no classifier is trained: its area would be known to 0.06 at best."""
FOLDS = 2
BOOSTING = {"max_iter": 30, "learning_rate": 0.15, "max_leaf_nodes": 15}
"""As good at telling dependent columns from independent ones as fifty rounds of 31 leaves, in half the time."""


@dataclass(frozen=True, slots=True)
class Features:
    """Rows as numbers `(rows, columns)`, missing ones NaN; and the jackknife group of each row."""

    values: Floats
    group: Ints
    groups: int

    def __len__(self) -> int:
        return len(self.group)


def features(sample: Binned, bins: Sequence[ColumnBins]) -> Features:
    """The fine bins of a sample's columns: ranks of numbers and times, categories by how common they are.

    Values that fewer than k entities hold share a code: nobody is told from by them.
    """
    columns = [np.where(sample.fine[column.name] < 0, np.nan, sample.fine[column.name].astype(np.float64)) for column in bins]
    return Features(np.stack(columns, axis=1) if columns else np.zeros((sample.rows, 0)), sample.group, sample.groups)


def boosting(kind: Any, *, seed: int) -> Any:
    """An untrained model of one of scikit-learn's histogram gradient boosting classes."""
    return kind(**BOOSTING, early_stopping=False, random_state=seed % 2**32)


def one_thread() -> AbstractContextManager[object]:
    """While a model is trained: sums of several threads are not the same every time."""
    from threadpoolctl import threadpool_limits

    limits: AbstractContextManager[object] = threadpool_limits(limits=1, user_api="openmp")
    return limits


def learnable(learned: Floats, *others: Floats) -> list[Floats]:
    """Rows to learn from, and others, where a column that none of those to learn from has is 0 in all: scikit-learn 1.9 finds no place to
    cut a column without a value."""
    empty = np.isnan(learned).all(axis=0)
    return [np.where(empty, 0.0, rows) for rows in (learned, *others)]


def detection(
    measure: str, table: str, *, real: Features, synthetic: Features, floor: Features | None, holdout: Features | None, seed: int
) -> Score:
    """The area under the ROC curve of telling `synthetic` from `real` rows: in [0, 1], lower is better, 0.5 cannot tell.

    As many rows of each side are told apart; each half of the jackknife groups, which are whole entities, by a model that learned
    from the other half, so that no entity is recognised; the mean of both halves' areas. The floor is that of
    independently drawn columns, the ceiling that of held-out real rows. The interval is a jackknife over the groups of both sides,
    with the models as they are. With fewer than 200 rows a side, or without any column, n is 0 and the interval all of [0, 1].
    """
    sizes = [len(side) for side in (real, synthetic, holdout) if side is not None]
    n = min(sizes)
    if n < FEWEST or not real.values.shape[1]:
        return Score(measure, table, 0.5, 0.0, 1.0, 0, "lower")
    with one_thread():
        replicates = _area(real, synthetic, n, seed=seed)
        below, above = (_area(real, side, n, seed=seed).value if side is not None and len(side) >= n else None for side in (floor, holdout))
    return scored(replicates, measure=measure, table=table, n=n, better="lower", floor=below, ceiling=above)


def _area(real: Features, other: Features, n: int, *, seed: int) -> Replicates:
    """The mean of the folds' areas, and the same with each group of either side left out. Rows beyond the first `n` are not looked at."""
    sides = [Features(side.values[:n], side.group[:n], side.groups) for side in (real, other)]
    wins = sum((_fold(sides, fold, seed=seed) for fold in range(FOLDS)), np.zeros((real.groups, other.groups)))
    sizes = [np.bincount(side.group, minlength=side.groups).astype(np.float64) for side in sides]
    value = _mean(wins, sizes[0], sizes[1])
    without_real = np.asarray([_mean(wins, _without(sizes[0], group), sizes[1]) for group in range(real.groups)])
    without_other = np.asarray([_mean(wins, sizes[0], _without(sizes[1], group)) for group in range(other.groups)])
    if not math.isfinite(value + without_real.sum() + without_other.sum()):
        return Replicates(0.5, ())
    return Replicates(value, (without_real, without_other))


def _fold(sides: Sequence[Features], fold: int, *, seed: int) -> Floats:
    """`_wins` of the rows of one fold, by a model that learned from all others; none where there is nobody to learn from or to tell."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    inside = [side.group % FOLDS == fold for side in sides]
    learned = [side.values[~mine] for side, mine in zip(sides, inside, strict=True)]
    if not all(len(part) and mine.any() for part, mine in zip(learned, inside, strict=True)):
        return np.zeros((sides[0].groups, sides[1].groups))
    model = boosting(HistGradientBoostingClassifier, seed=seed)
    known, *asked = learnable(np.concatenate(learned), *(side.values[mine] for side, mine in zip(sides, inside, strict=True)))
    model.fit(known, np.repeat([0, 1], [len(part) for part in learned]))
    told = [model.decision_function(rows) for rows in asked]
    one, other = ((told[place], side.group[inside[place]], side.groups) for place, side in enumerate(sides))
    return _wins(one, other)


def _wins(one: tuple[Floats, Ints, int], other: tuple[Floats, Ints, int]) -> Floats:
    """By group of either side in how many pairs the other's row has the higher score; equal ones count half."""
    found = np.zeros((one[2], other[2]))
    for group in np.unique(one[1]):
        known = np.sort(one[0][one[1] == group])
        beaten = np.searchsorted(known, other[0], side="left") + np.searchsorted(known, other[0], side="right")
        found[group] = np.bincount(other[1], weights=beaten / 2, minlength=other[2])
    return found


def _mean(wins: Floats, one: Floats, other: Floats) -> float:
    """The mean of the folds' areas, of groups that have rows: a group without any is left out."""
    areas = []
    for fold in range(FOLDS):
        kept = wins[fold::FOLDS, fold::FOLDS][np.ix_(one[fold::FOLDS] > 0, other[fold::FOLDS] > 0)]
        pairs = one[fold::FOLDS].sum() * other[fold::FOLDS].sum()
        areas.append(kept.sum() / pairs if pairs else np.nan)
    return float(np.mean(areas))


def _without(sizes: Floats, group: int) -> Floats:
    left = sizes.copy()
    left[group] = 0
    return left
