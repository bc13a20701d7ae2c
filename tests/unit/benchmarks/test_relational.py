"""Measures of schemas, on tables small enough to count by hand."""

from __future__ import annotations

import datetime as dt
import decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from benchmarks import linked, relational
from benchmarks.linked import Linked, Schema
from benchmarks.relational import Joined

from warehouse_twin.warehouses.catalog import ForeignKey, Table

REGION = ForeignKey(("region",), "regions", ("id",))
CUSTOMER = ForeignKey(("customer",), "customers", ("id",))
ABOVE = ForeignKey(("above",), "customers", ("id",))
SCHEMA = Schema(
    (
        Table("regions", (), ("id",)),
        Table("customers", (), ("id",), (REGION, ABOVE)),
        Table("orders", (), ("customer", "line"), (CUSTOMER,)),
    ),
    frozenset({"regions"}),
)
REAL = {
    "regions": pa.table({"id": [1, 2], "name": ["north", "south"]}),
    "customers": pa.table({"id": [1, 2, 3, 4], "region": [1, 1, 2, None], "above": [None, 1, 1, 2], "kind": ["a", "a", "b", "b"]}),
    "orders": pa.table({"customer": [1, 1, 1, 2], "line": [1, 2, 3, 1], "total": [5.0, 6.0, 7.0, 9.0]}),
}
OTHER = REAL | {"orders": pa.table({"customer": [1, 2, 3, 9], "line": [1, 1, 1, 1], "total": [5.0, 6.0, 7.0, 9.0]})}


def test_a_key_that_leads_nowhere_is_an_orphan_and_a_null_is_none() -> None:
    counts = relational.orphans(Linked(SCHEMA, OTHER))
    assert counts == {
        "customers.region>regions": 0,
        "customers.above>customers": 0,
        "orders.customer>customers": 1,
    }


def test_rows_whose_primary_key_came_before_are_counted() -> None:
    twice = REAL | {"orders": pa.concat_tables([REAL["orders"], REAL["orders"].slice(0, 2)])}
    assert relational.repeated_keys(Linked(SCHEMA, twice)) == {"regions": 0, "customers": 0, "orders": 2}


def test_children_are_counted_for_every_parent_those_without_included() -> None:
    found = relational.child_count_closeness(Linked(SCHEMA, REAL), Linked(SCHEMA, OTHER))
    # Real customers have 3, 1, 0, 0 orders, the others 1, 1, 1, 0: at 0 the shares are 1/2 and 1/4, at 1 they are 3/4 and 1.
    assert found == {"customers.region>regions": 1.0, "customers.above>customers": 1.0, "orders.customer>customers": 0.75}


def test_halves_of_the_parents_are_compared_with_as_many() -> None:
    # Every real customer has one order: any two of them are like the two others, and unlike two who have none.
    even = REAL | {"orders": pa.table({"customer": [1, 2, 3, 4], "line": [1, 1, 1, 1], "total": [5.0, 6.0, 7.0, 9.0]})}
    halves = relational.child_count_halves(Linked(SCHEMA, even), None, seed=1)
    assert halves["orders.customer>customers"] == 1.0
    none = even | {"orders": even["orders"].slice(0, 0)}
    assert relational.child_count_halves(Linked(SCHEMA, even), Linked(SCHEMA, none), seed=1)["orders.customer>customers"] == 0.0
    assert relational.child_count_halves(Linked(SCHEMA, even), Linked(SCHEMA, even), seed=1)["orders.customer>customers"] == 1.0


def test_whose_children_are_is_compared_where_parents_are_the_same() -> None:
    other = REAL | {"customers": REAL["customers"].set_column(1, "region", pa.array([1, 2, 2, 2]))}
    # Two thirds of the real customers are of the first region, a quarter of the others.
    assert relational.child_shares(Linked(SCHEMA, REAL), Linked(SCHEMA, other)) == {"customers.region>regions": pytest.approx(7 / 12)}


def test_depth_is_counted_up_a_hierarchy() -> None:
    flat = REAL | {"customers": REAL["customers"].set_column(2, "above", pa.array([None, 1, 1, 1]))}
    # Real customers stand 0, 1, 1, 2 deep, the others 0, 1, 1, 1.
    assert relational.depth_closeness(Linked(SCHEMA, REAL), Linked(SCHEMA, flat)) == {"customers.above>customers": 0.75}
    ring = REAL | {"customers": REAL["customers"].set_column(2, "above", pa.array([2, 1, None, None]))}
    assert relational.depth_closeness(Linked(SCHEMA, ring), Linked(SCHEMA, ring)) == {"customers.above>customers": 1.0}


def test_rows_stay_whose_keys_all_lead_to_rows_that_stay() -> None:
    found = linked.whole(SCHEMA, REAL)
    # Customer 1 is under nobody and customer 4 in no region; orders of customer 1 go with it.
    assert found["customers"].column("id").to_pylist() == [2, 3]
    assert found["orders"].column("customer").to_pylist() == [2]


def test_the_largest_distance_of_distributions() -> None:
    assert relational.ks_complement(np.array([1.0, 2.0]), np.array([3.0, 4.0])) == 0.0
    assert relational.ks_complement(np.array([1.0, 2.0, 3.0, 4.0]), np.array([2.0, 3.0, 4.0, 4.0])) == 0.75


@pytest.mark.parametrize(
    ("hops", "expected"),
    [
        (1, ["customers > regions(region)", "customers > customers(above)", "orders > customers(customer)"]),
        (
            2,
            [
                "customers > customers(above) > regions(region)",
                "orders > customers(customer) > regions(region)",
                "orders > customers(customer) > customers(above)",
            ],
        ),
        (3, ["orders > customers(customer) > customers(above) > regions(region)"]),
    ],
)
def test_ways_follow_foreign_keys_and_use_none_twice(hops: int, expected: list[str]) -> None:
    assert [str(way) for way in linked.ways(SCHEMA, hops)] == expected


def test_a_way_ends_where_a_key_is_missing() -> None:
    side = Linked(SCHEMA, REAL)
    (way,) = linked.ways(SCHEMA, 3)
    assert side.follow(way.keys).tolist() == [-1, -1, -1, 0]  # customer 1 is under nobody, 2 is under 1 in the first region


def test_keys_and_texts_of_their_own_are_not_compared() -> None:
    named = REAL | {"customers": REAL["customers"].append_column("name", [["Ann", "Bo", "Cy", "Di"]])}
    assert linked.telling(SCHEMA, Linked(SCHEMA, named)) == {"regions": ["name"], "customers": ["kind"], "orders": ["total"]}


def test_numbers_times_and_texts_come_as_measures_take_them() -> None:
    table = pa.table(
        {
            "price": pa.array([decimal.Decimal("1.50"), None]),
            "day": pa.array([dt.date(2024, 1, 1), None]),
            "at": pa.array([dt.datetime(2024, 1, 1, 5), None], type=pa.timestamp("us", tz="UTC")),
            "word": pa.array(["x", None]),
        }
    )
    frame = linked.plain(table)
    assert [str(kind) for kind in frame.dtypes] == ["float64", "datetime64[ns]", "datetime64[ns]", "object"]
    assert frame["day"][0] == pd.Timestamp("2024-01-01")
    assert frame["at"][0] == pd.Timestamp("2024-01-01 05:00")


def _shop(*, agree: bool) -> dict[str, pa.Table]:
    """400 customers of two kinds with two orders each, dear where the kind is b if they agree."""
    draw = np.random.default_rng(int(agree))
    kind = draw.integers(0, 2, 400)
    dear = np.repeat(kind, 2) if agree else draw.integers(0, 2, 800)
    return {
        "regions": REAL["regions"],
        "customers": pa.table(
            {
                "id": np.arange(400),
                "region": draw.integers(1, 3, 400),
                "above": pa.nulls(400, pa.int64()),
                "kind": np.where(kind, "b", "a"),
            }
        ),
        "orders": pa.table({"customer": np.repeat(np.arange(400), 2), "line": np.tile([1, 2], 400), "total": dear * 100.0}),
    }


def test_pairs_over_a_key_tell_children_that_fit_their_parents_from_others() -> None:
    real = Linked(SCHEMA, _shop(agree=True))
    joined = Joined(real, (real, Linked(SCHEMA, _shop(agree=False))))
    (same, apart), ceiling = joined.pairs(1, seed=0)
    pair = ("orders > customers(customer)", "total", "kind")
    assert same[pair] > 0.9
    assert ceiling[pair] > 0.9
    assert apart[pair] == pytest.approx(0.5, abs=0.06)  # half of the rows would have to move


def test_parents_are_told_apart_by_what_their_children_add_up_to() -> None:
    real, split = Linked(SCHEMA, _shop(agree=True)), Linked(SCHEMA, _shop(agree=False))
    frame = relational.enriched(real, "customers", {"customers": ["kind"], "orders": ["total"]})
    assert frame.loc[0, "orders.customer>customers count"] == 2
    assert set(frame["orders.customer>customers total"]) == {0.0, 100.0}
    assert relational.parent_detection(real, None, seed=0)["customers"] == pytest.approx(0.5, abs=0.1)
    assert relational.parent_detection(real, split, seed=0)["customers"] > 0.7


def test_the_floor_keeps_columns_and_forgets_who_belongs_to_whom() -> None:
    source = _shop(agree=True)
    floor = relational.independent(SCHEMA, source, seed=1)
    assert floor["regions"] is source["regions"]
    assert sorted(floor["orders"].column("total").to_pylist()) == sorted(source["orders"].column("total").to_pylist())
    assert floor["orders"].schema == source["orders"].schema
    counts = relational.child_count_closeness(Linked(SCHEMA, source), Linked(SCHEMA, floor))
    assert counts["orders.customer>customers"] < 0.8  # all have two; by chance a quarter does


def test_shape_is_of_the_columns_that_are_compared() -> None:
    found = relational.shapes(Linked(SCHEMA, REAL), Linked(SCHEMA, OTHER))
    assert found == {"customers.kind": 1.0, "orders.total": 1.0}
