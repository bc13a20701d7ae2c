"""The DuckDB warehouse: what it reads, what it refuses, and how it waits."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from warehouse_twin.digests import digest_table
from warehouse_twin.errors import IntegrityError, LockedError, SourceError, TerminalError, TransientError
from warehouse_twin.warehouses import Publication, Snapshot, Warehouse, open_warehouse, quoted
from warehouse_twin.warehouses.catalog import Column, ForeignKey, Table
from warehouse_twin.warehouses.duckdb_connection import without_values
from warehouse_twin.warehouses.duckdb_warehouse import DuckDBWarehouse

FIRST = Publication(twin="shop", release=1, data_digest="d1", published_at="2025-01-02T03:04:05+00:00")
SHOP = (
    'CREATE SCHEMA "shop__r1"',
    'CREATE TABLE "shop__r1"."customers" ("id" INTEGER PRIMARY KEY, "name" VARCHAR NOT NULL)',
    'CREATE TABLE "shop__r1"."orders" ("id" INTEGER PRIMARY KEY, "customer" INTEGER REFERENCES "shop__r1"."customers" ("id"))',
    """COMMENT ON TABLE "shop__r1"."customers" IS 'Synthetic, it''s shop@1'""",
    """COMMENT ON COLUMN "shop__r1"."customers"."name" IS 'Not a real name'""",
)


def run(path: Path, *statements: str) -> list[tuple[object, ...]]:
    """Run statements as somebody else would, and give the rows of the last."""
    opened = duckdb.connect(str(path))
    try:
        for statement in statements:
            opened.execute(statement)
        return opened.fetchall()
    finally:
        opened.close()


def shop_statements(release: int) -> tuple[str, ...]:
    return tuple(statement.replace("shop__r1", f"shop__r{release}").replace("shop@1", f"shop@{release}") for statement in SHOP)


def shop_files(folder: Path, *, names: tuple[str, ...] = ("Ann", "Bob")) -> dict[str, Path]:
    folder.mkdir(parents=True, exist_ok=True)
    ids = pa.array(range(len(names)), pa.int32())
    pq.write_table(pa.table({"id": ids, "name": list(names)}), folder / "customers.parquet")
    pq.write_table(pa.table({"id": ids, "customer": ids}), folder / "orders.parquet")
    return {name: folder / f"{name}.parquet" for name in ("customers", "orders")}


@pytest.fixture
def warehouse(tmp_path: Path) -> DuckDBWarehouse:
    return DuckDBWarehouse(name="dev", path=tmp_path / "dev.duckdb", lock_seconds=5)


@pytest.fixture
def shop(warehouse: DuckDBWarehouse, tmp_path: Path) -> DuckDBWarehouse:
    """A warehouse with release 1 of the shop installed, not published."""
    warehouse.install("shop__r1", SHOP, shop_files(tmp_path / "r1"))
    return warehouse


def publish(warehouse: DuckDBWarehouse, release: int = 1, *, tables: tuple[Table, ...] | None = None) -> None:
    private = f"shop__r{release}"
    if tables is None:
        with warehouse.snapshot(private) as snapshot:
            tables = snapshot.tables()
    publication = Publication("shop", release, f"d{release}", FIRST.published_at)
    warehouse.publish(public="shop", private=private, tables=tables, publication=publication)


@contextmanager
def held(path: Path, *, read_only: bool = False, seconds: float = 60) -> Iterator[int]:
    """Another process holds the file; gives its process id."""
    code = (
        "import duckdb, sys, time\n"
        f"opened = duckdb.connect({str(path)!r}, read_only={read_only})\n"
        f"print('held', flush=True)\ntime.sleep({seconds})\nopened.close()\n"
    )
    holder = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        yield holder.pid
    finally:
        holder.kill()
        holder.communicate()


# ── reading ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_it_is_a_warehouse(tmp_path: Path) -> None:
    opened: Warehouse = open_warehouse("dev", f"duckdb://{tmp_path}/a.duckdb", lock_seconds=1.0)
    assert (opened.name, opened.schemas()) == ("dev", ())
    assert opened.published("shop") is None
    assert not (tmp_path / "a.duckdb").exists()


def test_the_catalog_is_exact(warehouse: DuckDBWarehouse) -> None:
    run(
        warehouse.path,
        "CREATE SCHEMA s",
        "CREATE TYPE s.mood AS ENUM ('it''s', 'ok')",
        "CREATE TABLE s.parent (a INTEGER, b VARCHAR, m s.mood, PRIMARY KEY (a, b))",
        """CREATE TABLE s.child (id BIGINT PRIMARY KEY, d DECIMAL(38, 10) NOT NULL, t TIMESTAMPTZ, l INTEGER[],
           pa INTEGER, pb VARCHAR, boss BIGINT REFERENCES s.child (id), u INTEGER UNIQUE CHECK (u > 0),
           FOREIGN KEY (pa, pb) REFERENCES s.parent (a, b))""",
        "COMMENT ON TABLE s.child IS 'all''s well'",
        "COMMENT ON COLUMN s.child.d IS 'amount'",
        "CREATE VIEW s.seen AS SELECT * FROM s.child",
        "CREATE TABLE main.elsewhere (a INTEGER)",
    )
    with warehouse.snapshot("s") as snapshot:
        child, parent = snapshot.tables()
    assert parent == Table(
        name="parent",
        columns=(Column("a", "INTEGER", False), Column("b", "VARCHAR", False), Column("m", "ENUM('it''s', 'ok')", True)),
        primary_key=("a", "b"),
    )
    assert child.comment == "all's well"
    assert [(column.sql_type, column.nullable) for column in child.columns][:4] == [
        ("BIGINT", False),
        ("DECIMAL(38,10)", False),
        ("TIMESTAMP WITH TIME ZONE", True),
        ("INTEGER[]", True),
    ]
    assert child.column("d").comment == "amount"
    assert child.primary_key == ("id",)
    assert child.foreign_keys == (ForeignKey(("boss",), "child", ("id",)), ForeignKey(("pa", "pb"), "parent", ("a", "b")))


VALUES = {
    "DECIMAL(38,10)": ("1234567890123456789012345678.0123456789", Decimal("1234567890123456789012345678.0123456789")),
    "TIMESTAMP WITH TIME ZONE": ("'2020-01-01 12:00:00.000001+02'", datetime(2020, 1, 1, 10, 0, 0, 1, tzinfo=UTC)),
    "TIMESTAMP": ("'2020-01-01 12:00:00.000001'", datetime(2020, 1, 1, 12, 0, 0, 1)),
    "DATE": ("'2020-02-29'", date(2020, 2, 29)),
    "UUID": ("'05659282-9c23-4878-aa20-09a220c36fdb'", "05659282-9c23-4878-aa20-09a220c36fdb"),
    "JSON": ("""'{"a": [1]}'""", '{"a": [1]}'),
    "INTEGER[]": ("[1, NULL]", [1, None]),
    'STRUCT(a INTEGER, "b c" VARCHAR)': ("{'a': 1, 'b c': 'x'}", {"a": 1, "b c": "x"}),
    "MAP(VARCHAR, INTEGER)": ("MAP {'a': 1}", [("a", 1)]),
    "ENUM('x', 'y')": ("'y'", "y"),
    "BLOB": ("'\\x00\\xFF'::BLOB", b"\x00\xff"),
    "HUGEINT": ("12345678901234567890123456789012345678", Decimal("12345678901234567890123456789012345678")),
    "UTINYINT": ("255", 255),
    "BOOLEAN": ("true", True),
    "FLOAT": ("0.5", 0.5),
    "TIME WITH TIME ZONE": ("'10:00:00+02:00'", "10:00:00+02"),
    "INTERVAL": ("INTERVAL '1 month 3 seconds'", "1 month 00:00:03"),
    "BIT": ("'101'", "101"),
    "BIGNUM": ("1234567890123456789012345678901234567890123", "1234567890123456789012345678901234567890123"),
    "UHUGEINT": ("340282366920938463463374607431768211455", "340282366920938463463374607431768211455"),
}


@pytest.mark.parametrize("sql_type", VALUES)
def test_a_value_comes_back_through_parquet_and_a_second_warehouse(warehouse: DuckDBWarehouse, tmp_path: Path, sql_type: str) -> None:
    written, wanted = VALUES[sql_type]
    run(warehouse.path, "CREATE SCHEMA s", f"CREATE TABLE s.t (v {sql_type})", f"INSERT INTO s.t VALUES (NULL), ({written})")
    with warehouse.snapshot("s") as snapshot:
        (table,) = snapshot.tables()
        rows = snapshot.read(table)
    assert table.column("v").sql_type == sql_type
    assert rows.column("v").to_pylist() == [None, wanted]
    pq.write_table(rows, tmp_path / "t.parquet")
    copy = DuckDBWarehouse(name="copy", path=tmp_path / "copy.duckdb")
    copy.install("s__r1", ("CREATE SCHEMA s__r1", f"CREATE TABLE s__r1.t (v {sql_type})"), {"t": tmp_path / "t.parquet"})
    again = copy.read("s__r1", "t")
    assert again.schema == rows.schema
    assert digest_table(again) == digest_table(rows)


def test_instants_are_utc_whatever_the_time_zone_of_the_process(warehouse: DuckDBWarehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    run(warehouse.path, "CREATE SCHEMA s", "CREATE TABLE s.t AS SELECT TIMESTAMPTZ '2020-01-01 00:00:00+00' AS v")
    assert warehouse.read("s", "t").schema.field("v").type == pa.timestamp("us", tz="UTC")


def test_rows_come_in_stored_order_also_beside_a_column_called_rowid(warehouse: DuckDBWarehouse) -> None:
    run(
        warehouse.path,
        "CREATE SCHEMA s",
        "CREATE TABLE s.t AS SELECT 300000 - i AS v FROM range(300000) AS r(i)",
        'CREATE TABLE s.u AS SELECT 300000 - i AS v, i % 7 AS "RowId" FROM range(300000) AS r(i)',
        "CREATE VIEW s.w AS SELECT v FROM s.t ORDER BY v",
    )
    assert warehouse.read("s", "t").column("v").to_pylist() == list(range(300000, 0, -1))
    assert warehouse.read("s", "u").column("v").to_pylist() == list(range(300000, 0, -1))
    assert warehouse.read("s", "w").column("v").to_pylist() == list(range(1, 300001))


@pytest.mark.parametrize("name", ['a.b"c', "x y;--", "select", "dev", "ünï", "a*b[1]?", "'"])
def test_any_name_is_safe(warehouse: DuckDBWarehouse, tmp_path: Path, name: str) -> None:
    schema, private = name, f"{name}__r1"
    statements = (f"CREATE SCHEMA {quoted(private)}", f"CREATE TABLE {quoted(private)}.{quoted(name)} ({quoted(name)} INTEGER PRIMARY KEY)")
    path = tmp_path / f"{name}.parquet"
    pq.write_table(pa.table({name: pa.array([3], pa.int32())}), path)
    warehouse.install(private, statements, {name: path})
    with warehouse.snapshot(private) as snapshot:
        tables = snapshot.tables()
    warehouse.publish(public=schema, private=private, tables=tables, publication=FIRST)
    warehouse.publish(public=schema, private=private, tables=tables, publication=FIRST)
    assert warehouse.read(schema, name).to_pydict() == {name: [3]}
    assert warehouse.published(schema) == FIRST
    with pytest.raises(TerminalError, match="not dropped"):
        warehouse.drop(private)


def test_a_snapshot_is_one_view_while_it_is_open(warehouse: DuckDBWarehouse) -> None:
    run(warehouse.path, "CREATE SCHEMA s", "CREATE TABLE s.t AS SELECT 1 AS v")
    writer = DuckDBWarehouse(name="dev", path=warehouse.path, lock_seconds=0.1)
    with warehouse.snapshot("s") as snapshot:
        kept: Snapshot = snapshot
        with pytest.raises(LockedError, match="this process, in the other mode"):
            writer.install("s__r1", (), {})
        assert kept.read(kept.tables()[0]).num_rows == 1
    run(warehouse.path, "INSERT INTO s.t VALUES (2)")


# ── what is not there ────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_missing_name_says_the_nearest(shop: DuckDBWarehouse) -> None:
    with pytest.raises(SourceError, match=r"no schema 'SHOP__r2'.*did you mean shop__r1\?"), shop.snapshot("SHOP__r2"):
        pass
    with pytest.raises(SourceError, match=r"no table 'Order'.*did you mean orders\?"):
        shop.read("shop__r1", "Order")
    with pytest.raises(SourceError, match="there are: customers, orders"):
        shop.read("shop__r1", "zzz")
    lost = DuckDBWarehouse(name="dev", path=shop.path.with_name("devv.duckdb"))
    with pytest.raises(SourceError, match=r"no file .*devv\.duckdb; did you mean dev\.duckdb\?"):
        lost.read("shop__r1", "orders")
    with pytest.raises(SourceError, match="no folder"):
        DuckDBWarehouse(name="dev", path=shop.path.parent / "away" / "dev.duckdb").read("s", "t")


def test_a_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    (tmp_path / "dev.duckdb").write_text("nothing of the kind" * 1000)
    with pytest.raises(SourceError, match="not a valid DuckDB database file"):
        DuckDBWarehouse(name="dev", path=tmp_path / "dev.duckdb").schemas()


def test_errors_of_duckdb_quote_no_row() -> None:
    opened = duckdb.connect()
    opened.execute("CREATE TABLE t (a INTEGER PRIMARY KEY); INSERT INTO t VALUES (4711)")
    for statement, told in [
        ("INSERT INTO t VALUES (4711)", "rows break a primary key constraint"),
        ("SELECT CAST('x4711' AS INTEGER)", "ConversionException in DuckDB"),
        ("SELECT x4711 FROM t", "x4711"),  # a name, not a value
    ]:
        with pytest.raises(TerminalError, match=told) as caught, without_values("t"):
            opened.execute(statement)
        assert told == "x4711" or "4711" not in str(caught.value)
        assert caught.value.__cause__ is None
        assert caught.value.__suppress_context__
    with pytest.raises(TransientError, match="TransactionException"), without_values("t"):
        opened.execute("COMMIT")
    opened.close()


# ── locks ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_held_file_is_waited_for(shop: DuckDBWarehouse) -> None:
    with held(shop.path, seconds=0.7):
        assert shop.read("shop__r1", "orders").num_rows == 2


def test_who_holds_the_file_too_long_is_named(shop: DuckDBWarehouse) -> None:
    hurried = DuckDBWarehouse(name="dev", path=shop.path, lock_seconds=0.3)
    with held(shop.path) as pid, pytest.raises(LockedError, match=rf"held by process {pid} .*waited 0\.3 s; try again"):
        hurried.read("shop__r1", "orders")


def test_readers_share_and_shut_writers_out(shop: DuckDBWarehouse) -> None:
    hurried = DuckDBWarehouse(name="dev", path=shop.path, lock_seconds=0.3)
    with held(shop.path, read_only=True) as pid:
        assert hurried.read("shop__r1", "orders").num_rows == 2
        with pytest.raises(LockedError, match=str(pid)):
            publish(hurried)
    assert shop.published("shop") is None


# ── installing ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_installing_replaces_what_stood_there(shop: DuckDBWarehouse, tmp_path: Path) -> None:
    shop.install("shop__r1", SHOP, shop_files(tmp_path / "again", names=("Eve",)))
    assert shop.read("shop__r1", "customers").to_pydict() == {"id": [0], "name": ["Eve"]}
    with shop.snapshot("shop__r1") as snapshot:
        customers, orders = snapshot.tables()
    assert customers.comment == "Synthetic, it's shop@1"
    assert orders.foreign_keys == (ForeignKey(("customer",), "customers", ("id",)),)


def test_an_install_that_fails_leaves_the_old_schema(shop: DuckDBWarehouse, tmp_path: Path) -> None:
    files = shop_files(tmp_path / "bad", names=("Eve",))
    pq.write_table(pa.table({"id": pa.array([0], pa.int32()), "customer": pa.array([7], pa.int32())}), files["orders"])
    with pytest.raises(TerminalError, match=r"shop__r1\.orders: rows break a foreign key constraint"):
        shop.install("shop__r1", SHOP, files)
    assert shop.read("shop__r1", "customers").column("name").to_pylist() == ["Ann", "Bob"]


def test_files_and_tables_must_agree(shop: DuckDBWarehouse, tmp_path: Path) -> None:
    files = shop_files(tmp_path / "bad")
    with pytest.raises(TerminalError, match="wanted the same tables"):
        shop.install("shop__r1", SHOP, {"customers": files["customers"]})
    pq.write_table(pa.table({"id": [1], "title": ["x"]}), files["customers"])
    with pytest.raises(IntegrityError, match=r"missing \['name'\], unknown \['title'\]"):
        shop.install("shop__r1", SHOP, files)
    with pytest.raises(TerminalError, match="not a release's"):
        shop.install("shop", ("CREATE SCHEMA shop",), {})
    with pytest.raises(TerminalError, match="not a release's"):
        shop.drop("main")


def test_rows_that_refer_to_their_own_table(warehouse: DuckDBWarehouse, tmp_path: Path) -> None:
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


def test_publishing_shows_the_same_tables_in_views(shop: DuckDBWarehouse, tmp_path: Path) -> None:
    publish(shop)
    assert shop.published("shop") == FIRST
    assert shop.read("shop", "customers").to_pydict() == {"id": [0, 1], "name": ["Ann", "Bob"]}
    assert run(shop.path, "SELECT comment FROM duckdb_views() WHERE view_name = 'customers'") == [("Synthetic, it's shop@1",)]
    comments = run(
        shop.path, "SELECT column_name, data_type, comment FROM duckdb_columns() WHERE schema_name = 'shop' AND table_name = 'customers'"
    )
    assert comments == [("id", "INTEGER", None), ("name", "VARCHAR", "Not a real name")]
    moved = tmp_path / "renamed.duckdb"
    os.replace(shop.path, moved)
    assert run(moved, "SELECT count(*) FROM shop.orders") == [(2,)]


def test_another_release_takes_its_place_and_leaving_tables_go(shop: DuckDBWarehouse, tmp_path: Path) -> None:
    publish(shop)
    without_orders = (*shop_statements(2)[:2], *shop_statements(2)[3:])
    shop.install("shop__r2", without_orders, {"customers": shop_files(tmp_path / "r2", names=("Eve",))["customers"]})
    publish(shop, 2)
    assert run(shop.path, "SELECT view_name FROM duckdb_views() WHERE schema_name = 'shop'") == [("customers",)]
    assert run(shop.path, "SELECT comment FROM duckdb_views() WHERE view_name = 'customers'") == [("Synthetic, it's shop@2",)]
    assert shop.published("shop") == Publication("shop", 2, "d2", FIRST.published_at)
    publish(shop, 1)
    assert shop.read("shop", "orders").num_rows == 2
    assert run(shop.path, "SELECT count(*) FROM shop._release") == [(1,)]


def test_a_failure_in_the_middle_changes_nothing(shop: DuckDBWarehouse, tmp_path: Path) -> None:
    publish(shop)
    shop.install("shop__r2", shop_statements(2), shop_files(tmp_path / "r2", names=("Eve",)))
    with shop.snapshot("shop__r2") as snapshot:
        customers, orders = snapshot.tables()
    bad = Table("orders", (*orders.columns, Column("nowhere", "INTEGER", True)))
    with pytest.raises(TerminalError, match="nowhere"):
        publish(shop, 2, tables=(customers, bad))
    assert shop.published("shop") == FIRST
    assert shop.read("shop", "customers").num_rows == 2


def test_somebodys_data_is_not_published_over(shop: DuckDBWarehouse) -> None:
    run(shop.path, "CREATE SCHEMA shop", "CREATE TABLE shop.budget (a INTEGER)")
    with pytest.raises(TerminalError, match="holds what publishing did not make: budget"):
        publish(shop)
    run(shop.path, "DROP TABLE shop.budget", "CREATE VIEW shop.customers AS SELECT 1 AS id")
    with pytest.raises(TerminalError, match="did not make: customers"):
        publish(shop)
    run(shop.path, "DROP VIEW shop.customers", "CREATE VIEW shop.mine AS SELECT 1 AS id")
    publish(shop)
    publish(shop)
    assert shop.read("shop", "mine").num_rows == 1


def test_a_foreign_release_table_is_not_replaced(shop: DuckDBWarehouse) -> None:
    run(shop.path, "CREATE SCHEMA shop", "CREATE TABLE shop._release (version VARCHAR)")
    with pytest.raises(TerminalError, match="not made by publishing"):
        publish(shop)
    run(shop.path, "DROP TABLE shop._release")
    publish(shop)
    other = Publication("other", 1, "d1", FIRST.published_at)
    with pytest.raises(TerminalError, match="published by twin 'shop', got 'other'"):
        shop.publish(public="shop", private="shop__r1", tables=(), publication=other)
    assert shop.read("shop", "orders").num_rows == 2
    run(shop.path, "DELETE FROM shop._release")
    with pytest.raises(TerminalError, match="wanted one row, got 0"):
        shop.published("shop")


def test_a_table_called_like_the_release_table_is_refused(shop: DuckDBWarehouse) -> None:
    run(shop.path, "CREATE TABLE shop__r1._release (a INTEGER)")
    with pytest.raises(TerminalError, match="keeps for itself"):
        publish(shop)


def test_only_an_installed_release_is_published(shop: DuckDBWarehouse) -> None:
    tables = (Table("customers", (Column("id", "INTEGER", False),)), Table("refunds", ()))
    with pytest.raises(SourceError, match="lacks refunds"):
        publish(shop, tables=tables)
    with pytest.raises(SourceError, match="no schema 'shop__r9'"):
        publish(shop, 9, tables=tables)
    assert "shop" not in shop.schemas()


def test_dropping_spares_what_somebody_reads(shop: DuckDBWarehouse, tmp_path: Path) -> None:
    shop.install("shop__r2", shop_statements(2), shop_files(tmp_path / "r2"))
    publish(shop, 2)
    with pytest.raises(TerminalError, match="what 'shop' shows"):
        shop.drop("shop__r2")
    run(shop.path, "CREATE VIEW main.mine AS SELECT * FROM shop__r1.orders")
    with pytest.raises(TerminalError, match=r"read by main\.mine"):
        shop.drop("shop__r1")
    run(shop.path, "DROP VIEW main.mine")
    shop.drop("shop__r1")
    shop.drop("shop__r1")
    assert shop.schemas() == ("main", "shop", "shop__r2")
    assert shop.read("shop", "orders").num_rows == 2
