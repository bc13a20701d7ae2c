from __future__ import annotations

from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from warehouse_twin.generators.grids import GridError, as_values, range_grid, sequence_grid

COUNTERS = np.arange(3_000, dtype=np.int64)


def made(low: Any, high: Any, sql_type: str, kind: pa.DataType, step: Any = None) -> list[Any]:
    grid = range_grid({"from": low, "to": high, "step": step, "distribution": "uniform"}, sql_type)
    return as_values(grid.spread(COUNTERS, seed=1), grid, kind).to_pylist()


@pytest.mark.parametrize(
    ("low", "high", "sql_type", "kind", "step", "wanted"),
    [
        (-1, 1, "TINYINT", pa.int8(), None, {-1, 0, 1}),
        (0, 10, "INTEGER", pa.int32(), 5, {0, 5, 10}),
        (0, 10, "UBIGINT", pa.uint64(), 4, {0, 4, 8}),
        ("9.98", 10, "DECIMAL(6,2)", pa.decimal128(6, 2), None, {Decimal("9.98"), Decimal("9.99"), Decimal("10.00")}),
        (0, 1, "DECIMAL(38,10)", pa.decimal128(38, 10), "0.5", {Decimal("0"), Decimal("0.5"), Decimal("1")}),
        (0.1, 0.3, "DOUBLE", pa.float64(), 0.1, {0.1, 0.2, 0.3}),
        ("1899-12-30", "1900-01-01", "DATE", pa.date32(), None, {date(1899, 12, 30), date(1899, 12, 31), date(1900, 1, 1)}),
        ("2024-02-28", "2024-03-01", "DATE", pa.date32(), 2, {date(2024, 2, 28), date(2024, 3, 1)}),
        ("2024-01-01", "2024-01-01 00:30", "TIMESTAMP", pa.timestamp("us"), 1800, {datetime(2024, 1, 1), datetime(2024, 1, 1, 0, 30)}),
        ("08:00", "08:00:01", "TIME", pa.time64("us"), None, {time(8), time(8, 0, 1)}),
    ],
)
def test_a_range_has_every_step_from_bound_to_bound(
    low: Any, high: Any, sql_type: str, kind: pa.DataType, step: Any, wanted: set[Any]
) -> None:
    assert set(made(low, high, sql_type, kind, step)) == wanted


def test_a_moment_with_a_zone_is_that_moment() -> None:
    kind = pa.timestamp("us", tz="UTC")
    found = made("2024-01-01 02:00+02:00", "2024-01-01 00:00:00+00:00", "TIMESTAMP WITH TIME ZONE", kind)
    assert set(found) == {datetime(2024, 1, 1, tzinfo=UTC)}


def test_a_floating_point_without_a_step_has_anything_between() -> None:
    found = made(0.5, 1, "DOUBLE", pa.float64())
    assert 0.5 <= min(found) < 0.51
    assert 0.99 < max(found) < 1
    assert len(set(found)) == len(found)


def test_a_range_is_spread_evenly() -> None:
    counts = np.bincount(made(0, 3, "INTEGER", pa.int32()))
    assert (abs(counts - 750) < 120).all()


def test_no_value_stands_twice_where_none_may() -> None:
    grid = range_grid({"from": 10, "to": 20, "step": 1}, "INTEGER")
    assert sorted(grid.spread_apart(np.arange(11), seed=2)) == list(range(10, 21))


def test_a_sequence_counts_on_by_its_step() -> None:
    days = sequence_grid({"start": "2024-12-30", "step": 7}, "DATE")
    assert as_values(days.counted(np.arange(2)), days, pa.date32()).to_pylist() == [date(2024, 12, 30), date(2025, 1, 6)]
    down = sequence_grid({"start": "0.3", "step": -0.1}, "DECIMAL(4,1)")
    assert as_values(down.counted(np.arange(3)), down, pa.decimal128(4, 1)).to_pylist() == [Decimal("0.3"), Decimal("0.2"), Decimal("0.1")]


@pytest.mark.parametrize(
    ("low", "high", "step", "sql_type", "said"),
    [
        (2, 1, None, "INTEGER", "is empty"),
        (0, 300, None, "TINYINT", "outside of what TINYINT"),
        (-1, 3, None, "UINTEGER", "outside of what UINTEGER"),
        (0.5, 3, None, "INTEGER", "wanted a whole number"),
        (0, "1.005", None, "DECIMAL(6,2)", "has 2 decimal places"),
        ("a", 3, None, "INTEGER", "is no number"),
        (True, 3, None, "INTEGER", "is no number"),
        ("1e400", 3, None, "DOUBLE", "too many digits"),
        (0, 3, -1, "INTEGER", "above 0"),
        (0, 3, 0, "INTEGER", "no such step"),
        (0, 3, 0.5, "INTEGER", "no such step"),
        ("2024-02-30", "2024-03-01", None, "DATE", "is no DATE"),
        ("2024-01-01", "soon", None, "TIMESTAMP", "is no TIMESTAMP"),
        ("8 o'clock", "09:00", None, "TIME", "is no TIME"),
    ],
)
def test_bounds_that_the_type_does_not_have_are_named(low: Any, high: Any, step: Any, sql_type: str, said: str) -> None:
    with pytest.raises(GridError, match=said):
        range_grid({"from": low, "to": high, "step": step}, sql_type)
