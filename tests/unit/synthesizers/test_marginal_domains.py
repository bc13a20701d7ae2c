"""Domains: what is learned of a column's values, and what may never be seen of them."""

from __future__ import annotations

import json
from dataclasses import asdict

import numpy as np
import pyarrow as pa
import pytest

from warehouse_twin.privacy.accounting import Account, Cost
from warehouse_twin.synthesizers.marginal_domains import (
    Allowance,
    Domain,
    bounds_of,
    declared_domain,
    learn_domain,
    made_domain,
    public_domain,
)
from warehouse_twin.synthesizers.marginal_rows import drawn_column

RICH = Cost(50.0, 1e-6)


def allowance(cost: Cost = RICH, distance: int = 1) -> Allowance:
    return Allowance(cost.rho, cost.delta, distance, Account(Cost(cost.rho * 1.001, cost.delta * 1.001)))


def chunked(values: object, kind: pa.DataType) -> pa.ChunkedArray:
    return pa.chunked_array([pa.array(values, type=kind)])


def test_words_that_many_hold_are_cells_and_the_others_are_never_told() -> None:
    column = chunked(["red"] * 500 + ["blue"] * 300 + ["only-me"] + [None] * 99, pa.string())
    found = learn_domain("x", column, nullable=True, rows=900.0, allowance=allowance())
    assert [cell.values[0][0] for cell in found.cells if cell.values] == ["blue", "red"]
    assert found.size == 4  # the two, the others, none
    assert found.codes(column)[[0, 500, 800, 801]].tolist() == [1, 0, 2, 3]
    drawn = drawn_column(found, np.arange(4), pa.string(), np.arange(4), seed=1).to_pylist()
    assert drawn[:2] == ["blue", "red"]
    assert drawn[2] in ("blue", "red")
    assert drawn[3] is None


def test_ranges_hold_most_numbers_and_nobody_s_extreme() -> None:
    draw = np.random.default_rng(3)
    values = np.r_[draw.normal(1_000.0, 50.0, 20_000), 123_456_789.0]
    found = learn_domain("x", chunked(values, pa.float64()), nullable=False, rows=20_001.0, allowance=allowance())
    ends = [end for cell in found.cells for low, high, _ in cell.ranges for end in (low, high)]
    numbers = drawn_column(found, np.repeat(np.arange(found.size), 50), pa.float64(), np.arange(50 * found.size), seed=1).to_numpy()
    assert len(found.cells) > 8
    assert 600 < numbers.min() < 950
    assert 1_050 < numbers.max() < 1_500
    assert ends == sorted(ends)


@pytest.mark.parametrize(
    ("values", "kind"),
    [([-5, 0, 0, 7, 900], pa.int64()), ([0.5, -0.25, 1e9], pa.float64()), (["1.25", "-3.00"], pa.decimal128(8, 2))],
)
def test_with_budget_to_spare_small_columns_come_back(values: list[object], kind: pa.DataType) -> None:
    column = chunked(pa.array(values).cast(kind).to_pylist() * 400, kind)
    found = learn_domain("x", column, nullable=False, rows=float(len(column)), allowance=allowance())
    drawn = drawn_column(found, found.codes(column), kind, np.arange(len(column)), seed=1)
    assert drawn.to_pylist() == column.to_pylist()


def test_a_declared_range_costs_no_digits_and_nothing_lies_outside() -> None:
    bounds = bounds_of(pa.date32(), "2021-12-31", "2021-01-01")
    assert bounds == bounds_of(pa.date32(), "2021-01-01", "2021-12-31")
    days = np.datetime64("2020-06-01") + np.random.default_rng(1).integers(0, 900, 5_000)
    found = learn_domain("x", chunked(days, pa.date32()), nullable=False, rows=5_000.0, allowance=allowance(), bounds=bounds)
    drawn = drawn_column(found, np.repeat(np.arange(found.size), 40), pa.date32(), np.arange(40 * found.size), seed=2).to_pylist()
    assert min(drawn).isoformat() >= "2021-01-01"
    assert max(drawn).isoformat() <= "2021-12-31"


def test_declared_values_are_cells_at_no_cost() -> None:
    poor = allowance(Cost(0.0, 0.0))
    found = public_domain("x", chunked(["b", None, "z"], pa.string()), ["a", "b"], nullable=True, allowance=poor)
    assert found == declared_domain("x", pa.string(), ["a", "b"], nullable=True)
    assert found.codes(chunked(["b", None], pa.string())).tolist() == [1, 2]
    assert poor.account.spent == {}
    numbers = declared_domain("x", pa.int32(), ["10", "2"], nullable=False)
    assert drawn_column(numbers, np.asarray([0, 1]), pa.int32(), np.arange(2), seed=1).to_pylist() == [2, 10]


def test_of_many_public_values_the_common_ones_are_told_apart_and_every_value_is_public() -> None:
    public = [f"code{number}" for number in range(1_000)]
    column = chunked(["code7"] * 600 + public, pa.string())
    found = public_domain("x", column, public, nullable=False, allowance=allowance())
    assert found.size == 2
    assert found.codes(column)[[0, 600]].tolist() == [0, 1]
    drawn = drawn_column(found, np.ones(2_000, dtype=np.int64), pa.string(), np.arange(2_000), seed=1).to_pylist()
    assert set(drawn) <= set(public)
    assert len(set(drawn)) > 500


def test_of_what_is_made_only_nulls_are_counted() -> None:
    found = made_domain("x", nullable=True)
    assert found.codes(chunked(["secret", None, "other"], pa.string())).tolist() == [0, 1, 0]


def test_a_domain_comes_back_from_its_file() -> None:
    values = chunked(np.random.default_rng(1).integers(0, 500, 3_000), pa.int64())
    found = learn_domain("x", values, nullable=True, rows=3_000.0, allowance=allowance())
    assert Domain.from_dict(json.loads(json.dumps(asdict(found)))) == found
