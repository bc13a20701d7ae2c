"""Distance to closest record: whether synthetic rows lie closer to rows that were learned from than to rows that never were."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from warehouse_twin.metrics.columns import Bools, Floats, Ints
from warehouse_twin.metrics.copies import FEWEST_COLUMNS, Records
from warehouse_twin.metrics.points import FARTHEST, Points, Shorts, encode_points, nearest_in_groups
from warehouse_twin.metrics.replicates import Replicates, entity_groups, jackknife_variance, row_groups, scored
from warehouse_twin.metrics.score import Score
from warehouse_twin.randomness import derive_seed, permutation

QUERIES = 10_000
"""Synthetic rows looked at, and as many independent ones: the standard error of the difference is then at most 0.007."""
REFERENCES = 40_000
"""Rows of each reference: the larger a part of the training rows they are, the more of the copies are found."""
COMPARISONS = 400_000_000
"""Comparisons of a query with a reference, at most: beside the largest references, 5,000 queries are looked at."""
DRAWS = 4
"""Training references drawn; each serves a part of the queries."""


@dataclass(frozen=True, slots=True)
class _References:
    """Equally many training and holdout rows, sorted by jackknife group, and which group each block is."""

    points: Points
    starts: Ints
    block_group: Ints
    learned: Bools
    groups: tuple[int, int]


@dataclass(frozen=True, slots=True)
class _Share:
    """A share of points, and the same with each group left out: of the points, of training and of holdout references.

    `chance` is the part of the references' variances that comes from the points being few.
    """

    value: float
    own: Floats
    references: tuple[Floats, ...]
    chance: tuple[float, float]


def dcr_excess(records: Records, *, training_entities: Ints, holdout_entities: Ints, seed: int) -> Score:
    """How many more synthetic than independent rows are closer to training than to holdout rows: in [-1, 1], lower is better.

    Share of synthetic rows whose closest record lies in a reference drawn from the training part rather than in an equally
    large one of the holdout (ties count half; Platzer and Reutterer 2021, doi:10.3389/fdata.2021.679939), minus the same
    share of independently drawn columns (0.5 without them). A synthesizer that learned the distribution and no row scores 0;
    one that copies rows scores up to half the share of the training rows that fits into the reference. Up to 10,000 rows
    are looked at, in references of up to 40,000, of which four are drawn. The interval is a jackknife over groups of
    training and of holdout entities, of synthetic and of independent rows. A record of fewer than two columns or an empty
    side says nothing: n is 0 and the interval all of [-1, 1].
    """
    holdout, training, synthetic = records.holdout, records.training, records.synthetic
    size = min(len(training), len(holdout) if holdout is not None else 0, REFERENCES)
    if len(records.columns) < FEWEST_COLUMNS or holdout is None or not size or not len(synthetic):
        return Score("dcr_excess", records.table, 0.0, -1.0, 1.0, 0, "lower")
    drawn = [synthetic, *([records.floor] if records.floor is not None and len(records.floor) else [])]
    learned, known, *queried = encode_points([training, holdout, *drawn], records.columns)
    groups = entity_groups(training_entities, seed=seed), entity_groups(holdout_entities, seed=seed)
    references = [_references(learned, known, groups, size=size, seed=derive_seed(seed, draw)) for draw in range(DRAWS)]
    shares = [_share_closer(points, references, seed=seed) for points in queried]
    excess = _excess(shares[0], shares[1] if len(shares) == 2 else None)
    return scored(excess, measure="dcr_excess", table=records.table, n=min(size, len(synthetic)), better="lower", least=-1.0, most=1.0)


def _references(learned: Points, known: Points, groups: tuple[tuple[Ints, int], tuple[Ints, int]], *, size: int, seed: int) -> _References:
    """One draw of `size` training rows and `size` holdout rows."""
    parts, starts, block_group, is_learned = [], [], [], []
    for side, points in enumerate((learned, known)):
        rows = permutation(len(points), seed=seed, stream=f"reference-{side}")[:size]
        group = groups[side][0][rows]
        order = np.argsort(group, kind="stable")
        present, first = np.unique(group[order], return_index=True)
        parts.append(points.take(rows[order]))
        starts.append(first + side * size)
        block_group.append(present)
        is_learned.append(np.full(len(present), side == 0))
    both = Points(
        np.concatenate([part.ranks for part in parts], axis=1), np.concatenate([part.codes for part in parts], axis=1), learned.scale
    )
    return _References(both, np.concatenate(starts), np.concatenate(block_group), np.concatenate(is_learned), (groups[0][1], groups[1][1]))


def _share_closer(points: Points, references: list[_References], *, seed: int) -> _Share:
    """The share of points that are closer to the training reference."""
    rows = permutation(len(points), seed=seed, stream="queries")[: min(QUERIES, COMPARISONS // len(references[0].points))]
    nearest = [_nearest(points.take(rows[draw::DRAWS]), reference) for draw, reference in enumerate(references)]
    learned, known = (np.concatenate([found[side] for found in nearest]) for side in (0, 1))
    to_learned, to_known = learned.min(axis=1, keepdims=True), known.min(axis=1, keepdims=True)
    closer = _closer(to_learned, to_known)
    changes = _closer(_leaving_out(learned), to_known) - closer, _closer(to_learned, _leaving_out(known)) - closer
    value = float(closer.mean())
    group, count = row_groups(len(closer), seed=seed)
    left = len(closer) - np.bincount(group, minlength=count)
    own = (closer.sum() - np.bincount(group, weights=closer[:, 0], minlength=count)) / np.maximum(left, 1)
    return _Share(
        value,
        own,
        (value + changes[0].mean(axis=0), value + changes[1].mean(axis=0)),
        (_chance(changes[0]), _chance(changes[1])),
    )


def _chance(changes: Floats) -> float:
    """The jackknife variance that changes of shape `(points, groups)` have when points change independently of each other."""
    points, groups = (int(size) for size in changes.shape)
    return float(changes.var(axis=0).sum()) * (groups - 1) / groups / points


def _nearest(queries: Points, reference: _References) -> tuple[Shorts, Shorts]:
    """Distances to the closest training and holdout row of each group, `(queries, groups)` each; empty groups are farthest."""
    blocks = nearest_in_groups(queries, reference.points, starts=reference.starts)
    found = []
    for side, groups in zip((reference.learned, ~reference.learned), reference.groups, strict=True):
        whole = np.full((len(queries), groups), FARTHEST, dtype=np.int16)
        whole[:, reference.block_group[side]] = blocks[:, side]
        found.append(whole)
    return found[0], found[1]


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
    """The difference of two shares that were measured with the same references (of one and ½, without the other).

    Every point's own chance is in the variance over points already, and again in that over the references' groups; there
    it is taken out (Owen 2007, "The pigeonhole bootstrap", doi:10.1214/07-AOAS122: the sum counts it threefold).
    """
    if independent is None:
        independent = _Share(0.5, np.empty(0), tuple(np.full_like(side, 0.5) for side in synthetic.references), (0.0, 0.0))
    shared = [one - other for one, other in zip(synthetic.references, independent.references, strict=True)]
    chance = [one + other for one, other in zip(synthetic.chance, independent.chance, strict=True)]
    own = [synthetic.own - independent.value]
    if len(independent.own):
        own.append(synthetic.value - independent.own)
    return Replicates(
        synthetic.value - independent.value,
        (*(_without(sample, variance) for sample, variance in zip(shared, chance, strict=True)), *own),
    )


def _without(sample: Floats, variance: float) -> Floats:
    """Replicates drawn towards their mean so far that their jackknife variance is less by `variance`."""
    found = jackknife_variance(sample)
    if found <= variance:
        return np.full_like(sample, sample.mean())
    mean = float(sample.mean())
    return mean + (sample - mean) * math.sqrt(1 - variance / found)
