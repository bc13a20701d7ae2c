"""Distances to the closest record: from synthetic, independent and held-out rows to the real rows, by jackknife group of those."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from warehouse_twin.metrics.columns import Bools, Ints
from warehouse_twin.metrics.copies import FEWEST_COLUMNS, Records
from warehouse_twin.metrics.points import FARTHEST, Points, Shorts, encode_points, nearest_in_groups
from warehouse_twin.metrics.replicates import entity_groups, row_groups
from warehouse_twin.randomness import derive_seed, permutation

QUERIES = 10_000
"""Rows looked at, of each kind: the standard error of the difference of two shares is then at most 0.007."""
REFERENCES = 40_000
"""Rows of each reference: the larger a part of the training rows they are, the more of the copies are found."""
COMPARISONS = 400_000_000
"""Comparisons of queries with references, at most: beside the largest references, 5,000 rows are looked at."""
DRAWS = 4
"""Training references drawn; each serves a part of the queries."""


@dataclass(frozen=True, slots=True)
class Closest:
    """Distances of some rows to the closest training and holdout reference of each group, `(rows, groups)`; and their own groups."""

    learned: Shorts
    known: Shorts
    group: Ints
    groups: int


@dataclass(frozen=True, slots=True)
class Distances:
    """`size` rows are in each reference. Holdout rows are only compared with training rows; theirs to each other are farthest."""

    size: int
    synthetic: Closest
    holdout: Closest
    independent: Closest | None

    @property
    def n(self) -> int:
        return min(self.size, len(self.synthetic.group))


@dataclass(frozen=True, slots=True)
class _References:
    """Equally many training and holdout rows, the training first, each sorted by jackknife group; which group each block is."""

    points: Points
    starts: Ints
    block_group: Ints
    learned: Bools
    groups: tuple[int, int]


def measure_distances(records: Records, *, training_entities: Ints, holdout_entities: Ints, seed: int) -> Distances | None:
    """Distances of up to 10,000 rows of each kind, to references of up to 40,000, of which four are drawn from the training part.

    None where they would say nothing: for a record of fewer than two columns, or when a side is empty.
    """
    holdout, training, synthetic = records.holdout, records.training, records.synthetic
    size = min(len(training), len(holdout) if holdout is not None else 0, REFERENCES)
    if len(records.columns) < FEWEST_COLUMNS or holdout is None or not size or not len(synthetic):
        return None
    floor = [records.floor] if records.floor is not None and len(records.floor) else []
    learned, known, *drawn = encode_points([training, holdout, synthetic, *floor], records.columns)
    groups = entity_groups(training_entities, seed=seed), entity_groups(holdout_entities, seed=seed)
    references = [_references(learned, known, groups, size=size, seed=derive_seed(seed, draw)) for draw in range(DRAWS)]
    found = [_closest(points, references, *row_groups(len(points), seed=seed), seed=seed) for points in drawn]
    held = _closest(known, references, *groups[1], seed=seed, only_learned=True)
    return Distances(size, found[0], held, found[1] if floor else None)


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


def _closest(points: Points, references: list[_References], group: Ints, groups: int, *, seed: int, only_learned: bool = False) -> Closest:
    """Distances of a sample of `points`, a part of it to each draw of the references."""
    rows = permutation(len(points), seed=seed, stream="queries")[: min(QUERIES, COMPARISONS // len(references[0].points))]
    parts = [rows[draw::DRAWS] for draw in range(DRAWS)]
    found = [_nearest(points.take(part), reference, only_learned) for part, reference in zip(parts, references, strict=True)]
    learned, known = (np.concatenate([side[place] for side in found]) for place in (0, 1))
    return Closest(learned, known, group[np.concatenate(parts)], groups)


def _nearest(queries: Points, reference: _References, only_learned: bool) -> tuple[Shorts, Shorts]:
    """Distances to the closest training and holdout row of each group, `(queries, groups)` each; empty groups are farthest."""
    points, starts = reference.points, reference.starts
    if only_learned:
        half = len(points) // 2
        points, starts = Points(points.ranks[:, :half], points.codes[:, :half], points.scale), starts[reference.learned]
    blocks = nearest_in_groups(queries, points, starts=starts)
    found = []
    for side, groups in zip((reference.learned, ~reference.learned), reference.groups, strict=True):
        whole = np.full((len(queries), groups), FARTHEST, dtype=np.int16)
        measured = side[: blocks.shape[1]]
        whole[:, reference.block_group[: blocks.shape[1]][measured]] = blocks[:, measured]
        found.append(whole)
    return found[0], found[1]
