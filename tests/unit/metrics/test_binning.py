"""Bins are fixed on the training rows and hold every later value."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from warehouse_twin.metrics.binning import PAIR_CATEGORIES, Holders, binned, fit_bins, group_counts


def codes(training: list[object], other: list[object], kind: pa.DataType | None = None) -> tuple[list[int], list[int], int, int]:
    """Fine and coarse codes of `other` in bins of `training`, and their sizes."""
    bins = fit_bins(pa.table({"x": pa.array(training, type=kind)}), ["x"])
    found = binned(pa.table({"x": pa.array(other, type=kind)}), bins, group=np.zeros(len(other), dtype=np.int64), groups=1)
    return found.fine["x"].tolist(), found.coarse["x"].tolist(), bins[0].fine_size, bins[0].coarse_size


def test_numbers_have_a_bin_a_knot_and_one_a_gap() -> None:
    fine, coarse, fine_size, coarse_size = codes([10, 20, 20], [5, 10, 15, 20, 25, None], pa.int64())
    assert fine == [0, 1, 2, 3, 4, -1]
    assert fine_size == 5
    assert coarse == [0, 0, 1, 1, 1, 2]
    assert coarse_size == 3


def test_many_numbers_fall_into_ten_equal_bins() -> None:
    _, coarse, _, size = codes(list(range(5_000)), list(range(5_000)))
    assert size == 11
    assert np.bincount(coarse).tolist() == [500] * 10


def test_categories_are_the_commonest_first_and_the_rest_together() -> None:
    fine, coarse, fine_size, coarse_size = codes(["b", "a", "b", "c", "a"], ["a", "b", "c", "new", None])
    assert fine == [0, 1, 2, 3, -1]  # a and b tie, in the order of their values
    assert coarse == [0, 1, 2, 3, 4]
    assert (fine_size, coarse_size) == (4, 5)


def test_rare_categories_share_a_coarse_bin() -> None:
    names = [f"{index:03}" for index in range(100)]
    _, coarse, fine_size, coarse_size = codes([name for index, name in enumerate(names) for _ in range(200 - index)], names)
    assert coarse[:PAIR_CATEGORIES] == list(range(PAIR_CATEGORIES))
    assert set(coarse[PAIR_CATEGORIES:]) == {PAIR_CATEGORIES}
    assert (fine_size, coarse_size) == (101, PAIR_CATEGORIES + 2)


def test_a_category_that_too_few_entities_hold_is_one_of_all_others() -> None:
    rows = pa.table({"x": ["a", "a", "a", "b", "b", None]})
    (column,) = fit_bins(rows, ["x"], holders=Holders(np.array([1, 1, 1, 2, 3, 4]), 2))
    assert column.categories is not None
    assert column.categories.to_pylist() == ["b"]  # one entity holds all of the a's, and no twin may learn them


def test_columns_without_a_value_or_with_one_have_bins() -> None:
    assert codes([None, None], [1, None], pa.int64())[:2] == ([0, -1], [0, 1])
    assert codes([None], ["x", None], pa.string())[:2] == ([0, -1], [0, 1])
    assert codes([7, 7], [7, 8, None], pa.int64())[:2] == ([1, 2, -1], [0, 0, 1])
    assert codes([], [], pa.float64())[:2] == ([], [])
    assert codes([b"x", None], [b"y", None])[:2] == ([0, -1], [0, 1])


def test_infinite_values_are_in_the_outer_bins() -> None:
    fine, _, size, _ = codes([1.0, 2.0], [float("-inf"), float("inf")])
    assert fine == [0, size - 1]


def test_a_number_declared_a_category_is_one() -> None:
    (column,) = fit_bins(pa.table({"code": [7, 7, 9]}), ["code"], kinds={"code": "categorical"})
    assert column.categories is not None
    assert column.categories.to_pylist() == ["7", "9"]


def test_counts_are_by_group_and_leave_out_the_missing() -> None:
    counts = group_counts(np.array([0, 1, -1, 1]), np.array([0, 0, 1, 1]), groups=2, size=2)
    assert counts.tolist() == [[1, 1], [0, 1]]
