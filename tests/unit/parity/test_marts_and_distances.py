"""How a mart is looked at, and how far two are apart: answers known by hand."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest

from warehouse_twin.materializing.redirecting import Keys, Mart
from warehouse_twin.parity.distances import ROWS, distances, mean
from warehouse_twin.parity.marts import EVERY_ROW, Column, Look, Summary, plan, summarise

NO_KEYS = Keys(frozenset(), frozenset(), frozenset())
FACTS = Mart("facts", "main", "facts")
TOTALS = Mart("totals", "main", "totals")


@pytest.fixture
def opened() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute(
            "CREATE TABLE facts AS SELECT i AS order_id, i % 50 AS patient, CASE WHEN i % 4 = 0 THEN 'a' ELSE 'b' END AS kind, "
            "i::DECIMAL(9, 2) AS cost, DATE '2024-01-01' + (i // 10)::INT AS day, 'note ' || i AS note, i % 2 = 0 AS late, [i] AS list, "
            "CASE WHEN i % 10 = 0 THEN NULL ELSE i % 3 END AS grade FROM range(400) t(i)"
        )
        connection.execute("CREATE TABLE totals AS SELECT kind, sum(cost) AS cost, count(*) AS visits FROM facts GROUP BY 1")
        yield connection


def kinds(look: Look) -> dict[str, str]:
    return {column.name: column.kind for column in look.columns}


def test_a_column_is_a_number_a_category_or_a_key(opened: duckdb.DuckDBPyConnection) -> None:
    look = plan(opened, FACTS, Keys(frozenset({"patient"}), frozenset(), frozenset()))
    assert kinds(look) == {
        "order_id": "key", "patient": "key", "kind": "category", "cost": "number", "day": "number", "note": "key", "late": "category",
        "list": "key", "grade": "number",
    }  # fmt: skip
    assert [column.name for column in look.columns if column.label] == ["kind", "day", "late", "grade"]
    assert look.row == "", "it has keys: its rows cannot be told from one side to the other"


def test_keys_of_tables_that_are_passed_through_are_compared(opened: duckdb.DuckDBPyConnection) -> None:
    look = plan(opened, FACTS, Keys(frozenset({"patient"}), frozenset(), frozenset({"order_id", "patient"})))
    assert kinds(look)["order_id"] == kinds(look)["patient"] == "number"


def test_a_text_that_must_be_unique_may_be_a_name_and_a_number_is_a_key(opened: duckdb.DuckDBPyConnection) -> None:
    look = plan(opened, FACTS, Keys(frozenset(), frozenset({"kind", "grade"}), frozenset()))
    assert (kinds(look)["kind"], kinds(look)["grade"]) == ("category", "key")


def test_the_rows_of_an_aggregate_are_told_apart_by_what_they_are_about(opened: duckdb.DuckDBPyConnection) -> None:
    look = plan(opened, TOTALS, NO_KEYS)
    assert look.row
    assert look.small
    assert summarise(opened, TOTALS, look).sums["visits", EVERY_ROW] == {"[a]": 100.0, "[b]": 300.0}


def test_a_mart_is_as_far_from_itself_as_can_be_near(opened: duckdb.DuckDBPyConnection) -> None:
    for mart in (FACTS, TOTALS):
        look = plan(opened, mart, NO_KEYS)
        found = summarise(opened, mart, look)
        assert set(distances(look, found, found).values()) == {0.0}


def test_what_a_summary_says(opened: duckdb.DuckDBPyConnection) -> None:
    found = summarise(opened, FACTS, plan(opened, FACTS, NO_KEYS))
    assert found.rows == 400
    assert found.nulls["grade"] == pytest.approx(0.1)
    assert found.shares["kind"] == {"a": 0.25, "b": 0.75}
    assert found.quantiles["cost"][9] == pytest.approx(199.5)
    assert found.sums["cost", "late"] == {"true": 39_800.0, "false": 40_000.0}
    assert found.joint["kind", "late"] == {("a", "true"): 0.25, ("b", "true"): 0.25, ("b", "false"): 0.5}


def test_a_column_that_a_side_lacks_and_a_mart_without_rows_are_as_far_as_can_be(opened: duckdb.DuckDBPyConnection) -> None:
    look = plan(opened, FACTS, NO_KEYS)
    whole = summarise(opened, FACTS, look)
    opened.execute("ALTER TABLE facts DROP COLUMN grade")
    without = distances(look, whole, summarise(opened, FACTS, look))
    assert without["grade"] == 1.0
    assert without["cost"] == 0.0
    opened.execute("DELETE FROM facts")
    assert set(distances(look, whole, summarise(opened, FACTS, look)).values()) == {1.0}


def test_empty_on_both_sides_is_alike(opened: duckdb.DuckDBPyConnection) -> None:
    opened.execute("DELETE FROM facts")
    look = plan(opened, FACTS, NO_KEYS)
    empty = summarise(opened, FACTS, look)
    assert empty.rows == 0
    assert mean(distances(look, empty, empty)) == 0.0


def test_odd_numbers_are_no_trouble(opened: duckdb.DuckDBPyConnection) -> None:
    opened.execute(
        "CREATE TABLE odd AS SELECT NULL::INT AS nothing, CASE WHEN i = 0 THEN 'nan'::DOUBLE WHEN i = 1 THEN 'inf' ELSE i END AS x, "
        "CASE WHEN i = 2 THEN 'infinity'::TIMESTAMP ELSE TIMESTAMP '2024-01-01' END AS at, 7 AS same, INTERVAL (i) HOUR AS took, "
        "TIME '10:00' AS clock, 170141183460469231731687303715884105727::HUGEINT AS huge FROM range(30) t(i)"
    )
    mart = Mart("odd", "main", "odd")
    look = plan(opened, mart, NO_KEYS)
    found = summarise(opened, mart, look)
    assert set(distances(look, found, found).values()) == {0.0}


COST = Column("cost", "number", "cost", scale=10.0)
KIND = Column("kind", "category", values=("a", "b"))


def side(rows: int, *, cost: float, shares: dict[str, float], sums: dict[str | None, float], nulls: float = 0.0) -> Summary:
    return Summary(rows, {"cost": 0.0, "kind": nulls}, {"cost": (cost,) * 19}, {"kind": shares}, {("cost", "kind"): dict(sums)})


def test_distances_by_hand() -> None:
    one = side(100, cost=20, shares={"a": 0.5, "b": 0.5}, sums={"a": 300, "b": 100})
    other = side(90, cost=25, shares={"a": 0.7, "b": 0.1}, sums={"a": 280, "c": 20}, nulls=0.1)
    found = distances(Look((COST, KIND)), one, other)
    assert found[ROWS] == pytest.approx(0.1)
    # nulls 0, quantiles 5 of 10, sums (20 + 100 + 20) of 400
    assert found["cost"] == pytest.approx((0 + 0.5 + 0.35) / 3)
    # nulls 0.1; shares (0.2 + 0.4) and the others' 0.1, halved
    assert found["kind"] == pytest.approx((0.1 + 0.35) / 2)


def test_a_twin_of_another_size_is_compared_row_for_row() -> None:
    one = side(100, cost=20, shares={"a": 1.0}, sums={"a": 300})
    twice = side(200, cost=20, shares={"a": 1.0}, sums={"a": 600})
    assert distances(Look((COST, KIND)), one, twice)[ROWS] == 1.0
    assert set(distances(Look((COST, KIND)), one, twice, sized=False).values()) == {0.0}


def test_no_distance_is_more_than_1() -> None:
    one = side(1, cost=0, shares={"a": 1.0}, sums={"a": 1})
    other = side(1000, cost=1e9, shares={"b": 1.0}, sums={"b": 1e9})
    assert max(distances(Look((COST, KIND)), one, other).values()) <= 1.0
