"""The DuckDB warehouse: releases installed, published and dropped, and whose data is left alone."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from warehouse_twin.errors import IntegrityError, SourceError, TerminalError
from warehouse_twin.warehouses import Publication
from warehouse_twin.warehouses.catalog import Column, ForeignKey, Table

FIRST = Publication(twin="shop", release=1, data_digest="d1", published_at="2025-01-02T03:04:05+00:00")


# ── installing ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_installing_replaces_what_stood_there(shop: Any) -> None:
    shop.install_release(1, "Eve")
    assert shop.read("shop__r1", "customers").to_pydict() == {"id": [0], "name": ["Eve"]}
    with shop.snapshot("shop__r1") as snapshot:
        customers, orders = snapshot.tables()
    assert customers.comment == "Synthetic, it's shop@1"
    assert orders.foreign_keys == (ForeignKey(("customer",), "customers", ("id",)),)


def test_an_install_that_fails_leaves_the_old_schema(shop: Any) -> None:
    files = shop.files("Eve")
    pq.write_table(pa.table({"id": pa.array([0], pa.int32()), "customer": pa.array([7], pa.int32())}), files["orders"])
    with pytest.raises(TerminalError, match=r"shop__r1\.orders: rows break a foreign key constraint"):
        shop.install("shop__r1", shop.statements(), files)
    assert shop.read("shop__r1", "customers").column("name").to_pylist() == ["Ann", "Bob"]


def test_files_and_tables_must_agree(shop: Any) -> None:
    files = shop.files("Eve", "Dan")
    with pytest.raises(TerminalError, match="wanted the same tables"):
        shop.install("shop__r1", shop.statements(), {"customers": files["customers"]})
    pq.write_table(pa.table({"id": [1], "title": ["x"]}), files["customers"])
    with pytest.raises(IntegrityError, match=r"missing \['name'\], unknown \['title'\]"):
        shop.install("shop__r1", shop.statements(), files)
    with pytest.raises(TerminalError, match="not a release's"):
        shop.install("shop", ("CREATE SCHEMA shop",), {})
    with pytest.raises(TerminalError, match="not a release's"):
        shop.drop("main")


def test_rows_that_refer_to_their_own_table(warehouse: Any, tmp_path: Path) -> None:
    statements = (
        "CREATE SCHEMA h__r1",
        "CREATE TABLE h__r1.staff (id INTEGER PRIMARY KEY, boss INTEGER REFERENCES h__r1.staff (id))",
    )
    path = tmp_path / "staff.parquet"
    pq.write_table(pa.table({"id": pa.array([3, 2, 1, 4], pa.int32()), "boss": pa.array([2, 1, None, 2], pa.int32())}), path)
    warehouse.install("h__r1", statements, {"staff": path})
    assert warehouse.read("h__r1", "staff").sort_by("id").to_pydict() == {"id": [1, 2, 3, 4], "boss": [None, 1, 2, 2]}
    pq.write_table(pa.table({"id": pa.array([1, 2, 3], pa.int32()), "boss": pa.array([None, 3, 2], pa.int32())}), path)
    with pytest.raises(TerminalError, match="2 rows refer to rows of the same table"):
        warehouse.install("h__r1", statements, {"staff": path})


# ── publishing ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_publishing_shows_the_same_tables_in_views(shop: Any, tmp_path: Path) -> None:
    shop.publish_release()
    assert shop.published("shop") == FIRST
    assert shop.read("shop", "customers").to_pydict() == {"id": [0, 1], "name": ["Ann", "Bob"]}
    assert shop.run("SELECT comment FROM duckdb_views() WHERE view_name = 'customers'") == [("Synthetic, it's shop@1",)]
    comments = shop.run(
        "SELECT column_name, data_type, comment FROM duckdb_columns() WHERE schema_name = 'shop' AND table_name = 'customers'"
    )
    assert comments == [("id", "INTEGER", None), ("name", "VARCHAR", "Not a real name")]
    moved = tmp_path / "renamed.duckdb"
    os.replace(shop.path, moved)
    shop.path = moved  # the views' definitions do not name the database
    assert shop.run("SELECT count(*) FROM shop.orders") == [(2,)]


def test_another_release_takes_its_place_and_leaving_tables_go(shop: Any) -> None:
    shop.publish_release()
    without_orders = (*shop.statements(2)[:2], *shop.statements(2)[3:])
    shop.install("shop__r2", without_orders, {"customers": shop.files("Eve")["customers"]})
    shop.publish_release(2)
    assert shop.run("SELECT view_name FROM duckdb_views() WHERE schema_name = 'shop'") == [("customers",)]
    assert shop.run("SELECT comment FROM duckdb_views() WHERE view_name = 'customers'") == [("Synthetic, it's shop@2",)]
    assert shop.published("shop") == Publication("shop", 2, "d2", FIRST.published_at)
    shop.publish_release(1)
    assert shop.read("shop", "orders").num_rows == 2
    assert shop.run("SELECT count(*) FROM shop._release") == [(1,)]


def test_a_failure_in_the_middle_changes_nothing(shop: Any) -> None:
    shop.publish_release()
    shop.install_release(2, "Eve")
    with shop.snapshot("shop__r2") as snapshot:
        customers, orders = snapshot.tables()
    bad = Table("orders", (*orders.columns, Column("nowhere", "INTEGER", True)))
    with pytest.raises(TerminalError, match="nowhere"):
        shop.publish_release(2, tables=(customers, bad))
    assert shop.published("shop") == FIRST
    assert shop.read("shop", "customers").num_rows == 2


def test_somebodys_data_is_not_published_over(shop: Any) -> None:
    shop.run("CREATE SCHEMA shop", "CREATE TABLE shop.budget (a INTEGER)")
    with pytest.raises(TerminalError, match="holds what publishing did not make: budget"):
        shop.publish_release()
    shop.run("DROP TABLE shop.budget", "CREATE VIEW shop.customers AS SELECT 1 AS id")
    with pytest.raises(TerminalError, match="did not make: customers"):
        shop.publish_release()
    shop.run("DROP VIEW shop.customers", "CREATE VIEW shop.mine AS SELECT 1 AS id")
    shop.publish_release()
    shop.publish_release()
    assert shop.read("shop", "mine").num_rows == 1


def test_a_foreign_release_table_is_not_replaced(shop: Any) -> None:
    shop.run("CREATE SCHEMA shop", "CREATE TABLE shop._release (version VARCHAR)")
    with pytest.raises(TerminalError, match="not made by publishing"):
        shop.publish_release()
    shop.run("DROP TABLE shop._release")
    shop.publish_release()
    other = Publication("other", 1, "d1", FIRST.published_at)
    with pytest.raises(TerminalError, match="published by twin 'shop', got 'other'"):
        shop.publish(public="shop", private="shop__r1", tables=(), publication=other)
    assert shop.read("shop", "orders").num_rows == 2
    shop.run("DELETE FROM shop._release")
    with pytest.raises(TerminalError, match="wanted one row, got 0"):
        shop.published("shop")


def test_a_table_called_like_the_release_table_is_refused(shop: Any) -> None:
    shop.run("CREATE TABLE shop__r1._release (a INTEGER)")
    with pytest.raises(TerminalError, match="keeps for itself"):
        shop.publish_release()


def test_only_an_installed_release_is_published(shop: Any) -> None:
    tables = (Table("customers", (Column("id", "INTEGER", False),)), Table("refunds", ()))
    with pytest.raises(SourceError, match="lacks refunds"):
        shop.publish_release(tables=tables)
    with pytest.raises(SourceError, match="no schema 'shop__r9'"):
        shop.publish_release(9, tables=tables)
    assert "shop" not in shop.schemas()


def test_dropping_spares_what_somebody_reads(shop: Any) -> None:
    shop.install_release(2, "Eve", "Dan")
    shop.publish_release(2)
    with pytest.raises(TerminalError, match="what 'shop' shows"):
        shop.drop("shop__r2")
    shop.run("CREATE VIEW main.mine AS SELECT * FROM shop__r1.orders")
    with pytest.raises(TerminalError, match=r"read by main\.mine"):
        shop.drop("shop__r1")
    shop.run("DROP VIEW main.mine")
    shop.drop("shop__r1")
    shop.drop("shop__r1")
    assert shop.schemas() == ("main", "shop", "shop__r2")
    assert shop.read("shop", "orders").num_rows == 2
