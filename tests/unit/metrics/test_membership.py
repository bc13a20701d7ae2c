"""Who was learned from can be told where the twin holds the rows, and not where it holds others like them."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from warehouse_twin.metrics.copies import Records
from warehouse_twin.metrics.membership import FALSE_ALARMS, Roc, area, curve, membership


def rows(count: int, seed: int) -> pa.Table:
    draw = np.random.default_rng(seed)
    return pa.table({"a": draw.normal(size=count), "b": draw.normal(size=count), "c": draw.choice(["x", "y"], count)})


def measured(
    twin: pa.Table, *, columns: tuple[str, ...] = ("a", "b", "c"), training: int = 800, holdout: int = 400, k: int = 10
) -> Roc | None:
    records = Records("t", columns, rows(training, 1), twin, holdout=rows(holdout, 2))
    return membership(records, training_entities=np.arange(training), holdout_entities=np.arange(holdout), k=k, seed=5)


def test_a_twin_of_other_rows_tells_nothing() -> None:
    roc = measured(rows(1_000, 3))
    assert roc is not None
    assert roc.low < 0.5 < roc.high
    assert roc.n == 400
    assert roc.floor is None


def test_a_copy_tells_everything() -> None:
    roc = measured(rows(800, 1))
    assert roc is not None
    assert roc.area > 0.97
    assert roc.found[0] > 0.8
    assert roc == measured(rows(800, 1))


def test_the_floor_is_what_columns_drawn_alone_tell() -> None:
    records = Records("t", ("a", "b", "c"), rows(800, 1), rows(800, 1), rows(800, 3), rows(400, 2))
    roc = membership(records, training_entities=np.arange(800), holdout_entities=np.arange(400), k=10, seed=5)
    assert roc is not None
    assert roc.floor is not None
    assert abs(roc.floor - 0.5) < 0.06 < roc.area - 0.5


def test_the_area_counts_a_tie_half() -> None:
    assert area(np.asarray([0, 1]), np.asarray([1, 2])) == 0.875
    assert area(np.asarray([3]), np.asarray([3])) == 0.5
    assert area(np.asarray([9]), np.asarray([1])) == 0.0


def test_the_curve_goes_straight_between_distances() -> None:
    found = dict(zip(FALSE_ALARMS, curve(np.asarray([0, 1]), np.asarray([1, 2])).tolist(), strict=True))
    assert (found[0.0], found[0.5], found[1.0]) == (0.5, 1.0, 1.0)
    assert found[0.2] == pytest.approx(0.7)


@pytest.mark.parametrize("parts", [{"columns": ("a",)}, {"holdout": 0}, {"training": 0}, {"holdout": 9}, {"holdout": 1, "k": 1}])
def test_nothing_is_said_of_one_column_no_rows_or_few_entities(parts: dict) -> None:
    assert measured(rows(100, 3), **parts) is None


def test_nothing_is_said_of_an_empty_twin() -> None:
    assert measured(rows(0, 3)) is None
