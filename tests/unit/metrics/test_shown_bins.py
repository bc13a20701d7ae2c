"""Bins that are shown have round ends, and hold k entities each; no value of fewer is in a label."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from warehouse_twin.metrics.axes import moments, numbers
from warehouse_twin.metrics.binning import Holders
from warehouse_twin.metrics.columns import Values, decode, modelled_kind
from warehouse_twin.metrics.shown_bins import ShownBins, fit_shown


def shown(column: pa.Array, *, k: int = 5, entities: np.ndarray | None = None) -> tuple[ShownBins, Values]:
    values = decode(pa.chunked_array([column]), modelled_kind(column.type, None), name="c")
    people = np.arange(len(column)) if entities is None else entities
    return fit_shown(values, Holders(people, k), column.type), values


def held(bins: ShownBins, values: Values) -> list[int]:
    codes = bins.code(values)
    return np.bincount(codes[codes >= 0], minlength=len(bins)).tolist()


def test_few_whole_numbers_have_a_bin_each() -> None:
    bins, values = shown(pa.array(np.repeat([1, 2, 3], [30, 20, 10])))
    assert bins.labels == ("1", "2", "3")
    assert bins.ends == ("1", "3")
    assert held(bins, values) == [30, 20, 10]


def test_an_extreme_is_in_an_open_bin_with_others() -> None:
    bins, values = shown(pa.array([*np.repeat(np.arange(20, 60), 10).tolist(), 999_983]))
    assert bins.labels[-1].endswith("or more")
    assert min(held(bins, values)) >= 5
    assert not [label for label in bins.labels if "999" in label or "983" in label]


def test_a_bin_of_few_is_wider() -> None:
    column = np.repeat([0, 1, 2, 3, 4], [50, 50, 3, 50, 50])
    bins, values = shown(pa.array(column))
    assert bins.labels == ("0", "1 to 2", "3", "4")
    assert bins.widths == (1, 2, 1, 1)
    assert held(bins, values) == [50, 53, 50, 50]


def test_rows_of_one_entity_are_one_holder() -> None:
    column, people = np.repeat([0, 1, 2], [40, 40, 40]), np.concatenate([np.arange(80), np.full(40, 99)])
    assert shown(pa.array(column), entities=people)[0].labels == ("0", "1 or more")


def test_what_lies_beyond_all_that_is_known_is_outside() -> None:
    bins, _ = shown(pa.array(np.repeat([1, 2, 3], 20)))
    assert bins.code(Values("numeric", np.asarray([0, 1, 4, 0]), np.asarray([False, False, False, True]))).tolist() == [-2, 0, -2, -1]


def test_decimals_are_not_cut_finer_than_they_are_written() -> None:
    bins, _ = shown(pa.array(np.repeat(np.arange(11) / 100, 20)))
    assert bins.labels == tuple(f"{place / 100:.2f}" for place in range(11))


def test_names_are_the_commonest_that_k_hold() -> None:
    column = np.repeat(["a", "b", "c", "d"], [30, 20, 10, 3])
    bins, values = shown(pa.array(column))
    assert bins.labels == ("a", "b", "all others"), "three alone would be what is left: c goes with them"
    assert held(bins, values) == [30, 20, 13]


@pytest.mark.parametrize(
    "column",
    [
        pa.array([f"person {place}" for place in range(100)]),
        pa.array([1.5, 2.5, 3.5]),
        pa.array([None] * 50, pa.int64()),
        pa.array([b"x"] * 50),
        pa.array([3_600] * 50, pa.duration("s")),
        pa.array(np.arange(8)),  # between the fifth from either end there is nothing
    ],
)
def test_nothing_is_shown_where_nothing_may_be(column: pa.Array) -> None:
    bins, values = shown(column)
    assert bins.labels == ()
    assert (bins.code(values) < 0).all()


def test_days_and_times_lie_in_steps_of_a_calendar() -> None:
    days = np.datetime64("2013-01-03") + np.arange(360)
    bins, _ = shown(pa.array(days))
    assert (bins.labels[0], bins.ends[0]) == ("2012-12-31 to 2013-01-13", "2012-12-31")
    assert bins.labels[1] == "2013-01-14 to 2013-01-27", "weeks begin on a Monday"
    clock, _ = shown(pa.array(np.repeat(np.arange(24, dtype=np.int32) * 3_600, 10), pa.time32("s")))
    assert clock.labels[:2] == ("00:00 to 01:00", "01:00 to 02:00")


@pytest.mark.parametrize(
    ("low", "high", "decimals", "first", "last"),
    [
        (0, 100, 0, "0 to 4", "100 to 104"),
        (1982, 2013, 0, "1982 to 1983", "2012 to 2013"),
        (0, 240_000, 0, "0 to 10,000", "240,000 to 250,000"),
        (-1.0, 1.0, None, "−1.0 to −0.9", "1.0 to 1.1"),
        (0.0, 0.0, None, "0.0 to 0.1", "0.0 to 0.1"),
        (1e13, 3e13, None, "1e+13 to 1.1e+13", "3e+13 to 3.1e+13"),
    ],
)
def test_axes_of_numbers_are_round(low: float, high: float, decimals: int | None, first: str, last: str) -> None:
    axis = numbers(low, high, decimals=decimals)
    assert axis.between(0, 1) == first
    assert axis.between(len(axis.edges) - 2, len(axis.edges) - 1) == last


@pytest.mark.parametrize(
    ("low", "high", "first"),
    [
        ("2020-01-01T10:00:07", "2020-01-01T10:00:20", "2020-01-01 10:00:07 to 2020-01-01 10:00:08"),
        ("2020-01-01T10:00", "2020-01-01T20:00", "2020-01-01 10:00 to 2020-01-01 10:30"),
        ("2020-01-15", "2020-02-01", "2020-01-15"),
        ("2019-02-03", "2020-11-30", "2019-02"),
        ("2000-02-03", "2020-11-30", "2000"),
        ("1001-02-03", "9999-12-31", "1000 to 1999"),
    ],
)
def test_axes_of_moments_are_those_of_calendars(low: str, high: str, first: str) -> None:
    start, end = (int(np.datetime64(moment, "us").astype(np.int64)) for moment in (low, high))
    assert moments(start, end, clock=False).between(0, 1) == first


@pytest.mark.parametrize("ends", [(-np.inf, np.inf), (np.inf, np.inf), (-1.7e308, 1.7e308), (5.0, 1.7e308)])
def test_infinite_and_nearly_infinite_numbers_break_no_axis(ends: tuple[float, float]) -> None:
    for rows in (40, 400):
        data = np.concatenate([np.linspace(0.0, 9.0, rows), np.repeat(ends, 30)])
        values = decode(pa.chunked_array([pa.array(data)]), "numeric", name="x")
        bins = fit_shown(values, Holders(np.arange(len(data)), 10), pa.float64())
        assert len(bins.code(values)) == len(data)
