"""Errors of answers to queries, counted by hand."""

from __future__ import annotations

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from benchmarks import queries


def test_all_22_queries_are_read_with_their_parameter() -> None:
    found = queries.statements(scale=0.1)
    assert list(found) == list(range(1, 23))
    assert "* 0.001000000000" in found[11]
    assert not any("{" in query for query in found.values())


def test_groups_are_matched_by_name_and_a_missing_one_counts_as_nothing() -> None:
    real = pd.DataFrame({"l_shipmode": ["MAIL", "SHIP"], "high_line_count": [10, 30], "low_line_count": [50, 50]})
    other = pd.DataFrame({"l_shipmode": ["SHIP", "AIR"], "high_line_count": [20, 0], "low_line_count": [50, 50]})
    # high: |10 - 0| + |30 - 20| of 40; low: 50 + 0 + 50 of 100
    assert queries.error(12, real, other) == pytest.approx((0.5 + 1.0) / 2)
    assert queries.error(12, real, real) == 0.0


def test_rows_of_keys_are_matched_by_rank() -> None:
    real = pd.DataFrame({"l_orderkey": [7, 8], "revenue": [60.0, 40.0]})
    other = pd.DataFrame({"l_orderkey": [1], "revenue": [50.0]})
    assert queries.error(3, real, other) == pytest.approx(0.5)


def test_names_without_numbers_are_counted() -> None:
    real, other = (pd.DataFrame({"s_name": names, "s_address": names}) for names in (["a", "b", "c", "d"], ["x", "y", "z"]))
    assert queries.error(20, real, other) == 0.25


def test_an_empty_answer_is_right_only_when_nothing_should_be_there() -> None:
    nothing, something = pd.DataFrame({"revenue": [None]}), pd.DataFrame({"revenue": [3.0]})
    assert queries.error(19, nothing, nothing) == 0.0
    assert queries.error(19, nothing, something) == 1.0
    assert queries.error(19, something, nothing) == 1.0


def test_another_draw_has_customers_with_all_that_is_theirs(tmp_path) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    source.mkdir()
    target.mkdir()
    tables = {name: pa.table({key[0]: [1]}) for name, key in queries.KEYS.items()}
    tables["part"] = pa.table({"p_partkey": [1, 2, 3], "p_size": [1, 2, 3], "p_color": [1, 2, 3], "p_retailprice": [7, 8, 9]})
    tables["customer"] = pa.table({"c_custkey": [1, 2, 3, 4], "c_name": ["a", "b", "c", "d"]})
    tables["orders"] = pa.table({"o_orderkey": [10, 20, 30], "o_custkey": [1, 1, 2], "o_clerk": ["a", "a", "b"]})
    tables["lineitem"] = pa.table({"l_orderkey": [10, 20, 30, 30], "l_linenumber": [1, 1, 1, 2], "l_comment": ["a", "a", "b", "b"]})
    for name, rows in tables.items():
        pq.write_table(rows, source / f"{name}.parquet")
    queries.redrawn(source, target, seed=3)
    customers, orders, lines = (pq.read_table(target / f"{name}.parquet").to_pylist() for name in ("customer", "orders", "lineitem"))
    parts = pq.read_table(target / "part.parquet").to_pydict()
    assert (parts["p_partkey"], parts["p_retailprice"]) == ([1, 2, 3], [7, 8, 9])
    assert parts["p_size"] == parts["p_color"] != [1, 2, 3]
    names = {row["c_custkey"]: row["c_name"] for row in customers}
    assert sorted(names) == [1, 2, 3, 4]
    assert len({row["o_orderkey"] for row in orders}) == len(orders)
    clerks = {row["o_orderkey"]: row["o_clerk"] for row in orders}
    assert all(names[row["o_custkey"]] == row["o_clerk"] for row in orders)
    assert all(clerks[row["l_orderkey"]] == row["l_comment"] for row in lines)
    owned = list(names.values())
    assert len(orders) == 2 * owned.count("a") + owned.count("b")
    assert len(lines) == 2 * owned.count("a") + 2 * owned.count("b")
