"""Diversity: whether a twin has all that the source has, and not the same over and over (mode collapse)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from warehouse_twin.metrics.binning import Binned, ColumnBins
from warehouse_twin.metrics.columns import Floats, Ints
from warehouse_twin.metrics.copies import FEWEST_COLUMNS
from warehouse_twin.metrics.nearest import FARTHEST, nearest_in_groups
from warehouse_twin.metrics.points import Points, Shorts, encode_points
from warehouse_twin.metrics.replicates import Replicates, scored
from warehouse_twin.metrics.samples import Samples
from warehouse_twin.metrics.score import Score
from warehouse_twin.metrics.sides import Side, Sides, nothing

SURE = 10
"""Rows of a cell that the sample must be expected to have, for the cell to be asked for: one in 20,000 is missed by chance."""
TAILS = (0.005, 0.01)
CELLS = 50
NEAR = 0.05
NEIGHBOURS = 5
COMPARED = 1_000
"""Rows of each kind that are compared with each other, at most."""


def coverage(samples: Samples) -> Score:
    """The share of what is common in a column that the drawn rows have at all: in [0, 1].

    Of a categorical column the categories that k entities hold (SDMetrics' CategoryCoverage), of numbers and times 50 parts of equal
    probability, the outermost also in parts of half a percent (a RangeCoverage that sees holes too): of these, those that the training
    rows have so often, categories three deviations below what was seen, that at least ten drawn rows should. Of all columns the one that
    is furthest below its ceiling, named in `columns`; the interval leaves out groups of drawn rows. Without rows or columns n is 0 and
    the interval all of [0, 1].
    """
    found = [_Covered.of(samples, column) for column in samples.bins] if samples.n else []
    if not found:
        return Score("coverage", samples.table, 0.0, 0.0, 1.0, 0)
    worst = max(found, key=lambda one: (1.0 if one.ceiling is None else one.ceiling) - one.replicates.value)
    return scored(
        worst.replicates,
        measure="coverage",
        table=samples.table,
        n=samples.n,
        columns=(worst.column,),
        floor=worst.floor,
        ceiling=worst.ceiling,
    )


def near_duplicates(sides: Sides) -> Score:
    """The share of drawn rows that nearly equal a drawn row of another group: in [0, 1], lower is better.

    Near is what one in twenty held-out rows is to a held-out row of another group, by Gower's distance as in `points`; where more are
    equal, only equal rows are near. The ceiling is that share, the floor that of independently drawn columns; as many rows of each
    kind, 1,000 at most. A twin that repeats what it once drew has a share near 1 (mode collapse: Srivastava and others 2017,
    VEEGAN, arXiv:1705.07761). (Training rows are no yardstick: among themselves their ranks are evenly spaced.) The interval
    is a jackknife over groups of drawn and of held-out rows. Without a holdout, two columns or rows n is 0 and the interval all of [0, 1].
    """
    kinds = [side for side in (sides.synthetic, sides.holdout, sides.floor) if side is not None]
    size = min([COMPARED, *(len(side.rows) for side in kinds)])
    if len(sides.columns) < FEWEST_COLUMNS or not size or sides.holdout is None or not len(sides.training.rows):
        return nothing("near_duplicates", sides, better="lower")
    _, *points = encode_points([sides.training.rows, *(side.rows.slice(0, size) for side in kinds)], sides.columns)
    drawn, held, *alone = (_nearest(point, side, size) for point, side in zip(points, kinds, strict=True))
    radius = _radius(held.min(axis=1))
    radii = [_radius(rows.min(axis=1)) for rows in _leaving_out(held, sides.holdout.group[:size])]
    value, *of_radii = (float((drawn.min(axis=1) <= within).mean()) for within in (radius, *radii))
    without = [float((rows.min(axis=1) <= radius).mean()) for rows in _leaving_out(drawn, sides.synthetic.group[:size])]
    ceiling = float((held.min(axis=1) <= radius).mean())
    floor = float((alone[0].min(axis=1) <= radius).mean()) if alone else None
    replicates = Replicates(value, (np.asarray(without), np.asarray(of_radii)))
    return scored(replicates, measure="near_duplicates", table=sides.table, n=size, better="lower", floor=floor, ceiling=ceiling)


def mode_coverage(sides: Sides) -> Score:
    """The share of the real rows that some drawn row is about as near to as real rows are to each other: in [0, 1].

    Near is what its fifth nearest jackknife group of training rows is to a row, by Gower's distance as in `points`; a combination of values
    that the twin has not leaves its rows alone (the coverage of Naeem and others 2020, "Reliable fidelity and diversity metrics for
    generative models", arXiv:2002.09797, with groups in the place of neighbours). The ceiling asks it of held-out rows, the floor of
    independently drawn columns; as many rows of each kind, 1,000 at most. The interval is a jackknife over groups of both sides.
    Without a holdout, two columns, rows or groups n is 0 and the interval all of [0, 1].
    """
    real = sides.training
    kinds = [side for side in (real, sides.synthetic, sides.holdout, sides.floor) if side is not None]
    size = min([COMPARED, *(len(side.rows) for side in kinds)])
    if len(sides.columns) < FEWEST_COLUMNS or not size or sides.holdout is None or real.groups <= 1:
        return nothing("mode_coverage", sides)
    _, own, *points = encode_points([real.rows, *(side.rows.slice(0, size) for side in kinds)], sides.columns)
    radius = np.sort(_nearest(own, real, size), axis=1)[:, min(NEIGHBOURS, real.groups - 1) - 1]
    drawn, held, *alone = (_to_groups(own, point, side, size) for point, side in zip(points, kinds[1:], strict=True))
    near, group = drawn.min(axis=1) <= radius, real.group[:size]
    without = [float(near[group != out].mean()) for out in np.unique(group) if (group != out).any()]
    others = [float((np.delete(drawn, out, axis=1).min(axis=1) <= radius).mean()) for out in range(drawn.shape[1]) if drawn.shape[1] > 1]
    ceiling, *floor = (float((rows.min(axis=1) <= radius).mean()) for rows in (held, *alone))
    replicates = Replicates(float(near.mean()), (np.asarray(without), np.asarray(others)))
    known = {"floor": floor[0] if floor else None, "ceiling": ceiling}
    return scored(replicates, measure="mode_coverage", table=sides.table, n=size, **known)  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class _Covered:
    """How much of a column is there."""

    column: str
    replicates: Replicates
    floor: float | None
    ceiling: float | None

    @classmethod
    def of(cls, samples: Samples, column: ColumnBins) -> _Covered:
        cell = _cells(samples.training.fine[column.name], column)
        size = int(cell.max(initial=-1)) + 1
        counts = np.bincount(_codes(samples.training, column, cell), minlength=size)[:size]
        sure = _surely(counts) if column.knots is None else counts
        asked = sure * samples.synthetic.rows >= SURE * samples.training.rows

        def share(present: Ints) -> float:
            return float((present[asked] > 0).mean()) if asked.any() else 1.0

        def of(sample: Binned) -> float:
            return share(np.bincount(_codes(sample, column, cell), minlength=size))

        drawn = samples.synthetic
        present = np.bincount(_codes(drawn, column, cell), minlength=size)
        left = [share(present - np.bincount(_codes(drawn, column, cell, group=group), minlength=size)) for group in range(drawn.groups)]
        return cls(column.name, Replicates(share(present), (np.asarray(left),)), *samples.yardsticks(of))


def _surely(counts: Ints) -> Floats:
    """Rows that categories have at the least, three deviations below what was seen: of a thousand rare ones some are seen often by chance,
    and would be asked for because of it. Parts of a range hold what they hold by construction."""
    found: Floats = counts - 3 * np.sqrt(counts)
    return found


def _codes(sample: Binned, column: ColumnBins, cell: Ints, group: int | None = None) -> Ints:
    """The cells of a sample's rows, or of those of one group; missing values have none."""
    fine = sample.fine[column.name] if group is None else sample.fine[column.name][sample.group == group]
    found: Ints = cell[fine[fine >= 0]]
    return found[found >= 0]


def _cells(fine: Ints, column: ColumnBins) -> Ints:
    """The cell of every fine bin: a category its own, the others none; numbers by how many training rows lie below."""
    if column.knots is None:
        cell = np.arange(column.fine_size)
        cell[-1:] = -1
        return cell
    counts = np.bincount(fine[fine >= 0], minlength=column.fine_size)
    below = (np.cumsum(counts) - counts / 2) / max(counts.sum(), 1)
    edges = np.unique(np.r_[TAILS, np.arange(1, CELLS) / CELLS, 1 - np.asarray(TAILS)])
    place: Ints = np.searchsorted(edges, below, side="right")
    return place


def _nearest(points: Points, side: Side, size: int) -> Shorts:
    """The distance of every row to the closest of each group, `(rows, groups)`; its own group, and groups without rows, are farthest."""
    found = _to_groups(points, points, side, size)
    found[np.arange(size), side.group[:size]] = FARTHEST
    return found


def _to_groups(queries: Points, points: Points, side: Side, size: int) -> Shorts:
    """The distance of every query to the closest of each group of a side, `(queries, groups)`; groups without rows are farthest."""
    order = np.argsort(side.group[:size], kind="stable")
    present, starts = np.unique(side.group[:size][order], return_index=True)
    found = np.full((len(queries), max(side.groups, 1)), FARTHEST, dtype=np.int16)
    found[:, present] = nearest_in_groups(queries, points.take(order), starts=starts)
    return found


def _leaving_out(nearest: Shorts, group: Ints) -> list[Shorts]:
    """The same without each group, as rows and as what they are compared with; nothing where no row or group would be left."""
    groups = [out for out in range(nearest.shape[1]) if nearest.shape[1] > 1 and (group != out).any()]
    return [np.delete(nearest, out, axis=1)[group != out] for out in groups]


def _radius(nearest: Shorts) -> int:
    """The largest distance that at most one in twenty are within; 0 where more are equal to another."""
    ordered = np.sort(nearest)
    within = ordered[ordered < ordered[math.floor(NEAR * len(ordered))]]
    return int(within[-1]) if len(within) else 0
