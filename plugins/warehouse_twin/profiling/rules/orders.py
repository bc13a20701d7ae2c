"""Numbers and times that never come before others, and those so near to another that they are better drawn as a difference.

An order that would hold as well if the columns had nothing to do with each other (ranges apart) needs no rule; one between a
computed column and another that is there before its sources is none that drawing could keep.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
import pyarrow.types as pt
from numpy.typing import NDArray

from warehouse_twin.profiling.cells import numeric_cells
from warehouse_twin.profiling.rules.arithmetic import is_clock
from warehouse_twin.profiling.rules.evaluating import moments, scalar, violations
from warehouse_twin.profiling.rules.evidence import SURPRISE, Evidence
from warehouse_twin.profiling.rules.rule import Rule
from warehouse_twin.profiling.values import DAY_MICROSECONDS, step_of

Floats = NDArray[np.float64]
MAX_COLUMNS = 60
NEARER = 8.0
"""A column is drawn as a difference when most differences lie within an eighth of the range that most of its values lie in."""
FEW = 64
"""A column of no more values is drawn exactly anyway."""


def orders(evidence: Evidence, sources: Mapping[str, Sequence[str]]) -> Iterator[Rule]:
    """The orders that imply all others. `sources` are those of computed columns: what follows from a sum is no rule of its own."""
    found: dict[tuple[str, str], Rule] = {}
    for names, values in (
        (evidence.numbers[:MAX_COLUMNS], [evidence.scalars[name] for name in evidence.numbers[:MAX_COLUMNS]]),
        (evidence.times[:MAX_COLUMNS], [moments(evidence.sample[name]) for name in evidence.times[:MAX_COLUMNS]]),
    ):
        for a, b in _ordered(names, values):
            if evidence.free(a, b) and not _computed_both(a, b, sources) and not _too_late(evidence, a, b, sources):
                rule = Rule("order", b, (a,))
                if evidence.surprising(rule) and evidence.holds(rule):
                    found[a, b] = _strict(evidence, rule)
    for (a, b), rule in found.items():
        if not any((a, c) in found and (c, b) in found and not evidence.profiles[c].nulls for c in evidence.names):
            yield rule


def _ordered(names: Sequence[str], values: Sequence[Floats]) -> Iterator[tuple[str, str]]:
    """Pairs in order wherever both are there, on the sample, in more than a few rows."""
    if len(names) < 2:
        return
    matrix = np.stack(values, axis=1)
    for place, name in enumerate(names):
        with np.errstate(invalid="ignore"):
            above = (matrix[:, place, None] > matrix).any(axis=0)
            below = (matrix[:, place, None] < matrix).any(axis=0)
        for other in np.flatnonzero(~above & below):
            yield name, names[int(other)]


def _too_late(evidence: Evidence, a: str, b: str, sources: Mapping[str, Sequence[str]]) -> bool:
    return any(one in evidence.fixed and other in sources for one, other in ((a, b), (b, a)))


def _computed_both(a: str, b: str, sources: Mapping[str, Sequence[str]]) -> bool:
    def needs(column: str, target: str) -> bool:
        return column == target or any(needs(source, target) for source in sources.get(column, ()))

    return (a in sources and b in sources) or needs(a, b) or needs(b, a)


def _strict(evidence: Evidence, rule: Rule) -> Rule:
    """The rule without equality where many rows are a step apart and none is equal."""
    whole, step = evidence.read(list(rule.columns)), _grid(evidence, rule.target)
    sharp = replace(rule, detail={"strict": True, "step": step})
    if not step or violations(sharp, whole).any():
        return rule
    times = pt.is_temporal(whole[rule.target].type)
    early, late = ((moments if times else scalar)(whole[name]) for name in rule.columns)
    near = (late - early) <= step * (DAY_MICROSECONDS if pt.is_date(whole[rule.target].type) else 1.0)
    return sharp if near.sum() * evidence.crowding >= SURPRISE / 2 else rule


def _grid(evidence: Evidence, name: str) -> float:
    """The granularity of a column as one number: microseconds for timestamps."""
    parts = evidence.profiles[name].parts
    if len(parts) == 2:
        return float(parts[1].step or DAY_MICROSECONDS)
    return parts[0].step if parts else 0.0


# ── differences ──────────────────────────────────────────────────────────────────────────────────────────────────────


def offsets(evidence: Evidence) -> Iterator[Rule]:
    """For each column the others it is near to, the nearest first: targets as source plus a difference."""
    for target in (*evidence.numbers[:MAX_COLUMNS], *evidence.times[:MAX_COLUMNS]):
        values = evidence.scalars[target]
        if target in evidence.fixed or evidence.profiles[target].distinct <= FEW or is_clock(values):
            continue
        near: list[tuple[float, str]] = []
        for source in evidence.numbers if target in evidence.numbers else evidence.times:
            width = _width(evidence, source, target) if source != target else None
            if width is not None:
                near.append((width, source))
        for _, source in sorted(near):
            yield Rule("offset", target, (source,), {"step": 0.0, "cells": []})


def _width(evidence: Evidence, source: str, target: str) -> float | None:
    """The range of most differences, if it is narrow and the difference says less than the target; None otherwise.

    Of two columns the lesser one is the source, unless the other is there before it.
    """
    base, values = evidence.scalars[source], evidence.scalars[target]
    if evidence.sample[source].type != evidence.sample[target].type and source not in evidence.numbers:
        return None
    grid, theirs = _grid(evidence, target), _grid(evidence, source)
    present = ~np.isnan(values)
    gap = (values - base)[present & ~np.isnan(base)]
    if len(gap) < 100 or len(gap) < 0.8 * present.sum() or (grid and (not theirs or round(theirs / grid, 6) % 1)):
        return None
    width, whole = _range(gap), _range(values[present])
    if whole <= 0 or width * NEARER > whole or is_clock(base) or (np.median(gap) < 0 and source not in evidence.fixed):
        return None
    return width if _bits(gap) <= _bits(values[present]) - 1 or _bits(gap) >= np.log2(len(gap)) - 1 else None


def _range(values: Floats) -> float:
    low, high = np.quantile(values, [0.05, 0.95])
    return float(high - low)


def _bits(values: Floats) -> float:
    share = np.unique(values, return_counts=True)[1] / len(values)
    return float(-(share * np.log2(share)).sum())


def measured(evidence: Evidence, rule: Rule) -> Rule | None:
    """The offset with its k-safe cells over all rows; None where there are too few of them."""
    whole = evidence.read(list(rule.columns))
    gap = scalar(whole[rule.target]) - scalar(whole[rule.sources[0]])
    present = ~np.isnan(gap)
    if not evidence.supported(present):
        return None
    part = "time" if pt.is_timestamp(whole[rule.target].type) else "number"
    entities, k = evidence.entities[present], evidence.k
    cells, _ = numeric_cells(gap[present], entities, k=k)
    if not cells:
        return None
    return replace(rule, detail={"cells": [list(cell) for cell in cells], "step": step_of(gap[present], part, entities, k=k)})
