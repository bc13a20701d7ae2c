"""Where time begins and ends, and how rows are spread over it, on rows whose days are known by hand."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pyarrow as pa
import pytest

from warehouse_twin.metrics.calendars import horizon
from warehouse_twin.metrics.replicates import row_groups
from warehouse_twin.metrics.score import Score
from warehouse_twin.metrics.sides import Side, Sides

FIRST = dt.date(2010, 1, 1).toordinal() - dt.date(1970, 1, 1).toordinal()
DAYS = np.arange(2_000)


def side(days: np.ndarray, **more: pa.Array) -> Side:
    """Days since 2010; NaN for none."""
    whole = np.where(np.isnan(days), 0, days).astype(np.int32)
    rows = pa.table({"at": pa.array(FIRST + whole, pa.int32(), mask=np.isnan(days)).cast(pa.date32()), **more})
    return Side(rows, *row_groups(len(rows), seed=1))


def of(training: np.ndarray, twin: np.ndarray, holdout: np.ndarray | None = None) -> Score:
    kinds = [side(days.astype(np.float64)) for days in (training, twin)]
    return horizon(Sides("t", *kinds, holdout=None if holdout is None else side(holdout.astype(np.float64))))


def test_the_same_days_are_equal_and_another_draw_is_as_good_as_a_real_one() -> None:
    assert of(DAYS, DAYS).value == 1.0
    rng = np.random.default_rng(1)
    score = of(rng.integers(0, 2_000, 2_000), rng.integers(0, 2_000, 2_000), rng.integers(0, 2_000, 2_000))
    assert score.value > score.ceiling - 0.03


@pytest.mark.parametrize(
    ("twin", "said"),
    [
        (DAYS * 0.8, "ends early"),
        (DAYS * 1.3, "ends late"),
        (400 + DAYS * 0.8, "begins late"),
        (DAYS * 1.2 - 400, "begins early"),
    ],
)
def test_an_end_that_is_off_is_named(twin: np.ndarray, said: str) -> None:
    score = of(DAYS, np.floor(twin))
    assert score.columns[0] == "at"
    assert said in score.columns[1]
    assert score.high < 0.86


def test_a_twin_that_stops_a_year_early_is_named_though_few_rows_are_there() -> None:
    """A tenth of the rows in the last half of the time."""
    grown = np.r_[np.repeat(np.arange(1_000), 9), np.arange(1_000, 2_000)]
    cut = np.where(grown >= 1_600, grown - 1_600, grown)
    score = of(grown, cut)
    assert score.columns == ("at", "ends early")
    assert score.value == pytest.approx(0.8, abs=0.02)
    assert score.high < 0.85


def test_growth_that_is_lost_is_seen_as_a_spread() -> None:
    growing = np.sort((2_000 * np.sqrt(np.linspace(0, 0.9999, 2_000))).astype(int))
    score = of(growing, DAYS)
    assert score.columns[1].startswith("spread")
    assert score.value == pytest.approx(0.75, abs=0.02)


def test_one_day_or_none_at_all() -> None:
    same = np.full(200, 5)
    assert of(same, same).value == 1.0
    assert of(same, same + 1).value == 0.0
    nothing = np.full(200, np.nan)
    assert of(nothing, nothing).n == 0
    assert of(same, nothing).value == 0.0
    for score in (of(same[:0], same), of(same, same[:0])):
        assert (score.n, score.low, score.high) == (0, 0.0, 1.0)
    numbers = Side(pa.table({"id": [1, 2]}), *row_groups(2, seed=1))
    assert horizon(Sides("t", numbers, numbers)).n == 0
