"""Numbers that follow from others: equal columns, multiples, sums, hhmm sums, products, and times plus durations.

Every triple of columns is tried on a few rows, vectorised; what is left is tried on the sample, then on all rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations, permutations

import numpy as np
import pyarrow.types as pt
from numpy.typing import NDArray

from warehouse_twin.profiling.rules.evaluating import beyond, minutes_of
from warehouse_twin.profiling.rules.evidence import Evidence
from warehouse_twin.profiling.rules.rule import Rule

Floats = NDArray[np.float64]
MAX_COLUMNS = 60
PROBED = 256
"""Rows on which durations and multiples are tried first."""
PROBE = 48
"""Rows on which every triple is tried."""
UNITS = {"seconds": 1e6, "minutes": 6e7, "hours": 3.6e9, "days": 8.64e10}


def equal_columns(evidence: Evidence) -> Iterator[Rule]:
    """Columns of one type with the same values."""
    for a, b in combinations(evidence.names, 2):
        if not evidence.free(a, b) or evidence.sample[a].type != evidence.sample[b].type:
            continue
        yield from _either(evidence, "equal", a, b)


def _either(evidence: Evidence, kind: str, a: str, b: str) -> Iterator[Rule]:
    """The rule with the column as target that is still to be drawn."""
    target, source = (b, a) if evidence.free(b) else (a, b)
    yield Rule(kind, target, (source,))  # type: ignore[arg-type]


def multiples(evidence: Evidence) -> Iterator[Rule]:
    """c = factor * a + constant, where both are numbers that a person would write."""
    for a, c in permutations(_numbers(evidence), 2):
        if evidence.free(a, c):
            step = step_of(evidence, c)
            found = _affine(evidence.scalars[a], evidence.scalars[c], step)
            if found is not None and found != (1.0, 0.0):
                yield Rule("linear", c, (a,), {"factors": [found[0]], "constant": found[1], "step": step})


def _affine(a: Floats, c: Floats, step: float) -> tuple[float, float] | None:
    """Slope and constant of the line through all points, if they are short decimals; c may be rounded where the constant is 0."""
    filled = ~np.isnan(a) & ~np.isnan(c)
    x, y = a[filled], c[filled]
    if len(x) < 2 or x.min() == x.max():
        return None
    low, high = int(np.argmin(x)), int(np.argmax(x))
    slope = (y[high] - y[low]) / (x[high] - x[low])
    off = np.abs(y[low] + slope * (x[:PROBED] - x[low]) - y[:PROBED])
    if (off > 2 * step + 1e-6 * np.abs(y).max()).any() or len(np.unique(y)) < 3:
        return None
    for digits in range(5):
        factor = float(np.round(slope, digits))
        constant = float(np.round(np.median(y - factor * x), digits))
        wrong = beyond(factor * x + constant, y, step)
        exact = not beyond(factor * x + constant, y, 0.0).any()
        if factor and not wrong.any() and (exact or (constant == 0 and len(np.unique(y)) >= 50)):
            return factor, constant
    return None


def triples(evidence: Evidence) -> Iterator[Rule]:
    """c = a + b, c = 100*a + b, c = a * b."""
    names = _numbers(evidence)
    if len(names) < 3:
        return
    matrix = np.stack([evidence.scalars[name] for name in names], axis=1)
    few = matrix[np.argsort(np.isnan(matrix).sum(axis=1), kind="stable")[:PROBE]]
    rooms = np.asarray([step_of(evidence, name) for name in names]) * 0.5 * (1 + 1e-6) + 1e-9 * np.nanmax(np.abs(few), axis=0, initial=1.0)
    for place, name in enumerate(names):
        own = few[:, place, None]
        for kind, factors, made in (
            ("linear", [1.0, 1.0], own + few[:, place + 1 :]),
            ("linear", [100.0, 1.0], 100.0 * own + few),
            ("product", None, own * few[:, place:]),
        ):
            first = len(names) - made.shape[1]
            for second, target in _matches(made, few, rooms):
                sources = (name, names[first + second])
                if len({*sources, names[target]}) == 3 and evidence.free(*sources, names[target]):
                    detail: dict[str, object] = {} if factors is None else {"factors": factors}
                    yield Rule(kind, names[target], sources, {**detail, "step": step_of(evidence, names[target])})  # type: ignore[arg-type]


def _matches(made: Floats, few: Floats, rooms: Floats) -> Iterator[tuple[int, int]]:
    """(column of `made`, column of `few`) that agree on every row where both are there, and on eight at least."""
    apart = np.abs(made[:, :, None] - few[:, None, :])
    compared = ~np.isnan(apart)
    agree = ((apart <= rooms) | ~compared).all(axis=0) & (compared.sum(axis=0) >= 8)
    for second, target in zip(*np.nonzero(agree), strict=True):
        yield int(second), int(target)


def clocks(evidence: Evidence) -> Iterator[Rule]:
    """Times of the day written as hhmm that are another one plus minutes, around the clock."""
    whole = [name for name in evidence.numbers if pt.is_integer(evidence.sample[name].type)]
    written = [name for name in whole if is_clock(evidence.scalars[name])]
    for target in written:
        values = evidence.scalars[target]
        for source in written:
            if source == target or not evidence.free(target):
                continue
            later = minutes_of(values) - minutes_of(evidence.scalars[source])
            for minutes in whole:
                if minutes in (source, target):
                    continue
                gap = (later - evidence.scalars[minutes]) % 1440
                if np.isfinite(gap).sum() >= 100 and not np.nanmax(gap) > 0:
                    yield Rule("clock", target, (source, minutes), {"midnight": 2400.0 if np.nanmax(values) == 2400 else 0.0})


def is_clock(values: Floats) -> bool:
    """Whether numbers are hours and minutes written as hhmm, from morning to night and not on the hour alone."""
    found = values[~np.isnan(values)]
    if not len(found) or found.min() < 0 or found.max() > 2400 or found.max() < 1000:
        return False
    return bool((found % 100 < 60).all() and len(np.unique(found % 100)) > 1 and (found % 100 > 30).any())


def durations(evidence: Evidence) -> Iterator[Rule]:
    """A time that is another one plus a number of seconds, minutes, hours or days."""
    if not evidence.times or not evidence.numbers:
        return
    few = np.stack([evidence.scalars[number][:PROBED] for number in evidence.numbers])
    for start in evidence.times:
        for end in evidence.times:
            if start == end or evidence.sample[start].type != evidence.sample[end].type:
                continue
            dates = pt.is_date(evidence.sample[start].type)
            gap = evidence.scalars[end] - evidence.scalars[start]
            for unit, factor in UNITS.items() if not dates else (("days", 1.0),):
                apart = np.abs(gap[:PROBED] - few * factor) > 1e-6 * factor
                for number in [evidence.numbers[place] for place in np.flatnonzero(~apart.any(axis=1))]:
                    if evidence.free(start, end, number) and _agree(gap, evidence.scalars[number] * factor, factor):
                        step = 1.0 if dates or step_of(evidence, number) else factor
                        yield Rule("linear", end, (start, number), {"factors": [1.0, factor], "unit": unit, "step": step})


def _agree(gap: Floats, wanted: Floats, factor: float) -> bool:
    compared = ~np.isnan(gap) & ~np.isnan(wanted)
    return int(compared.sum()) >= 100 and bool((np.abs(gap - wanted)[compared] <= 1e-6 * factor).all())


def _numbers(evidence: Evidence) -> Sequence[str]:
    """At most 60 numbers: those that say most of others."""
    if len(evidence.numbers) <= MAX_COLUMNS:
        return evidence.numbers
    weight = dict.fromkeys(evidence.numbers, 0.0)
    for (a, b), information in evidence.pairs.items():
        for name in (a, b):
            if name in weight:
                weight[name] = max(weight[name], information)
    best = set(sorted(evidence.numbers, key=lambda name: (-weight[name], name))[:MAX_COLUMNS])
    return [name for name in evidence.numbers if name in best]


def step_of(evidence: Evidence, name: str) -> float:
    """The granularity of a number; 0 for none."""
    parts = evidence.profiles[name].parts
    return parts[0].step if parts else 0.0
