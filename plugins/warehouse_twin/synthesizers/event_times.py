"""Times of events as what passes between them, and back: so that drawn times ascend by construction.

Times are numbers as `profiling.values.whole_number` counts them. A gap is one number; where the hours of the day matter (shops
open, nights are quiet) the gap of a timestamp is three: the days that pass, the clock on a later day, and the wait within a day.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from warehouse_twin.profiling.table_profile import ColumnProfile
from warehouse_twin.profiling.values import DAY_MICROSECONDS
from warehouse_twin.randomness import uniforms

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
EVEN_DAY = 0.1
"""How far the clock of events may be from uniform (Kolmogorov-Smirnov) to count as without hours of its own."""


@dataclass(frozen=True)
class Gaps:
    """The code of the time between a base and an event, as columns whose names start with `name`."""

    name: str
    by_day: bool

    @property
    def columns(self) -> tuple[str, ...]:
        return (self.name, f"{self.name}.clock", f"{self.name}.wait") if self.by_day else (self.name,)

    def encode(self, times: Floats, base: Floats) -> dict[str, Floats]:
        """The columns of each event; NaN where a time or its base is unknown."""
        passed = times - base
        if not self.by_day:
            return {self.name: passed}
        days = np.floor(times / DAY_MICROSECONDS) - np.floor(base / DAY_MICROSECONDS)
        clock = np.where(days > 0, times % DAY_MICROSECONDS, np.nan)
        return dict(zip(self.columns, (days, clock, np.where(days == 0, passed, np.nan)), strict=True))

    def decode(self, drawn: Mapping[str, Floats], base: Floats, usual: Usual) -> Floats:
        """Times not before their base; NaN where the gap is. A clock or wait that was not drawn is a `usual` one."""
        gap = np.maximum(drawn[self.name], 0.0)
        if not self.by_day:
            return base + gap
        clock, wait = (np.where(np.isnan(drawn[name]), usual.draw(name), drawn[name]) for name in self.columns[1:])
        days = np.where((np.rint(gap) == 0) & np.isnan(wait), 1.0, np.rint(gap))  # no event ever follows another on its day
        later = (np.floor(base / DAY_MICROSECONDS) + days) * DAY_MICROSECONDS + np.where(np.isnan(clock), 0.0, clock)
        return np.where(np.isnan(gap), np.nan, np.where(days > 0, later, base + np.maximum(np.where(np.isnan(wait), 0.0, wait), 0.0)))


@dataclass(frozen=True)
class Usual:
    """Values of a column by its profile alone, for rows whose model had none to give."""

    profiles: Mapping[str, ColumnProfile]
    counters: Ints
    seed: int

    def draw(self, name: str) -> Floats:
        """By inverse CDF of the profile's cells; NaN where it has none."""
        part = self.profiles[name].parts[0]
        cells = np.asarray(part.cells, dtype=np.float64).reshape(-1, 3)
        if not len(cells):
            return np.full(len(self.counters), np.nan)
        ends = np.cumsum(cells[:, 2])
        chosen = np.searchsorted(ends, uniforms(self.counters, seed=self.seed, stream=f"usual/{name}") * ends[-1], side="right")
        cell = np.minimum(chosen, len(cells) - 1)
        place = uniforms(self.counters, seed=self.seed, stream=f"usual/{name}/place")
        drawn: Floats = cells[cell, 0] + place * (cells[cell, 1] - cells[cell, 0])
        return np.round(np.rint(drawn / part.step) * part.step, 9) if part.step > 0 else drawn


def keeps_hours(times: Floats) -> bool:
    """Whether timestamps have hours of their own: their clock is not spread evenly over the day."""
    clock = np.sort(times[~np.isnan(times)] % DAY_MICROSECONDS) / DAY_MICROSECONDS
    if not len(clock):
        return False
    steps = np.arange(len(clock) + 1) / len(clock)
    return bool(max((steps[1:] - clock).max(), (clock - steps[:-1]).max()) > EVEN_DAY)


@dataclass(frozen=True)
class Room:
    """Where an event may be: from `least`, and with the `remaining` ones after it, `step` apart each, not past `end`."""

    least: Floats
    end: Floats
    remaining: Floats
    step: float
    apart: bool
    by_day: bool = False
    """a time that is moved keeps its clock, where there is room"""

    def fit(self, times: Floats, draws: Floats) -> Floats:
        """Times moved into their room, on the grid of `step`.

        One that is past it is where the first of those that are left would be, were they spread evenly over the room (their
        first order statistic, by a uniform draw); where there is no room events stand as close together as they may.
        """
        cap = np.where(np.isnan(self.end), np.inf, self.end - self.remaining * (self.step if self.apart else 0.0))
        room = cap - self.least
        room = np.where(np.isfinite(room), np.maximum(room, 0.0), 0.0)
        squeezed = np.where(np.isnan(self.least), cap, self.least + room * (1.0 - (1.0 - draws) ** (1.0 / (self.remaining + 1.0))))
        if self.by_day:
            day = np.floor(squeezed / DAY_MICROSECONDS) * DAY_MICROSECONDS + times % DAY_MICROSECONDS
            day = np.where(day < self.least, day + DAY_MICROSECONDS, day)
            squeezed = np.where(day > cap, squeezed, day)
        if self.step > 0:
            times = np.ceil(np.round(times / self.step, 6)) * self.step
            squeezed = np.floor(squeezed / self.step) * self.step
        placed = np.where(times > cap, squeezed, times)
        return np.where(np.isnan(times), np.nan, np.fmax(placed, self.least))


def after(last: Floats, step: float) -> Floats:
    """The earliest time that is not `last` itself, on a grid of `step` (0: none)."""
    return last + step if step > 0 else np.nextafter(last, np.inf)
