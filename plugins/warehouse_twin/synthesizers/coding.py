"""Codecs: a part of a column as the classes a tree predicts and the features it splits on, and back to values.

Classes group consecutive cells (heavy point masses alone), so that a column has at most about 64; inside a class a value is
drawn from the cells by inverse CDF. The last class is null.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from warehouse_twin.profiling.table_profile import Part

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
MAX_BINS = 64
MAX_CATEGORIES = 120
QUARTERS = 4
INSIDE = 64
"""Cells of a class that are told apart when the place inside it is drawn too; those beyond share the last place."""


@dataclass(frozen=True)
class Codec:
    """The codec of one part. `classes` counts null, the last one. Values are float64, NaN for null; categories their index."""

    part: Part
    low: Floats
    high: Floats
    rows: Floats
    bins: Ints
    """class of each cell, ascending from 0"""
    edges: Floats = field(repr=False)
    """between neighbouring cells, shape (cells - 1,)"""

    @cached_property
    def classes(self) -> int:
        return (int(self.bins.max()) + 1 if len(self.bins) else 0) + 1

    @cached_property
    def null(self) -> int:
        return self.classes - 1

    @cached_property
    def spans(self) -> tuple[Ints, Ints]:
        """The first and the last cell of each class but null."""
        ranks = np.arange(self.null)
        return np.searchsorted(self.bins, ranks, side="left"), np.searchsorted(self.bins, ranks, side="right") - 1

    @property
    def ordered(self) -> bool:
        """Whether values, and so classes, are in order: those of a category are not, and presence has but one."""
        return self.part.kind not in ("category", "presence")

    @property
    def ranked(self) -> int:
        """The classes of a category that has more than two besides null, 0 for any other part: trees put them in an order of theirs."""
        return self.classes if self.part.kind == "category" and self.classes > 3 else 0

    @property
    def kept(self) -> Floats:
        """The rows of each class but null, as profiled; at least one each."""
        return np.maximum(np.bincount(self.bins, weights=self.rows, minlength=self.null), 1.0)

    def cells(self, values: Floats) -> Ints:
        """The cell of each value, 0 for null."""
        missing = np.isnan(values)
        if not self.ordered:
            return np.clip(np.where(missing, 0, values), 0, max(len(self.bins) - 1, 0)).astype(np.int64)
        return np.searchsorted(self.edges, np.where(missing, 0.0, values), side="left").astype(np.int64)

    def encode(self, values: Floats) -> Ints:
        """The class of each value."""
        if not len(self.bins):
            return np.full(len(values), self.null, dtype=np.int64)
        return np.where(np.isnan(values), self.null, self.bins[self.cells(values)])

    def inside(self, values: Floats) -> Ints:
        """The place of each value's cell inside its class, -1 where there is but one: null, and classes of one cell."""
        classes = self.encode(values)
        firsts, lasts = (np.append(ends, 0) for ends in self.spans)
        places = np.minimum(self.cells(values) - firsts[classes], INSIDE - 1)
        return np.where((classes < self.null) & (lasts[classes] > firsts[classes]), places, -1)

    def features(self, values: Floats) -> list[NDArray[np.float32]]:
        """What later trees split on: the class of a category, the cell of any other part and of a category that shares its class, and
        the calendar of a day; null is -1."""
        coarse = not self.ordered or not len(self.bins)
        codes = self.encode(values) if coarse else self.cells(values)
        found = [np.where(np.isnan(values) | (coarse & (codes == self.null)), -1, codes).astype(np.float32)]
        if coarse and self.null < len(self.bins):
            found.append(np.where(np.isnan(values), -1, self.cells(values)).astype(np.float32))
        if self.part.kind == "day":
            missing = np.isnan(values)
            days = np.where(missing, 0, values).astype("datetime64[D]")
            months = days.astype("datetime64[M]")
            calendar = [months.astype(np.int64) % 12, (days - months).astype(np.int64), (days.astype(np.int64) + 3) % 7]
            found += [np.where(missing, -1, part).astype(np.float32) for part in calendar]
        return found

    def decode(self, classes: Ints, cell_draw: Floats, place_draw: Floats, inside: Ints | None = None) -> Floats:
        """Values of drawn classes: the cell by `cell_draw`, the place inside it by `place_draw`, both uniform in [0, 1).

        `inside` says which of its class's cells it is where that was drawn, as the method of this name does.
        """
        values = np.full(len(classes), np.nan)
        ends = np.cumsum(self.rows)
        firsts, lasts = self.spans
        filled = np.flatnonzero(classes < self.null)
        if not len(filled):
            return values
        chosen = classes[filled]
        first, last = firsts[chosen], lasts[chosen]
        if inside is not None:
            place = inside[filled]
            cell = np.minimum(first + np.maximum(place, 0), last)
            first, last = cell, np.where((place >= 0) & (place < INSIDE - 1), cell, last)
        begin = np.where(first > 0, ends[np.maximum(first - 1, 0)], 0.0)
        target = begin + cell_draw[filled] * (ends[last] - begin)
        cell = np.clip(np.searchsorted(ends, target, side="right"), first, last)
        drawn = self.low[cell] + 2.0 * (place_draw[filled] * (self.high[cell] / 2 - self.low[cell] / 2))  # halves: of the largest, too
        step = self.part.step
        if step > 0:
            loose = self.high[cell] > self.low[cell]
            drawn[loose] = np.round(np.rint(drawn[loose] / step) * step, 9)
        values[filled] = drawn
        return values


def column_features(codecs: Sequence[Codec], values: Sequence[Floats]) -> list[NDArray[np.float32]]:
    """The features of a column: those of its parts, and of a day with a time of day the moment, which is neither alone."""
    return [feature for codec, part in zip(codecs, values, strict=True) for feature in codec.features(part)] + moments(codecs, values)


def moments(codecs: Sequence[Codec], values: Sequence[Floats]) -> list[NDArray[np.float32]]:
    """The quarter of its day that a moment lies in, quarters of about as many rows each; none for a column of other parts."""
    if [codec.part.kind for codec in codecs] != ["day", "time"] or not all(len(codec.bins) for codec in codecs):
        return []
    day, time = codecs
    quarters = ((np.cumsum(time.rows) - time.rows / 2) / max(time.rows.sum(), 1.0) * QUARTERS).astype(np.int64)
    found = day.cells(values[0]) * QUARTERS + quarters[time.cells(values[1])]
    return [np.where(np.isnan(values[0]) | np.isnan(values[1]), -1, found).astype(np.float32)]


def codec_of(part: Part) -> Codec:
    """The codec of a part as profiled."""
    if part.kind in ("category", "presence"):
        rows = np.asarray(part.rows, dtype=np.float64)
        places = np.arange(len(rows), dtype=np.float64)
        bins = _binned(rows, np.ones(len(rows), dtype=bool), most=MAX_CATEGORIES)
        return Codec(part, places, places, np.maximum(rows, 1.0), bins, places[1:] - 0.5)
    cells = np.asarray(part.cells, dtype=np.float64).reshape(-1, 3)
    low, high, rows = cells[:, 0], cells[:, 1], cells[:, 2]
    return Codec(part, low, high, rows, _binned(rows, low == high), _edges(low, high))


def _edges(low: Floats, high: Floats) -> Floats:
    """The largest value of each cell but the last: a point mass keeps its own value, neighbours meet half-way."""
    point = low == high
    middle = high[:-1] / 2 + low[1:] / 2
    beside = np.where(point[:-1], high[:-1], np.where(point[1:], np.nextafter(low[1:], -np.inf), middle))
    return np.maximum.accumulate(np.where(point[:-1] & point[1:], middle, beside))


def _binned(rows: Floats, point: NDArray[np.bool_], *, most: int = MAX_BINS) -> Ints:
    """Classes of cells, about `most`: a point mass with an even share of the rows stands alone, the rest is grouped evenly, in order."""
    if len(rows) <= most:
        return np.arange(len(rows), dtype=np.int64)
    heavy = point & (rows >= rows.sum() / most)
    share = rows[~heavy].sum() / max(1, most - int(heavy.sum()))
    bins = np.zeros(len(rows), dtype=np.int64)
    current, filled = 0, 0.0
    for index in range(len(rows)):
        if index and (heavy[index] or heavy[index - 1] or filled + rows[index] / 2 > share):
            current, filled = current + 1, 0.0
        bins[index] = current
        filled += rows[index]
    return bins
