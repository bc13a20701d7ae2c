"""Moments in order, calendars and gaps, on rows whose figures are known by hand."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pyarrow as pa
import pytest

from warehouse_twin.metrics.replicates import row_groups
from warehouse_twin.metrics.sides import Side, Sides
from warehouse_twin.metrics.times import event_gaps, gaps_of, seasonality, time_order, times_of

START = dt.datetime(2024, 1, 1)  # a Monday
HOURS = np.arange(960)


def side(rows: pa.Table) -> Side:
    return Side(rows, *row_groups(len(rows), seed=1))


def moments(hours: np.ndarray) -> pa.Array:
    return pa.array([None if np.isnan(hour) else START + dt.timedelta(hours=float(hour)) for hour in hours], pa.timestamp("us"))


def sides(training: pa.Table, synthetic: pa.Table, floor: pa.Table | None = None, holdout: pa.Table | None = None) -> Sides:
    return Sides("t", side(training), side(synthetic), None if floor is None else side(floor), None if holdout is None else side(holdout))


def trips(start: np.ndarray, end: np.ndarray) -> pa.Table:
    return pa.table({"id": np.arange(len(start)), "start": moments(start), "end": moments(end)})


def test_only_days_and_moments_are_times() -> None:
    rows = pa.table(
        {"a": [1], "b": pa.array([0], pa.date32()), "c": pa.array([0], pa.time64("us")), "d": pa.array([0], pa.timestamp("ms"))}
    )
    assert times_of(rows) == ("b", "d")


def test_the_order_within_a_row_is_kept_or_broken() -> None:
    real = trips(HOURS, HOURS + 2.0)
    half = trips(HOURS, HOURS + np.where(HOURS % 2 == 0, 2.0, -2.0))
    same, broken = time_order(sides(real, real, half, real)), time_order(sides(real, half))
    assert (same.value, same.floor, same.ceiling, same.columns) == (1.0, 0.5, 1.0, ("start", "end"))
    assert broken.value == 0.5
    assert broken.high < 0.6


def test_moments_that_coincide_or_are_missing_count_by_themselves() -> None:
    real = trips(HOURS, np.where(HOURS % 4 == 0, np.nan, HOURS + (HOURS % 4 == 1)))
    assert time_order(sides(real, real)).value == 1.0
    assert time_order(sides(real, trips(HOURS, HOURS + (HOURS % 4 == 1)))).value == pytest.approx(0.75)
    assert time_order(sides(real, trips(np.full(960, np.nan), np.full(960, np.nan)))).value == 0.0


def test_a_day_and_a_moment_compare_as_days() -> None:
    rows = trips(HOURS + 9.0, HOURS + 9.0)
    rows = rows.set_column(2, "end", rows.column("end").cast(pa.date32()))
    later = rows.set_column(1, "start", moments(HOURS + 9.0 + 48))
    assert time_order(sides(rows, rows)).value == 1.0
    assert time_order(sides(rows, later)).value == 0.0


def test_the_worst_pair_is_named() -> None:
    real = trips(HOURS, HOURS + 2.0).append_column("paid", moments(HOURS + 3.0))
    twin = trips(HOURS, HOURS + 2.0).append_column("paid", moments(HOURS - 1.0))
    assert time_order(sides(real, twin)).columns == ("start", "paid")
    assert time_order(sides(real, twin), [("start", "end")]).value == 1.0


def test_seasons_that_are_lost_are_named() -> None:
    real = pa.table({"at": moments(24.0 * (HOURS // 4) + 9 + HOURS % 4)})  # four events a day, from nine to noon
    spread = pa.table({"at": moments(HOURS * 6.0)})
    kept, lost = seasonality(sides(real, real, spread, real)), seasonality(sides(real, spread))
    assert (kept.value, kept.ceiling) == (1.0, 1.0)
    assert lost.columns == ("at", "hour")
    assert lost.value == 0.25  # noon is all they share
    assert lost.high < 0.5


def test_weekdays_and_months_count_from_monday_and_january() -> None:
    mondays = pa.table({"at": pa.array([dt.date(2024, 1, 1) + dt.timedelta(days=7 * week) for week in range(520)])})
    tuesdays = pa.table({"at": pa.array([dt.date(2024, 1, 2) + dt.timedelta(days=7 * week) for week in range(520)])})
    found = seasonality(sides(mondays, tuesdays))
    assert (found.value, found.columns) == (0.0, ("at", "weekday"))
    januaries = pa.table({"at": pa.array([dt.date(2024, 1, 1 + day % 28) for day in range(560)])})
    junes = pa.table({"at": pa.array([dt.date(2026, 6, 1 + day % 28) for day in range(560)])})  # also from a Monday on
    found = seasonality(sides(januaries, junes))
    assert (found.value, found.columns) == (0.0, ("at", "month"))


def test_gaps_are_between_events_of_one_parent() -> None:
    at = moments(np.asarray([5.0, 1.0, 2.0, 9.0, np.nan, 4.0, 7.0]))
    gaps, ends = gaps_of(pa.chunked_array([at]), np.asarray([0, 0, 0, 1, 0, -1, 1]))
    hour = 3_600_000_000
    assert gaps.to_pydict() == {"gap": [hour, 3 * hour, 2 * hour], "before": [None, hour, None]}
    assert ends.tolist() == [2, 0, 3]


@pytest.mark.parametrize("rows", [0, 1])
def test_one_event_has_no_gap(rows: int) -> None:
    gaps, ends = gaps_of(pa.chunked_array([moments(np.zeros(rows))]), np.zeros(rows, dtype=np.int64))
    assert (len(gaps), len(ends)) == (0, 0)


def bursts(seed: int, *, together: bool = True) -> pa.Table:
    """Gaps in bursts: short after short, long after long; or the same gaps in any order. Fifty parents of forty events."""
    rng = np.random.default_rng(seed)
    long = np.cumsum(rng.random((50, 40)) < 0.2, axis=1) % 2 == 0
    gaps = np.where(long, rng.exponential(50, (50, 40)), rng.exponential(1, (50, 40)))
    if not together:
        gaps = rng.permuted(gaps.ravel()).reshape(50, 40)
    times = np.cumsum(gaps, axis=1).ravel()
    return gaps_of(pa.chunked_array([moments(times)]), np.repeat(np.arange(50), 40))[0]


def test_gaps_and_what_follows_a_gap_are_compared() -> None:
    real, mixed = bursts(1), bursts(2, together=False)
    kept, lost = event_gaps(sides(real, bursts(2), mixed, bursts(3))), event_gaps(sides(real, mixed))
    assert kept.low < kept.ceiling < kept.high + 0.02
    assert lost.high < kept.low
    even = real.set_column(0, "gap", pa.array(np.full(len(real), 10**10)))
    assert event_gaps(sides(real, even)).value < 0.3


def test_without_times_rows_or_gaps_they_say_nothing() -> None:
    none, few = pa.table({"id": [1, 2]}), trips(HOURS, HOURS + 1.0)
    gaps = bursts(1)
    for found in (
        time_order(sides(none, none)),
        seasonality(sides(none, none)),
        time_order(sides(few, few.slice(0, 0))),
        seasonality(sides(few.slice(0, 0), few)),
        event_gaps(sides(gaps.slice(0, 0), gaps)),
    ):
        assert (found.n, found.low, found.high) == (0, 0.0, 1.0)
