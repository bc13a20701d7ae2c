"""Column shapes and null shares, with answers known by hand."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pyarrow as pa
import pytest

from warehouse_twin.metrics.shapes import column_shape, null_share


def test_a_numeric_column_scores_one_minus_the_largest_gap(samples) -> None:
    mean, column = column_shape(samples({"x": [1, 2, 3, 4]}, {"x": [1, 1, 2, 2]}))
    assert column.value == pytest.approx(0.5)  # F = 1/2 and G = 1 at 2
    assert column.columns == ("x",)
    assert (mean.value, mean.columns, mean.n) == (column.value, (), 4)


def test_values_between_those_of_the_source_count(samples) -> None:
    assert column_shape(samples({"x": [1.0, 2.0]}, {"x": [1.5, 1.5]}))[1].value == pytest.approx(0.5)


def test_a_categorical_column_scores_one_minus_total_variation(samples) -> None:
    assert column_shape(samples({"x": list("aabb")}, {"x": list("abbb")}))[1].value == pytest.approx(0.75)
    assert column_shape(samples({"x": [True, False]}, {"x": [True, True]}))[1].value == pytest.approx(0.5)
    assert column_shape(samples({"x": ["a", "a"]}, {"x": ["new", "newer"]}))[1].value == 0.0


def test_a_missing_value_counts_as_one_more_value(samples) -> None:
    both = samples({"x": [1, 2, None, None]}, {"x": [1, 2, 1, 2]})
    assert column_shape(both)[1].value == pytest.approx(0.5)
    assert null_share(both)[0].value == pytest.approx(0.5)


def test_a_nearly_empty_column_is_not_judged_by_its_handful_of_values(samples) -> None:
    rare = samples({"x": [9, 8, *[None] * 98]}, {"x": [*[None] * 100]})
    assert column_shape(rare)[1].value == pytest.approx(0.98)


def test_a_column_without_values_agrees_only_with_another(samples) -> None:
    nothing = pa.array([None, None], pa.float64())
    assert column_shape(samples({"x": nothing}, {"x": nothing}))[1].value == 1.0
    assert column_shape(samples({"x": nothing}, {"x": [1.0, 2.0]}))[1].value == 0.0
    assert column_shape(samples({"x": [1.0, 2.0]}, {"x": nothing}))[1].value == 0.0


def test_the_mean_and_the_worst_are_over_all_columns(samples) -> None:
    table = {"x": [1, 2, 3, 4], "y": [None, None, "b", "b"]}
    both = samples(table, {"x": [1, 1, 2, 2], "y": ["b", "b", "b", "b"]})
    assert column_shape(both)[0].value == pytest.approx(0.5)
    worst = null_share(both)[-1]
    assert (worst.measure, worst.columns, worst.value) == ("null_share_worst", ("y",), pytest.approx(0.5))


def test_floor_and_ceiling_are_the_same_measure(samples) -> None:
    scores = column_shape(samples({"x": [1, 2, 3, 4]}, {"x": [1, 2, 3, 4]}, floor={"x": [1, 1, 2, 2]}, holdout={"x": [1, 2, 4, 4]}))
    assert [(score.value, score.floor, score.ceiling) for score in scores] == [(1.0, 0.5, 0.75)] * 2


def test_an_empty_holdout_is_no_ceiling(samples) -> None:
    assert column_shape(samples({"x": [1]}, {"x": [1]}, holdout={"x": pa.array([], pa.int64())}))[0].ceiling is None


def test_an_empty_twin_scores_nothing_and_its_interval_is_open(samples) -> None:
    mean, _ = column_shape(samples({"x": [1, 2]}, {"x": pa.array([], pa.int64())}))
    assert (mean.value, mean.low, mean.high, mean.n) == (0.0, 0.0, 1.0, 0)


def test_every_type_of_column_is_measured(samples) -> None:
    moment = dt.datetime(2024, 3, 1, 12, tzinfo=dt.UTC)
    table = {
        "decimal": pa.array([1, 2], pa.decimal128(9, 2)),
        "stamp": pa.array([moment, None], pa.timestamp("ns", tz="Europe/Berlin")),
        "naive": pa.array([moment.replace(tzinfo=None)] * 2),
        "date": pa.array([moment.date(), None]),
        "time": pa.array([moment.time(), moment.time()]),
        "flag": pa.array([True, None]),
        "blob": pa.array([b"a", None]),
        "list": pa.array([[1], []]),
        "nothing": pa.nulls(2),
    }
    assert [score.value for score in column_shape(samples(table, table))] == [1.0] * 10
    assert {score.value for score in null_share(samples(table, table))} == {1.0}


def test_the_interval_covers_the_truth_about_as_often_as_it_says(samples) -> None:
    """Both sides from one distribution: the ceiling, which has the same sampling error, lies in nearly every interval."""
    covered = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        score = null_share(
            samples({"x": np.where(rng.random(500) < 0.3, np.nan, 1.0)}, {"x": np.where(rng.random(500) < 0.4, np.nan, 1.0)})
        )
        covered += score[0].low <= 0.9 <= score[0].high
    assert covered >= 36
