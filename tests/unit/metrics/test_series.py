"""Autocorrelation over calendar time: of the number of rows, and of the mean of a column."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from warehouse_twin.metrics.replicates import row_groups
from warehouse_twin.metrics.score import Score
from warehouse_twin.metrics.series import MOST_PERIODS, _autocorrelations, _Periods, autocorrelation
from warehouse_twin.metrics.sides import Side, Sides

DAY = 86_400_000_000
ROWS, PERIODS = 3_000, 200


def side(at: np.ndarray, price: np.ndarray, luck: np.ndarray) -> Side:
    rows = pa.table({"at": at.astype("M8[us]"), "price": pa.array(price, from_pandas=True), "luck": luck})
    return Side(rows, *row_groups(len(rows), seed=1))


def sales(seed: int, *, wave: bool = True, weekend: bool = True) -> Side:
    """A price that goes up and down over forty days, and three times as many sales at weekends."""
    rng = np.random.default_rng(seed)
    day = rng.choice(PERIODS, ROWS, p=_weights(weekend=weekend))
    level = np.sin(2 * np.pi * day / 40) if wave else np.zeros(ROWS)
    return side(day * DAY + rng.integers(0, DAY, ROWS), level + rng.normal(0, 0.5, ROWS), rng.normal(size=ROWS))


def _weights(*, weekend: bool) -> np.ndarray:
    weights = np.where(np.arange(PERIODS) % 7 > 4, 3.0 if weekend else 1.0, 1.0)
    return weights / weights.sum()


def score(twin: Side) -> Score:
    return autocorrelation(Sides("t", sales(1), twin, sales(3, wave=False), sales(4)), ["price", "luck"])


def test_another_draw_has_the_same_waves_and_one_without_them_is_named() -> None:
    good, flat = score(sales(2)), score(sales(2, wave=False))
    assert good.value > good.ceiling - 0.08
    assert flat.columns == ("at", "price")
    assert flat.high < flat.ceiling - 0.1
    assert flat.value == pytest.approx(flat.floor, abs=0.05)


def test_weekends_that_are_lost_are_named() -> None:
    lost = score(sales(2, weekend=False))
    assert lost.columns == ("at", "rows")
    assert lost.high < lost.ceiling - 0.1


def test_the_autocorrelation_of_a_series_that_alternates() -> None:
    assert _autocorrelations(np.asarray([1.0, -1.0] * 50), 2) == pytest.approx([-0.99, 0.98])
    assert _autocorrelations(np.full(10, 3.0), 2).tolist() == [0.0, 0.0]
    assert _autocorrelations(np.ones((4, 10)), 0).shape == (4, 0)


def test_a_moment_without_a_series_agrees_and_nothing_says_nothing() -> None:
    one = side(np.full(100, DAY), np.arange(100.0), np.zeros(100))
    assert autocorrelation(Sides("t", one, one), ["price"]).value == 1.0
    empty = side(np.zeros(0), np.zeros(0), np.zeros(0))
    nulls = Side(one.rows.set_column(0, "at", pa.array([None] * 100, pa.timestamp("us"))), one.group, one.groups)
    numbers = Side(pa.table({"id": [1, 2]}), *row_groups(2, seed=1))
    for sides in (Sides("t", one, empty), Sides("t", empty, one), Sides("t", nulls, one), Sides("t", numbers, numbers)):
        found = autocorrelation(sides, ["price"] if sides.training is not numbers else ["id"])
        assert (found.n, found.low, found.high) == (0, 0.0, 1.0)
    unpriced = Side(one.rows.set_column(1, "price", pa.array([None] * 100, pa.float64())), one.group, one.groups)
    assert autocorrelation(Sides("t", unpriced, one), ["price"]).value == 1.0
    assert autocorrelation(Sides("t", one, nulls), ["price"]).n == 100


def test_times_that_lie_thousands_of_years_apart_make_no_more_periods_than_others() -> None:
    days = pa.array(np.linspace(-700_000, 2_900_000, 400).astype(np.int32)).cast(pa.date32())
    known = np.asarray(days.cast(pa.timestamp("us")).cast(pa.int64()))
    periods = _Periods.over("at", known, rows=400)
    assert MOST_PERIODS / 2 < periods.count <= MOST_PERIODS + 1
    assert periods.length > 30 * 86_400_000_000
