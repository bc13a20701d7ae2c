"""Distances to the closest record: from synthetic, independent and held-out rows to the real rows, by jackknife group of those."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from warehouse_twin.metrics.columns import Ints
from warehouse_twin.metrics.copies import FEWEST_COLUMNS, Records
from warehouse_twin.metrics.nearest import FARTHEST, nearest_in_groups
from warehouse_twin.metrics.points import Points, Shorts, encode_points
from warehouse_twin.metrics.replicates import entity_groups, row_groups
from warehouse_twin.randomness import derive_seed, first_permuted

QUERIES = 10_000
"""Rows looked at, of each kind: the standard error of the difference of two shares is then at most 0.007."""
REFERENCES = 20_000
"""Rows of each reference: beyond that its choice adds little to the error."""
PARTS = 4
"""Training references at most, none with a row of another: together all of the training part where a fifth is held out."""
COMPARISONS = 400_000_000
"""Comparisons of queries with references, at most: beside the largest references, 4,000 rows are looked at."""
GROUPS = 20
"""Groups a sample is cut into: an interval from ten is a third too wide or too narrow one time in three."""


@dataclass(frozen=True, slots=True)
class Closest:
    """Distances of some rows to the closest reference of each group: of each training reference, `(parts, rows, groups)`, and of
    the holdout's, `(rows, groups)`; and their own groups."""

    learned: Shorts
    known: Shorts
    group: Ints
    groups: int


@dataclass(frozen=True, slots=True)
class Distances:
    """`size` rows are in each reference. Holdout and training rows are only compared with training rows; distances to holdout rows
    are farthest. A training row is its own closest record: what it says, it says by the groups it is not in."""

    size: int
    synthetic: Closest
    holdout: Closest
    training: Closest
    independent: Closest | None

    @property
    def n(self) -> int:
        return min(self.size, len(self.synthetic.group))


class _Looked:
    """One side's rows that are looked at, as points: its `queries`, and those that are `references`, in the order they become so.

    Rows are named by their place among all `rows` of the side.
    """

    def __init__(self, rows: int, queries: Ints, references: Ints) -> None:
        self.rows, self.queries, self.references = rows, queries, references
        self.chosen = np.union1d(queries, references)
        self.points: Points

    def take(self, rows: Ints) -> Points:
        return self.points.take(np.searchsorted(self.chosen, rows))


@dataclass(frozen=True, slots=True)
class _References:
    """Blocks of rows of one jackknife group each: those of the training references, one after the other, then the holdout's.

    `side` and `group` are of the blocks; the holdout's side is `parts`. `groups` is how many the training part and the holdout have.
    """

    points: Points
    starts: Ints
    side: Ints
    group: Ints
    parts: int
    groups: tuple[int, int]


def measure_distances(records: Records, *, training_entities: Ints, holdout_entities: Ints, seed: int) -> Distances | None:
    """Distances of up to 10,000 rows of each kind, to up to four references from the training part and one as large from the holdout.

    None where they would say nothing: for a record of fewer than two columns, or when a side is empty.
    """
    holdout, training, synthetic = records.holdout, records.training, records.synthetic
    held = len(holdout) if holdout is not None else 0
    if len(records.columns) < FEWEST_COLUMNS or holdout is None or not min(held, len(training), len(synthetic)):
        return None
    parts = min(PARTS, max(1, round(len(training) / held)))
    size = min(len(training) // parts, held, REFERENCES)
    floor = [records.floor] if records.floor is not None and len(records.floor) else []
    learned, known, *drawn = _looked_at([training, holdout, synthetic, *floor], records.columns, (parts * size, size), seed=seed)
    groups = tuple(entity_groups(entities, seed=seed, groups=GROUPS) for entities in (training_entities, holdout_entities))
    references = _references(learned, known, groups, size=size, parts=parts)
    apart = derive_seed(seed, "rows")  # no row drawn may share its group with the training row at its place
    found = [_closest(side, references, *row_groups(side.rows, seed=apart, groups=GROUPS)) for side in drawn]
    held_out = _closest(known, references, *groups[1], only_learned=True)
    itself = _closest(learned, references, *groups[0], only_learned=True)
    return Distances(size, found[0], held_out, itself, found[1] if floor else None)


def _looked_at(tables: Sequence[pa.Table], columns: Sequence[str], references: tuple[int, int], *, seed: int) -> list[_Looked]:
    """The rows of the training part, the holdout and what was drawn that are queries, and so many of the first two that are references."""
    queries = min(QUERIES, COMPARISONS // sum(references))
    sides = []
    for place, (table, wanted) in enumerate(zip(tables, (*references, 0, 0), strict=False)):
        asked = first_permuted(len(table), queries, seed=seed, stream="queries")
        sides.append(_Looked(len(table), asked, first_permuted(len(table), wanted, seed=seed, stream=f"reference-{place}")))
    encoded = encode_points([table.take(side.chosen) for table, side in zip(tables, sides, strict=True)], columns, ranked=tables[0])
    for side, points in zip(sides, encoded, strict=True):
        side.points = points
    return sides


def _references(learned: _Looked, known: _Looked, groups: tuple[tuple[Ints, int], ...], *, size: int, parts: int) -> _References:
    """`parts` times `size` training rows, no row twice, and `size` holdout rows."""
    drawn = [(learned, learned.references[part * size : (part + 1) * size], groups[0][0]) for part in range(parts)]
    drawn.append((known, known.references, groups[1][0]))
    taken, starts, sides, block_group = [], [], [], []
    for side, (looked, rows, group_of) in enumerate(drawn):
        order = np.argsort(group_of[rows], kind="stable")
        present, first = np.unique(group_of[rows][order], return_index=True)
        taken.append(looked.take(rows[order]))
        starts.append(first + side * size)
        sides.append(np.full(len(present), side))
        block_group.append(present)
    together = Points(
        np.concatenate([part.ranks for part in taken], axis=1), np.concatenate([part.codes for part in taken], axis=1), learned.points.scale
    )
    return _References(
        together, np.concatenate(starts), np.concatenate(sides), np.concatenate(block_group), parts, (groups[0][1], groups[1][1])
    )


def _closest(looked: _Looked, references: _References, group: Ints, groups: int, *, only_learned: bool = False) -> Closest:
    """Distances of a sample of a side's rows to every reference; groups a reference has no row of are farthest."""
    rows, compared, starts = looked.queries, references.points, references.starts
    if only_learned:
        length = len(compared) // (references.parts + 1) * references.parts
        starts = starts[references.side < references.parts]
        compared = Points(compared.ranks[:, :length], compared.codes[:, :length], compared.scale)
    blocks = nearest_in_groups(looked.take(rows), compared, starts=starts)
    learned = np.full((references.parts, len(rows), references.groups[0]), FARTHEST, dtype=np.int16)
    known = np.full((len(rows), references.groups[1]), FARTHEST, dtype=np.int16)
    for column, (side, of) in enumerate(zip(references.side[: len(starts)], references.group[: len(starts)], strict=True)):
        (known if side == references.parts else learned[side])[:, of] = blocks[:, column]
    return Closest(learned, known, group[rows], groups)
