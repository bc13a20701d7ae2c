"""Orders that are no accident, and columns drawn as differences: found and kept."""

import datetime as dt

import numpy as np
import pyarrow as pa
import pytest

from tiny_rules import broken, drawn, learned, texts

ROWS = 3_000


@pytest.fixture
def draw() -> np.random.Generator:
    return np.random.default_rng(8)


def days(first: np.ndarray) -> pa.Array:
    return pa.array(np.datetime64("2020-01-01", "D") + first)


def test_an_order_is_found_once_and_kept(draw) -> None:
    low = draw.integers(0, 1000, ROWS)
    middle = low + draw.integers(0, 900, ROWS)
    high = middle + draw.integers(1, 900, ROWS)
    table = pa.table({"high": high, "low": low, "middle": middle, "far": draw.integers(5_000, 6_000, ROWS)})
    profile = learned(table)
    assert [rule.text for rule in profile.rules] == ["low <= middle", "middle <= high"]
    found = drawn(table, profile)
    assert broken(profile.rules, found) == {}
    for name in table.column_names:  # the shapes stay
        assert abs(np.median(found[name].to_numpy()) - np.median(table[name].to_numpy())) < 90


def test_one_row_out_of_order_is_enough_to_drop_it(draw) -> None:
    low = draw.integers(0, 1000, 30_000)
    high = low + draw.integers(0, 900, 30_000)
    assert texts(pa.table({"low": low, "high": high}), "order") == ["low <= high"]
    high[23_456] = low[23_456] - 1
    assert texts(pa.table({"low": low, "high": high}), "order") == []


def test_dates_of_events_that_follow_are_drawn_as_differences(draw) -> None:
    ordered = draw.integers(0, 2_400, ROWS)
    shipped = ordered + draw.integers(1, 122, ROWS)
    received = shipped + draw.integers(1, 31, ROWS)
    due = ordered + draw.integers(30, 91, ROWS)
    table = pa.table({"ordered": days(ordered), "shipped": days(shipped), "received": days(received), "due": days(due)})
    profile = learned(table)
    assert [rule.text for rule in profile.rules] == [
        "offset(shipped, ordered)",
        "offset(received, shipped)",
        "offset(due, ordered)",
        "ordered < shipped",
        "ordered <= due",
        "shipped < received",
    ]
    found = drawn(table, profile)
    assert broken(profile.rules, found) == {}
    real, made = ({name: scalar_days(rows, name) for name in rows.column_names} for rows in (table, found))
    for late, early in (("shipped", "ordered"), ("received", "shipped"), ("due", "ordered"), ("received", "due")):
        a, b = (np.quantile(side[late] - side[early], [0.02, 0.25, 0.5, 0.75, 0.98]) for side in (real, made))
        assert np.abs(a - b).max() <= 6, (late, early)


def scalar_days(table: pa.Table, name: str) -> np.ndarray:
    return table[name].to_numpy().astype("datetime64[D]").astype(int)


def test_times_that_follow_keep_their_seconds_and_nulls(draw) -> None:
    start = np.datetime64("2021-01-01", "us") + draw.integers(0, 500 * 86_400, ROWS) * np.timedelta64(1, "s")
    end = start + draw.integers(5, 7_200, ROWS) * np.timedelta64(1, "s")
    table = pa.table({"start": start, "end": pa.array(end, mask=draw.uniform(size=ROWS) < 0.2)})
    profile = learned(table)
    assert [rule.text for rule in profile.rules] == ["offset(end, start)", "start <= end"]
    found = drawn(table, profile)
    assert broken(profile.rules, found) == {}
    assert abs(found["end"].null_count / found.num_rows - 0.2) < 0.04
    gaps = [(b - a).total_seconds() for a, b in zip(found["start"].to_pylist(), found["end"].to_pylist(), strict=True) if b is not None]
    assert max(gaps) <= 7_200
    assert all(gap == int(gap) for gap in gaps)


def test_a_time_is_never_before_a_date(draw) -> None:
    since = draw.integers(0, 900, ROWS)
    at = np.datetime64("2020-01-01", "us") + (since + draw.integers(0, 900, ROWS)) * np.timedelta64(1, "D") + np.timedelta64(7, "h")
    table = pa.table({"at": at, "since": days(since), "n": draw.integers(0, 9, ROWS)})
    profile = learned(table)
    assert [rule.text for rule in profile.rules] == ["since <= at"]
    found = drawn(table, profile)
    assert broken(profile.rules, found) == {}
    assert {value.time() for value in found["at"].to_pylist()} == {dt.time(7)}


def test_ranges_apart_need_no_rule(draw) -> None:
    assert texts(pa.table({"a": draw.integers(0, 99, ROWS), "b": draw.integers(99, 200, ROWS)})) == []
