"""What is asked and what is refused: with file and line, and without a word of the query."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from warehouse_twin.errors import ConfigurationError, ManifestError
from warehouse_twin.manifest.workload import Workload
from warehouse_twin.workload.planning import plan_queries
from warehouse_twin.workload.statements import MOST_QUERIES, read_statements

SECRET = "zz-secret-literal"


@pytest.mark.parametrize(
    "query",
    [
        f"DELETE FROM orders WHERE id = '{SECRET}'",
        f"INSERT INTO customers VALUES ('{SECRET}')",
        f"UPDATE customers SET name = '{SECRET}'",
        f"CREATE TABLE t AS SELECT '{SECRET}'",
        "DROP TABLE orders",
        f"COPY orders TO '/tmp/{SECRET}.csv'",
        f"ATTACH '/tmp/{SECRET}.db'",
        f"PRAGMA database_list('{SECRET}')",
        f"SET s3_secret_access_key = '{SECRET}'",
        f"CALL pragma_version('{SECRET}')",
        f"EXPLAIN SELECT '{SECRET}' FROM orders",
        f"INSTALL httpfs; -- {SECRET}",
        f"SELECT * FROM read_csv('/etc/{SECRET}')",
        f"SELECT * FROM read_parquet('{SECRET}')",
        f"SELECT * FROM glob('{SECRET}*')",
        f"SELECT * FROM query('DROP TABLE {SECRET}')",
        f"SELECT * FROM '/etc/{SECRET}.csv'",
        f"SELECT * FROM orders WHERE id IN (SELECT a FROM read_text('{SECRET}'))",
        f"WITH gone AS (DELETE FROM orders WHERE id = '{SECRET}' RETURNING id) SELECT * FROM gone",
        f"SELECT '{SECRET}' INTO t FROM orders",
        f"SELECT count(*) FROM suppliers WHERE name = '{SECRET}'",
        f"SELECT '{SECRET}'",
        f"SELECT colour FROM orders WHERE id = '{SECRET}'",
        f"SELECT count(* FROM orders WHERE name = '{SECRET}'",
        f"SELECT sum('{SECRET}'::DATE + customer) FROM orders WHERE nonsense(id)",
        f"SELECT 'unclosed {SECRET}",
        f"SELECT {'(' * 5_000}'{SECRET}'{')' * 5_000} FROM orders",
        f"SELECT id FROM orders WHERE '{SECRET}' = ANY(SELECT x.y.z FROM orders x)",
        f"PIVOT orders ON '{SECRET}' USING sum(total)",
        f"SELECT * FROM orders, LATERAL (SELECT '{SECRET}' FROM nowhere) AS l",
    ],
)
def test_what_is_no_question_to_the_twins_tables_is_refused(shop: Any, query: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG), pytest.raises(ManifestError, match=r"asked\.sql:\d+:1: .*; wanted ") as refused:
        shop.plan("SELECT count(*) FROM orders;", "", query)
    assert SECRET not in str(refused.value) + caplog.text
    assert refused.value.__cause__ is None
    assert refused.value.__suppress_context__ or refused.value.__context__ is None


def test_all_faults_are_told_at_once_with_their_lines(shop: Any) -> None:
    with pytest.raises(ManifestError) as refused:
        shop.plan("DROP TABLE orders;", "SELECT count(*)", "FROM orders;", "SELECT * FROM suppliers;", "SELECT", "  count(*", "FROM orders")
    assert [fault.line for fault in refused.value.faults][:2] == [1, 4]
    assert len(refused.value.faults) == 3
    assert "suppliers, which is no table of the twin" in str(refused.value)


def test_statements_have_names(shop: Any) -> None:
    assert [query.name for query in shop.plan("SELECT count(*) FROM orders")] == ["asked"]
    assert [query.name for query in shop.plan("SELECT 1 FROM orders;", "-- a comment", "SELECT 2 FROM orders;")] == ["asked:1", "asked:3"]


def test_a_log_has_a_statement_a_line_and_asks_each_once(shop: Any) -> None:
    lines = ["SELECT count(*) FROM orders;", "-- later", "", "SELECT sum(total) FROM orders", "SELECT count(*) FROM orders"]
    assert [query.name for query in shop.plan(*lines, name="yesterday.log")] == ["yesterday:1", "yesterday:4"]


def test_two_files_of_one_name_say_their_folders(shop: Any) -> None:
    for folder in ("daily", "weekly"):
        (shop.folder / folder).mkdir()
        (shop.folder / folder / "orders.sql").write_text("SELECT count(*) FROM orders")
    read = read_statements(Workload(queries=("*/orders.sql",)), project=shop.folder, dialect="duckdb")
    assert [one.name for one in read.asked] == ["daily/orders", "weekly/orders"]


def test_where_there_is_nothing_to_ask_it_is_said(shop: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"no file nowhere/\*\.sql in "):
        read_statements(Workload(queries=("nowhere/*.sql",)), project=shop.folder, dialect="duckdb")
    with pytest.raises(ConfigurationError, match="has no query"):
        shop.plan("-- nothing yet")
    with pytest.raises(ConfigurationError, match="wanted at most 200"):
        shop.plan(*(f"SELECT {number} FROM orders;" for number in range(MOST_QUERIES + 1)))
    with pytest.raises(ConfigurationError, match="no compiled model; next: dbt compile in "):
        read_statements(Workload(dbt_project="reports"), project=shop.folder, dialect="duckdb")


def test_compiled_models_read_each_other(shop: Any) -> None:
    """A model is asked as the query that it is, what it reads of other models inside; tests are none."""
    models = shop.folder / "reports" / "target" / "compiled" / "reports" / "models"
    (models / "schema.yml").mkdir(parents=True)
    (models / "schema.yml" / "not_null.sql").write_text("select * from nothing")
    (models / "stg_orders.sql").write_text('select id as order_id, customer, total from "prod"."tiny"."orders"')
    (models / "customers.sql").write_text('select tier, count(*) as n from "prod"."tiny"."customers" group by tier')
    both = 'select c.tier, sum(o.total) as total from "prod"."mine"."stg_orders" o join tiny.customers c on o.customer = c.id group by 1'
    (models / "by_tier.sql").write_text(both)
    (models / "of_a_model.sql").write_text('select sum(n) as n from "prod"."mine"."customers"')
    asked = Workload(dbt_project="reports")
    plans = {plan.name: plan for plan in plan_queries(read_statements(asked, project=shop.folder, dialect="postgres"), shop.resolved)}
    assert sorted(plans) == ["by_tier", "customers", "of_a_model", "stg_orders"]
    assert "count(*)" in plans["of_a_model"].plain.lower()
    assert plans["by_tier"].labels == (0,)


def test_postgres_is_put_in_duckdbs_words(shop: Any) -> None:
    (plan,) = shop.plan("SELECT to_char(placed, 'YYYY-MM') AS m, sum(total)::numeric(12,2) FROM orders GROUP BY 1", dialect="postgres")
    assert "strftime" in plan.plain.lower()
