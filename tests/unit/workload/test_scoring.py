"""Scores of queries on a shop and on another draw of it: small where the twin is honest, and nothing where few are behind an answer."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

BY_TIER = "SELECT tier, count(*) AS n, sum(total) AS total FROM orders o JOIN customers c ON c.id = o.customer GROUP BY 1 ORDER BY 3 DESC"
Twin = Callable[..., dict[str, Path]]


def test_another_draw_of_reality_is_near_and_the_floor_is_not(shop: Any) -> None:
    found = shop.scores(BY_TIER)
    error, rank, join = found["query_error"], found["query_rank"], found["join_rows"]
    assert error.value < 0.12
    assert error.floor > error.value + 0.1
    assert error.low <= error.value <= error.high
    assert 0 < error.ceiling < 0.15
    assert (rank.value, join.value) == (1, 1)
    assert {(score.table, score.columns, score.n) for score in found.values()} == {("orders", ("asked",), 900)}


def test_a_twin_that_lost_what_goes_together_is_told(shop: Any, twin_with: Twin) -> None:
    orders = pa.parquet.read_table(shop.twin["orders"])
    place = orders.column_names.index("customer")
    alone = np.random.default_rng(3).permutation(orders.column("customer").to_numpy())
    broken = twin_with(orders=orders.set_column(place, "customer", pa.array(alone)))
    assert shop.scores(BY_TIER, twin=broken)["query_error"].value > 0.2


def test_joins_that_lose_rows_are_told(shop: Any, twin_with: Twin) -> None:
    orders = pa.parquet.read_table(shop.twin["orders"])
    place = orders.column_names.index("customer")
    astray = pa.array([None if row % 2 else value for row, value in enumerate(orders.column("customer").to_pylist())])
    found = shop.scores(BY_TIER, twin=twin_with(orders=orders.set_column(place, "customer", astray)))
    assert found["join_rows"].value == 0.5


def test_a_group_of_few_is_left_out_on_both_sides(shop: Any, twin_with: Twin) -> None:
    """One customer lives in Japan: whatever the twin says of it, the score is the same."""
    customers = pa.parquet.read_table(shop.twin["customers"])
    place, salary = customers.column_names.index("salary"), customers.column("salary").to_numpy().copy()
    salary[7] = 1e9
    query = "SELECT country, sum(salary) FROM customers GROUP BY country"
    changed = shop.scores(query, twin=twin_with(customers=customers.set_column(place, "salary", pa.array(salary))))
    assert changed == shop.scores(query)
    assert changed["query_error"].value < 0.3


@pytest.mark.parametrize(
    "query",
    [
        "SELECT sum(salary) FROM customers WHERE id = 17",
        "SELECT salary FROM customers ORDER BY salary DESC LIMIT 5",
        "SELECT country, sum(salary) FROM customers WHERE id IN (17, 18) GROUP BY 1",
        "SELECT count(*) FROM (SELECT salary FROM customers WHERE id = 17) AS t",
        "SELECT country, sum(s) FROM (SELECT country, tier, sum(salary) AS s FROM customers WHERE id < 9 GROUP BY 1, 2) AS t GROUP BY 1",
        "SELECT sum(total) FROM orders o JOIN customers c ON c.id = o.customer WHERE c.id = 17",
        "SELECT tier FROM customers UNION SELECT country FROM customers",
    ],
)
def test_of_an_answer_with_few_behind_it_nothing_is_said(shop: Any, query: str) -> None:
    for score in shop.scores(query).values():
        assert (score.n, score.low, score.high, score.floor, score.ceiling) == (0, 0, 1, None, None)


def test_one_customer_is_one_however_many_orders_there_are(shop: Any) -> None:
    """Nine customers, twenty-seven orders."""
    assert shop.scores("SELECT sum(total) FROM orders WHERE customer BETWEEN 21 AND 29")["query_error"].n == 0
    assert shop.scores("SELECT sum(total) FROM orders WHERE customer BETWEEN 21 AND 49")["query_error"].n == 900


def test_held_out_customers_do_not_count(shop: Any) -> None:
    """Every fifth is held out: of eleven in a row nine are left."""
    assert shop.scores("SELECT sum(salary) FROM customers WHERE id BETWEEN 20 AND 30")["query_error"].n == 0


def test_a_query_that_never_ends_is_given_up(shop: Any) -> None:
    endless = "SELECT count(*) FROM orders a, orders b, orders c, orders d, orders e"
    assert shop.scores(endless, seconds=0.3)["query_error"].n == 0


def test_a_query_that_fails_on_the_twin_alone_is_as_far_off_as_can_be(shop: Any, twin_with: Twin) -> None:
    customers = pa.parquet.read_table(shop.twin["customers"])
    tiers = customers.set_column(customers.column_names.index("tier"), "tier", pa.array(["silver"] * len(customers)))
    query = "SELECT sum(CASE WHEN tier IN ('gold', 'plain') THEN 1 ELSE tier::INTEGER END) FROM customers"
    found = shop.scores(query, twin=twin_with(customers=tiers))["query_error"]
    assert (found.value, found.n) == (1, 300)


def test_empty_tables_decide_nothing(shop: Any, twin_with: Twin) -> None:
    empty = twin_with(orders=pa.parquet.read_table(shop.twin["orders"]).slice(0, 0))
    found = shop.scores(BY_TIER, twin=empty)
    assert found["query_error"].value == 1
    assert found["query_error"].n == 0


def test_a_larger_twin_is_compared_as_if_it_had_as_many_rows(shop: Any, twin_with: Twin, tmp_path: Path) -> None:
    from dataclasses import replace

    tables = tuple(replace(table, factor=2.0) if table.name == "customers" else table for table in shop.resolved.tables)
    larger = replace(shop, resolved=replace(shop.resolved, tables=tables))
    customers = pa.parquet.read_table(shop.twin["customers"])
    doubled = twin_with(customers=pa.concat_tables([customers, customers]))
    query = "SELECT tier, count(*), avg(salary) FROM customers GROUP BY 1"
    assert larger.scores(query, twin=doubled)["query_error"].value == shop.scores(query)["query_error"].value
    assert shop.scores(query, twin=doubled)["query_error"].value > 0.4


def test_scores_are_the_same_again(shop: Any) -> None:
    assert shop.scores(BY_TIER) == shop.scores(BY_TIER)
