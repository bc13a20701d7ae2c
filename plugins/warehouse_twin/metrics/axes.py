"""Axes with round numbers: edges that come from a scale everybody knows and from no row, and what a reader calls what lies between."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from warehouse_twin.metrics.times import DAY, HOUR

STEPS = 24
"""About so many on an axis."""
_MINUTE = HOUR // 60
_CLOCK = (1_000_000, *(count * _MINUTE for count in (1, 5, 15, 30)), HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR)
_DAYS = (DAY, 7 * DAY, 14 * DAY)
_MONTHS = (1, 3, 6, 12, 24, 60, 120, 240, 600, 1_200, 12_000)
_MONTH = 30 * DAY
_BEFORE = 1970 * 12
"""Months before 1970: decades begin where the calendar's do."""


@dataclass(frozen=True, slots=True)
class Axis:
    """Edges in rising order; `point` calls an edge, `between` what lies from one edge to another, by their places."""

    edges: np.ndarray
    point: Callable[[int], str]
    between: Callable[[int, int], str]
    under: str = "under"
    beyond: str = "{} or more"


def numbers(low: float, high: float, *, decimals: int | None) -> Axis:
    """From below `low` to above `high` in steps of 1, 2 or 5 times a power of ten, none finer than the decimals that all values have.

    `decimals` is None where they have no fixed number of them.
    """
    span = (high - low) / STEPS if high > low else 10.0 ** (math.floor(math.log10(abs(low) or 1.0)) - 1)
    if decimals is not None and high - low < 1.25 * STEPS * 10.0**-decimals:
        span = 10.0**-decimals
    exponent = math.floor(math.log10(span))
    factor = next((factor for factor in (1, 2, 5) if factor * 10.0**exponent >= span * (1 - 1e-9)), 10)
    step = factor * 10.0**exponent
    places = np.arange(math.floor(low / step), math.floor(high / step) + 2)
    # whole multiples over a power of ten are the nearest doubles to the decimals that columns hold
    edges = places * float(factor * 10**exponent) if exponent >= 0 else places * factor / 10.0**-exponent
    fine = decimals is not None and step < 10.0 ** (2 - decimals)  # then the last value of a step is told, not the next one's first
    digits = max(0, decimals if fine and decimals else -exponent if factor < 10 else -exponent - 1)
    least = 10.0 ** -(decimals or 0) if fine else 0.0

    apart = bool(np.abs(edges).max() >= 10_000)  # most numbers of four digits are years

    def text(figure: float) -> str:
        return number_text(figure, digits, apart=apart)

    def point(place: int) -> str:
        return text(float(edges[place]))

    def between(start: int, end: int) -> str:
        first, last = point(start), text(float(edges[end]) - least)
        return first if first == last else f"{first} to {last}"

    return Axis(edges, point, between)


def number_text(figure: float, digits: int, *, apart: bool) -> str:
    """A number as text; `apart` says whether thousands are."""
    text = f"{figure:{',' if apart else ''}.{digits}f}" if 1e-6 <= abs(figure) < 1e12 or figure == 0 else f"{figure:.3g}"
    return text.replace("-", "−")


def moments(low: int, high: int, *, clock: bool) -> Axis:
    """Moments in microseconds, from before `low` to after `high`, in steps of a calendar; with `clock`, the time of a day."""
    steps = [step for step in (*_CLOCK, *_DAYS) if (high - low) / step <= 1.25 * STEPS]
    if steps or clock:
        step = steps[0] if steps else _CLOCK[-1]
        first, last = low // step, high // step
        if step == 7 * DAY or step == 14 * DAY:  # weeks begin on a Monday, and 1970 did on a Thursday
            first, last = (low + 3 * DAY) // step, (high + 3 * DAY) // step
            edges = np.arange(first, last + 2) * step - 3 * DAY
        else:
            edges = np.arange(first, last + 2) * step
        return _calendar(edges, "clock" if clock else "second" if step < _MINUTE else "minute" if step < DAY else "day")
    months = next((count for count in _MONTHS if (high - low) / (count * _MONTH) <= 1.25 * STEPS), _MONTHS[-1])
    first, last = ((int(np.datetime64(moment, "us").astype("M8[M]").astype(np.int64)) + _BEFORE) // months for moment in (low, high))
    edges = (np.arange(first, last + 2) * months - _BEFORE).astype("M8[M]").astype("M8[us]").astype(np.int64)
    return _calendar(edges, "year" if months % 12 == 0 else "month")


def _calendar(edges: np.ndarray, unit: str) -> Axis:
    shown = {"clock": slice(11, 16), "second": slice(19), "minute": slice(16), "day": slice(10), "month": slice(7), "year": slice(4)}[unit]

    def text(moment: int) -> str:
        return str(np.datetime64(moment, "us"))[shown].replace("T", " ")

    def point(place: int) -> str:
        return text(int(edges[place]))

    def between(start: int, end: int) -> str:
        first = point(start)
        if unit in ("clock", "second", "minute"):
            return f"{first} to {point(end)}"
        last = text(int(edges[end]) - DAY)
        return first if first == last else f"{first} to {last}"

    return Axis(edges, point, between, "before", "from {}")
