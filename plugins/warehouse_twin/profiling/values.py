"""Columns as numbers and back: every Arrow type the engine can model becomes one or two float64 arrays, NaN for null.

NaN and the infinities of the source are values too. Where they are to come back, each is *marked*: a number or a day beyond
all others, which is a value like any other to who only compares. Elsewhere they count as null.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.types as pt
from numpy.typing import NDArray

from warehouse_twin.profiling.holders import Ints, after_kth, holders_of
from warehouse_twin.profiling.table_profile import Part

Floats = NDArray[np.float64]
DAY_MICROSECONDS = 86_400_000_000.0
_MAX_EXACT = float(2**53)
_MAX_DAY = 2.0**31 - 2
_ENDLESS_DAY, _ENDLESS = 2.0**31 - 1, np.int64(2**63 - 1)
"""Infinite dates are the largest and smallest integer in Arrow, infinite timestamps are marked by the same days."""
_LARGEST, _NOT_A_NUMBER, _INFINITE = 1.797e308, 1.7972e308, 1.7975e308


def is_number(kind: pa.DataType) -> bool:
    return bool(pt.is_integer(kind) or pt.is_floating(kind) or pt.is_decimal(kind))


def is_day(kind: pa.DataType) -> bool:
    return bool(pt.is_date(kind) or pt.is_timestamp(kind))


def part_names(kind: pa.DataType) -> tuple[str, ...]:
    """The kinds of the parts that a column of this type is split into; empty when it is not numeric."""
    if pt.is_timestamp(kind):
        return ("day", "time")
    if pt.is_date(kind):
        return ("day",)
    if pt.is_time(kind):
        return ("time",)
    return ("number",) if is_number(kind) else ()


def to_parts(column: pa.ChunkedArray, *, marked: bool = False) -> tuple[Floats, ...]:
    """A numeric or datetime column as the arrays of its parts, each shape `(rows,)`.

    NaN and infinities count as null unless they are to be `marked`. DuckDB and PostgreSQL know infinite times: they come as
    the largest and smallest integer.
    """
    kind = column.type
    if pt.is_timestamp(kind):
        micros = _floats(column.cast(pa.timestamp("us", tz=kind.tz), safe=False).cast(pa.int64()))
        endless = np.abs(micros) >= 2.0**63
        day = np.floor(micros / DAY_MICROSECONDS)
        time = micros - day * DAY_MICROSECONDS
        day[endless] = np.sign(micros[endless]) * _ENDLESS_DAY if marked else np.nan
        time[endless] = 0.0 if marked else np.nan
        return day, time
    if pt.is_date(kind):
        days = _floats(column.cast(pa.date32()).cast(pa.int32()))
        if not marked:
            days[np.abs(days) >= _ENDLESS_DAY] = np.nan
        return (days,)
    if pt.is_time(kind):
        return (_floats(column.cast(pa.time64("us")).cast(pa.int64())),)
    return (_marked(column) if marked and pt.is_floating(kind) else _floats(column),)


def _floats(column: pa.ChunkedArray) -> Floats:
    values: Floats = np.array(column.cast(pa.float64(), safe=False).to_numpy(), dtype=np.float64)
    values[~np.isfinite(values)] = np.nan
    return values


def _marked(column: pa.ChunkedArray) -> Floats:
    values: Floats = np.array(column.cast(pa.float64()).to_numpy(), dtype=np.float64)
    finite, unknown = np.isfinite(values), np.isnan(values) & column.is_valid().to_numpy()
    endless = np.isinf(values)
    values[finite] = np.clip(values[finite], -_LARGEST, _LARGEST)
    values[endless] = np.sign(values[endless]) * _INFINITE
    values[unknown] = _NOT_A_NUMBER
    return values


def is_mark(values: Floats, part: str) -> NDArray[np.bool_]:
    """Which values of a part stand for NaN or an infinity."""
    size = np.abs(values)
    found: NDArray[np.bool_] = size == _ENDLESS_DAY if part == "day" else (size > _LARGEST) & (part == "number")
    return found


def has_marks(part: Part) -> bool:
    """Whether NaN or an infinity is among the values that were kept of a part."""
    ends = part.cells[:1] + part.cells[-1:]
    return bool(is_mark(np.asarray([low for low, _, _ in ends]), part.kind).any())


def without_marks(part: Part) -> Part:
    """The part without NaN and infinities; a zero stands for them where nothing else is there."""
    if not has_marks(part):
        return part
    kept = tuple(cell for cell in part.cells if not is_mark(np.asarray(cell[:1]), part.kind)[0])
    return replace(part, cells=kept or ((0.0, 0.0, sum(rows for _, _, rows in part.cells)),))


def from_parts(parts: Sequence[NDArray[np.floating[Any]]], kind: pa.DataType) -> pa.Array:
    """The inverse of `to_parts`, whether marked or not; values are clamped into the type's range."""
    missing = np.isnan(parts[0])
    clean = [np.where(missing | np.isnan(part), 0.0, part) for part in parts]
    if pt.is_timestamp(kind):
        bound = 106_750.0 if kind.unit == "ns" else 106_751_990.0  # days that fit into 64 bits
        days = np.clip(clean[0], -bound, bound).astype(np.int64)
        micros = days * np.int64(DAY_MICROSECONDS) + np.rint(clean[1]).astype(np.int64)
        if kind.unit == "us":
            micros = np.where(is_mark(clean[0], "day"), np.sign(clean[0]).astype(np.int64) * _ENDLESS, micros)
        return pa.array(micros, mask=missing).cast(pa.timestamp("us", tz=kind.tz)).cast(kind, safe=False)
    if pt.is_date(kind):
        bound = _ENDLESS_DAY if pt.is_date32(kind) else _MAX_DAY
        return pa.array(np.rint(np.clip(clean[0], -bound, bound)).astype(np.int32), mask=missing).cast(pa.date32()).cast(kind)
    if pt.is_time(kind):
        micros = np.clip(np.rint(clean[0]), 0, DAY_MICROSECONDS - 1).astype(np.int64)
        return pa.array(micros, mask=missing).cast(pa.time64("us")).cast(kind, safe=False)
    if pt.is_integer(kind):
        return _integers(clean[0], missing, kind)
    if pt.is_decimal(kind):
        return _decimals(clean[0], missing, kind)
    return pa.array(_unmarked(clean[0]), mask=missing).cast(kind, safe=False)


def _unmarked(values: Floats) -> Floats:
    size = np.abs(values)
    found: Floats = np.where(size >= _INFINITE, np.copysign(np.inf, values), np.where(size >= _NOT_A_NUMBER, np.nan, values))
    return found


def _integers(values: Floats, missing: NDArray[np.bool_], kind: pa.DataType) -> pa.Array:
    signed = pt.is_signed_integer(kind)
    low, high = (-(2.0 ** (kind.bit_width - 1)) if signed else 0.0), 2.0 ** (kind.bit_width - signed)
    highest = high - 1 if kind.bit_width < 64 else np.nextafter(high, 0.0)  # floats near 2**64 are far apart
    whole = np.clip(np.rint(values), low, highest)
    return pa.array(whole.astype(np.int64 if signed else np.uint64), mask=missing).cast(kind)


def _decimals(values: Floats, missing: NDArray[np.bool_], kind: pa.DataType) -> pa.Array:
    """Decimals of 128 bits from their unscaled integers, value by value: of what a float64 still counts one by one, and of text beyond."""
    bound = 10.0 ** (kind.precision - kind.scale)
    limit = min(bound - 10.0**-kind.scale, float(np.nextafter(bound, 0.0)))  # near the bound floats are far apart
    values = np.clip(values, -limit, limit)
    scaled = np.rint(values * 10.0**kind.scale)
    large = np.flatnonzero(np.abs(scaled) >= _MAX_EXACT)
    scaled[large] = 0.0
    words = np.empty((len(values), 2), dtype=np.int64)  # the lower half of 128 bits, then the upper one: the sign
    words[:, 0] = scaled.astype(np.int64)
    words[:, 1] = words[:, 0] >> 63
    most = 10 ** min(kind.precision, 38) - 1
    for row in large:
        unscaled = int(f"{values[row]:.{max(0, kind.scale)}f}".replace(".", "")) // 10 ** max(0, -kind.scale)
        words[row] = np.frombuffer(max(-most, min(most, unscaled)).to_bytes(16, "little", signed=True), dtype=np.int64)
    plain = pa.decimal128(min(kind.precision, 38), kind.scale)
    valid = pa.array(~missing).buffers()[1]
    return pa.Array.from_buffers(plain, len(values), [valid, pa.py_buffer(words.tobytes())]).cast(kind)


def whole_number(column: pa.ChunkedArray) -> Floats:
    """A number or time as one float64, NaN for null: days since the epoch for a date, microseconds for a timestamp."""
    parts = to_parts(column)
    return parts[0] * DAY_MICROSECONDS + parts[1] if len(parts) == 2 else parts[0]


def from_whole(values: Floats, kind: pa.DataType) -> pa.Array:
    """The inverse of `whole_number`."""
    if pt.is_timestamp(kind):
        return from_parts((np.floor(values / DAY_MICROSECONDS), values % DAY_MICROSECONDS), kind)
    return from_parts((values,), kind)


def step_of(values: Floats, part: str, entities: Ints, *, k: int) -> float:
    """The granularity of a part: the largest step of which every value is a multiple; 0 when there is none.

    Integers and microseconds by greatest common divisor; other numbers by the fewest decimals (at most 6) that hold them. What fewer
    than k of the `entities` have makes no difference: neither finer values of theirs, nor one that is the divisor of all the rest, as
    where these are zero.
    """
    if len(values) == 0:
        return 0.0
    countable = np.abs(values) < _MAX_EXACT  # larger ones are whole, and further apart than any step
    small = np.where(countable, values, 0.0)
    for digits in range(7):
        held = countable & (np.abs(np.round(small, digits) - small) <= (1e-9 if digits else 0.0))
        if held.all() or after_kth(entities[~held], 0, k) is None:
            if digits:
                return float(10.0**-digits)
            step = _divisor(np.abs(values[held]).astype(np.int64), entities[held], k=k)
            return step if part != "number" else min(step, 1e15)
    return 0.0


def _divisor(values: Ints, entities: Ints, *, k: int) -> float:
    """The greatest common divisor of values that k entities hold, or of all where k have others; never one that fewer than k hold."""
    found, codes, rows = np.unique(values, return_inverse=True, return_counts=True)
    if np.gcd.reduce(found) == 1 and np.gcd.reduce(found[rows >= k]) in (0, 1):
        return 1.0
    step = int(np.gcd.reduce(found[holders_of(codes, entities, size=len(found)) >= k]))
    beside = values % step != 0 if step else values > 0
    if after_kth(entities[beside], 0, k) is None:
        return float(max(step, 1))
    while after_kth(entities[values > 0], 0, k) is not None:
        step = int(np.gcd.reduce(values))
        theirs = values == step
        if not theirs.any() or after_kth(entities[theirs], 0, k) is not None:
            return float(step)
        values, entities = values[~theirs], entities[~theirs]
    return 1.0


def as_column(values: Floats) -> pa.ChunkedArray:
    """Numbers as a column of float64, NaN as null."""
    return pa.chunked_array([pa.array(values, mask=np.isnan(values))])
