"""Keys of a table to itself: who is above whom, as deep and as wide as in the source.

Rows are told apart by their level, 0 for those with nobody above them. How many are below a row is profiled level by level,
neighbouring levels together where few entities make one. A hierarchy is drawn from the top, as a queue: the next row goes below
the first row that has room left. So nobody is his own ancestor, and each level is as large as the one above it has room for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from warehouse_twin.profiling.cells import numeric_cells
from warehouse_twin.profiling.table_profile import Part
from warehouse_twin.randomness import permutation
from warehouse_twin.relations.counting import draw_counts, nudged, scaled_to
from warehouse_twin.relations.dealing import balanced

Ints = NDArray[np.int64]
DEEPEST = 200
"""Levels that are told apart, at the most; what is below counts as the last of them."""


@dataclass(frozen=True, slots=True)
class Stratum:
    """One level or several: their rows, how many are below these rows directly, and the cells of how many are below one row."""

    rows: int
    below: int
    levels: int
    children: Part


@dataclass(frozen=True)
class Hierarchy:
    """Strata from the top; of all rows the share that has nobody above, and of all rows the share that is above itself."""

    roots: float
    loops: float
    strata: tuple[Stratum, ...]
    together: float = 0.0
    """of rows with a row above them the share that has its driving parent in common with that, as far as it is more than chance"""

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> Hierarchy:
        strata = tuple(Stratum(**{**stratum, "children": Part.from_dict(stratum["children"])}) for stratum in value["strata"])
        return cls(value["roots"], value["loops"], strata, value["together"])

    def draw(self, rows: int, *, seed: int, stream: str) -> Ints:
        """For each row the row above it, an earlier one; -1 for none, the row itself where it is above itself."""
        if not rows:
            return np.zeros(0, dtype=np.int64)
        roots = min(rows, max(1, round(rows * (self.roots + self.loops))))
        sizes = scaled_to(np.asarray([stratum.rows for stratum in self.strata], dtype=np.int64), rows)
        below = scaled_to(np.asarray([stratum.below for stratum in self.strata], dtype=np.int64), rows - roots)
        room: list[Ints] = []
        for place, (stratum, size, total) in enumerate(zip(self.strata, sizes, below, strict=True)):
            counts = _counts(stratum, int(size), int(total), seed=seed, stream=f"{stream}/{place}")
            first = int(below[place - 1]) if place else roots
            room.append(_stepped(counts, first, stratum.levels, seed=seed, stream=f"{stream}/{place}/levels"))
        slots = np.repeat(np.arange(rows, dtype=np.int64), np.concatenate(room))
        above = np.full(rows, -1, dtype=np.int64)
        above[roots : roots + len(slots)] = slots[: rows - roots]
        above[roots:] = np.minimum(above[roots:], np.arange(roots, rows) - 1)
        loops = round(roots * self.loops / (self.roots + self.loops)) if self.loops else 0
        above[:loops] = np.arange(loops)
        return above


def _stepped(counts: Ints, first: int, levels: int, *, seed: int, stream: str) -> Ints:
    """The counts of a stratum in the order of its rows: of several levels, which are not told apart, each is taken to be as many
    times larger than the one before, from `first` on, and has about as much room as the next one needs.
    """
    if levels < 2 or not 0 < first < len(counts):
        return np.sort(counts)[::-1]
    low, high = 0.0, float(len(counts))
    for _ in range(60):
        ratio = (low + high) / 2
        low, high = (low, ratio) if sum(first * ratio**level for level in range(levels)) > len(counts) else (ratio, high)
    ends = np.rint(np.cumsum([first * low**level for level in range(levels)])).astype(np.int64)
    ends[-1] = len(counts)
    sizes = np.diff(np.minimum(ends, len(counts)), prepend=0)
    level = np.repeat(np.arange(levels), sizes)
    wanted = np.append(sizes[1:], max(0, int(counts.sum()) - int(sizes[1:].sum())))
    moved = balanced(counts[permutation(len(counts), seed=seed, stream=stream)], level, wanted, seed=seed, stream=stream)
    return moved[np.lexsort((-moved, level))]


def _counts(stratum: Stratum, rows: int, total: int, *, seed: int, stream: str) -> Ints:
    """How many are below each row of a stratum, `total` in all; those whose numbers are too rare to be kept share what is missing."""
    if not rows:
        return np.zeros(0, dtype=np.int64)
    kept = sum(cell[2] for cell in stratum.children.cells)
    rare = round(rows * stratum.children.protected / max(1, kept + stratum.children.protected))
    counts = draw_counts(stratum.children, rows - rare, seed=seed, stream=stream)
    missing = total - int(counts.sum())
    if rare and missing > 0:
        return np.concatenate([scaled_to(np.zeros(rare, dtype=np.int64), missing), counts])
    counts = np.concatenate([counts, np.zeros(rare, dtype=np.int64)])
    return nudged(counts, total, seed=seed, stream=stream) if 2 * abs(missing) <= total else scaled_to(counts, total)


def learn_hierarchy(
    above: Ints, training: NDArray[np.bool_], entities: Ints, *, k: int, families: Ints | None = None
) -> Hierarchy | None:
    """The hierarchy of rows that have `above[row]` above them (-1 for nobody), of whom those in `training` are learned from.

    Who is below a row counts whichever part they are in. A stratum is made of at least k entities; None where there are fewer.
    `families` are the rows' driving parents, -1 for none.
    """
    rows = np.arange(len(above))
    loops, roots = above == rows, above < 0
    below = np.bincount(above[~loops & ~roots], minlength=len(above))
    levels = levels_of(above, roots | loops)
    strata: list[Stratum] = []
    for chosen in _strata(levels, training, entities, k=k):
        part = np.flatnonzero(training & np.isin(levels, chosen))
        cells, protected = numeric_cells(below[part].astype(np.float64), entities[part], k=k)
        children = Part("number", cells=cells, step=1.0, protected=protected)
        strata.append(Stratum(len(part), int(below[part].sum()), len(chosen), children))
    if not strata:
        return None
    known = max(1, int(training.sum()))
    together = 0.0
    if families is not None:
        both = np.flatnonzero(training & ~loops & ~roots & training[above] & (families >= 0) & (families[above] >= 0))
        together = _together(families[both], families[above[both]]) if len(np.unique(entities[both])) >= k else 0.0
    return Hierarchy(float((roots & training).sum()) / known, float((loops & training).sum()) / known, tuple(strata), together)


def _together(mine: Ints, theirs: Ints) -> float:
    """The share of rows whose family is that of the row above, beyond what chance makes so; 1 where all are."""
    shares = [np.bincount(side, minlength=int(max(mine.max(), theirs.max())) + 1) / len(mine) for side in (mine, theirs)]
    chance = float(shares[0] @ shares[1])
    return max(0.0, (float((mine == theirs).mean()) - chance) / (1 - chance)) if chance < 1 else 0.0


def levels_of(above: Ints, top: NDArray[np.bool_]) -> Ints:
    """The level of each row; what is too deep, or in a circle, has the deepest that there is."""
    levels = np.where(top, 0, -1)
    for level in range(DEEPEST):
        found = np.flatnonzero((levels < 0) & (levels[np.maximum(above, 0)] == level) & (above >= 0))
        if not len(found):
            break
        levels[found] = level + 1
    return np.where(levels < 0, levels.max(initial=0), levels)


def _strata(levels: Ints, training: NDArray[np.bool_], entities: Ints, *, k: int) -> list[list[int]]:
    """Levels from the top, as many together as k entities need; a rest that has too few belongs to the last."""
    found: list[list[int]] = []
    current: list[int] = []
    for level in range(int(levels.max(initial=-1)) + 1):
        current.append(level)
        if len(np.unique(entities[training & np.isin(levels, current)])) >= k:
            found.append(current)
            current = []
    if current and found:
        found[-1] += current
    return found


def fallback(nulls: float, children: Part) -> Hierarchy:
    """The hierarchy of a table with too few rows to tell levels apart: one stratum, of the counts that were profiled."""
    kept = sum(cell[2] for cell in children.cells)
    return Hierarchy(nulls, 0.0, (Stratum(max(1, kept + children.protected), 1, 2, children),))
