"""Cells: a k-safe histogram of a number, fine enough to draw from.

Distinct values are walked in order. A value that at least k entities hold, and that is common enough, is a point mass. Runs of
other values are gathered until at least k distinct entities stand behind them; such a cell is the uniform distribution with the
run's mean and variance, so no single value, and no extreme, can be read from it: one that lies far beyond all others is pulled in.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from warehouse_twin.profiling.holders import after_kth, holders_of

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Cell = tuple[float, float, int]

MAX_CELLS = 2_000
DOMINANCE, DOMINATED = 0.1, 5
"""The share of one entity's distance that the others' must come to; of fewer entities than this that cannot be asked."""
_SQUARES, _LARGEST = 1e150, float(np.finfo(np.float64).max)


def numeric_cells(values: Floats, entities: Ints, *, k: int, max_cells: int = MAX_CELLS) -> tuple[tuple[Cell, ...], int]:
    """Cells of `values` (no NaN), ascending, and the count of rows that no cell could be made for (fewer than k entities).

    `entities` has the same shape `(rows,)`. Every cell holds at least max(k, rows / max_cells) rows of at least k entities.
    """
    if len(values) == 0:
        return (), 0
    order = np.argsort(values)
    values, entities = values[order], entities[order]
    starts = np.flatnonzero(np.r_[True, values[1:] != values[:-1]])
    counts = np.diff(np.r_[starts, len(values)])
    wanted = max(k, -(-len(values) // max_cells))
    common = counts >= (wanted if len(starts) > max_cells else k)
    likely = np.repeat(common, counts)
    common &= holders_of(np.repeat(np.arange(len(starts)), counts)[likely], entities[likely], size=len(starts)) >= k
    cells: list[Cell] = []
    edges = np.flatnonzero(np.r_[True, common[1:] | common[:-1]])
    for first, last in zip(edges, np.r_[edges[1:], len(starts)], strict=True):
        begin, end = int(starts[first]), int(starts[last]) if last < len(starts) else len(values)
        if common[first]:
            cells.append((float(values[begin]), float(values[begin]), end - begin))
        else:
            cells.extend(_gathered(values[begin:end], entities[begin:end], k=k, wanted=wanted))
    kept = sum(cell[2] for cell in cells)
    return _inside(cells, values), len(values) - kept


def _gathered(values: Floats, entities: Ints, *, k: int, wanted: int) -> list[Cell]:
    """Cells of one run of values that are too rare to stand alone; equal values are never parted."""
    ends = np.flatnonzero(np.r_[values[1:] != values[:-1], True]) + 1
    bounds = [0]
    reached = after_kth(entities, 0, k)
    if reached is None:
        return []
    while reached is not None:
        place = int(np.searchsorted(ends, max(reached, bounds[-1] + wanted)))
        if place == len(ends):
            break
        bounds.append(int(ends[place]))
        reached = after_kth(entities, bounds[-1], k)
    if len(bounds) == 1:
        return [_uniform(_undominated(values, entities))]
    bounds[-1] = len(values)  # the rest joins the last cell
    return [_uniform(_undominated(values[begin:end], entities[begin:end])) for begin, end in pairwise(bounds)]


def _undominated(values: Floats, entities: Ints) -> Floats:
    """Values of which no entity's make up nearly all of the spread: moments of those would tell what it has.

    The dominance (p %) rule of statistical disclosure control (Hundepool and others, "Statistical Disclosure Control", 2012, 4.2):
    how far one entity's values lie from the median is no more than ten times what all others but the next come to. What lies
    further is pulled in, though never nearer than the median is to zero, so that how far it was makes no difference.
    """
    people, person = np.unique(entities, return_inverse=True)
    if len(people) < DOMINATED:
        return values
    unit = _unit(values)
    median = float(np.median(values / unit))
    off = values / unit - median
    each = np.bincount(person, weights=np.abs(off))
    most = max(float(np.sort(each)[:-2].sum()) / DOMINANCE, abs(median))
    far = each > most
    if not far.any():
        return values
    pulled = median + off / np.where(far, each, 1.0)[person] * most
    return np.where(far[person], pulled * unit, values)


def _uniform(values: Floats) -> Cell:
    scale = _unit(values)
    centre, spread = float((values / scale).mean()), float((values / scale).std()) * 3.0**0.5
    return max((centre - spread) * scale, -_LARGEST), min((centre + spread) * scale, _LARGEST), len(values)


def _unit(values: Floats) -> float:
    """What to reckon in: the largest value, where it has no square."""
    size = float(np.abs(values).max())
    return 1.0 if size < _SQUARES else size


def _inside(cells: list[Cell], values: Floats) -> tuple[Cell, ...]:
    """Cells cut back to the room between their neighbours, and to the sign of the data (no price below zero).

    The last one (and the first) is cut on its open side by as much: a tail keeps its mean, as sums depend on it.
    """
    found: list[Cell] = []
    last = len(cells) - 1
    for index, (low, high, rows) in enumerate(cells):
        if low < high:
            centre = low / 2 + high / 2
            if index:
                low = min(max(low, _border(cells[index - 1], cells[index])), high)
            if index < last:
                high = max(min(high, _border(cells[index], cells[index + 1])), low)
            if index == last and low <= centre:
                high = min(high, 2 * centre - low)
            if index == 0 and high >= centre:
                low = max(low, 2 * centre - high)
        if values[0] >= 0:
            low, high = max(low, 0.0), max(high, 0.0)
        if values[-1] <= 0:
            low, high = min(low, 0.0), min(high, 0.0)
        found.append((low, high, rows))
    return tuple(found)


def _border(left: Cell, right: Cell) -> float:
    """Between two neighbours: at a point mass if one is, else half-way between their means."""
    if left[0] == left[1]:
        return left[1]
    if right[0] == right[1]:
        return right[0]
    return left[0] / 4 + left[1] / 4 + right[0] / 4 + right[1] / 4
