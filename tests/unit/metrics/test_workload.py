"""Distances of answers, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from warehouse_twin.metrics.workload import average_overlap, by_rank, by_size, matched, ratio, relative_difference, relative_error


def test_a_group_that_is_missing_counts_as_nothing() -> None:
    one, other = matched({"a": 6.0, "b": 4.0}, {"a": 5.0, "c": 1.0})
    assert relative_error(one, other) == (1 + 4 + 1) / 10


@pytest.mark.parametrize(
    ("one", "other", "off"), [([0.0], [0.0], 0), ([0.0], [3.0], 1), ([1.0], [9.0], 1), ([2.0], [1.0], 0.5), ([], [], 0)]
)
def test_no_error_is_more_than_1(one: list[float], other: list[float], off: float) -> None:
    assert relative_error(np.array(one), np.array(other)) == off
    assert relative_difference(np.array([1.0]), np.array([9.0])) == 8


def test_ranks_that_a_side_has_not_are_zeros() -> None:
    assert relative_error(*by_rank(np.array([3.0, 1.0]), np.array([3.0]))) == 0.25


def test_by_size_another_order_and_twice_as_many_are_alike() -> None:
    values = np.arange(1.0, 101.0)
    assert relative_error(*by_size(values, values[::-1])) == 0
    assert relative_error(*by_size(values, np.repeat(values, 2))) < 0.01
    assert relative_error(*by_size(values, 2 * values)) > 0.9
    assert relative_error(*by_size(values, np.array([]))) == 1


@pytest.mark.parametrize(
    ("one", "other", "wanted"),
    [("abc", "abc", 1), ("abc", "xyz", 0), ("ab", "ba", 0.5), ("abc", "acb", (1 + 0.5 + 1) / 3), ("", "", 1), ("", "a", 0)],
)
def test_rankings_by_hand(one: str, other: str, wanted: float) -> None:
    assert average_overlap(one, other) == pytest.approx(wanted)


def test_what_comes_after_the_first_ten_does_not_matter() -> None:
    assert average_overlap(range(20), [*range(10), *range(30, 40)]) == 1


def test_ratios() -> None:
    assert (ratio(2, 3), ratio(3, 2), ratio(0, 0), ratio(0, 1)) == (2 / 3, 2 / 3, 1, 0)
