"""Limits and orders by hand: which classes are open, where values are cut, what is drawn before what."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from tiny_rules import broken, drawn, learned
from warehouse_twin.profiling.rules.rule import Rule
from warehouse_twin.profiling.table_profile import ColumnProfile, Part
from warehouse_twin.synthesizers.coding import codec_of
from warehouse_twin.synthesizers.constraints import Constraints, rule_order
from warehouse_twin.synthesizers.limits import cut, limits_of
from warehouse_twin.synthesizers.sequential import TREE
from warehouse_twin.synthesizers.trees import single_leaf

NUMBER = Part("number", cells=((0.0, 0.0, 10), (1.0, 4.0, 10), (5.0, 9.0, 10)), step=1.0)
COLUMN = ColumnProfile("b", "T", "numeric", 30, 0, 10, (NUMBER,))


def chunks(*values: object) -> pa.ChunkedArray:
    return pa.chunked_array([list(values)])


def test_classes_below_a_bound_are_closed_and_values_are_cut_inside() -> None:
    limits = limits_of(COLUMN, [Rule("order", "b", ("a",))], {"a": chunks(0, 3, 8, None)})
    assert limits is not None
    codec, bounds = codec_of(NUMBER), limits.range(COLUMN, 0, [])
    assert bounds is not None
    assert limits.opening(codec, 0, bounds)(slice(0, 4)).tolist() == [
        [True, True, True, True],
        [False, True, True, True],
        [False, False, True, True],
        [True, True, True, True],
    ]
    values = cut(np.asarray([0.0, 1.0, 5.0, 2.0]), np.asarray([0, 1, 2, 1]), codec, bounds, np.asarray([0.5, 0.999, 0.0, 0.1]))
    assert values.tolist() == [0.0, 3.0, 8.0, 2.0]


def test_the_earlier_column_is_bound_from_above() -> None:
    strict = Rule("order", "later", ("b",), {"strict": True, "step": 1.0})
    limits = limits_of(COLUMN, [strict], {"later": chunks(1, 5)})
    assert limits is not None
    bounds = limits.range(COLUMN, 0, [])
    assert bounds is not None
    assert bounds[1].tolist() == [0.0, 4.0]


def test_nulls_are_open_only_where_the_other_has_one() -> None:
    limits = limits_of(COLUMN, [Rule("null_equal", "b", ("a",))], {"a": chunks(None, 3)})
    assert limits is not None
    assert limits.opening(codec_of(NUMBER), 0, None)(slice(0, 2)).tolist() == [[False] * 3 + [True], [True] * 3 + [False]]


def test_a_leaf_without_an_open_class_gives_way_to_what_is_spare() -> None:
    tree = single_leaf(np.asarray([0, 0, 1]), 4)
    draws = np.asarray([0.1, 0.9, 0.9])

    def opening(rows: slice) -> np.ndarray:
        return np.asarray([[False, True, True, False], [False, False, True, True], [False] * 4])[rows]

    assert tree.draw([np.zeros(3, dtype=np.float32)], draws, opening, np.asarray([1.0, 1.0, 1.0, 0.0])).tolist() == [1, 2, 1]


def test_a_timestamp_is_bound_by_day_and_on_the_day_by_time() -> None:
    day, time = Part("day", cells=((0.0, 9.0, 10),), step=1.0), Part("time", cells=((0.0, 8.6e10, 10),), step=1.0)
    column = ColumnProfile("b", "T", "datetime", 10, 0, 10, (day, time))
    bound = pa.chunked_array([pa.array([np.datetime64("1970-01-03T00:00:07", "us")] * 2)])
    limits = limits_of(column, [Rule("order", "b", ("a",))], {"a": bound})
    assert limits is not None
    days, times = limits.range(column, 0, []), limits.range(column, 1, [np.asarray([2.0, 3.0])])
    assert days is not None
    assert times is not None
    assert (days[0].tolist(), times[0].tolist()) == ([2.0, 2.0], [7e6, -np.inf])


def test_sources_come_before_what_is_computed_and_early_before_late() -> None:
    rules = [Rule("linear", "total", ("net", "tax")), Rule("order", "end", ("start",)), Rule("part", "year", ("end",))]
    assert rule_order(["total", "year", "end", "net", "start", "tax"], rules, first=0) == ("net", "start", "end", "year", "tax", "total")
    offset = [Rule("linear", "end", ("start", "#offset end"))]
    assert rule_order(["start", "end", "state", "#offset end"], offset, first=1) == ("start", "#offset end", "end", "state")
    assert rule_order(["key", "end", "start", "year"], rules, first=2) == ("key", "end", "year", "start")


def test_a_circle_of_orders_comes_to_an_end() -> None:
    rules = [Rule("order", "a", ("b",)), Rule("order", "b", ("a",))]
    assert set(rule_order(["a", "b"], rules, first=0)) == {"a", "b"}


def test_a_value_that_no_limit_could_hold_is_moved_to_its_bound() -> None:
    constraints = Constraints((Rule("order", "b", ("a",), {"strict": True, "step": 1.0}),))
    assert constraints.settled("b", chunks(5, 1, None), {"a": chunks(4, 4, 4)}).to_pylist() == [5, 5, None]
    assert constraints.settled("a", chunks(5, 1, None), {"b": chunks(4, 4, 4)}).to_pylist() == [3, 1, None]


@pytest.fixture(scope="module")
def cities() -> pa.Table:
    draw = np.random.default_rng(4)
    city = draw.choice(["Ulm", "Bonn", "Lyon", "Nice"], 3_000)
    country = ["DE" if name in ("Ulm", "Bonn") else "FR" for name in city]
    return pa.table({"city": city, "country": country, "n": draw.integers(0, 9, 3_000)})


def test_a_computed_column_may_be_given(cities: pa.Table) -> None:
    profile = learned(cities)
    assert [rule.text for rule in profile.rules] == ["city -> country"]
    model = TREE.fit(cities, profile, given=(), parameters={}, seed=1)
    found = model.sample(200, seed=2, counters=np.arange(200), context=pa.table({"country": ["FR"] * 200}))
    assert set(found["country"].to_pylist()) == {"FR"}
    assert set(found["city"].to_pylist()) == {"Lyon", "Nice"}


def test_a_saved_model_keeps_its_rules(cities: pa.Table, tmp_path) -> None:
    profile = learned(cities)
    model = TREE.fit(cities, profile, given=(), parameters={}, seed=1)
    model.save(tmp_path)
    again = TREE.load(tmp_path).sample(300, seed=2, counters=np.arange(300))
    assert again.equals(model.sample(300, seed=2, counters=np.arange(300)))
    assert broken(profile.rules, drawn(cities, profile)) == {}
