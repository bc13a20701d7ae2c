"""Whether synthetic rows lie too close to the rows that were learned from: two measures over the distances to closest records."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from warehouse_twin.metrics.columns import Bools, Floats, Ints
from warehouse_twin.metrics.distances import Closest, Distances
from warehouse_twin.metrics.nearest import FARTHEST
from warehouse_twin.metrics.points import Shorts
from warehouse_twin.metrics.replicates import Replicates, jackknife_variance, scored
from warehouse_twin.metrics.score import Score

NEAR = 0.05
"""How many of the holdout's rows count as near to a training row."""


@dataclass(frozen=True, slots=True)
class _Share:
    """A share of rows, and the same with each group left out: of the rows, of training and of holdout references.

    `chance` is the part of the references' variances that comes from the rows being few.
    """

    value: float
    own: Floats
    references: tuple[Floats, ...]
    chance: tuple[float, float]


def dcr_excess(table: str, distances: Distances | None) -> Score:
    """How many more rows than half are closer to training than to holdout rows, in [-1, 1], lower is better.

    Share of synthetic rows whose closest record lies in a reference drawn from the training part rather than in an equally
    large one of the holdout (ties count half; Platzer and Reutterer 2021, doi:10.3389/fdata.2021.679939), minus ½, on average
    over the training references; less what the choice of references does to the same share of independently drawn columns
    (`_control`). A synthesizer that learned the distribution and no row scores 0; one that copies rows scores up to half the
    share of the training rows that fits into a reference. The interval is a jackknife over groups of training and holdout
    entities, synthetic and independent rows. Without distances n is 0 and the interval all of [-1, 1].
    """
    if distances is None:
        return Score("dcr_excess", table, 0.0, -1.0, 1.0, 0, "lower")
    independent = _share_closer(distances.independent) if distances.independent is not None else None
    excess = _excess(_share_closer(distances.synthetic), independent)
    return scored(excess, measure="dcr_excess", table=table, n=distances.n, better="lower", least=-1.0, most=1.0)


def near_copies(table: str, distances: Distances | None) -> Score:
    """The share of synthetic rows as near to a training row as only the nearest 5 % of real rows are: in [0, 1], lower is better.

    Real rows are those held out, and the training rows themselves, which say the same of the rest of the training part: every
    row, also a synthetic one, is compared with the training rows of all groups but its own. The radius is the largest distance
    within which at most 5 % of the real rows have one; the ceiling is their share within it, the floor that of independently
    drawn columns. Where more than 5 % equal another row, fewer of the references are looked at, as real rows then meet
    fewer; where one alone is too many, no radius is that small and all shares are 0: there `exact_copies` tells chance from
    copying. A synthesizer that copies a part φ of its rows with small changes adds nearly φ times the share of the training rows
    that fits into the references: all of them, of up to 80,000. (The 5th percentile of distances to closest records, Zhao et al.
    2021, arXiv:2102.08369, as a rate.) The interval is a jackknife over groups of synthetic rows, holdout and training entities, of
    the difference to the ceiling. Without distances n is 0 and the interval all of [0, 1].
    """
    if distances is None:
        return Score("near_copies", table, 0.0, 0.0, 1.0, 0, "lower")
    parts, radius = _parts_and_radius(distances)
    held, learned, synthetic = (_Near.of(rows, parts, radius) for rows in (distances.holdout, distances.training, distances.synthetic))
    rows = len(held.within) + len(learned.within)
    ceiling = float(held.within.sum() + learned.within.sum()) / rows
    without_held = (learned.within.sum() + held.left(held.within)) / np.maximum(rows - held.sizes, 1)
    without_learned = (held.without.sum(axis=0) + learned.left(learned.without)) / np.maximum(rows - learned.sizes, 1)
    value = float(synthetic.within.mean())
    own = synthetic.left(synthetic.within) / np.maximum(len(synthetic.within) - synthetic.sizes, 1)
    chance = _chance(synthetic.changes) + _chance(np.concatenate([held.changes, learned.changes]))
    references = _without(synthetic.without.mean(axis=0) - without_learned, chance)
    replicates = Replicates(value, (own, value - without_held, references))
    floor = None if distances.independent is None else float(_Near.of(distances.independent, parts, radius).within.mean())
    n = min(distances.n, len(held.within))
    return scored(replicates, measure="near_copies", table=table, n=n, better="lower", floor=floor, ceiling=ceiling)


@dataclass(frozen=True, slots=True)
class _Near:
    """Which rows have a training row of another group within the radius, `(rows,)`; and which still have one without each of the
    training groups, `(rows, groups)`. `sizes` is how many rows are in each of their own groups."""

    within: Bools
    without: Bools
    group: Ints
    sizes: Ints

    @classmethod
    def of(cls, rows: Closest, parts: int, radius: int) -> _Near:
        nearest = _of_other_groups(rows, parts)
        sizes = np.bincount(rows.group, minlength=rows.groups)
        return cls(nearest.min(axis=1) <= radius, _leaving_out(nearest) <= radius, rows.group, sizes)

    @property
    def changes(self) -> Floats:
        """-1 where a row has none within the radius any more when a training group is left out."""
        changes: Floats = self.without.astype(np.float64) - self.within[:, None]
        return changes

    def left(self, counted: Bools) -> Ints:
        """How many are counted when each group of rows is left out; where `counted` has a column a group, of that column."""
        whole = np.broadcast_to(counted[:, None] if counted.ndim == 1 else counted, (len(counted), len(self.sizes)))
        own = np.bincount(self.group, weights=whole[np.arange(len(whole)), self.group], minlength=len(self.sizes))
        left: Ints = whole.sum(axis=0) - own.astype(np.int64)
        return left


def _of_other_groups(rows: Closest, parts: int) -> Shorts:
    """The distance of each row to the closest training row of each group in the first references; those of its own number are farthest."""
    nearest: Shorts = rows.learned[:parts].min(axis=0)
    nearest[np.arange(len(nearest)), rows.group % nearest.shape[1]] = FARTHEST
    return nearest


def _parts_and_radius(distances: Distances) -> tuple[int, int]:
    """As many training references as leave a radius, and that radius; one and -1 where none does."""
    for parts in range(len(distances.synthetic.learned), 0, -1):
        real = [_of_other_groups(rows, parts).min(axis=1) for rows in (distances.holdout, distances.training)]
        radius = _radius(np.concatenate(real))
        if radius >= 0:
            return parts, radius
    return 1, -1


def _radius(distances: Shorts) -> int:
    """The largest distance that at most 5 % are within; -1 when more than that are 0."""
    ordered = np.sort(distances)
    beyond = int(ordered[math.floor(NEAR * len(ordered))])
    within = ordered[ordered < beyond]
    return int(within[-1]) if len(within) else -1


def _share_closer(rows: Closest) -> _Share:
    """The share of rows that are closer to a training reference, on average over those."""
    to_known = rows.known.min(axis=1, keepdims=True)
    without_known = _leaving_out(rows.known)
    compared = [
        (_closer(to_learned, to_known), _closer(_leaving_out(part), to_known), _closer(to_learned, without_known))
        for part, to_learned in ((part, part.min(axis=1, keepdims=True)) for part in rows.learned)
    ]
    closer, without_learned, without_held = (np.mean(side, axis=0) for side in zip(*compared, strict=True))
    changes = without_learned - closer, without_held - closer
    value, own = _share_and_replicates(closer[:, 0], rows)
    return _Share(
        value, own, (value + changes[0].mean(axis=0), value + changes[1].mean(axis=0)), (_chance(changes[0]), _chance(changes[1]))
    )


def _share_and_replicates(counted: Floats | Ints, rows: Closest) -> tuple[float, Floats]:
    """The mean over rows, and the means with each group of rows left out."""
    size = np.bincount(rows.group, minlength=rows.groups)
    part = np.bincount(rows.group, weights=counted, minlength=rows.groups)
    left: Floats = (part.sum() - part) / np.maximum(size.sum() - size, 1)
    return float(counted.mean()), left


def _chance(changes: Floats) -> float:
    """The jackknife variance that changes of shape `(points, groups)` have when points change independently of each other."""
    points, groups = (int(size) for size in changes.shape)
    return float(changes.var(axis=0).sum()) * (groups - 1) / groups / points


def _leaving_out(nearest: Shorts) -> Shorts:
    """The minimum over all groups but one, for each group: same shape."""
    if nearest.shape[1] < 2:
        return np.full_like(nearest, FARTHEST)
    place = nearest.argmin(axis=1)
    smallest, second = np.partition(nearest, 1, axis=1)[:, :2].T
    others: Shorts = np.where(np.arange(nearest.shape[1]) == place[:, None], second[:, None], smallest[:, None])
    return others


def _closer(learned: Shorts, known: Shorts) -> Floats:
    """1 where the training row is closer, ½ for a tie, else 0; broadcast."""
    closer: Floats = (learned < known) + 0.5 * (learned == known)
    return closer


def _excess(synthetic: _Share, independent: _Share | None) -> Replicates:
    """How far the share of synthetic rows is above ½, less β times how far that of independent rows is.

    Every row's own chance is in the variance over rows already, and again in that over the references' groups; there it is
    taken out (Owen 2007, "The pigeonhole bootstrap", doi:10.1214/07-AOAS122: the sum counts it threefold).
    """
    if independent is None:
        independent = _Share(0.5, np.full(1, 0.5), tuple(np.full_like(side, 0.5) for side in synthetic.references), (0.0, 0.0))
    beta = _control(synthetic, independent)

    def excess(one: Floats | float, other: Floats | float) -> Any:
        return (one - 0.5) - beta * (other - 0.5)

    shared = [excess(one, other) for one, other in zip(synthetic.references, independent.references, strict=True)]
    chance = [one + beta**2 * other for one, other in zip(synthetic.chance, independent.chance, strict=True)]
    own = [excess(synthetic.own, independent.value)]
    if beta:
        own.append(excess(synthetic.value, independent.own))
    return Replicates(
        excess(synthetic.value, independent.value),
        (*(_without(sample, variance) for sample, variance in zip(shared, chance, strict=True)), *own),
    )


def _control(synthetic: _Share, independent: _Share) -> float:
    """β in [0, 1]: the part of the independent rows' share that explains most of what the choice of references did to both.

    Either share is ½ on average for rows that copy nothing, so any β is fair and this one has the least variance (a control
    variate: Lavenberg and Welch 1981, doi:10.1287/mnsc.27.3.322). Where independent rows lie far from all real ones, a few of
    those are closest to most of them, their share says nothing about the synthetic rows, and β is near 0.
    """
    both = 0.0
    alone = jackknife_variance(independent.own)
    for one, other, chance in zip(synthetic.references, independent.references, independent.chance, strict=True):
        both += (len(one) - 1) / len(one) * float(((one - one.mean()) * (other - other.mean())).sum())
        alone += max(0.0, jackknife_variance(other) - chance)
    return min(1.0, max(0.0, both / alone)) if alone > 0 else 0.0


def _without(sample: Floats, variance: float) -> Floats:
    """Replicates drawn towards their mean so far that their jackknife variance is less by `variance`."""
    found = jackknife_variance(sample)
    if found <= variance:
        return np.full_like(sample, sample.mean())
    mean = float(sample.mean())
    return mean + (sample - mean) * math.sqrt(1 - variance / found)
