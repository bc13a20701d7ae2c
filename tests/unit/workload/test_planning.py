"""How an answer is read: what names its groups, what is compared, and who is behind it."""

from __future__ import annotations

from typing import Any

import pytest

JOINED = "orders o JOIN customers c ON c.id = o.customer"


def read(shop: Any, query: str) -> tuple[tuple[int, ...], list[int], bool]:
    (plan,) = shop.plan(query)
    return plan.labels, [number.place for number in plan.numbers], plan.aligned


@pytest.mark.parametrize(
    ("query", "labels", "numbers"),
    [
        ("SELECT count(*), avg(total) FROM orders", (), [0, 1]),
        ("SELECT year(placed) AS y, month(placed) AS m, sum(total) FROM orders GROUP BY 1, 2", (0, 1), [2]),
        (f"SELECT country, tier, sum(total) / count(*) FROM {JOINED} GROUP BY ALL", (0, 1), [2]),
        ("SELECT n, count(*) FROM (SELECT customer, count(*) AS n FROM orders GROUP BY 1) AS t GROUP BY n", (0,), [1]),
        (f"WITH t AS (SELECT tier, total FROM {JOINED}) SELECT tier, sum(total) FROM t GROUP BY tier", (0,), [1]),
        ("SELECT tier, max(salary), min(salary), median(salary), any_value(salary) FROM customers GROUP BY tier", (0,), []),
        ("SELECT DISTINCT tier FROM customers", (0,), []),
        ("SELECT tier, count(*) AS n, rank() OVER (ORDER BY count(*)) AS place FROM customers GROUP BY tier", (0,), [1]),
        ("SELECT tier, (SELECT max(total) FROM orders) AS most, count(*) FROM customers GROUP BY tier", (0,), [2]),
    ],
)
def test_groups_are_told_apart_by_their_labels(shop: Any, query: str, labels: tuple[int, ...], numbers: list[int]) -> None:
    """A maximum is one row's own value, and is not compared."""
    assert read(shop, query) == (labels, numbers, True)


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ("SELECT customer, sum(total) FROM orders GROUP BY 1 ORDER BY 2 DESC LIMIT 20", [1]),
        ("SELECT name, salary FROM customers", [1]),
        ("SELECT * FROM orders", [2]),
        ("SELECT name, count(*) FROM customers GROUP BY name", [1]),
    ],
)
def test_rows_of_keys_and_made_up_names_are_not_told_apart(shop: Any, query: str, numbers: list[int]) -> None:
    assert read(shop, query) == ((), numbers, False)


@pytest.mark.parametrize(
    ("query", "grows"),
    [
        ("SELECT round(sum(total) / 1000, 2), count(*), avg(total), count(DISTINCT customer) FROM orders", [True, True, False, False]),
        ("SELECT sum(total) / count(*) FROM orders", [False]),
        ("SELECT count(*) FILTER (WHERE total > 50), sum(total)::BIGINT, 2 * sum(total) FROM orders", [True, True, False]),
    ],
)
def test_sums_and_counts_grow_with_the_rows(shop: Any, query: str, grows: list[bool]) -> None:
    (plan,) = shop.plan(query)
    assert [number.grows for number in plan.numbers] == grows


@pytest.mark.parametrize(
    ("query", "measures"),
    [
        ("SELECT count(*) FROM orders", ("query_error",)),
        ("SELECT tier, count(*) FROM customers GROUP BY 1", ("query_error", "query_rank")),
        (f"SELECT tier, count(*) FROM {JOINED} GROUP BY 1", ("query_error", "query_rank", "join_rows")),
        ("SELECT count(*) FROM orders, customers WHERE customers.id = customer", ("query_error", "join_rows")),
    ],
)
def test_measures_are_known_from_the_query(shop: Any, query: str, measures: tuple[str, ...]) -> None:
    (plan,) = shop.plan(query)
    assert plan.asked.measures == measures


def test_the_first_drawn_table_has_the_score(shop: Any) -> None:
    (plan,) = shop.plan("SELECT k.name, count(*) FROM countries k JOIN customers ON code = country GROUP BY 1")
    assert plan.table == "customers"
    (plan,) = shop.plan("SELECT count(*) FROM countries")
    assert (plan.table, plan.held, plan.countable) == ("countries", None, True)


@pytest.mark.parametrize(
    "query",
    [
        "SELECT tier FROM customers UNION SELECT country FROM customers",
        "WITH RECURSIVE r AS (SELECT id FROM orders UNION ALL SELECT id + 1 FROM r WHERE id < 9) SELECT count(*) FROM r",
        "SELECT DISTINCT ON (tier) tier, salary FROM customers",
    ],
)
def test_where_nobody_can_be_counted_that_is_known(shop: Any, query: str) -> None:
    (plan,) = shop.plan(query)
    assert not plan.countable
    assert plan.held is None
