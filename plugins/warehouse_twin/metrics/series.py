"""Series over calendar time: whether what is high in one period is high in the next ones."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from warehouse_twin.metrics.columns import Floats, Ints, decode
from warehouse_twin.metrics.replicates import Replicates
from warehouse_twin.metrics.score import Score
from warehouse_twin.metrics.sides import Counted, Side, Sides, nothing
from warehouse_twin.metrics.times import DAY, HOUR, times_of

UNITS = ((HOUR // 60, 10), (HOUR, 24), (DAY, 7), (7 * DAY, 4), (30 * DAY, 12))
"""Lengths of periods and up to which lag they are compared: minutes, hours, days, weeks, months."""
ROWS_A_PERIOD = 8
LEFT_OUT = 0.01
MOST_PERIODS = 1_000
"""Of months there are no more: periods are longer instead."""


def autocorrelation(sides: Sides, numbers: Sequence[str]) -> Score:
    """Whether what is high in one period is high in the next ones, as in the source: in [0, 1], 1 is equal.

    Rows are put into periods (minutes, hours, days, weeks or months: the shortest that hold eight rows on average); for the number of rows
    a period and for the mean rank of each of the columns `numbers` 1 - half the mean distance of the autocorrelations at the first
    lags, a day of hours or a week of days (Box and Jenkins 1976, Time Series Analysis, section 2.1.5). Of the series whose
    autocorrelation in the training rows is beyond twice Bartlett's standard error (of all, where none is) the one that is furthest below
    its ceiling, named by `columns` with its time. Without a time column or rows n is 0 and the interval all of [0, 1].
    """
    found = [part for name in times_of(sides.training.rows) if sides.n for part in _of_time(sides, name, numbers)]
    return max(found, key=lambda one: one.shortfall).scored("autocorrelation", sides) if found else nothing("autocorrelation", sides)


@dataclass(frozen=True, slots=True)
class _Periods:
    """Periods of equal length of one time column, and the number of lags that are compared."""

    time: str
    start: int
    length: int
    count: int
    lags: int

    @classmethod
    def over(cls, time: str, known: Ints, rows: int) -> _Periods:
        """Over all training rows but a hundredth at either end; `rows` are those of the smallest side."""
        start, end = (int(moment) for moment in np.quantile(known, (LEFT_OUT, 1 - LEFT_OUT)))
        length, lags = next((unit for unit in UNITS if ((end - start) // unit[0] + 1) * ROWS_A_PERIOD <= rows), UNITS[-1])
        length = max(length, -(-(end - start) // MOST_PERIODS))  # times may lie thousands of years apart
        count = (end - start) // length + 1
        return cls(time, start, length, count, min(lags, count // 3))

    def of(self, side: Side) -> Ints:
        """The period of every row; -1 for those outside and without."""
        values = decode(side.rows.column(self.time), "datetime", name=self.time)
        place = (values.data - self.start) // self.length
        return np.where(values.missing | (place < 0) | (place >= self.count), -1, place)


def _of_time(sides: Sides, time: str, numbers: Sequence[str]) -> list[Counted]:
    """The series of one time column that have an autocorrelation, or all."""
    values = decode(sides.training.rows.column(time), "datetime", name=time)
    if values.missing.all():
        return []
    periods = _Periods.over(time, values.data[~values.missing], sides.n)
    found = [_alike(sides, periods, number) for number in (None, *numbers)]
    band = 2 / math.sqrt(periods.count)
    return [part for part, strongest in found if strongest > band] or [part for part, _ in found]


def _alike(sides: Sides, periods: _Periods, number: str | None) -> tuple[Counted, float]:
    """How alike the autocorrelations of one series are, and the strongest one of the training rows."""
    ranked = None if number is None else _known(sides.training, number)

    def agreement(one: Floats, other: Floats) -> Floats:
        return np.asarray(1 - np.abs(one - other).sum(axis=-1) / (2 * max(periods.lags, 1)))

    (real, left_real), (drawn, left_drawn) = (
        _correlations(side, periods, number, ranked) for side in (sides.training, sides.synthetic)
    )
    floor, ceiling = (
        None if side is None or not len(side.rows) else float(agreement(real, _correlations(side, periods, number, ranked)[0]))
        for side in (sides.floor, sides.holdout)
    )
    replicates = Replicates(float(agreement(real, drawn)), (agreement(left_real, drawn), agreement(left_drawn, real)))
    return Counted((periods.time, number or "rows"), replicates, floor, ceiling), float(np.abs(real).max(initial=0.0))


def _known(side: Side, number: str) -> Floats:
    values = decode(side.rows.column(number), "numeric", name=number)
    return np.sort(values.data[~values.missing]).astype(np.float64)


def _correlations(side: Side, periods: _Periods, number: str | None, ranked: Floats | None) -> tuple[Floats, Floats]:
    """The autocorrelations of a series, `(lags,)`, and those without each group, `(groups, lags)`."""
    place, weight = periods.of(side), np.ones(len(side.rows))
    if number is not None and ranked is not None:
        values = decode(side.rows.column(number), "numeric", name=number)
        weight = np.searchsorted(ranked, values.data, side="left") + np.searchsorted(ranked, values.data, side="right").astype(np.float64)
        place = np.where(values.missing, -1, place)
    used = place >= 0
    cell = side.group[used] * periods.count + place[used]
    rows, total = (
        np.bincount(cell, weights=weights, minlength=side.groups * periods.count).reshape(side.groups, periods.count).astype(np.float64)
        for weights in (np.ones(len(cell)), weight[used])
    )
    left = rows.sum(axis=0) - rows, total.sum(axis=0) - total
    whole = rows.sum(axis=0), total.sum(axis=0)
    series = whole[0] if number is None else _means(*whole), left[0] if number is None else _means(*left)
    return _autocorrelations(series[0], periods.lags), _autocorrelations(series[1], periods.lags)


def _means(rows: Floats, total: Floats) -> Floats:
    """The mean of each period, and of periods without rows that of the others."""
    mean = np.divide(total, rows, out=np.zeros_like(total), where=rows > 0)
    filled = (rows > 0).sum(axis=-1, keepdims=True)
    return np.where(rows > 0, mean, mean.sum(axis=-1, keepdims=True) / np.maximum(filled, 1))


def _autocorrelations(series: Floats, lags: int) -> Floats:
    """Those at the first lags, along the last axis; 0 of a series that is the same all the time."""
    apart = series - series.mean(axis=-1, keepdims=True)
    power = np.square(apart).sum(axis=-1)
    found = [(apart[..., lag:] * apart[..., :-lag]).sum(axis=-1) for lag in range(1, lags + 1)]
    together = np.stack(found, axis=-1) if found else np.zeros((*power.shape, 0))
    known: Floats = np.divide(together, power[..., None], out=np.zeros_like(together), where=power[..., None] > 1e-9)
    return known
