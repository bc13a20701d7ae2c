"""Limits of one draw: the classes of a column that are open to each row, and the range a value is cut to inside its class."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pt
from numpy.typing import NDArray

from warehouse_twin.profiling.rules.evaluating import as_text, moments, nulls_of, scalar
from warehouse_twin.profiling.rules.rule import Rule
from warehouse_twin.profiling.table_profile import ColumnProfile, Part
from warehouse_twin.profiling.values import DAY_MICROSECONDS
from warehouse_twin.synthesizers.coding import Codec

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]
Arrays = Mapping[str, pa.ChunkedArray]


@dataclass
class Limits:
    """Of each row: whether null is `closed` or the only thing `open`; pairs that never occur; the least and greatest value."""

    closed: Bools
    only: Bools
    never: list[tuple[Ints, Bools]] = field(default_factory=list)
    """a code a row, and for each code the values that are closed, shape (codes, values)"""
    low: Floats | None = None
    high: Floats | None = None
    """dates and timestamps in microseconds"""

    def range(self, column: ColumnProfile, place: int, values: Sequence[Floats]) -> tuple[Floats, Floats] | None:
        """The least and the greatest value of a part, shape `(rows,)`, given the parts before it; None where there is no bound."""
        if self.low is None or self.high is None:
            return None
        kind = column.parts[place].kind
        if kind == "number":
            return self.low, self.high
        whole = len(column.parts) == 1
        days = (np.ceil if whole else np.floor)(self.low / DAY_MICROSECONDS), np.floor(self.high / DAY_MICROSECONDS)
        if kind == "day":
            return days
        with np.errstate(invalid="ignore"):  # no bound is an infinite one
            return (
                np.where(values[0] == days[0], self.low - days[0] * DAY_MICROSECONDS, -np.inf),
                np.where(values[0] == days[1], self.high - days[1] * DAY_MICROSECONDS, np.inf),
            )

    def opening(self, codec: Codec, place: int, bounds: tuple[Floats, Floats] | None) -> Callable[[slice], Bools]:
        """Which classes some rows may have, shape (rows, classes), as a function of the rows."""
        never = [(codes, _by_class(closed, codec)) for codes, closed in self.never] if place == 0 else []
        firsts, lasts = codec.spans if codec.null else (np.zeros(0, dtype=np.int64),) * 2

        def of(rows: slice) -> Bools:
            found = np.ones((rows.stop - rows.start, codec.classes), dtype=bool)
            if place == 0:
                found[self.closed[rows], codec.null] = False
                found[self.only[rows], : codec.null] = False
            for codes, closed in never:
                found[:, : codec.null] &= ~closed[codes[rows]]
            if bounds is not None:
                found[:, : codec.null] &= codec.high[lasts] >= bounds[0][rows, None]
                found[:, : codec.null] &= codec.low[firsts] <= bounds[1][rows, None]
            return found

        return of


def _by_class(closed: Bools, codec: Codec) -> Bools:
    """Values that are closed, by class: a class is closed when all its values are."""
    found = np.ones((len(closed), codec.null), dtype=bool)
    for value in range(min(closed.shape[1], len(codec.bins))):
        found[:, codec.bins[value]] &= closed[:, value]
    return found


def cut(drawn: Floats, classes: Ints, codec: Codec, bounds: tuple[Floats, Floats], spot: Floats) -> Floats:
    """Values inside their bounds: those outside are drawn again, evenly, from the part of their class that is inside."""
    low, high = bounds
    wrong = np.flatnonzero((drawn < low) | (drawn > high))
    if not len(wrong):
        return drawn
    chosen = np.minimum(classes[wrong], codec.null - 1)
    firsts, lasts = codec.spans
    bottom = np.maximum(low[wrong], np.minimum(codec.low[firsts[chosen]], high[wrong]))
    top = np.maximum(np.minimum(high[wrong], codec.high[lasts[chosen]]), bottom)
    again = bottom + spot[wrong] * (top - bottom)
    if codec.part.step > 0:
        again = np.round(np.ceil(bottom / codec.part.step) + np.floor((again - bottom) / codec.part.step), 0) * codec.part.step
        again = np.round(again, 9)
    found = drawn.copy()
    found[wrong] = np.clip(again, low[wrong], high[wrong])
    return found


# ── from rules ───────────────────────────────────────────────────────────────────────────────────────────────────────


def limits_of(column: ColumnProfile, rules: Sequence[Rule], known: Arrays, *, forced: Bools | None = None) -> Limits:
    """The limits that rules put on a column; each names it and one column that is known. Null where that is `forced`, and where no
    value is between the bounds."""
    rows = len(next(iter(known.values())))
    limits = Limits(np.zeros(rows, dtype=bool), np.zeros(rows, dtype=bool))
    for rule in rules:
        first = rule.sources[0] == column.name
        other = known[rule.target if first else rule.sources[0]]
        if rule.kind in ("null_equal", "null_implied"):
            missing = nulls_of(other)
            if rule.kind == "null_equal" or first:
                limits.closed |= ~missing
            if (rule.kind == "null_equal" or not first) and column.nullable:
                limits.only |= missing
        elif rule.kind == "order":
            _bound(limits, rule, column, other, upper=first)
        elif rule.kind == "combination" and column.kind == "categorical":
            limits.never.append(_never(rule, column, other, turned=first))
    if forced is not None and column.nullable:
        limits.only |= forced
    if limits.low is not None and limits.high is not None and column.nulls:
        limits.only |= (limits.low > limits.high) & ~limits.closed
    limits.closed &= ~limits.only
    return limits


def _bound(limits: Limits, rule: Rule, column: ColumnProfile, other: pa.ChunkedArray, *, upper: bool) -> None:
    values = moments(other) if pt.is_temporal(other.type) else scalar(other)
    away = _away(rule, column.parts)
    if limits.low is None or limits.high is None:
        limits.low, limits.high = np.full(len(values), -np.inf), np.full(len(values), np.inf)
    if upper:
        limits.high = np.fmin(limits.high, values - away)
    else:
        limits.low = np.fmax(limits.low, values + away)


def _away(rule: Rule, parts: Sequence[Part]) -> float:
    """How far apart two values are at least: a step of the column where the order is strict."""
    if not rule.detail.get("strict"):
        return 0.0
    if len(parts) == 2:
        return max(parts[1].step, 1.0)
    return parts[0].step * (DAY_MICROSECONDS if parts[0].kind == "day" else 1.0)


def _never(rule: Rule, column: ColumnProfile, other: pa.ChunkedArray, *, turned: bool) -> tuple[Ints, Bools]:
    """Codes of the other column's values, and the values of this one that never go with each; the last code is any other value."""
    pairs = [(theirs, mine) if turned else (mine, theirs) for mine, theirs in rule.detail["never"]]
    codes = {value: code for code, value in enumerate(sorted({value for value, _ in pairs}))}
    values = {value: place for place, value in enumerate(column.parts[0].values)}
    closed = np.zeros((len(codes) + 1, len(values)), dtype=bool)
    for theirs, mine in pairs:
        if mine in values:
            closed[codes[theirs], values[mine]] = True
    found = pc.index_in(as_text(other), value_set=pa.array(list(codes), type=pa.string())).fill_null(len(codes))
    return found.to_numpy().astype(np.int64), closed
