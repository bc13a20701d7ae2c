"""Evenly spaced values: of a range, or counted on by a sequence. Exact: whole numbers in the type's smallest unit until the end.

The unit of a date is a day, of a timestamp or time a microsecond (their steps are written in days and seconds), of a decimal its
last place, of a whole number one. Numbers with a floating point have the places that the manifest writes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.types as pt
from numpy.typing import NDArray

from warehouse_twin.generators.sql_types import Family, family_of, places_of, whole_bounds
from warehouse_twin.randomness import permuted, random_bits, uniforms

Ints = NDArray[np.int64]
_SECOND = 1_000_000
_MOST = 2**62
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SPACED: tuple[Family, ...] = ("whole", "decimal", "float", "date", "timestamp", "time")
"""The families of types that have evenly spaced values."""


class GridError(ValueError):
    """Bounds or a step that the column's type does not have."""


@dataclass(frozen=True, slots=True)
class Grid:
    """`size` values from `start` on, `step` apart, in units of 10^-`places`; `size` 0 is no end. `smooth`: anything between."""

    start: int
    step: int
    size: int
    places: int = 0
    smooth: bool = False

    def spread(self, counters: Ints, *, seed: int) -> NDArray[np.int64] | NDArray[np.float64]:
        """A value a counter, each as often as any other."""
        if self.smooth:
            return self.start + uniforms(counters, seed=seed, stream="range") * (self.size - 1) * self.step
        picked = random_bits(counters, seed=seed, stream="range") % np.uint64(self.size)
        return self.start + picked.astype(np.int64) * self.step

    def spread_apart(self, counters: Ints, *, seed: int) -> Ints:
        """A value a counter, none twice for counters below `size`."""
        return self.start + permuted(counters, size=self.size, seed=seed, stream="range") * self.step

    def counted(self, numbers: Ints) -> Ints:
        """The values at these places, counted from 0."""
        return self.start + numbers * self.step

    def last(self, rows: int) -> int:
        return self.start + max(0, rows - 1) * self.step


def range_grid(detail: Mapping[str, Any], sql_type: str) -> Grid:
    """The grid of a range. Raises GridError where the type does not have its bounds or its step."""
    family = family_of(sql_type)
    step = detail["step"]
    places = _places(family, sql_type, detail["from"], detail["to"], step)
    low, high = (unit_value(detail[word], sql_type, places) for word in ("from", "to"))
    if high < low:
        raise GridError(f"from {detail['from']} to {detail['to']} is empty; wanted the lower bound first")
    if family == "float" and step is None:
        return Grid(low, 1, high - low + 1, places, smooth=True)
    apart = _step(family, sql_type, step, places)
    if apart < 0:
        raise GridError(f"step {step}: wanted one above 0")
    return Grid(low, apart, (high - low) // apart + 1, places)


def sequence_grid(detail: Mapping[str, Any], sql_type: str) -> Grid:
    """The grid of a sequence, without an end. Raises GridError as `range_grid` does."""
    family = family_of(sql_type)
    places = _places(family, sql_type, detail["start"], detail["step"])
    return Grid(unit_value(detail["start"], sql_type, places), _step(family, sql_type, detail["step"], places), 0, places)


def _places(family: Family, sql_type: str, *values: Any) -> int:
    if family == "decimal":
        return places_of(sql_type)
    if family != "float":
        return 0
    return max(0, *(-int(_number(value).as_tuple().exponent) for value in values if value is not None))


def _step(family: Family, sql_type: str, step: Any, places: int) -> int:
    """A step in units; by default one of a whole number or a day, the last place of a decimal, a second of a time."""
    if step is None:
        return _SECOND if family in ("timestamp", "time") else 1
    number = _number(step)
    units = number * {"timestamp": _SECOND, "time": _SECOND}.get(family, 10**places)
    if units != units.to_integral_value() or not units or abs(units) > _MOST:
        raise GridError(f"step {step}: {sql_type} has no such step")
    return int(units)


def unit_value(value: Any, sql_type: str, places: int) -> int:
    """A value of the manifest in units of the type. Raises GridError where it is none."""
    family = family_of(sql_type)
    if family in ("date", "timestamp", "time"):
        return _time_value(value, family, sql_type)
    number = _number(value) * 10**places
    if number != number.to_integral_value():
        raise GridError(f"{value}: {sql_type} has {places} decimal places" if family == "decimal" else f"{value}: wanted a whole number")
    low, high = whole_bounds(sql_type)
    if not max(low, -_MOST) <= number <= min(high, _MOST):
        raise GridError(f"{value}: outside of what {sql_type} and the engine's 18 digits hold")
    return int(number)


def _time_value(value: Any, family: Family, sql_type: str) -> int:
    text = str(value)
    try:
        if family == "date":
            return date.fromisoformat(text).toordinal() - _EPOCH.date().toordinal()
        if family == "time":
            clock = time.fromisoformat(text)
            return ((clock.hour * 60 + clock.minute) * 60 + clock.second) * _SECOND + clock.microsecond
        moment = datetime.fromisoformat(text)
    except ValueError:
        wanted = {"date": "2024-12-31", "time": "08:30:00"}.get(family, "2024-12-31 08:30:00")
        raise GridError(f"{text!r} is no {sql_type}; wanted one such as {wanted}") from None
    gone = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - _EPOCH
    return (gone.days * 86_400 + gone.seconds) * _SECOND + gone.microseconds


def _number(value: Any) -> Decimal:
    try:
        if isinstance(value, bool):
            raise InvalidOperation
        number = Decimal(str(value))
    except InvalidOperation:
        raise GridError(f"{value!r} is no number; wanted one") from None
    if not number.is_finite() or abs(number.adjusted()) > 30 or int(number.as_tuple().exponent) < -15:
        raise GridError(f"{value} has too many digits; wanted at most 15 decimal places and 18 digits")
    return number


def as_values(units: NDArray[Any], grid: Grid, kind: pa.DataType) -> pa.Array:
    """Units as values of an Arrow type. Raises pyarrow.ArrowInvalid where the type does not hold one."""
    if pt.is_floating(kind):
        return pa.array(units / 10.0**grid.places).cast(kind)
    if pt.is_decimal(kind):
        return _decimals(units.astype(np.int64), grid.places, kind)
    if pt.is_date(kind):
        return pa.array(units.astype(np.int64)).cast(pa.int32()).cast(pa.date32()).cast(kind)
    if pt.is_timestamp(kind):
        return pa.array(units.astype(np.int64)).cast(pa.timestamp("us", tz=kind.tz)).cast(kind)
    if pt.is_time(kind):
        return pa.array(units.astype(np.int64)).cast(pa.time64("us")).cast(kind)
    return pa.array(units.astype(np.int64)).cast(kind)


def _decimals(units: Ints, places: int, kind: pa.DataType) -> pa.Array:
    """Decimals from their unscaled integers: the lower 64 bits of 128, and the sign above them."""
    words = np.empty((len(units), 2), dtype=np.int64)
    words[:, 0], words[:, 1] = units, units >> 63
    return pa.Array.from_buffers(pa.decimal128(38, places), len(units), [None, pa.py_buffer(words.tobytes())]).cast(kind)
