"""Dependence of column pairs: against scikit-learn and by hand, on rows spread over the whole table."""

import numpy as np
import pyarrow as pa
import pytest
from sklearn.metrics import mutual_info_score

from warehouse_twin.profiling.pairs import coarse_codes, conditional_information, information_matrix, pair_statistics, spread_rows


def column(*values):
    return pa.chunked_array([pa.array(values)])


def test_the_matrix_of_equal_independent_and_constant_columns() -> None:
    a, b, constant = np.tile([0, 1], 500), np.repeat([0, 1], 500), np.zeros(1000, dtype=np.int64)
    found = information_matrix([a, a, b, constant])
    assert found[0, 1] > 0.99
    assert found[0, 2] < 0.01
    assert found[0, 3] == found[3, 1] == 0.0
    assert np.array_equal(found, found.T)
    assert not found.diagonal().any()


def test_the_matrix_is_mutual_information_less_its_bias_over_the_smaller_entropy() -> None:
    draw = np.random.default_rng(1)
    a = draw.integers(0, 5, 3_000)
    b = np.where(draw.random(3_000) < 0.5, a, draw.integers(0, 3, 3_000))
    bias = (5 * 5 - np.sum(np.bincount(a * 5 + b, minlength=25) == 0) - 5 - 5 + 1) / 6_000
    entropies = [-sum(share * np.log(share) for share in np.bincount(code) / 3_000) for code in (a, b)]
    assert information_matrix([a, b])[0, 1] == pytest.approx((mutual_info_score(a, b) - bias) / min(entropies))


def test_columns_of_no_rows_depend_on_nothing() -> None:
    nothing = np.zeros(0, dtype=np.int64)
    assert information_matrix([nothing, nothing]).tolist() == [[0.0, 0.0], [0.0, 0.0]]
    assert information_matrix([]).shape == (0, 0)
    assert pair_statistics({}) == ()


def test_rows_come_from_every_stretch_of_a_long_table() -> None:
    assert spread_rows(5, at_most=10).tolist() == [0, 1, 2, 3, 4]
    rows = spread_rows(1_000, at_most=100)
    assert (rows // 10).tolist() == list(range(100))
    assert len(set((rows % 10).tolist())) > 5


def test_dependence_that_begins_late_in_a_table_is_seen() -> None:
    draw = np.random.default_rng(2)
    a, b = draw.integers(0, 2, 400_000), draw.integers(0, 2, 400_000)
    b[200_000:] = a[200_000:]
    ((_, _, information),) = pair_statistics({"a": column(*a.tolist()), "b": column(*b.tolist())})
    assert 0.15 < information < 0.25  # 1 - H(.25) of a bit is .19


def test_pair_statistics_hold_names_and_numbers_alone() -> None:
    found = pair_statistics({"x": column(*range(100)), "y": column(*[value % 2 for value in range(100)]), "s": column(*["a", "b"] * 50)})
    assert [pair[:2] for pair in found] == [("x", "y"), ("x", "s"), ("y", "s")]
    assert found[2][2] > 0.9


def test_nulls_and_nested_values_have_codes() -> None:
    assert coarse_codes(pa.chunked_array([pa.array([None, None], type=pa.float64())])).tolist() == [0, 0]
    assert coarse_codes(pa.chunked_array([pa.array([[1], None])])).tolist() == [1, 0]


def test_what_a_group_says_already_says_nothing_more() -> None:
    """A column that is its group's number tells nothing; the parity of another, a twin of a third in every group, tells all."""
    draw = np.random.default_rng(1)
    group, twin, noise = (draw.integers(0, size, 2_000) for size in (4, 2, 3))
    found = conditional_information([group + 1, (twin + group) % 2, noise], [twin, noise], group)
    assert found.shape == (3, 2)
    assert found[1, 0] == pytest.approx(1.0, abs=0.02)
    assert found[[0, 0, 1, 2], [0, 1, 1, 0]] == pytest.approx(0.0, abs=0.02)
