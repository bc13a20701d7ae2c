"""What rules say of rows: the value a rule gives its target, and the rows that break it. Pure functions over Arrow columns.

Mining, drawing and the gate call the same functions, so that what was found is what is kept and what is counted.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pt
from numpy.typing import NDArray

from warehouse_twin.profiling.rules.embedded import unlike
from warehouse_twin.profiling.rules.positions import misplaced
from warehouse_twin.profiling.rules.rule import DERIVING, Rule
from warehouse_twin.profiling.values import DAY_MICROSECONDS, from_parts, to_parts

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]
Columns = Mapping[str, pa.ChunkedArray]
DAY_MINUTES = 1440.0


def scalar(column: pa.ChunkedArray) -> Floats:
    """A number or time as one float64 a row, NaN for null: dates in days, timestamps in microseconds."""
    parts = to_parts(column)
    return parts[0] if len(parts) == 1 else parts[0] * DAY_MICROSECONDS + parts[1]


def from_scalar(values: Floats, kind: pa.DataType) -> pa.ChunkedArray:
    """The inverse of `scalar`."""
    if pt.is_timestamp(kind):
        return pa.chunked_array([from_parts((np.floor(values / DAY_MICROSECONDS), values % DAY_MICROSECONDS), kind)])
    return pa.chunked_array([from_parts((values,), kind)])


def moments(column: pa.ChunkedArray) -> Floats:
    """A date or timestamp in microseconds, comparable with any other."""
    return scalar(column) * (DAY_MICROSECONDS if pt.is_date(column.type) else 1.0)


def nulls_of(column: pa.ChunkedArray) -> Bools:
    return np.asarray(column.is_null().to_numpy(), dtype=bool)


def as_text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return column if pt.is_string(column.type) else column.cast(pa.string())


def minutes_of(clock: Floats) -> Floats:
    """Minutes since midnight of times written as hhmm."""
    minutes: Floats = np.floor(clock / 100) * 60 + clock % 100
    return minutes


# ── the value of a target ────────────────────────────────────────────────────────────────────────────────────────────


def computed(rule: Rule, columns: Columns, kind: pa.DataType) -> pa.ChunkedArray:
    """The target of a rule that derives one, in the given type; null where a source is."""
    return _COMPUTED[rule.kind](rule, columns, kind)


def _equal(rule: Rule, columns: Columns, kind: pa.DataType) -> pa.ChunkedArray:
    return columns[rule.sources[0]].cast(kind, safe=False)


def linear_values(rule: Rule, columns: Columns) -> Floats:
    """Factors times sources plus the constant, not rounded."""
    values = np.full(len(columns[rule.sources[0]]), float(rule.detail.get("constant", 0.0)))
    for source, factor in zip(rule.sources, rule.detail["factors"], strict=True):
        values = values + factor * scalar(columns[source])
    return values


def _linear(rule: Rule, columns: Columns, kind: pa.DataType) -> pa.ChunkedArray:
    return from_scalar(on_grid(linear_values(rule, columns), float(rule.detail.get("step", 0.0))), kind)


def _product(rule: Rule, columns: Columns, kind: pa.DataType) -> pa.ChunkedArray:
    values = scalar(columns[rule.sources[0]]) * scalar(columns[rule.sources[1]])
    return from_scalar(on_grid(values, float(rule.detail.get("step", 0.0))), kind)


def on_grid(values: Floats, step: float) -> Floats:
    """Values rounded to multiples of the step; 0 leaves them."""
    return np.round(np.rint(values / step) * step, 9) if step > 0 else values


def clock_values(clock: Floats, minutes: Floats, *, midnight: float) -> Floats:
    """hhmm plus minutes as hhmm; midnight is written 0 or 2400."""
    later = (minutes_of(clock) + minutes) % DAY_MINUTES
    written = np.floor(later / 60) * 100 + later % 60
    return np.where(written == 0, midnight, written)


def _clock(rule: Rule, columns: Columns, kind: pa.DataType) -> pa.ChunkedArray:
    clock, minutes = (scalar(columns[source]) for source in rule.sources)
    return from_scalar(clock_values(clock, minutes, midnight=float(rule.detail.get("midnight", 0.0))), kind)


def _dates(column: pa.ChunkedArray) -> pa.ChunkedArray:
    local = pc.local_timestamp(column) if pt.is_timestamp(column.type) and column.type.tz else column
    return local.cast(pa.date32(), safe=False)


_PARTS: dict[str, Callable[[pa.ChunkedArray], pa.ChunkedArray]] = {
    "date": _dates,
    "year": pc.year,
    "quarter": pc.quarter,
    "week": pc.iso_week,
    "month": pc.month,
    "day": pc.day,
    "hour": pc.hour,
    "minute": pc.minute,
    "weekday": lambda column: pc.add(pc.day_of_week(column), 1),
}
PARTS = tuple(_PARTS)


def part_of(column: pa.ChunkedArray, part: str, zone: str | None) -> pa.ChunkedArray:
    """A part of a date or timestamp as integers, read in the time zone, if any; Monday is 1."""
    if zone and pt.is_timestamp(column.type):
        column = column.cast(pa.timestamp(column.type.unit, tz=zone))
    if not pt.is_timestamp(column.type) and part in ("hour", "minute"):
        return pa.chunked_array([pa.nulls(len(column), pa.int64())])
    return _PARTS[part](column)


def _part(rule: Rule, columns: Columns, kind: pa.DataType) -> pa.ChunkedArray:
    return part_of(columns[rule.sources[0]], rule.detail["part"], rule.detail.get("zone")).cast(kind, safe=False)


def _dependency(rule: Rule, columns: Columns, kind: pa.DataType, *, nearest: bool = True) -> pa.ChunkedArray:
    """By the map; with `nearest` what it does not have takes the value of a row that shares its last source, or its first, or any."""
    texts = [as_text(columns[source]) for source in rule.sources]
    rows: Sequence[Sequence[str]] = rule.detail["map"]
    choices, places = _places(rule, texts)
    absent = np.flatnonzero(places < 0)
    present = absent[np.logical_and.reduce([text.is_valid().to_numpy()[absent] for text in texts])] if len(absent) else absent
    if len(present) and rows and nearest:
        firsts = [{row[index]: number for number, row in reversed(list(enumerate(rows)))} for index in range(len(texts))]
        asked = list(zip(*(text.take(pa.array(present)).to_pylist() for text in texts), strict=True))
        found = {key: _nearest(key, firsts, len(rows)) for key in set(asked)}
        places[present] = [found[key] for key in asked]
    return pa.chunked_array([choices.take(pa.array(np.maximum(places, 0), mask=places < 0))]).cast(kind)


def _nearest(key: Sequence[str], firsts: Sequence[Mapping[str, int]], size: int) -> int:
    for value, first in reversed(list(zip(key, firsts, strict=True))):
        if value in first:
            return first[value]
    return zlib.crc32("\x1f".join(key).encode()) % size


def _places(rule: Rule, texts: Sequence[pa.ChunkedArray]) -> tuple[pa.Array, Ints]:
    """The map's targets, and for each row its row of the map; -1 where there is none."""
    rows = rule.detail["map"]
    choices = pa.array([row[-1] for row in rows], type=pa.string())
    whole, mine = np.zeros(len(texts[0]), dtype=np.int64), np.zeros(len(rows), dtype=np.int64)
    missing = np.zeros(len(whole), dtype=bool)
    for index, text in enumerate(texts):
        known = pa.array(sorted({row[index] for row in rows}), type=pa.string())
        codes = pc.index_in(text, value_set=known).fill_null(-1).to_numpy().astype(np.int64)
        missing |= codes < 0
        whole = whole * (len(known) + 1) + codes + 1
        theirs = pc.index_in(pa.array([row[index] for row in rows], type=pa.string()), value_set=known)
        mine = mine * (len(known) + 1) + theirs.to_numpy() + 1
    order = np.argsort(mine, kind="stable")
    spot = np.minimum(np.searchsorted(mine[order], whole), max(len(rows) - 1, 0))
    if not len(rows):
        return choices, np.full(len(whole), -1, dtype=np.int64)
    return choices, np.where(~missing & (mine[order][spot] == whole), order[spot], -1)


_COMPUTED: dict[str, Callable[[Rule, Columns, pa.DataType], pa.ChunkedArray]] = {
    "equal": _equal,
    "linear": _linear,
    "product": _product,
    "clock": _clock,
    "part": _part,
    "dependency": _dependency,
}


# ── the rows that break a rule ───────────────────────────────────────────────────────────────────────────────────────


def violations(rule: Rule, columns: Columns) -> Bools:
    """True for every row that breaks the rule, shape `(rows,)`. A null breaks only rules about nulls."""
    target = columns[rule.target]
    first = columns[rule.sources[0]]
    if rule.kind in ("linear", "product"):
        return _beyond(rule, columns)
    if rule.kind == "dependency":  # what the map does not have is protected
        return _unequal(_dependency(rule, columns, target.type, nearest=False), target)
    if rule.kind in DERIVING:
        return _unequal(computed(rule, columns, target.type), target)
    if rule.kind == "order":
        return _disordered(first, target, strict=bool(rule.detail.get("strict")))
    if rule.kind == "position":
        return misplaced(rule, columns[rule.target], [columns[name] for name in rule.sources])
    if rule.kind == "code":
        return unlike(rule, target, first)
    missing, theirs = nulls_of(target), nulls_of(first)
    if rule.kind == "null_equal":
        return np.not_equal(missing, theirs)
    if rule.kind == "null_implied":
        return np.logical_and(theirs, ~missing)
    if rule.kind == "combination":
        return _never(rule, as_text(first), as_text(target))
    return np.zeros(len(target), dtype=bool)


def _beyond(rule: Rule, columns: Columns) -> Bools:
    wanted = linear_values(rule, columns) if rule.kind == "linear" else np.prod([scalar(columns[name]) for name in rule.sources], axis=0)
    return beyond(wanted, scalar(columns[rule.target]), float(rule.detail.get("step", 0.0)))


def beyond(wanted: Floats, found: Floats, step: float) -> Bools:
    """Where two numbers are further apart than half a step of rounding; NaN never is."""
    with np.errstate(invalid="ignore"):
        room = step * 0.5 * (1 + 1e-6) + 1e-9 * np.maximum(np.abs(wanted), 1e-3)
        apart: Bools = np.abs(wanted - found) > room
    return apart


def _unequal(wanted: pa.ChunkedArray, found: pa.ChunkedArray) -> Bools:
    different = pc.fill_null(pc.not_equal(wanted, found.cast(wanted.type)), False)
    return np.asarray(different.to_numpy(), dtype=bool)


def _disordered(first: pa.ChunkedArray, second: pa.ChunkedArray, *, strict: bool) -> Bools:
    """Where the second is less than the first, or as much though it may not be."""
    times = pt.is_temporal(first.type) and pt.is_temporal(second.type)
    a, b = (moments(first), moments(second)) if times else (scalar(first), scalar(second))
    with np.errstate(invalid="ignore"):
        wrong: Bools = (a >= b) if strict else (a > b)
    return wrong


def _never(rule: Rule, first: pa.ChunkedArray, second: pa.ChunkedArray) -> Bools:
    wrong = np.zeros(len(first), dtype=bool)
    by_source: dict[str, list[str]] = {}
    for mine, theirs in rule.detail["never"]:
        by_source.setdefault(mine, []).append(theirs)
    for mine, theirs in by_source.items():
        both = pc.and_(pc.equal(first, mine), pc.is_in(second, value_set=pa.array(theirs, type=pa.string())))
        wrong |= np.asarray(pc.fill_null(both, False).to_numpy(), dtype=bool)
    return wrong
