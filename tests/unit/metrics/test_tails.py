"""The ends of columns: where they begin, and twins that have too few or too many rows there."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from warehouse_twin.metrics.replicates import row_groups
from warehouse_twin.metrics.score import Score
from warehouse_twin.metrics.sides import Side, Sides
from warehouse_twin.metrics.tails import End, ends, tails

NUMBERS = np.arange(20_000)


def side(values: np.ndarray, **more: object) -> Side:
    rows = pa.table({"x": pa.array(values, from_pandas=True), **more})
    return Side(rows, *row_groups(len(rows), seed=1))


def score(twin: np.ndarray, real: np.ndarray = NUMBERS, k: int = 10) -> Score:
    training = side(real)
    found = ends(training.rows, np.arange(len(real)), {}, k=k, rows=min(len(real), len(twin)))
    return tails(Sides("t", training, side(twin)), found)


def test_ends_are_where_so_many_rows_and_entities_lie_beyond() -> None:
    rows = pa.table({"x": NUMBERS, "word": [str(number % 3) for number in NUMBERS], "code": NUMBERS})
    many = np.arange(20_000)
    assert ends(rows, many, {"code": "categorical"}, k=10, rows=100_000) == [End("x", "low", 19), End("x", "high", 19_980)]
    assert ends(rows, many, {"code": "categorical"}, k=10, rows=2_000) == [End("x", "low", 299), End("x", "high", 19_700)]
    assert ends(rows, many, {"code": "categorical"}, k=50, rows=100_000) == [End("x", "low", 99), End("x", "high", 19_900)]
    assert ends(rows, many // 20, {"code": "categorical"}, k=10, rows=100_000)[0] == End("x", "low", 380)  # 20 entities, the last begins
    assert ends(rows, many % 15, {}, k=10, rows=100_000) == []
    assert ends(rows, many, {}, k=10, rows=100) == []
    assert ends(rows.slice(0, 0), many[:0], {}, k=10, rows=0) == []


def test_tails_that_are_cut_are_named_and_those_that_are_too_heavy() -> None:
    rng = np.random.default_rng(1)
    real = rng.normal(size=20_000)
    assert score(rng.normal(size=20_000), real).high > 0.9
    cut = score(np.minimum(rng.normal(size=20_000), 2.5), real)
    assert (cut.value, cut.high, cut.columns) == (0.0, 0.0, ("x", "high"))
    heavy = score(rng.standard_t(4, size=20_000), real)
    assert heavy.high < 0.5
    assert score(-np.abs(rng.normal(size=20_000)), real).columns == ("x", "high")


def test_half_of_the_rows_beyond_are_half() -> None:
    twin = NUMBERS.copy()
    twin[[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14]] = 5_000
    found = score(twin)
    assert found.value == pytest.approx(0.5)
    assert found.columns == ("x", "low")


def test_days_have_tails_and_missing_values_none() -> None:
    real = side(NUMBERS, at=pa.array(NUMBERS, pa.int32()).cast(pa.date32()), none=pa.array([None] * 20_000, pa.float64()))
    found = ends(real.rows, NUMBERS, {}, k=10, rows=20_000)
    assert {end.column for end in found} == {"x", "at"}
    gone = Side(real.rows.set_column(1, "at", pa.array([None] * 20_000, pa.date32())), real.group, real.groups)
    lost = tails(Sides("t", real, gone, holdout=real), found)
    assert (lost.value, lost.columns[0], lost.ceiling) == (0.0, "at", 1.0)


def test_without_rows_nothing_is_said_and_without_an_end_nothing_can_be_lost() -> None:
    empty = score(NUMBERS[:0])
    assert (empty.n, empty.low, empty.high) == (0, 0.0, 1.0)
    few = score(NUMBERS[:50], NUMBERS[:50])
    assert (few.value, few.low, few.n, few.columns) == (1.0, 1.0, 50, ())
