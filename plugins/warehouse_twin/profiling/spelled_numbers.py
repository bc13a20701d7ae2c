"""Numbers that are spelled: values of some types arrive as text and are modelled as the numbers they are.

An interval is its months, days and microseconds, which no two of can be told in one another; a time with a zone is the time there
and how far east it is. Money and integers that no other type holds are one number, as exact as a float64 is.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from warehouse_twin.warehouses.catalog import Table

Floats = NDArray[np.float64]
PARTS: dict[str, tuple[Literal["number", "time"], ...]] = {
    "INTERVAL": ("number", "number", "number"),
    "TIME WITH TIME ZONE": ("time", "number"),
    "BIGNUM": ("number",),
    "UHUGEINT": ("number",),
    "money": ("number",),
}
"""The parts of each type."""
_INTERVAL = (
    r"^(?:(?P<years>-?\d+) years? ?)?(?:(?P<months>-?\d+) months? ?)?(?:(?P<days>-?\d+) days? ?)?"
    r"(?:(?P<sign>-)?(?P<hours>\d+):(?P<minutes>\d+):(?P<seconds>\d+(?:\.\d+)?))?$"
)
_ZONED = (
    r"^(?P<hours>\d+):(?P<minutes>\d+):(?P<seconds>\d+(?:\.\d+)?)"
    r"(?P<sign>[-+])(?P<east>\d+)(?::(?P<east_minutes>\d+))?(?::(?P<east_seconds>\d+))?$"
)
_SECOND, _DAY = 1_000_000, 86_400_000_000
_MONTH_DAYS = 30.4375
_LARGEST = {"BIGNUM": 1e300, "UHUGEINT": float(np.nextafter(2.0**128, 0.0)), "money": 9e16}
_FARTHEST = 57_599.0
"""seconds east or west of Greenwich: less than 16 hours"""


def to_numbers(column: pa.ChunkedArray, sql_type: str) -> tuple[Floats, ...]:
    """Texts of a type of `PARTS` as one array a part, each shape `(rows,)`, NaN for null and for what is no value of the type."""
    if sql_type == "INTERVAL":
        found = _Groups(column, _INTERVAL)
        time = np.where(found.is_text("sign", "-"), -1.0, 1.0) * found.clock("hours", "minutes", "seconds")
        return found.number("years") * 12 + found.number("months"), found.number("days"), time
    if sql_type == "TIME WITH TIME ZONE":
        found = _Groups(column, _ZONED)
        east = found.clock("east", "east_minutes", "east_seconds") / _SECOND
        return found.clock("hours", "minutes", "seconds"), np.where(found.is_text("sign", "-"), -east, east)
    return (_whole(column),)


def from_numbers(parts: tuple[Floats, ...], sql_type: str) -> list[str | None]:
    """The inverse of `to_numbers`, spelled as DuckDB spells it."""
    missing = np.isnan(parts[0])
    if sql_type == "TIME WITH TIME ZONE":
        parts = np.clip(parts[0], 0, _DAY - 1), np.clip(parts[1], -_FARTHEST, _FARTHEST)
    elif sql_type in _LARGEST:
        low = 0.0 if sql_type == "UHUGEINT" else -_LARGEST[sql_type]
        parts = (np.clip(parts[0], low, _LARGEST[sql_type]),)
    rows = zip(*(np.where(np.isnan(part), 0.0, part).tolist() for part in parts), strict=True)
    return [None if gone else _spelled(row, sql_type) for gone, row in zip(missing.tolist(), rows, strict=True)]


def with_numbers(rows: pa.Table, table: Table) -> pa.Table:
    """Rows of a table in which spelled numbers are numbers, to be compared: intervals in seconds, times with a zone at Greenwich."""
    for column in table.columns:
        sql_type = column.native_type if column.native_type == "money" else column.sql_type
        place = rows.column_names.index(column.name) if sql_type in PARTS and column.name in rows.column_names else -1
        if place >= 0 and pa.types.is_string(rows.schema.field(place).type):
            values = _one(to_numbers(rows.column(place), sql_type), sql_type)
            rows = rows.set_column(place, column.name, pa.array(values, mask=np.isnan(values)))
    return rows


def _one(parts: tuple[Floats, ...], sql_type: str) -> Floats:
    if sql_type == "INTERVAL":
        months, days, micros = parts
        return (months * _MONTH_DAYS + days) * (_DAY / _SECOND) + micros / _SECOND
    return parts[0] / _SECOND - parts[1] if sql_type == "TIME WITH TIME ZONE" else parts[0]


class _Groups:
    """The groups of a pattern in each text of a column."""

    def __init__(self, column: pa.ChunkedArray, pattern: str) -> None:
        self.found = pc.extract_regex(column.cast(pa.string()), pattern)

    def text(self, name: str) -> pa.ChunkedArray:
        return pc.struct_field(self.found, name)

    def is_text(self, name: str, wanted: str) -> NDArray[np.bool_]:
        same: NDArray[np.bool_] = pc.fill_null(pc.equal(self.text(name), wanted), False).to_numpy()
        return same

    def number(self, name: str) -> Floats:
        """0 where the text has no such group."""
        text = self.text(name)
        filled = pc.if_else(pc.equal(text, ""), "0", text)
        return np.array(filled.cast(pa.float64()).to_numpy(), dtype=np.float64)

    def clock(self, hours: str, minutes: str, seconds: str) -> Floats:
        """Microseconds."""
        return (self.number(hours) * 3600 + self.number(minutes) * 60) * _SECOND + np.rint(self.number(seconds) * _SECOND)


def _whole(column: pa.ChunkedArray) -> Floats:
    text = pc.if_else(pc.match_substring_regex(column.cast(pa.string()), r"^-?\d+(?:\.\d+)?$"), column.cast(pa.string()), None)
    values = np.array(text.cast(pa.float64()).to_numpy(), dtype=np.float64)
    return np.where(np.isfinite(values), values, np.nan)


def _spelled(row: tuple[float, ...], sql_type: str) -> str:
    if sql_type == "INTERVAL":
        return _interval(*(round(part) for part in row))
    if sql_type == "TIME WITH TIME ZONE":
        return _clock(round(row[0])) + _zone(round(row[1]))
    return f"{row[0]:.2f}" if sql_type == "money" else str(round(row[0]))


def _interval(months: int, days: int, micros: int) -> str:
    years, months = (abs(months) // 12, abs(months) % 12) if months >= 0 else (-(-months // 12), -(-months % 12))
    units = [(years, "year"), (months, "month"), (days, "day")]
    words = [f"{count} {unit}{'' if abs(count) == 1 else 's'}" for count, unit in units if count]
    if micros or not words:
        words.append(("-" if micros < 0 else "") + _clock(abs(micros)))
    return " ".join(words)


def _clock(micros: int) -> str:
    seconds, fraction = divmod(micros, _SECOND)
    text = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    return f"{text}.{fraction:06}".rstrip("0") if fraction else text


def _zone(east: int) -> str:
    hours, minutes, seconds = abs(east) // 3600, abs(east) // 60 % 60, abs(east) % 60
    text = f"{'-' if east < 0 else '+'}{hours:02}"
    text += f":{minutes:02}" if minutes or seconds else ""
    return f"{text}:{seconds:02}" if seconds else text
