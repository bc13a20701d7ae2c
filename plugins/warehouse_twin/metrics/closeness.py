"""Whether synthetic rows lie too close to the rows that were learned from: two measures over the distances to closest records."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from warehouse_twin.metrics.columns import Floats, Ints
from warehouse_twin.metrics.distances import Closest, Distances
from warehouse_twin.metrics.points import FARTHEST, Shorts
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
    large one of the holdout (ties count half; Platzer and Reutterer 2021, doi:10.3389/fdata.2021.679939), minus ½; less what
    the choice of references does to the same share of independently drawn columns (`_control`). A synthesizer that learned
    the distribution and no row scores 0; one that copies rows scores up to half the share of the training rows that fits
    into the reference. The interval is a jackknife over groups of training and holdout entities, synthetic and independent
    rows. Without distances n is 0 and the interval all of [-1, 1].
    """
    if distances is None:
        return Score("dcr_excess", table, 0.0, -1.0, 1.0, 0, "lower")
    independent = _share_closer(distances.independent) if distances.independent is not None else None
    excess = _excess(_share_closer(distances.synthetic), independent)
    return scored(excess, measure="dcr_excess", table=table, n=distances.n, better="lower", least=-1.0, most=1.0)


def near_copies(table: str, distances: Distances | None) -> Score:
    """The share of synthetic rows as near to a training row as only the nearest 5 % of real held-out rows are: in [0, 1], lower is better.

    The radius is the largest distance within which at most 5 % of the holdout's rows have a training row; the ceiling is
    their share within it, the floor that of independently drawn columns. Where more than 5 % of the holdout equal a training
    row, no radius is that small and all shares are 0: there `exact_copies` tells chance from copying. A synthesizer that
    copies a part φ of its rows with small changes adds up to φ times the share of the training rows that fits into the
    reference. (The 5th percentile of distances to closest records, Zhao et al. 2021, arXiv:2102.08369, as a rate.) The
    interval is a jackknife over groups of synthetic rows and holdout entities, of the difference to the ceiling. Without
    distances n is 0 and the interval all of [0, 1].
    """
    if distances is None:
        return Score("near_copies", table, 0.0, 0.0, 1.0, 0, "lower")
    held = distances.holdout.learned.min(axis=1)
    radius = _radius(held)
    ceiling, without_held = _share_and_replicates(held <= radius, distances.holdout)
    value, without = _share_and_replicates(distances.synthetic.learned.min(axis=1) <= radius, distances.synthetic)
    floor = None
    if distances.independent is not None:
        floor = float((distances.independent.learned.min(axis=1) <= radius).mean())
    replicates = Replicates(value, (without, value - (without_held - ceiling)))
    n = min(distances.n, len(held))
    return scored(replicates, measure="near_copies", table=table, n=n, better="lower", floor=floor, ceiling=ceiling)


def _radius(distances: Shorts) -> int:
    """The largest distance that at most 5 % are within; -1 when more than that are 0."""
    ordered = np.sort(distances)
    beyond = int(ordered[math.floor(NEAR * len(ordered))])
    within = ordered[ordered < beyond]
    return int(within[-1]) if len(within) else -1


def _share_closer(rows: Closest) -> _Share:
    """The share of rows that are closer to the training reference."""
    to_learned, to_known = rows.learned.min(axis=1, keepdims=True), rows.known.min(axis=1, keepdims=True)
    closer = _closer(to_learned, to_known)
    changes = _closer(_leaving_out(rows.learned), to_known) - closer, _closer(to_learned, _leaving_out(rows.known)) - closer
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
